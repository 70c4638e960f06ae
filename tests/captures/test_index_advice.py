# SPDX-License-Identifier: Apache-2.0
"""Advice on indexes of the tables of a real Frappe: what was planted is found, first and alone, and to
follow it helps."""

import contextlib
import gzip
import json
import subprocess
import time

import pytest
from demo.mariadb import MariadbServer
from support.bench_folder import BenchFolder
from support.exporter import once, run

SCHEMA = "_frappe"
SITE = "shop.example.com"
ROWS = 100_000
TABLE = "tabActivity Log"
OF_SITE = {"bench": "bench", "site": SITE}

# Statements, as Frappe writes them, that find a few of the rows, and the index each of them lacks.
MISSING = {
    "user, operation": ("SELECT `name`, `subject` FROM `tabActivity Log` WHERE `tabActivity Log`.`user` "
                        "= 'user-{i}@example.com' AND `tabActivity Log`.`operation` = 'Login'"),
    "ip_address": "SELECT name FROM `tabActivity Log` WHERE ip_address IN ('10.0.{i}.1', '10.0.{i}.2')",
    "status, communication_date": (
        "SELECT `name` FROM `tabActivity Log` WHERE `status` = 'Linked' AND `communication_date` "
        "BETWEEN '2020-01-{i:02} 00:00' AND '2020-01-{i:02} 00:10' ORDER BY `creation` DESC"),
}
# These read the table as a whole too, but no index would surely help.
HOPELESS = (
    "SELECT name FROM `tabActivity Log` WHERE ifnull(full_name, '') = 'name {i}'",
    "SELECT name FROM `tabActivity Log` WHERE full_name LIKE '%name {i}'",
    "SELECT name FROM `tabActivity Log` WHERE full_name = 'name {i}' OR link_name = '{i}'",
    "SELECT COUNT(*) FROM `tabActivity Log` WHERE docstatus = 0",
    "SELECT name FROM `tabActivity Log` WHERE content = 'x{i}'",
    "SELECT name FROM `tabActivity Log` WHERE docstatus = 0 ORDER BY full_name, name LIMIT {i}",
    "SELECT l.name FROM `tabActivity Log` l JOIN tabUser u ON l.full_name = u.name WHERE l.full_name = '{i}'",
)
RUNS = 8
PLANTED = {"owner_index": "(owner)", "idx_index": "(idx, owner)", "creation_index": "(creation)"}


@contextlib.contextmanager
def frappe_server(folder, captures, settings):
    """MariaDB with the tables of a real Frappe, of which one is large and has needless indexes."""
    file = captures / "frappe-v16dev/mariadb/schema_site1.sql.gz"
    if not file.exists():
        pytest.skip(f"there is no {file}")
    server = MariadbServer(folder)
    server.install()
    with open(folder / "my.cnf", "a", encoding="utf-8") as config:
        config.write(f"userstat = OFF\n{settings}")
    server.start()
    try:
        with server.connect() as connection, connection.cursor() as cursor:
            cursor.execute(f"CREATE DATABASE `{SCHEMA}`")
            subprocess.run(["mariadb", f"--socket={server.socket}", f"--user={server.user}", SCHEMA],
                           input=gzip.decompress(file.read_bytes()), check=True)
            cursor.execute(f"USE `{SCHEMA}`")
            for name, columns in PLANTED.items():
                cursor.execute(f"ALTER TABLE `{TABLE}` ADD INDEX {name} {columns}")
            cursor.execute(
                f"INSERT INTO `{TABLE}` (name, creation, user, operation, ip_address, status, "
                "communication_date, full_name, owner, idx, content, modified_by) SELECT seq, NOW(), "
                "CONCAT('user-', seq MOD 5000, '@example.com'), ELT(1 + seq MOD 3, 'Login', 'Logout', ''), "
                "CONCAT('10.', seq MOD 100, '.', seq MOD 200, '.', seq MOD 250), ELT(1 + seq MOD 2, "
                "'Linked', 'Open'), TIMESTAMP('2020-01-01') + INTERVAL seq MINUTE, seq, seq, seq MOD 7, "
                f"seq, seq FROM seq_1_to_{ROWS}")
            cursor.execute(f"ANALYZE TABLE `{TABLE}` PERSISTENT FOR ALL")
        yield server
    finally:
        server.stop()


