# SPDX-License-Identifier: Apache-2.0
"""What a bench of 10 sites and 30 workers costs the servers that are asked: round trips to Redis,
time of MariaDB by its own account, and beside us mysqld_exporter on the same server."""

import contextlib
import json
import pathlib
import selectors
import socket
import tempfile
import threading

import pymysql
from bench import measure
from bench.scale import add_workers, prefix_of
from demo import site_database
from demo.mariadb import MariadbServer
from support.bench_folder import BenchFolder
from support.exporter import Exporter
from support.originals import mysqld_exporter
from support.redis_server import RedisServer

SITES, WORKERS = 10, 30
ON_SCRAPE_REDIS = ("queues", "workers")
ON_SCRAPE_DATABASE = ("mariadb_status",)
# At their own pace they ask the same servers.
PACED = (
    "jobs",
    "scheduler",
    "migrate",
    "site_health",
    "site_errors",
    "site_logs",
    "site_backlog",
    "mariadb_variables",
    "mariadb_activity",
    "mariadb_innodb",
    "mariadb_deadlocks",
    "mariadb_sizes",
    "mariadb_indexes",
    "mariadb_userstat",
    "mariadb_replication",
    "mariadb_tables",
    "mariadb_auto_increment",
    "mariadb_config",
    "mariadb_drift",
    "mariadb_queries",
    "mariadb_share",
    "mariadb_error_log",
)


class CountingProxy:
    """Passes bytes to and fro on a port of its own, and counts how often the client waits."""

    def __init__(self, port):
        self._backend = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.round_trips = 0
        threading.Thread(target=self._accept, daemon=True).start()

    def stop(self):
        self._listener.close()

    def _accept(self):
        with contextlib.suppress(OSError):  # closed
            while True:
                client, _ = self._listener.accept()
                threading.Thread(target=self._pass, args=(client,), daemon=True).start()

    def _pass(self, client):
        asking = False
        with client, socket.create_connection(("127.0.0.1", self._backend)) as server, \
                selectors.DefaultSelector() as ready, contextlib.suppress(OSError):
            ready.register(client, selectors.EVENT_READ, server)
            ready.register(server, selectors.EVENT_READ, client)
            while True:
                for key, _ in ready.select():
                    data = key.fileobj.recv(1 << 16)
                    if not data:
                        return
                    if key.fileobj is client and not asking:
                        self.round_trips += 1
                    asking = key.fileobj is client
                    key.data.sendall(data)


def busy_seconds(cursor, user):
    """How long MariaDB has worked for a user."""
    cursor.execute("SELECT SUM(BUSY_TIME) FROM information_schema.USER_STATISTICS WHERE USER = %s",
                   (user,))
    return float(cursor.fetchone()[0] or 0)


