# SPDX-License-Identifier: Apache-2.0
"""What a real server writes into its error log: crash, recovery, corruption, deadlocks."""

import json
import re
import subprocess

import pymysql
import pytest
from demo.mariadb import MariadbServer
from support.bench_folder import BenchFolder
from support.exporter import Exporter
from support.processes import wait_until
from test_mariadb_activity import deadlock, session, update

SCHEMA = "_activity"  # that of the sessions
SITE = "shop.example.com"
CANARY = "canary-4711"


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    server = MariadbServer(tmp_path_factory.mktemp("log"))
    server.install()
    server.start()
    with server.connect() as connection, connection.cursor() as cursor:
        cursor.execute(f"CREATE DATABASE `{SCHEMA}`")
        cursor.execute(f"CREATE TABLE `{SCHEMA}`.`tabSales Invoice` (name VARCHAR(20) PRIMARY KEY, "
                       "total INT) ENGINE=InnoDB")
        cursor.execute(f"INSERT INTO `{SCHEMA}`.`tabSales Invoice` VALUES ('A', 1), ('{CANARY}', 2)")
        connection.commit()
        cursor.execute(f"CREATE USER `{SCHEMA}`@'127.0.0.1' IDENTIFIED BY 'site'")
        cursor.execute(f"GRANT ALL ON `{SCHEMA}`.* TO `{SCHEMA}`@'127.0.0.1'")
        cursor.execute("CREATE USER exporter@'127.0.0.1' IDENTIFIED BY 'exporter-secret'")
        cursor.execute("GRANT PROCESS ON *.* TO exporter@'127.0.0.1'")
    yield server
    server.stop()


@pytest.fixture
def options(tmp_path, server):
    bench = BenchFolder(tmp_path / "bench", sites=(), db_port=server.port)
    bench.add_site(SITE, json.dumps({"db_name": SCHEMA, "db_password": "site"}))
    (tmp_path / "password").write_text("exporter-secret")
    return [f"--bench={bench.path}", "--mariadb.user=exporter",
            f"--mariadb.password-file={tmp_path}/password"]


def deadlocks(program, options, *more):
    done = subprocess.run([program, "deadlocks", *options, *more], capture_output=True, text=True,
                          timeout=60)
    assert CANARY not in done.stdout + done.stderr
    return done


def test_the_last_deadlocks_are_printed(program, options, server):
    none = deadlocks(program, options)
    assert (none.returncode, none.stdout, none.stderr) == (0, "no deadlock is told of\n", "")
    for _ in range(3):
        deadlock(server, update("A", 1), update(CANARY, 2))
    text = deadlocks(program, options, f"--site={SITE}")
    assert text.returncode == 0
    assert text.stdout.count(f"{SITE} (bench)") == 3
    assert text.stdout.count("waited for Sales Invoice, index PRIMARY, X record") == 6
    assert text.stdout.count("rolled back") == 3
    found = json.loads(deadlocks(program, options, "--format=json").stdout)["deadlocks"]
    assert [each["at"] for each in found] == sorted(each["at"] for each in found)
    assert [sorted(side["rolled_back"] for side in each["transactions"]) for each in found] \
        == [[False, True]] * 3
    assert json.loads(deadlocks(program, options, "--format=json", "--site=other").stdout) \
        == {"deadlocks": []}


def test_without_the_log_only_the_last_deadlock_is_known_and_that_is_said(program, options, server):
    deadlock(server, update("A", 1), update(CANARY, 2))
    with server.connect() as connection, connection.cursor() as cursor:
        hidden = server.error_log.with_suffix(".hidden")
        server.error_log.rename(hidden)
        try:
            done = deadlocks(program, options)
        finally:
            hidden.rename(server.error_log)
        assert done.stdout.count("rolled back") == 1
        assert "only its last deadlock is known: open " in done.stderr
        cursor.execute("SET GLOBAL innodb_print_all_deadlocks = OFF")
        try:
            assert "innodb_print_all_deadlocks is off" in deadlocks(program, options).stderr
        finally:
            cursor.execute("SET GLOBAL innodb_print_all_deadlocks = ON")


