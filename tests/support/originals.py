# SPDX-License-Identifier: Apache-2.0
"""The exporters whose names we use, as Debian packages them, beside ours on the same host."""

import pathlib

from support import http
from support.exporter import Samples
from support.processes import Process, free_port, wait_until

NODE_COLLECTORS = ("cpu", "filesystem", "loadavg", "meminfo", "pressure", "stat", "vmstat")


class Original:
    """One of them, on a free port."""

    def __init__(self, folder, program, *options, env=None):
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}/metrics"
        log = pathlib.Path(folder) / f"{program}.log"
        self.process = Process([program, f"--web.listen-address=127.0.0.1:{self.port}", *options],
                               log, env=env)
        wait_until(self._answers, f"{program} answers")

    def _answers(self):
        if not self.process.running():
            # Not an AssertionError: that would count as "not yet".
            raise RuntimeError(f"it has ended:\n{self.process.log()}")
        return http.request(self.url).status == 200

    def text(self):
        answer = http.request(self.url, timeout=30)
        assert answer.status == 200, answer.text
        return answer.text

    def stop(self):
        self.process.stop()

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.stop()


# Upstream's default, and ours. Debian's leaves out /media, /mnt and /run as a whole.
_MOUNT_POINTS_EXCLUDE = (r"^/(dev|proc|run/credentials/.+|sys|var/lib/docker/.+|"
                         r"var/lib/containers/storage/.+)($|/)")


def node_exporter(folder, collectors=NODE_COLLECTORS):
    return Original(folder, "prometheus-node-exporter", "--collector.disable-defaults",
                    "--web.disable-exporter-metrics",
                    f"--collector.filesystem.mount-points-exclude={_MOUNT_POINTS_EXCLUDE}",
                    *(f"--collector.{name}" for name in collectors))


def mysqld_exporter(folder, port, user, password, more=(), tls_ca=None):
    """What it collects by default, two of the rest that we do, and `more` of it."""
    config = pathlib.Path(folder) / "original.cnf"
    config.touch(mode=0o600)
    config.write_text(f"[client]\nhost = 127.0.0.1\nport = {port}\nuser = {user}\n"
                      f"password = {password}\n" + (f"ssl-ca = {tls_ca}\n" if tls_ca else ""))
    return Original(folder, "prometheus-mysqld-exporter", f"--config.my-cnf={config}",
                    "--no-collect.info_schema.innodb_cmp",
                    "--no-collect.info_schema.innodb_cmpmem", "--no-collect.info_schema.query_response_time",
                    "--collect.info_schema.processlist", "--collect.info_schema.innodb_metrics",
                    *(f"--collect.{name}" for name in more))


def redis_exporter(folder, port):
    return Original(folder, "prometheus-redis-exporter", f"--redis.addr=redis://127.0.0.1:{port}")


class Families:
    """Type, label names and samples of each family of an exposition text."""

    def __init__(self, text, *prefixes):
        samples = Samples(text)
        self.types = {}
        for line in text.splitlines():
            if line.startswith("# TYPE "):
                name, kind = line.split()[2:4]
                if name.startswith(prefixes):
                    self.types[name] = kind
        self.labels = {name: set() for name in self.types}
        self.values = {name: {} for name in self.types}
        for name, labels, value in samples.all:
            if name in self.types:
                self.labels[name] |= labels.keys()
                self.values[name][tuple(sorted(labels.items()))] = value
