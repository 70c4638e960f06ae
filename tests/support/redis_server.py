# SPDX-License-Identifier: Apache-2.0
"""A Redis server of its own, in a folder, with the options that a test wants."""

import pathlib

import redis

from support.processes import Process, free_port, wait_until


class RedisServer:
    """Listens on a free port and on a socket in `folder`. Keeps nothing on disk."""

    def __init__(self, folder, *options, password=None):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.port = free_port()
        self.socket = self.folder / "redis.sock"
        self._password = password
        self._options = [*options, *(("--requirepass", password) if password else ())]
        self.process = None
        self.start()

    def start(self):
        self.process = Process(
            ["redis-server", "--bind", "127.0.0.1", "--port", self.port, "--unixsocket",
             self.socket, "--dir", self.folder, "--save", "", *self._options],
            self.folder / "redis.log")
        wait_until(self._answers, f"Redis answers on port {self.port}")

    def client(self, **options):
        return redis.Redis(port=self.port, password=self._password, socket_timeout=5, **options)

    def _answers(self):
        if not self.process.running():
            raise RuntimeError(f"redis-server has ended:\n{self.process.log()[-2000:]}")
        try:
            with self.client() as client:
                return client.ping()
        except redis.BusyLoadingError:
            return True
        except redis.RedisError:
            return False

    def stop(self):
        self.process.stop()

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.stop()
