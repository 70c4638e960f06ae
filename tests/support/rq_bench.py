# SPDX-License-Identifier: Apache-2.0
"""Real RQ of a given version: its workers as processes, and its own client code on request."""

import contextlib
import json
import os
import pathlib
import signal
import subprocess
import sys

from support.processes import Process, wait_until

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
DEBIAN = "Debian's"
# What Frappe 15 and 16 ask for, and the RQ 2 of the newest 16.
PINNED = {"1.15.1": ["rq==1.15.1", "redis==4.5.5", "click==8.1.7"],
          "1.16.2": ["rq==1.16.2", "redis==5.2.1", "async-timeout==5.0.1", "click==8.1.7"],
          "2.6.0": ["rq==2.6.0", "redis==5.2.1", "async-timeout==5.0.1", "click==8.1.7", "croniter==6.0.0",
                    "python-dateutil==2.9.0.post0", "pytz==2025.2", "six==1.17.0"]}


def python_with_rq(version):
    """The path of a Python that has it; in build/ where it is not Debian's."""
    if version == DEBIAN:
        return sys.executable
    folder = ROOT / "build" / "rq" / version
    python = folder / "bin" / "python"
    if not (folder / "complete").exists():
        subprocess.run([sys.executable, "-m", "venv", "--clear", folder], check=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", "--no-deps",
                        "--disable-pip-version-check", *PINNED[version]], check=True)
        (folder / "complete").touch()
    return str(python)


class RqBench:
    """The queues of one bench. `call` runs tests/support/rq_calls.py with that RQ."""

    def __init__(self, folder, version, server, bench_id):
        self._folder = pathlib.Path(folder)
        self._python = python_with_rq(version)
        self.url = f"unix://{server.socket}"
        self.bench_id = bench_id
        self._workers = []

    def queue(self, name):
        return f"{self.bench_id}:{name}"

    def _environment(self):
        return dict(os.environ, PYTHONPATH=str(HERE), PYTHONDONTWRITEBYTECODE="1")

    def call(self, what, **arguments):
        done = subprocess.run(
            [self._python, HERE / "rq_calls.py", what, self.url, json.dumps(arguments)],
            env=self._environment(), capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def enqueue(self, function, *arguments, queue="short", **options):
        """Returns the id of the job."""
        return self.call("enqueue", queue=self.queue(queue), function=f"rq_jobs.{function}",
                         arguments=arguments, options=options)

    def start_worker(self, *queues, burst=False, slow_fork=0):
        """`slow_fork`: seconds until the process of a job says that it runs it."""
        worker = Process([self._python, HERE / "rq_calls.py", "work", self.url,
                          json.dumps({"queues": [self.queue(name) for name in queues],
                                      "burst": burst, "slow_fork": slow_fork})],
                         self._folder / f"worker-{len(self._workers)}.log",
                         env=self._environment())
        self._workers.append(worker)
        return worker

    def kill(self, worker):
        """The worker and the process of its job at once, as the kernel or an administrator does."""
        children = pathlib.Path(f"/proc/{worker.pid}/task/{worker.pid}/children").read_text().split()
        for pid in (worker.pid, *map(int, children)):
            with contextlib.suppress(ProcessLookupError):  # the job ended meanwhile
                os.kill(pid, signal.SIGKILL)
        wait_until(lambda: not worker.running(), "the worker has ended")

    def stop(self):
        for worker in self._workers:
            if worker.running():
                self.kill(worker)
        self._workers.clear()