@pytest.fixture(scope="module")
def server(tmp_path_factory, captures):
    with frappe_server(tmp_path_factory.mktemp("db"), captures,
                       "performance-schema = ON\nslow-query-log = OFF\n") as server:
        yield server


def bench_of(folder, server):
    bench = BenchFolder(folder / "bench", sites=(), db_port=server.port)
    bench.add_site(SITE, json.dumps({"db_name": SCHEMA, "db_password": "site"}))
    return bench


@pytest.fixture(scope="module")
def bench(tmp_path_factory, server):
    return bench_of(tmp_path_factory.mktemp("bench"), server)


@pytest.fixture(scope="module")
def cursor(server):
    with server.connect() as connection, connection.cursor() as cursor:
        cursor.execute(f"USE `{SCHEMA}`")
        yield cursor


def work(cursor):
    """Seconds that each kind of statement takes, all its runs together."""
    took = {}
    for columns, statement in (*MISSING.items(), *((text, text) for text in HOPELESS)):
        begin = time.monotonic()
        for i in range(1, RUNS + 1):
            cursor.execute(statement.format(i=i).replace("%", "%%"))
            cursor.fetchall()
        took[columns] = time.monotonic() - begin
    return took


def advice(bench, server, program):
    samples, stderr = once(bench.path, f"--mariadb.address=unix:{server.socket}",
                           f"--mariadb.user={server.user}", collectors=("mariadb_indexes",),
                           program=program)
    assert stderr == ""
    found = {(labels["kind"], labels["doctype"], labels["columns"])
             for labels, _ in samples.find("erpnext_index_advice", **OF_SITE)}
    return found, samples


def missing(*columns):
    return {("missing", "Activity Log", each) for each in columns}


NEEDLESS = {("duplicate", "Activity Log", "creation")}


def test_names_what_was_planted_and_following_it_helps(bench, server, cursor, program):
    before = work(cursor)
    found, samples = advice(bench, server, program)
    assert found == missing(*MISSING) | NEEDLESS
    saved = {labels["columns"]: value for labels, value in samples.find(
        "erpnext_index_missing_saved_ratio", doctype="Activity Log", **OF_SITE)}
    assert saved.keys() == MISSING.keys()
    assert all(0 < value < 1 for value in saved.values())
    printed = run("indexes", f"--bench={bench.path}", f"--mariadb.address=unix:{server.socket}",
                  f"--mariadb.user={server.user}", program=program).stdout
    assert ("bench --site 'shop.example.com' add-database-index --doctype 'Activity Log' "
            "--column 'user' --column 'operation'\n") in printed
    assert printed.index("missing") < printed.index("duplicate")
    assert " rows written a day; about " in printed and "is not known" not in printed
    for number, columns in enumerate(MISSING):
        cursor.execute(f"ALTER TABLE `{TABLE}` ADD INDEX planted_{number} ({columns})")
    cursor.execute(f"ALTER TABLE `{TABLE}` DROP INDEX creation_index")
    cursor.execute(f"ANALYZE TABLE `{TABLE}`")
    cursor.fetchall()
    assert advice(bench, server, program)[0] == set()
    after = work(cursor)
    for columns in MISSING:
        print(f"{columns}: {before[columns]:.3f} s before, {after[columns]:.4f} s after")
        assert after[columns] < before[columns] / 5
    assert advice(bench, server, program)[0] == set()


def test_the_slow_log_suffices(tmp_path, captures, program):
    """Debian's MariaDB has performance_schema off."""
    settings = "performance-schema = OFF\nslow-query-log = ON\nlong-query-time = 0\n"
    with frappe_server(tmp_path / "db", captures, settings) as server:
        bench = bench_of(tmp_path, server)
        with server.connect() as connection, connection.cursor() as cursor:
            cursor.execute(f"USE `{SCHEMA}`")
            assert advice(bench, server, program)[0] == NEEDLESS
            work(cursor)
        found, samples = advice(bench, server, program)
        assert found == missing(*MISSING) | NEEDLESS
        # How long the log reaches back is not known.
        assert samples.find("erpnext_index_missing_saved_ratio") == []
        printed = run("indexes", f"--bench={bench.path}", f"--mariadb.address=unix:{server.socket}",
                      f"--mariadb.user={server.user}", program=program).stdout
        assert printed.count("s of those in the slow query log") == len(MISSING)
        assert "example.com'" not in printed.replace(SITE, "") and "10.0." not in printed