def measure_database(cursor, user, pid, scraper, scrapes):
    measure.spaced(scraper, pid, 3, 1.05)
    before = busy_seconds(cursor, user)
    seconds, cpu = measure.spaced(scraper, pid, scrapes, 1.05)
    busy = busy_seconds(cursor, user) - before
    return {"p50 ms": measure.milliseconds(seconds)[0], "CPU ms": 1e3 * sorted(cpu)[len(cpu) // 2],
            "MariaDB ms": 1e3 * busy / scrapes,
            "RSS MiB": measure.resident_bytes(pid) / (1 << 20)}


def measure_statement(cursor, mariadb, pace, times=20):
    """What MariaDB takes for the one statement of a scrape, from another client. A server that does
    nothing else gives its memory back between two of them, which costs more on some machines than
    the statement."""
    with pymysql.connect(host="127.0.0.1", port=mariadb.port, user="original",
                         password="bench-secret") as connection, connection.cursor() as client:
        client.execute("SHOW GLOBAL STATUS")
        before = busy_seconds(cursor, "original")
        pause = threading.Event()
        for _ in range(times):
            pause.wait(pace)
            client.execute("SHOW GLOBAL STATUS")
        return 1e3 * (busy_seconds(cursor, "original") - before) / times


def report(rows, trips, alone):
    columns = list(next(iter(rows.values())))
    print("{:<28}".format("") + "".join(f"{name:>12}" for name in columns))
    for name, row in rows.items():
        print(f"{name:<28}" + "".join(f"{row[column]:>12.2f}" for column in columns))
    ours, original = rows["erpnext-exporter"], rows["mysqld_exporter"]
    print("{:<28}".format("ours / original") + "".join(
        f"{ours[column] / original[column]:>12.2f}" for column in columns))
    for what, value, most, unit in (
            ("round trips to Redis of a scrape", trips, 3, ""),
            ("time of MariaDB for a scrape", ours["MariaDB ms"], 3, "ms"),
            ("CPU of a scrape", ours["CPU ms"], 5, "ms")):
        print(f"{'PASS' if value <= most else 'MISS'}  {what}: {value:.2f} {unit} (at most {most})")
    print(f"      Its one statement, from another client: {alone[0]:.2f} ms at the same pace, "
          f"{alone[1]:.2f} ms without pauses.")


def start_mariadb(folder, sites):
    server = MariadbServer(folder)
    server.install()
    with open(folder / "my.cnf", "a", encoding="utf-8") as config:
        config.write("userstat = ON\n")
    server.start()
    with server.connect() as connection:
        for site in sites:
            site_database.create(connection, site, scheduler_enabled=True)
        site_database.create_exporter_user(connection, "bench-secret",
                                           [site["db_name"] for site in sites])
        with connection.cursor() as cursor:
            cursor.execute("CREATE USER original@'127.0.0.1' IDENTIFIED BY 'bench-secret'")
            cursor.execute("GRANT PROCESS, BINLOG MONITOR, REPLICA MONITOR ON *.* TO "
                           "original@'127.0.0.1'")
    return server


def run(say, scrapes=40):
    with tempfile.TemporaryDirectory(prefix="erpnext-exporter-servers-") as name, \
            contextlib.ExitStack() as stack:
        folder = pathlib.Path(name)
        redis = stack.enter_context(RedisServer(folder / "redis"))
        proxy = CountingProxy(redis.port)
        stack.callback(proxy.stop)
        sites = {f"site-{number}.example.com": {"db_name": f"_{number:016x}", "db_password": "x"}
                 for number in range(SITES)}
        say(f"{SITES} sites, {WORKERS} workers")
        mariadb = start_mariadb(folder / "db", sites.values())
        stack.callback(mariadb.stop)
        url = f"redis://127.0.0.1:{proxy.port}"
        bench = BenchFolder(folder / "bench", sites=(), db_port=mariadb.port, redis_queue=url,
                            redis_cache=f"redis://127.0.0.1:{redis.port}")
        for site, config in sites.items():
            bench.add_site(site, json.dumps(config))
        add_workers(stack.enter_context(redis.client()), prefix_of(bench.path), WORKERS, SITES)
        (folder / "password").write_text("bench-secret")
        ours = stack.enter_context(Exporter(
            folder, f"--bench={bench.path}", f"--mariadb.user={site_database.EXPORTER_USER}",
            f"--mariadb.password-file={folder}/password",
            *(f"--no-collector.{name}" for name in PACED)))

        def scraper(collectors):
            query = "&".join(f"collect[]={collector}" for collector in collectors)
            return measure.Scraper(f"{ours.url}/metrics?{query}")
        measure.spaced(scraper(ON_SCRAPE_REDIS), ours.process.pid, 3, 1.05)
        before = proxy.round_trips
        measure.spaced(scraper(ON_SCRAPE_REDIS), ours.process.pid, 10, 1.05)
        trips = (proxy.round_trips - before) / 10
        with mariadb.connect() as connection, connection.cursor() as cursor:
            alone = [measure_statement(cursor, mariadb, pace) for pace in (1.05, 0)]
            rows = {"erpnext-exporter": measure_database(
                cursor, site_database.EXPORTER_USER, ours.process.pid, scraper(ON_SCRAPE_DATABASE),
                scrapes)}
            say("mysqld_exporter on the same MariaDB")
            with mysqld_exporter(folder, mariadb.port, "original", "bench-secret") as original:
                rows["mysqld_exporter"] = measure_database(
                    cursor, "original", original.process.pid, measure.Scraper(original.url), scrapes)
        report(rows, trips, alone)


if __name__ == "__main__":
    run(lambda text: print(text, flush=True))
