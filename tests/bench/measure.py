# SPDX-License-Identifier: Apache-2.0
"""What a scrape of a running exporter costs: time, processor time, memory, bytes."""

import gzip
import http.client
import re
import statistics
import time
import urllib.parse


def cpu_seconds(pid):
    """User and system time of all threads of a process, to the nanosecond: see clock_getcpuclockid(3)."""
    return time.clock_gettime((~pid << 3) | 2)


def resident_bytes(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        return int(re.search(r"VmRSS:\s+(\d+) kB", status.read())[1]) * 1024


def percentile(values, share):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


class Scraper:
    """Scrapes one URL over a connection that is kept, as Prometheus does."""

    def __init__(self, url):
        parts = urllib.parse.urlsplit(url)
        self._host, self._port = parts.hostname, parts.port
        self._target = parts.path + (f"?{parts.query}" if parts.query else "")
        self._connection = None

    def scrape(self, **headers):
        """Seconds and body. A connection that the server has closed by now is made anew."""
        for fresh in (False, True):
            if fresh or self._connection is None:
                self._connection = http.client.HTTPConnection(self._host, self._port, timeout=30)
            begin = time.perf_counter()
            try:
                self._connection.request("GET", self._target, headers=headers)
                answer = self._connection.getresponse()
                body = answer.read()
                seconds = time.perf_counter() - begin
                break
            except (http.client.HTTPException, ConnectionError):
                self._connection.close()
                if fresh:
                    raise
        if answer.status != 200:
            raise RuntimeError(f"{self._target}: {answer.status} {body[:200]!r}")
        if answer.will_close:
            self._connection.close()
            self._connection = None
        return seconds, body


def in_a_row(scraper, pid, count, checkpoints=()):
    """`count` scrapes one after the other: seconds of each, CPU of each in the mean, RSS at points."""
    seconds, resident = [], {}
    before = cpu_seconds(pid)
    for number in range(1, count + 1):
        seconds.append(scraper.scrape()[0])
        if number in checkpoints:
            resident[number] = resident_bytes(pid)
    return seconds, (cpu_seconds(pid) - before) / count, resident


def in_turns(scraper, other, count):
    """Seconds of `count` scrapes of one and, between them, of the other."""
    pairs = [(scraper.scrape()[0], other.scrape()[0]) for _ in range(count)]
    return [pair[0] for pair in pairs], [pair[1] for pair in pairs]


def spaced(scraper, pid, count, interval):
    """Scrapes at a fixed distance: seconds and CPU seconds of each."""
    seconds, cpu = [], []
    due = time.monotonic()
    for _ in range(count):
        time.sleep(max(0.0, due - time.monotonic()))
        due += interval
        before = cpu_seconds(pid)
        seconds.append(scraper.scrape()[0])
        cpu.append(cpu_seconds(pid) - before)
    return seconds, cpu


def idle_cpu(pid, seconds):
    """What a process does when nobody asks."""
    before = cpu_seconds(pid)
    time.sleep(seconds)
    return cpu_seconds(pid) - before


def size(scraper):
    """Series, bytes, bytes as gzip."""
    _, body = scraper.scrape()
    series = sum(1 for line in body.splitlines() if line and not line.startswith(b"#"))
    _, zipped = scraper.scrape(**{"Accept-Encoding": "gzip"})
    assert gzip.decompress(zipped)
    return series, len(body), len(zipped)


def milliseconds(values):
    """Median and 99th percentile, in ms."""
    return statistics.median(values) * 1e3, percentile(values, 0.99) * 1e3
