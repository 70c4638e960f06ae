# SPDX-License-Identifier: Apache-2.0
"""Measures the exporter on the demo bench beside the original exporters, in one run, and compares
with the budgets. A report: it always ends with 0 unless something could not be measured at all."""

import argparse
import dataclasses
import os
import pathlib
import platform
import re
import statistics
import subprocess
import sys
import tempfile

sys.path[0] = str(pathlib.Path(__file__).resolve().parents[1])

from bench import measure, scale, servers, tables  # noqa: E402
from demo.bench import DemoBench  # noqa: E402
from support.exporter import ROOT, Exporter, binary  # noqa: E402
from support.originals import mysqld_exporter, node_exporter, redis_exporter  # noqa: E402

CYCLE = 15  # seconds between the scrapes of a usual Prometheus
WARM_UP = 20
ROUNDS = 3  # of which the middle one counts: others use the machine too


@dataclasses.dataclass
class Result:
    """Of one exporter; times in ms, memory in MiB."""
    name: str
    series: int
    size: int
    zipped: int
    collected: tuple  # median and 99th percentile of a scrape that collects
    cpu: float  # of such a scrape
    resident: float  # after all scrapes


def mebibytes(number):
    return number / (1 << 20)


def measure_original(name, original, scrapes, say):
    say(f"{name}: {scrapes} scrapes")
    pid = original.process.pid
    scraper = measure.Scraper(original.url)
    measure.in_a_row(scraper, pid, WARM_UP)
    series, size, zipped = measure.size(scraper)
    seconds, cpu, resident = measure.in_a_row(scraper, pid, scrapes, (scrapes,))
    return Result(name, series, size, zipped, measure.milliseconds(seconds), cpu * 1e3,
                  mebibytes(resident[scrapes]))


