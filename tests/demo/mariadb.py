# SPDX-License-Identifier: Apache-2.0
"""A MariaDB server of its own, in a folder, for whoever starts it."""

import os
import pathlib
import pwd
import signal
import subprocess

import pymysql
from support.processes import Process, wait_until

from demo.ports import server_port
from demo.supervisor import DIE_WITH_PARENT

# Small and quick: nobody keeps this data. Frappe asks for utf8mb4.
_INNODB = """\
innodb-buffer-pool-size = 32M
innodb-log-file-size = 8M
innodb-flush-log-at-trx-commit = 0
innodb-flush-method = nosync
innodb-doublewrite = OFF
"""
_SERVER = """\
character-set-server = utf8mb4
collation-server = utf8mb4_unicode_ci
bind-address = 127.0.0.1
max-connections = 60
key-buffer-size = 1M
aria-pagecache-buffer-size = 8M
performance-schema = OFF
userstat = ON
server-id = 1
log-bin = mysql-bin
expire-logs-days = 1
skip-name-resolve
slow-query-log = ON
long-query-time = 1
innodb-print-all-deadlocks = ON
"""


class MariadbServer:
    """Listens on a socket in `folder` and on a free port; who started it may do all by the socket."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.port = server_port()
        self.user = pwd.getpwuid(os.geteuid()).pw_name
        self.socket = self.folder / "mysqld.sock"
        self.error_log = self.folder / "error.log"
        self._process = None
        if len(os.fsencode(self.socket)) > 107:  # sun_path of unix(7)
            raise ValueError(f"{self.socket} is too long for a socket: choose a shorter folder")

    @property
    def pid(self):
        return self._process.pid

    def install(self):
        """Creates the data folder."""
        self.folder.mkdir(parents=True, exist_ok=True)
        data = self.folder / "data"
        # A server that starts removes what looks left over in its tmpdir, also what others use.
        (self.folder / "tmp").mkdir(exist_ok=True)
        (self.folder / "my.cnf").write_text(
            f"[mariadbd]\ndatadir = {data}\ntmpdir = {self.folder}/tmp\nsocket = {self.socket}\nport = {self.port}\n"
            f"user = {self.user}\npid-file = {self.folder}/mariadbd.pid\n"
            f"slow-query-log-file = {self.folder}/slow.log\nlog-error = {self.error_log}\n"
            f"{_INNODB}{_SERVER}")
        command = ["mariadb-install-db", f"--defaults-file={self.folder}/my.cnf",
                   f"--user={self.user}", "--skip-test-db", "--skip-name-resolve",
                   "--auth-root-authentication-method=socket",
                   f"--auth-root-socket-user={self.user}"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120)
        if done.returncode != 0:
            raise RuntimeError(f"{' '.join(command)}\n{done.stdout}{done.stderr}")

    def start(self):
        self._process = Process(
            [*DIE_WITH_PARENT, "mariadbd", f"--defaults-file={self.folder}/my.cnf"],
            self.folder / "output.log", name="mariadbd")
        wait_until(self._answers, f"MariaDB answers on {self.socket}", timeout=60)

    def _answers(self):
        if not self._process.running():
            log = self.error_log.read_text(errors="replace") if self.error_log.exists() else ""
            raise RuntimeError(f"mariadbd has ended:\n{self._process.log()}{log[-2000:]}")
        try:
            self.connect().close()
            return True
        except pymysql.OperationalError as error:
            if error.args[0] in (2002, 2003):  # CR_CONNECTION_ERROR, CR_CONN_HOST_ERROR
                return False
            raise

    def connect(self):
        """With all privileges, which the server gives to who runs it."""
        return pymysql.connect(unix_socket=str(self.socket), user=self.user, charset="utf8mb4",
                               autocommit=True)

    def crash(self):
        """As a defect of its own would end it."""
        self._process.signal(signal.SIGSEGV)
        self._process.wait(timeout=60)

    def stop(self):
        if self._process:
            self._process.stop(timeout=30)
