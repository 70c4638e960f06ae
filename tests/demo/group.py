# SPDX-License-Identifier: Apache-2.0
"""Programs of the bench that are started and stopped together, below a supervisor of their own."""

import json
import pathlib
import signal
import sys

from support.processes import Process, wait_until

from demo.supervisor import DIE_WITH_PARENT


class Group:
    def __init__(self, name, folder, programs):
        """`programs`: list of (name, argv, file name of stdout, of stderr, working directory)."""
        self.name = name
        self._folder = pathlib.Path(folder)
        self._programs = programs
        self._process = None

    def start(self):
        description = self._folder / f"{self.name}.json"
        description.write_text(json.dumps([
            {"name": name, "argv": [str(word) for word in argv], "stdout": str(stdout),
             "stderr": str(stderr), "cwd": str(cwd)}
            for name, argv, stdout, stderr, cwd in self._programs]))
        self._pids_path.unlink(missing_ok=True)
        supervisor = pathlib.Path(__file__).resolve().parent / "supervisor.py"
        self._process = Process([*DIE_WITH_PARENT, sys.executable, supervisor, description],
                                self._folder / f"{self.name}.log", name=self.name)
        wait_until(self._pids_path.exists, f"the {self.name} are started")

    @property
    def _pids_path(self):
        return self._folder / f"{self.name}.pids"

    def pids(self):
        """By name, with the supervisor's own. Empty when stopped."""
        if not (self._process and self._process.running()):
            return {}
        return {f"{self.name}-supervisor": self._process.pid,
                **json.loads(self._pids_path.read_text())}

    def request_stop(self):
        if self._process:
            self._process.signal(signal.SIGTERM)

    def stop(self):
        if self._process:
            self._process.stop(timeout=20)
