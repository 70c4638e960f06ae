# SPDX-License-Identifier: Apache-2.0
"""`erpnext-exporter doctor` on the demo bench, well and not."""

import pytest
from support.exporter import run
from support.processes import wait_until

from demo.bench_tree import SITES

NORMAL, MAINTENANCE, _ = (name for name, _, _ in SITES)


@pytest.fixture
def doctor(program, demo):
    return lambda *arguments: run("doctor", f"--config.file={demo.config_path}", *arguments,
                                  program=program)


def test_warns_of_what_somebody_switched_off(doctor):
    done = doctor()
    assert done.returncode == 1, done.stdout + done.stderr
    assert f"site {MAINTENANCE} is in maintenance mode" in done.stdout
    assert "\033" not in done.stdout, "colours are for terminals"
    assert len(done.stdout.splitlines()) < 40, "one screen"
    header, *rows = done.stdout.split("\n\n")[1].splitlines()
    assert header.split() == ["BENCH", "QUEUE", "WAITING", "OLDEST", "RUNNING", "WORKERS", "FAILED"]
    assert [row.split()[1] for row in rows] == ["default", "long", "reports", "short"]


def test_of_one_site_alone(doctor):
    done = doctor(f"--site={NORMAL}")
    assert MAINTENANCE not in done.stdout
    assert done.returncode in (0, 1), done.stdout
    unknown = doctor("--site=nobody.example.com")
    assert unknown.returncode == 3
    assert "there is no site nobody.example.com" in unknown.stdout


def test_a_redis_away_is_critical_and_comes_first(doctor, demo):
    demo.stop_redis("queue")
    try:
        done = doctor()
    finally:
        demo.start_redis("queue")
    assert done.returncode == 2
    assert done.stdout.startswith("CRITICAL  Redis (queue) of frappe-bench does not answer\n")
    wait_until(lambda: doctor().returncode == 1, "all is as before", timeout=60)


def test_without_a_bench_nothing_is_judged(program, tmp_path):
    done = run("doctor", f"--bench={tmp_path}", program=program)
    assert done.returncode == 3
    assert "no bench was found" in done.stdout
