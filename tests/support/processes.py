# SPDX-License-Identifier: Apache-2.0
"""Starts programs, waits for what they do, and ends exactly those that were started."""

import os
import pathlib
import signal
import socket
import subprocess
import threading
import time

from support import http


def free_port():
    """A TCP port of the loopback interface that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Stopped(Exception):
    """SIGTERM or SIGINT, after raise_when_stopped()."""


def _raise_stopped(*unused):
    # A second signal must not break the clean-up of the first.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)
    raise Stopped


def raise_when_stopped():
    """From now on the main thread is ended by Stopped, so that it can clean up."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _raise_stopped)


def wait_until_ready(process, url, timeout=30):
    """Returns when a program answers 200 under /-/ready; RuntimeError when it has ended instead."""
    def ready():
        if not process.running():
            # Not an AssertionError: that would count as "not yet".
            raise RuntimeError(f"{process.name} has ended:\n{process.log()}")
        return http.request(f"{url}/-/ready").status == 200
    wait_until(ready, f"{process.name} is ready", timeout)


def wait_until(condition, what, timeout=60.0):
    """Returns the first true value of condition(); fails with `what` when there was none in time.

    An OSError or an AssertionError of the condition counts as "not yet".
    """
    deadline = time.monotonic() + timeout
    pause = threading.Event()
    last = None
    while True:
        try:
            value = condition()
            if value:
                return value
        except (OSError, AssertionError) as error:
            last = error
        if time.monotonic() >= deadline:
            reason = f" (last error: {last})" if last else ""
            raise AssertionError(f"not within {timeout:g} s: {what}{reason}")
        pause.wait(0.05)


class Process:
    """One program, with its output in a file. Ended by its own process id, never by its name."""

    def __init__(self, argv, log_path, name=None, env=None, cwd=None, stdin=subprocess.DEVNULL):
        self.name = name or pathlib.Path(str(argv[0])).name
        self.log_path = pathlib.Path(log_path)
        with open(self.log_path, "ab") as log:
            self._popen = subprocess.Popen(
                [str(word) for word in argv], stdin=stdin, stdout=log, stderr=log, cwd=cwd,
                env={**os.environ, **(env or {})}, start_new_session=True)

    @property
    def pid(self):
        return self._popen.pid

    def running(self):
        return self._popen.poll() is None

    def returncode(self):
        """None while it runs."""
        return self._popen.poll()

    def log(self):
        return self.log_path.read_text(errors="replace")

    def signal(self, number):
        if self.running():
            self._popen.send_signal(number)

    def wait(self, timeout=30):
        return self._popen.wait(timeout)

    def stop(self, timeout=30):
        """SIGTERM, and SIGKILL for what does not end in time. Returns the exit code."""
        self.signal(signal.SIGTERM)
        try:
            return self._popen.wait(timeout)
        except subprocess.TimeoutExpired:
            self._popen.kill()
            return self._popen.wait()

    def kill(self):
        """SIGKILL, as a crash would end it."""
        self.signal(signal.SIGKILL)
        return self._popen.wait()

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.stop()
