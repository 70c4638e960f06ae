# SPDX-License-Identifier: Apache-2.0
"""What ./dev run starts: a stack that a person can look at, and that is gone after Ctrl-C."""

import pathlib
import re
import signal
import sys
import urllib.parse

import pytest

from support import exporter, http
from support.processes import Process, wait_until

FAMILIES = ["erpnext_queue_jobs", "erpnext_mariadb_up", "node_filesystem_avail_bytes",
            "node_memory_MemAvailable_bytes", "erpnext_log_pattern_matches_total",
            "erpnext_site_up"]


def children(pid):
    """Process ids of all that descend from a process."""
    found = []
    for path in pathlib.Path(f"/proc/{pid}/task").glob("*/children"):
        for child in path.read_text().split():
            found += [int(child), *children(int(child))]
    return found


def alive(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@pytest.fixture(scope="module")
def stack(program, tmp_path_factory):
    """The running tools/run.py and the URLs that it printed."""
    folder = tmp_path_factory.mktemp("run")
    with Process([sys.executable, exporter.ROOT / "tools" / "run.py", "--demo"],
                 folder / "run.log", name="run") as process:
        def urls():
            if not process.running():
                raise RuntimeError(process.log())
            text = process.log()
            return "Ctrl-C" in text and {name: re.search(rf"{name} +(http://[^/]+)", text)[1]
                                         for name in ("exporter", "Prometheus", "Alertmanager")}
        yield process, wait_until(urls, "the URLs are printed", timeout=90)


def query(prometheus, expression):
    answer = http.request(
        f"{prometheus}/api/v1/query?{urllib.parse.urlencode({'query': expression})}")
    return answer.json()["data"]["result"]


def test_prometheus_scrapes_the_exporter_and_has_its_data(stack):
    _, urls = stack
    wait_until(lambda: query(urls["Prometheus"], 'up{job="erpnext-exporter"} == 1'),
               "Prometheus has scraped the exporter", timeout=60)
    for family in FAMILIES:
        wait_until(lambda name=family: query(urls["Prometheus"], name), f"{family} has data",
                   timeout=60)
    # Those that the scrape itself reports: nothing was refused.
    assert query(urls["Prometheus"], "scrape_samples_scraped > 100")
    assert not query(urls["Prometheus"], "erpnext_exporter_collector_success == 0")


def test_the_watchdog_reaches_alertmanager(stack):
    _, urls = stack
    def names():
        alerts = http.request(f"{urls['Alertmanager']}/api/v2/alerts").json()
        return {alert["labels"]["alertname"] for alert in alerts}
    wait_until(lambda: "ErpnextWatchdog" in names(), "the watchdog arrives", timeout=120)
    assert not {name for name in names() if name != "ErpnextWatchdog"}


def test_ctrl_c_ends_everything(stack):
    process, urls = stack
    started = children(process.pid)
    assert len(started) > 10
    process.signal(signal.SIGINT)
    assert process.wait(60) == 0, process.log()
    wait_until(lambda: not [pid for pid in started if alive(pid)], "all that was started has ended")
    for url in urls.values():
        with pytest.raises(OSError):
            http.request(url)
    folder = re.search(r"logs are in (\S+);", process.log())[1]
    assert not pathlib.Path(folder).exists()
