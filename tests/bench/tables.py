# SPDX-License-Identifier: Apache-2.0
"""What 10 000 tables cost: time of MariaDB, by its own account, for each collector that looks at the
tables of sites, beside mysqld_exporter for those that open some, and the memory that they take."""

import contextlib
import json
import pathlib
import statistics
import subprocess
import tempfile
import time

import pymysql
from bench import measure
from bench.servers import busy_seconds
from demo.mariadb import MariadbServer
from support import http
from support.bench_folder import BenchFolder
from support.exporter import Exporter, binary
from support.originals import mysqld_exporter
from support.processes import wait_until

SITES, TABLES, RUNS = 10, 1000, 3
COLLECTORS = ("mariadb_sizes", "mariadb_indexes", "mariadb_config", "mariadb_drift")
# Off by default, with the option that switches it on and the flag of mysqld_exporter.
OPENING = (("mariadb_tables", "--mariadb.open-tables", "info_schema.tables"),
           ("mariadb_auto_increment", "--collector.mariadb_auto_increment", "auto_increment.columns"))
MOST_MS, MOST_MIB = 250, 6
_TABLE = ("(`name` VARCHAR(140) PRIMARY KEY, `creation` DATETIME(6), `modified` DATETIME(6), "
          "`owner` VARCHAR(140), `docstatus` INT NOT NULL DEFAULT 0, `parent` VARCHAR(140), "
          "`idx` INT NOT NULL DEFAULT 0, `status` VARCHAR(140), KEY `parent` (`parent`), "
          "KEY `modified` (`modified`)) ENGINE=InnoDB ROW_FORMAT=DYNAMIC")


def fill(server, schemas):
    with server.connect() as connection, connection.cursor() as cursor:
        for schema in schemas:
            cursor.execute(f"CREATE DATABASE `{schema}`")
            for number in range(TABLES):
                cursor.execute(f"CREATE TABLE `{schema}`.`tabDoc {number}` {_TABLE}")
        # Of another program, beside Frappe.
        cursor.execute("CREATE DATABASE shop")
        for number in range(20):
            cursor.execute(f"CREATE TABLE shop.t{number} (id INT AUTO_INCREMENT PRIMARY KEY, x INT)")
            cursor.execute(f"INSERT INTO shop.t{number} (x) VALUES (1)")
        for user in ("exporter", "original"):
            cursor.execute(f"CREATE USER {user}@'127.0.0.1' IDENTIFIED BY 'bench-secret'")
            for grant in ("PROCESS, REFERENCES ON *.*", "SELECT ON mysql.innodb_table_stats",
                          "SELECT ON mysql.innodb_index_stats"):
                cursor.execute(f"GRANT {grant} TO {user}@'127.0.0.1'")
        # What Frappe's own tools ask, for comparison: it opens each table.
        begin = time.perf_counter()
        cursor.execute("SELECT SUM(DATA_LENGTH + INDEX_LENGTH) FROM information_schema.TABLES "
                       "WHERE TABLE_SCHEMA LIKE '\\_%'")
        return time.perf_counter() - begin


def database_time(cursor, options, collector):
    """Seconds of MariaDB of one run, and whether it was a success."""
    seconds = []
    for _ in range(RUNS):
        before = busy_seconds(cursor, "exporter")
        done = subprocess.run([binary(), "once", f"--collector={collector}", *options],
                              capture_output=True, text=True, timeout=120)
        if done.returncode != 0:
            raise RuntimeError(f"{collector}: {done.stderr}")
        seconds.append(busy_seconds(cursor, "exporter") - before)
    return statistics.median(seconds)


def original_time(cursor, folder, port, flag):
    """Seconds of MariaDB for one scrape of that part of mysqld_exporter, after the first."""
    seconds = []
    with mysqld_exporter(folder, port, "original", "bench-secret", (flag,)) as original:
        for _ in range(RUNS):
            before = busy_seconds(cursor, "original")
            answer = http.request(f"{original.url}?collect[]={flag}", timeout=120)
            if "mysql_exporter_last_scrape_error 0" not in answer.text:
                raise RuntimeError(f"mysqld_exporter failed:\n{original.process.log()[-2000:]}")
            seconds.append(busy_seconds(cursor, "original") - before)
    return statistics.median(seconds)


def compare(cursor, folder, port, options):
    for collector, option, flag in OPENING:
        ours = 1e3 * database_time(cursor, [*options, option], collector)
        theirs = 1e3 * original_time(cursor, folder, port, flag)
        print(f"time of MariaDB for {collector}: {ours:.1f} ms; for collect.{flag} of mysqld_exporter: "
              f"{theirs:.1f} ms; ratio {ours / theirs:.3f}")


def resident(folder, options, without):
    """MiB of a daemon whose collectors have all run."""
    folder.mkdir()
    with Exporter(folder, *options, *(f"--no-collector.{name}" for name in without)) as exporter:
        wanted = set(COLLECTORS) - set(without)

        def have_run():
            samples = exporter.metrics(timeout=60)
            return wanted <= {labels["collector"] for labels, _ in samples.find(
                "erpnext_exporter_collector_last_success_timestamp_seconds")}
        wait_until(have_run, "all collectors have run", timeout=120)
        return measure.resident_bytes(exporter.process.pid) / (1 << 20)


def run(say):
    with tempfile.TemporaryDirectory(prefix="erpnext-exporter-tables-") as name, \
            contextlib.ExitStack() as stack:
        folder = pathlib.Path(name)
        server = MariadbServer(folder / "db")
        server.install()
        with open(folder / "db" / "my.cnf", "a", encoding="utf-8") as config:
            config.write("userstat = ON\n")
        server.start()
        stack.callback(server.stop)
        say(f"{SITES} sites with {TABLES} tables each")
        schemas = {f"site-{number}.example.com": f"_{number:016x}" for number in range(SITES)}
        opened = fill(server, schemas.values())
        bench = BenchFolder(folder / "bench", sites=(), db_port=server.port)
        for site, schema in schemas.items():
            bench.add_site(site, json.dumps({"db_name": schema, "db_password": "x"}))
        (folder / "password").write_text("bench-secret")
        options = [f"--bench={bench.path}", "--mariadb.user=exporter",
                   f"--mariadb.password-file={folder}/password"]
        print(f"{'information_schema.TABLES, all opened once':<44}{1e3 * opened:>10.1f} ms")
        with server.connect() as connection, connection.cursor(pymysql.cursors.Cursor) as cursor:
            for collector in COLLECTORS:
                spent = 1e3 * database_time(cursor, options, collector)
                print(f"{'PASS' if spent <= MOST_MS else 'MISS'}  time of MariaDB for a run of {collector}: "
                      f"{spent:.1f} ms (at most {MOST_MS})")
            compare(cursor, folder, server.port, options)
        more = (resident(folder / "with", options, ()) -
                resident(folder / "without", options, COLLECTORS))
        print(f"{'PASS' if more <= MOST_MIB else 'MISS'}  memory for them: {more:.1f} MiB (at most {MOST_MIB})")


if __name__ == "__main__":
    run(lambda text: print(text, flush=True))
