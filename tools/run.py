# SPDX-License-Identifier: Apache-2.0
"""Runs the exporter with Prometheus and Alertmanager beside it, on this host's benches or on the
demo bench, until Ctrl-C. What `./dev run` calls once everything is built."""

import argparse
import contextlib
import json
import pathlib
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path[0] = str(ROOT / "tests")

from support.exporter import Exporter, binary  # noqa: E402
from support.processes import (  # noqa: E402
    Process, Stopped, free_port, raise_when_stopped, wait_until_ready)

PORTS = {"exporter": 10470, "Prometheus": 9090, "Alertmanager": 9093}


def say(text):
    print(text, flush=True)


def port_for(program):
    """The usual port of the program, or a free one when somebody has that."""
    usual = PORTS[program]
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", usual))
            return usual
        except OSError:
            port = free_port()
            say(f"port {usual} is taken: {program} listens on {port}")
            return port


def finds_a_bench(arguments):
    found = subprocess.run([binary(), "discover", "--format=json", *arguments], check=True,
                           capture_output=True, text=True, timeout=120)
    return bool(json.loads(found.stdout)["benches"])


def write_configuration(folder, exporter, alertmanager):
    """The files of alerts/ as they are, but for the two addresses."""
    for path in (ROOT / "alerts").glob("*.yml"):
        shutil.copy(path, folder)
    (folder / "targets").mkdir()
    for name, target in (("exporters", exporter), ("alertmanagers", alertmanager)):
        (folder / "targets" / f"{name}.yml").write_text(json.dumps([{"targets": [target]}]))


def start(stack, folder, name, url, argv):
    """Starts a program of the stack and waits until it says that it is ready."""
    process = stack.enter_context(Process(argv, folder / f"{name.lower()}.log", name=name))
    wait_until_ready(process, url, timeout=60)
    return process


def start_prometheus(stack, folder, url):
    listen = url.removeprefix("http://")
    return start(stack, folder, "Prometheus", url, [
        "prometheus", f"--config.file={folder / 'prometheus.yml'}",
        f"--storage.tsdb.path={folder / 'prometheus-data'}", f"--web.listen-address={listen}",
        # What fires before Alertmanager is found is told again soon, not a minute later.
        "--rules.alert.resend-delay=5s"])


def start_alertmanager(stack, folder, url):
    listen = url.removeprefix("http://")
    return start(stack, folder, "Alertmanager", url, [
        "prometheus-alertmanager", f"--config.file={folder / 'alertmanager.yml'}",
        f"--storage.path={folder / 'alertmanager-data'}", f"--web.listen-address={listen}",
        "--cluster.listen-address="])


def start_demo(stack, folder):
    # Imported here: a host with benches of its own needs none of it.
    from demo.bench import DemoBench
    say("starting the demo bench: MariaDB, two Redis, workers, jobs, logs, a web server")
    return stack.enter_context(DemoBench(folder / "demo", progress=lambda text: say(f"  {text}")))


def run(stack, folder, demo, arguments):
    started = time.monotonic()
    if demo or not finds_a_bench(arguments):
        if not demo:
            say("no bench on this host")
        arguments = [*arguments, f"--config.file={start_demo(stack, folder).config_path}"]
    say("starting the exporter")
    exporter = stack.enter_context(
        Exporter(folder, *arguments, listen=f"127.0.0.1:{port_for('exporter')}"))
    prometheus = f"http://127.0.0.1:{port_for('Prometheus')}"
    alertmanager = f"http://127.0.0.1:{port_for('Alertmanager')}"
    write_configuration(folder, exporter.url.removeprefix("http://"),
                        alertmanager.removeprefix("http://"))
    say("starting Alertmanager and Prometheus")
    programs = [exporter.process, start_alertmanager(stack, folder, alertmanager),
                start_prometheus(stack, folder, prometheus)]
    say(f"""
up after {time.monotonic() - started:.0f} s

  exporter      {exporter.url}/
  metrics       {exporter.url}/metrics
  Prometheus    {prometheus}/targets   {prometheus}/alerts
  Alertmanager  {alertmanager}/

logs are in {folder}; Ctrl-C ends all of it""")
    watch(programs)


def watch(programs):
    """Returns never; fails when a program ends by itself."""
    pause = threading.Event()
    while True:
        pause.wait(1)
        for program in programs:
            if not program.running():
                raise RuntimeError(f"{program.name} has ended:\n{program.log()[-2000:]}")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--demo", action="store_true", help="even if this host has a bench")
    options, arguments = parser.parse_known_args()  # the others are for the exporter
    raise_when_stopped()
    try:
        with tempfile.TemporaryDirectory(prefix="erpnext-exporter-run-") as folder, \
                contextlib.ExitStack() as stack:
            run(stack, pathlib.Path(folder), options.demo, arguments)
    except Stopped:
        say("stopped")
    except (RuntimeError, AssertionError) as error:
        sys.exit(f"./dev run: {error}")


if __name__ == "__main__":
    main()