def measure_cached(exporter, scraper, scrapes, say):
    """Median and 99th percentile of a scrape within the second, and of a page of one word."""
    empty = measure.Scraper(f"{exporter.url}/-/healthy")
    rounds = []
    for number in range(ROUNDS):
        say(f"erpnext-exporter: {scrapes} scrapes of cached data, round {number + 1} of {ROUNDS}")
        rounds.append([measure.milliseconds(seconds)
                       for seconds in measure.in_turns(scraper, empty, scrapes)])
    return sorted(rounds, key=lambda pair: pair[0][1])[ROUNDS // 2]


def measure_ours(exporter, scrapes, cycles, say):
    """The result, and what only ours has: cached scrapes, growth, work between scrapes."""
    pid = exporter.process.pid
    scraper = measure.Scraper(f"{exporter.url}/metrics")
    measure.in_a_row(scraper, pid, WARM_UP)
    series, size, zipped = measure.size(scraper)
    say(f"erpnext-exporter: {scrapes} scrapes for its memory")
    points = (scrapes // 10, scrapes)
    _, cached_cpu, resident = measure.in_a_row(scraper, pid, scrapes, points)
    cached, empty = measure_cached(exporter, scraper, scrapes, say)
    say(f"erpnext-exporter: {cycles} scrapes, each later than the second for which readings are used")
    seconds, cpu = measure.spaced(scraper, pid, cycles, 1.05)
    say(f"erpnext-exporter: {CYCLE} s in which nobody asks")
    paced = measure.idle_cpu(pid, CYCLE) * 1e3
    result = Result("erpnext-exporter", series, size, zipped, measure.milliseconds(seconds),
                    statistics.median(cpu) * 1e3, mebibytes(resident[scrapes]))
    extra = {"cached": cached, "cached CPU": cached_cpu * 1e3, "empty": empty, "paced": paced,
             "growth": mebibytes(resident[scrapes] - resident[points[0]]), "points": points}
    return result, extra


def machine():
    with open("/proc/cpuinfo", encoding="utf-8") as cpuinfo:
        model = re.search(r"model name\s*:\s*(.+)", cpuinfo.read())
    load = " ".join(f"{value:.2f}" for value in os.getloadavg())
    return (f"{model[1] if model else platform.machine()}, {os.cpu_count()} cores, Linux "
            f"{platform.release()}, load {load} at the start")


def serializer_ratio():
    """The benchmark's own lines, the ratio at 20 000 series; nothing when it is not built."""
    program = binary().parent / "tests" / "bench" / "serializer_bench"
    if not program.exists():
        return [], None
    output = subprocess.run([program, "--benchmark_filter=NONE"], capture_output=True, text=True,
                            timeout=300).stdout
    lines = [line for line in output.splitlines() if line.startswith("serializer ratio")]
    found = re.search(r"series=20000 .*ratio=([0-9.]+)", output)
    return lines, float(found[1]) if found else None


ROW = "{:<26} {:>7} {:>9} {:>8} {:>10} {:>10} {:>10} {:>9}"


def print_table(ours, peers):
    print(ROW.format("exporter", "series", "bytes", "gzip", "p50 ms", "p99 ms", "CPU ms", "RSS MiB"))

    def row(name, values):
        series, size, zipped, median, high, cpu, resident = values
        print(ROW.format(name, f"{series:.0f}", f"{size:.0f}", f"{zipped:.0f}", f"{median:.2f}",
                         f"{high:.2f}", f"{cpu:.2f}", f"{resident:.1f}"))

    def numbers(r):
        return (r.series, r.size, r.zipped, *r.collected, r.cpu, r.resident)
    row(ours.name, numbers(ours))
    for peer in peers:
        row(peer.name, numbers(peer))
    total = [sum(column) for column in zip(*map(numbers, peers))]
    row("sum of the originals", total)
    ratios = [f"{ours_one / other:.2f}" for ours_one, other in zip(numbers(ours), total)]
    print(ROW.format("ours / sum", *ratios))


def print_budgets(ours, extra, ratio):
    growth = extra["growth"]
    rows = [
        ("scrape of cached data, p99", extra["cached"][1], 2.0, "ms"),
        ("CPU of a full collection", ours.cpu, 15.0, "ms"),
        (f"... and of what is done in {CYCLE} s unasked", ours.cpu + extra["paced"], 15.0, "ms"),
        (f"RSS after {extra['points'][1]} scrapes", ours.resident, 24.0, "MiB"),
        ("RSS growth from scrape {} to {}".format(*extra["points"]), growth, 0.5, "MiB"),
    ]
    for what, value, most, unit in rows:
        verdict = "PASS" if value <= most else "MISS"
        print(f"{verdict}  {what}: {value:.2f} {unit} (at most {most:g})")
    if extra["empty"][1] > 1:
        print("      The machine is busy: even a page of one word has a p99 of "
              f"{extra['empty'][1]:.2f} ms. Times to answer mean little, CPU and memory do.")
    if ratio is None:
        print("MISS  serializer: not measured, build the target serializer_bench")
    else:
        verdict = "PASS" if ratio >= 5 else "MISS"
        print(f"{verdict}  serializer at 20 000 series: {ratio:.2f} times the library's (at least 5)")


def run(folder, options, say):
    start = machine()
    with DemoBench(folder / "demo", progress=say) as bench:
        with Exporter(folder, f"--config.file={bench.config_path}") as exporter:
            ours, extra = measure_ours(exporter, options.scrapes, options.cycles, say)
        ports, password = bench.tree.ports, bench.password_path.read_text()
        user = bench.endpoints()["mariadb"]["user"]
        originals = {
            "node_exporter": lambda: node_exporter(folder),
            "mysqld_exporter": lambda: mysqld_exporter(folder, ports.mariadb, user, password),
            "redis_exporter (queue)": lambda: redis_exporter(folder, ports.redis_queue),
        }
        peers = []
        for name, make in originals.items():
            with make() as original:
                peers.append(measure_original(name, original, options.scrapes, say))
    lines, ratio = serializer_ratio()
    print(f"machine: {start}\n")
    print("A full collection of each; the originals collect no more than what ours publishes of the\n"
          "same host and servers, and of Redis the queue role alone.")
    print_table(ours, peers)
    print("\nscrape of cached data: p50 {:.2f} ms, p99 {:.2f} ms; CPU {:.2f} ms".format(
        *extra["cached"], extra["cached CPU"]))
    print("a page of one word, between those scrapes: p50 {:.2f} ms, p99 {:.2f} ms".format(
        *extra["empty"]))
    print(f"CPU in {CYCLE} s without a scrape: {extra['paced']:.2f} ms")
    print("\n".join([*lines, ""]))
    print_budgets(ours, extra, ratio)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scrapes", type=int, default=1000, help="of each exporter, one by one")
    parser.add_argument("--cycles", type=int, default=40, help="full collections of ours")
    options = parser.parse_args()
    if not binary().exists():
        sys.exit(f"{binary()} is missing: ./dev build makes it (below {ROOT})")

    def say(text):
        print(text, file=sys.stderr, flush=True)
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        run(pathlib.Path(folder), options, say)
    print()
    servers.run(say, options.cycles)
    tables.run(say)
    print()
    scale.run(say, options.cycles)


if __name__ == "__main__":
    main()