def test_each_of_many_deadlocks_is_counted_where_the_log_has_them(tmp_path, program, options, server):
    with Exporter(tmp_path, *options, program=program) as exporter:
        wait_until(lambda: exporter.metrics().find("erpnext_mariadb_error_log_events_total"),
                   "the log is followed")
        for _ in range(4):
            deadlock(server, update("A", 1), update(CANARY, 2))
        samples = wait_until(
            lambda: (lambda found: found if found.value("erpnext_mariadb_deadlocks_explained_total",
                                                        doctypes="Sales Invoice") == 4 else None)(
                exporter.metrics()), "all four are explained")
        assert CANARY not in samples.text


def test_a_server_that_nobody_reaches_is_no_answer(program, options, server):
    done = deadlocks(program, [*options, "--mariadb.address=127.0.0.1:1"])
    assert done.returncode == 3
    assert "127.0.0.1:1" in done.stderr


def damage(server):
    """Overwrites the pages of a table behind the server's back."""
    with server.connect() as connection, connection.cursor() as cursor:
        cursor.execute(f"CREATE TABLE `{SCHEMA}`.tabBroken (name INT PRIMARY KEY, text VARCHAR(200))")
        cursor.execute(f"INSERT INTO `{SCHEMA}`.tabBroken SELECT seq, REPEAT('x', 200) "
                       f"FROM `{SCHEMA}`.seq_1_to_5000")
        connection.commit()
        cursor.execute(f"FLUSH TABLES `{SCHEMA}`.tabBroken FOR EXPORT")
        cursor.execute("UNLOCK TABLES")
    server.stop()
    with open(server.folder / "data" / SCHEMA / "tabBroken.ibd", "r+b") as file:
        file.seek(3 * 16384 + 100)  # the root of its primary key, behind the three pages of a tablespace
        file.write(b"\xAA" * 2000)
    server.start()


def test_crash_recovery_and_corruption_are_counted(tmp_path, program, options, server):
    with Exporter(tmp_path, *options, program=program) as exporter:
        def events():
            return {labels["event"]: value for labels, value in
                    exporter.metrics().find("erpnext_mariadb_error_log_events_total", bench="bench")}
        before = wait_until(events, "the log is followed")
        assert set(before.values()) == {0}
        server.crash()
        server.start()
        after = wait_until(lambda: (lambda now: now if now["start"] == 1 else None)(events()),
                           "the start is seen", timeout=30)
        assert (after["crash"], after["corruption"]) == (1, 0)
        assert after["recovery"] in (1, 2)  # of InnoDB, and of Aria where it has something to do
        damage(server)
        with session(server) as cursor, pytest.raises(pymysql.MySQLError):
            cursor.execute("SELECT COUNT(text) FROM tabBroken")
        after = wait_until(lambda: (lambda now: now if now["corruption"] else None)(events()),
                           "the corruption is seen", timeout=30)
        assert (after["shutdown"], after["start"], after["crash"]) == (1, 2, 1)
        assert exporter.metrics().value("erpnext_exporter_collector_success",
                                        collector="mariadb_error_log") == 1


def test_discover_names_what_the_login_may_not_see(program, options, server):
    def missing():
        done = subprocess.run([program, "discover", *options], capture_output=True, text=True, timeout=60)
        return {line.split(": ", 1)[1] for line in done.stdout.splitlines()
                if line.startswith("  MISSING MariaDB at 127.0.0.1")}
    with server.connect() as connection, connection.cursor() as cursor:
        before = missing()
        assert "SELECT on mysql.innodb_table_stats" in before
        assert "PROCESS" not in before
        cursor.execute("REVOKE PROCESS ON *.* FROM exporter@'127.0.0.1'")
        cursor.execute("GRANT SELECT ON mysql.innodb_table_stats TO exporter@'127.0.0.1'")
        try:
            assert missing() == before - {"SELECT on mysql.innodb_table_stats"} | {"PROCESS"}
            # What `grants` prints opens all of it.
            grants = subprocess.run([program, "grants", *options], capture_output=True, text=True,
                                    timeout=60).stdout
            for line in grants.splitlines():
                if line.startswith("GRANT ") and re.search(r" ON (\*\.\*|mysql\.|performance_schema\.)", line):
                    cursor.execute(line.replace("'localhost'", "'127.0.0.1'"))
            assert missing() == set()
        finally:
            cursor.execute("GRANT PROCESS ON *.* TO exporter@'127.0.0.1'")
