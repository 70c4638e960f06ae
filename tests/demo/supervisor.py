# SPDX-License-Identifier: Apache-2.0
"""Keeps a group of programs running, as supervisord does on a bench, and ends them together."""

import argparse
import json
import os
import pathlib
import signal
import subprocess
import sys
import threading

RESTART_PAUSE = 1.0
# RQ waits for the job at hand on the first SIGTERM, and kills it on the second.
GRACE = 1.5
PATIENCE = 5.0

# util-linux; a program it starts gets the signal when the thread that started it has ended.
DIE_WITH_PARENT = ["setpriv", "--pdeathsig", "KILL", "--"]


class Program:
    """One program: `argv`, `cwd`, `env` over ours, and the files its output is appended to."""

    def __init__(self, name, argv, cwd, stdout, stderr, env=None):
        self.name = name
        self.argv = [str(word) for word in argv]
        self.cwd, self.stdout, self.stderr, self.env = cwd, stdout, stderr, env or {}
        self.process = None

    def start(self):
        with open(self.stdout, "ab") as out, open(self.stderr, "ab") as err:
            self.process = subprocess.Popen(
                DIE_WITH_PARENT + self.argv, cwd=self.cwd, env={**os.environ, **self.env},
                stdin=subprocess.DEVNULL, stdout=out, stderr=err, start_new_session=True)

    def running(self):
        return self.process is not None and self.process.poll() is None


def _wait(programs, seconds):
    pause = threading.Event()
    for _ in range(int(seconds / 0.05)):
        if not any(program.running() for program in programs):
            return
        pause.wait(0.05)


def end(programs):
    for number, seconds in ((signal.SIGTERM, GRACE), (signal.SIGTERM, PATIENCE),
                            (signal.SIGKILL, PATIENCE)):
        for program in programs:
            if program.running():
                program.process.send_signal(number)
        _wait(programs, seconds)


def write_pids(path, programs):
    """The process ids, for whoever wants to know them; replaced as a whole."""
    new = pathlib.Path(f"{path}.new")
    new.write_text(json.dumps({program.name: program.process.pid for program in programs}))
    new.replace(path)


def run(programs, pids_path):
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *unused: stop.set())
    try:
        for program in programs:
            program.start()
        write_pids(pids_path, programs)
        while not stop.wait(RESTART_PAUSE):
            ended = [program for program in programs if not program.running()]
            for program in ended:
                print(f"{program.name} ended with {program.process.returncode}, starts again",
                      file=sys.stderr, flush=True)
                program.start()
            if ended:
                write_pids(pids_path, programs)
    finally:
        end(programs)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("group", type=pathlib.Path, help="JSON list of programs")
    group = parser.parse_args().group
    run([Program(**program) for program in json.loads(group.read_text())],
        group.with_suffix(".pids"))
