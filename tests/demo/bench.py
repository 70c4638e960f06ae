# SPDX-License-Identifier: Apache-2.0
"""The demo bench as a whole: starts it, stops it, and takes parts of it away for a while."""

import pathlib
import secrets
import shutil
import time

import pymysql
import redis
from support import http
from support.processes import wait_until

from demo import site_database
from demo.bench_tree import SITES, BenchTree, Ports
from demo.group import Group
from demo.mariadb import MariadbServer
from demo.ports import server_port
from demo.redis_servers import ROLES, RedisServer

LOG_WRITERS = 3
LOG_INTERVAL = 0.5


class DemoBench:
    """Everything lies below `folder`, which must be empty or missing, and is so again after stop().

    Call start() from the main thread, and the start_*() too: what a thread starts ends with it.
    """

    def __init__(self, folder, pace=1, trouble=False, progress=lambda text: None):
        """`pace`: jobs, times the usual rate. `trouble`: log lines that raise an alert, too."""
        self.folder = pathlib.Path(folder).resolve()
        self.bench_path = self.folder / "frappe-bench"
        self.config_path = self.folder / "exporter.yml"
        self.password_path = self.folder / "exporter.password"
        self.mariadb = MariadbServer(self.folder / "mariadb")
        ports = Ports(redis_queue=server_port(), redis_cache=server_port(), web=server_port(),
                      mariadb=self.mariadb.port)
        self.tree = BenchTree(self.bench_path, ports)
        self.redis = {role: RedisServer(self.bench_path, role, getattr(ports, f"redis_{role}"))
                      for role in ROLES}
        self._progress = progress
        self.started_in_seconds = None
        self._made_folder = False
        self._groups = self._make_groups(pace, ["--trouble"] if trouble else [])

    def _make_groups(self, pace, log_options):
        logs = self.bench_path / "logs"

        def group(name, programs, log):
            return Group(name, self.folder / "run",
                         [(program, argv, logs / f"{log}.log", logs / f"{log}.error.log",
                           self.bench_path / "sites") for program, argv in programs.items()])

        tree = self.tree
        return {
            "web": group("web", {
                "web": tree.frappe("serve", "--port", str(tree.ports.web))}, "web"),
            "workers": group("workers", tree.workers(), "worker"),
            "schedule": group("schedule", {"schedule": tree.frappe("schedule")}, "schedule"),
            "producer": group("producer", {"producer": tree.python(
                "-m", "demo_app.producer", "--pace", str(pace))}, "producer"),
            "log-writers": group("log-writers", {f"log-writer-{number}": tree.python(
                "-m", "demo_app.log_writer", "--folder", logs, "--writer", str(number),
                "--interval", str(LOG_INTERVAL), *log_options)
                for number in range(1, LOG_WRITERS + 1)},
                "log-writer"),
        }

    def start(self):
        self._made_folder = not self.folder.exists()
        self.folder.mkdir(parents=True, exist_ok=True)
        if any(self.folder.iterdir()):
            raise FileExistsError(f"{self.folder} is not empty: give a folder that is")
        begin = time.monotonic()
        try:
            self._start()
        except BaseException:
            self.stop()
            raise
        self.started_in_seconds = time.monotonic() - begin
        return self

    def _start(self):
        (self.folder / "run").mkdir()
        self._progress("creating the bench and its database server")
        self.tree.write()
        self._write_exporter_config()
        self.mariadb.install()
        self._progress("starting MariaDB and Redis")
        for server in (*self.redis.values(), self.mariadb):
            server.start()
        self._create_databases()
        self._progress("starting web server, workers, scheduler, producer and log writers")
        for group in self._groups.values():
            group.start()
        self._wait_for_web()
        self._wait_for_workers()

    def _write_exporter_config(self):
        self.password_path.touch(mode=0o600)
        self.password_path.write_text(secrets.token_urlsafe(18))
        (self.folder / "state").mkdir()
        self.config_path.write_text(
            f"bench: [{self.bench_path}]\n"
            f"mariadb:\n  user: {site_database.EXPORTER_USER}\n"
            f"  password-file: {self.password_path}\n"
            f"state:\n  folder: {self.folder}/state\n")

    def _create_databases(self):
        with self.mariadb.connect() as connection:
            for name, _, scheduler_enabled in SITES:
                site_database.create(connection, self.tree.sites[name], scheduler_enabled)
            site_database.create_exporter_user(
                connection, self.password_path.read_text(),
                [site["db_name"] for site in self.tree.sites.values()])

    def stop(self):
        """Ends everything, and removes its files."""
        for group in self._groups.values():
            group.request_stop()
        for group in self._groups.values():
            group.stop()
        for server in (*self.redis.values(), self.mariadb):
            server.stop()
        for entry in self.folder.iterdir() if self.folder.exists() else ():
            shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
        if self._made_folder and self.folder.exists():
            self.folder.rmdir()

    def __enter__(self):
        return self.start()

    def __exit__(self, *unused):
        self.stop()

    # What the outage tests take away. Each pair may be called again and again.

    def stop_mariadb(self):
        self.mariadb.stop()

    def start_mariadb(self):
        self.mariadb.start()

    def stop_redis(self, role):
        self.redis[role].stop()

    def start_redis(self, role):
        self.redis[role].start()

    def stop_web(self):
        self._groups["web"].stop()

    def start_web(self):
        self._groups["web"].start()
        self._wait_for_web()

    def stop_workers(self):
        """They finish or give up their jobs, and sign off."""
        self._groups["workers"].stop()

    def start_workers(self):
        self._groups["workers"].start()
        self._wait_for_workers()

    def stop_producer(self):
        """Nothing is enqueued any more, by the scheduler neither."""
        for name in ("producer", "schedule"):
            self._groups[name].stop()

    def start_producer(self):
        for name in ("producer", "schedule"):
            self._groups[name].start()

    def stop_log_writers(self):
        self._groups["log-writers"].stop()

    def start_log_writers(self):
        self._groups["log-writers"].start()

    # What there is.

    @property
    def sites(self):
        return list(self.tree.sites)

    @property
    def bench_name(self):
        return self.bench_path.name

    def queue_redis(self):
        return redis.Redis(port=self.tree.ports.redis_queue, socket_timeout=5)

    def exporter_connection(self):
        """A connection with what the exporter may do."""
        return pymysql.connect(
            host="127.0.0.1", port=self.mariadb.port, user=site_database.EXPORTER_USER,
            password=self.password_path.read_text(), autocommit=True)

    def ping(self, site):
        return http.request(f"http://127.0.0.1:{self.tree.ports.web}/api/method/ping",
                            headers={"Host": site})

    def pids(self):
        pids = {"mariadbd": self.mariadb.pid,
                **{f"redis-{role}": server.pid for role, server in self.redis.items()}}
        for group in self._groups.values():
            pids |= group.pids()
        return pids

    def endpoints(self):
        """For people and programs; no secret is in it."""
        ports = self.tree.ports
        return {
            "folder": str(self.folder), "bench": str(self.bench_path),
            "bench_id": self.tree.bench_id, "exporter_config": str(self.config_path),
            "mariadb": {"socket": str(self.mariadb.socket), "port": ports.mariadb,
                        "user": site_database.EXPORTER_USER,
                        "password_file": str(self.password_path)},
            "redis": {"queue": ports.redis_queue, "cache": ports.redis_cache},
            "web": ports.web, "sites": self.sites, "pids": self.pids(),
        }

    def _wait_for_web(self):
        wait_until(lambda: self.ping(SITES[0][0]).status == 200, "the web server answers")

    def _wait_for_workers(self):
        """Until each waits for jobs: before that, SIGTERM would end it without signing off."""
        names = self.tree.workers()

        def listening(client):
            ready = {int(client.hget(worker, "pid") or 0)
                     for worker in client.smembers("rq:workers")
                     if client.hget(worker, "state") in (b"idle", b"busy")}
            return {pid for name, pid in self.pids().items() if name in names} <= ready

        with self.queue_redis() as client:
            wait_until(lambda: listening(client), "the workers listen")
