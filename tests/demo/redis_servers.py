# SPDX-License-Identifier: Apache-2.0
"""The two Redis servers of a bench, from the configuration files that lie in its config folder."""

import pathlib

import redis
from support.processes import Process, wait_until

from demo.supervisor import DIE_WITH_PARENT

ROLES = ("queue", "cache")


class RedisServer:
    def __init__(self, bench_path, role, port):
        self.role, self.port = role, port
        self._bench = pathlib.Path(bench_path)
        self._process = None

    @property
    def pid(self):
        return self._process.pid

    def start(self):
        """As bench's supervisor starts it. The queue's data of an earlier run is loaded again."""
        self._process = Process(
            [*DIE_WITH_PARENT, "redis-server", self._bench / "config" / f"redis_{self.role}.conf"],
            self._bench / "logs" / f"redis-{self.role}.log", name=f"redis-{self.role}",
            cwd=self._bench / "sites")
        wait_until(self._answers, f"redis-{self.role} answers on port {self.port}")

    def _answers(self):
        if not self._process.running():
            raise RuntimeError(f"redis-{self.role} has ended:\n{self._process.log()[-2000:]}")
        try:
            with redis.Redis(port=self.port, socket_timeout=2) as client:
                return client.ping()
        except redis.RedisError:
            return False

    def stop(self):
        if self._process:
            self._process.stop()
