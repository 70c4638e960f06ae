# SPDX-License-Identifier: Apache-2.0
"""Advice on indexes on a real server."""

import contextlib
import json
import threading

import pymysql
import pytest
from support.bench_folder import BenchFolder
from support.exporter import Exporter, once, run
from support.processes import wait_until

SCHEMA = "_indexes"
SITE = "shop.example.com"
ROWS = 3000
GRANTS = ("PROCESS ON *.*", "SELECT ON mysql.innodb_table_stats", "SELECT ON mysql.innodb_index_stats")
COLUMNS = ("name VARCHAR(140) PRIMARY KEY, creation DATETIME(6), item VARCHAR(140), "
           "warehouse VARCHAR(140), status VARCHAR(140), note TEXT, dn_detail VARCHAR(140), "
           "purchase_order VARCHAR(140), against_sales_invoice VARCHAR(140)")
# What each says of: (kind, columns).
TABLES = {
    "tabTwice": ("KEY item (item), KEY item_index (item)", ("duplicate", "item")),
    "tabRedundant": ("KEY item (item), KEY both_index (item, warehouse)", ("redundant", "item")),
    "tabPrimary": ("KEY item_name (item, name), KEY item (item)", ("redundant", "item, name")),
    "tabGröße/@ ж": ("KEY a (status), KEY b (status)", ("duplicate", "status")),
    "tab\x1b[31m`it's": ("KEY `a` (status), KEY `b``` (status)", ("duplicate", "status")),
    "tabSales Invoice Item": ("KEY item (item)", ("known", "purchase_order")),
    # About these nothing is to be said.
    "tabStock Entry Detail": ("KEY item (item)", None),  # it has no such column
    "tabDelivery Note Item": ("KEY a (dn_detail), KEY b (purchase_order), KEY c (against_sales_invoice)", None),
    "tabUnique": ("UNIQUE KEY one (item), KEY both_index (item, warehouse)", None),
    "tabText": ("KEY a (note(20)), KEY b (note(30))", None),
    "tabWords": ("FULLTEXT KEY words (item), KEY item (item)", None),
    "tabCreation": ("KEY creation (creation), KEY both_index (creation, item)", None),
    "tabOrder": ("KEY both_index (item, warehouse), KEY warehouse (warehouse)", None),
}


@pytest.fixture(scope="module")
def bench(tmp_path_factory, mariadb):
    folder = tmp_path_factory.mktemp("indexes")
    with mariadb.connect() as connection, connection.cursor() as cursor:
        cursor.execute(f"CREATE DATABASE `{SCHEMA}`")
        try:
            for name, (indexes, _) in TABLES.items():
                table = name.replace("`", "``")
                cursor.execute(f"CREATE TABLE `{SCHEMA}`.`{table}` ({COLUMNS}, {indexes}) ENGINE=InnoDB")
                cursor.execute(f"INSERT INTO `{SCHEMA}`.`{table}` (name, item) "
                               f"SELECT seq, seq FROM `{SCHEMA}`.seq_1_to_{ROWS}")
                cursor.execute(f"ANALYZE TABLE `{SCHEMA}`.`{table}`")
                cursor.fetchall()
            cursor.execute(f"CREATE TABLE `{SCHEMA}`.tabSmall ({COLUMNS}, KEY a (item), KEY b (item))")
            for grant in GRANTS:
                cursor.execute(f"GRANT {grant} TO exporter@'127.0.0.1'")
            bench = BenchFolder(folder / "bench", sites=(), db_port=mariadb.port)
            bench.add_site(SITE, json.dumps({"db_name": SCHEMA, "db_password": "site"}))
            (folder / "password").write_text("exporter-secret")
            bench.login = ("--mariadb.user=exporter", f"--mariadb.password-file={folder}/password")
            yield bench
        finally:
            cursor.execute(f"DROP DATABASE `{SCHEMA}`")
            for grant in GRANTS:
                cursor.execute(f"REVOKE {grant} FROM exporter@'127.0.0.1'")


def advice(samples):
    return {(labels["doctype"], labels["kind"], labels["columns"])
            for labels, _ in samples.find("erpnext_index_advice", bench="bench", site=SITE)}


EXPECTED = {(table.removeprefix("tab"), *said) for table, (_, said) in TABLES.items() if said}


def test_says_what_could_go(bench, program):
    samples, stderr = once(bench.path, *bench.login, collectors=("mariadb_indexes",), program=program)
    assert stderr == ""
    assert advice(samples) == EXPECTED
    counts = {labels["kind"]: value for labels, value in samples.find("erpnext_index_advices", site=SITE)}
    # The slow query log tells of what is missing. The server has just started: nothing can be said of
    # what is not used.
    assert counts == {"missing": 0, "known": 1, "duplicate": 3, "redundant": 2}


def test_lists_are_whole_whatever_the_server_allows_others(bench, mariadb, program):
    with mariadb.connect() as connection, connection.cursor() as cursor:
        cursor.execute("SET GLOBAL group_concat_max_len = 64")
        try:
            samples, stderr = once(bench.path, *bench.login, collectors=("mariadb_indexes",), program=program)
        finally:
            cursor.execute("SET GLOBAL group_concat_max_len = DEFAULT")
    assert stderr == ""
    assert advice(samples) == EXPECTED


@contextlib.contextmanager
def _held(mariadb, statement):
    """A reader holds `tabTwice`, so that the statement waits for its definition."""
    with mariadb.connect() as reader, reader.cursor() as holding, mariadb.connect() as changer, \
            changer.cursor() as changing:
        reader.begin()
        holding.execute(f"SELECT COUNT(*) FROM `{SCHEMA}`.tabTwice")

        def change():
            with contextlib.suppress(pymysql.MySQLError):
                changing.execute(statement)
        thread = threading.Thread(target=change)
        thread.start()
        try:
            with mariadb.connect() as watcher, watcher.cursor() as watching:
                def waits():
                    watching.execute("SELECT COUNT(*) FROM information_schema.PROCESSLIST "
                                     "WHERE STATE = 'Waiting for table metadata lock'")
                    return watching.fetchone()[0]
                wait_until(waits, "the change waits")
                yield
                assert waits(), "it waited all the time"
        finally:
            reader.rollback()
            thread.join(timeout=30)
            assert not thread.is_alive()


def test_does_not_wait_for_who_changes_a_table(tmp_path, bench, mariadb, program):
    with _held(mariadb, f"ALTER TABLE `{SCHEMA}`.tabTwice ADD COLUMN new INT"), \
            Exporter(tmp_path, f"--bench={bench.path}", *bench.login, program=program) as exporter:
        def done():
            found = exporter.metrics("?collect[]=mariadb_indexes")
            return found if found.find("erpnext_index_advice") else None
        samples = wait_until(done, "the advice is there")
        assert advice(samples) == EXPECTED
        assert samples.value("erpnext_exporter_collector_duration_seconds", collector="mariadb_indexes") < 0.9


def test_an_index_that_is_gone_needs_no_advice(bench, mariadb, program):
    with mariadb.connect() as connection, connection.cursor() as cursor:
        cursor.execute(f"ALTER TABLE `{SCHEMA}`.tabTwice DROP INDEX item")
        samples, _ = once(bench.path, *bench.login, collectors=("mariadb_indexes",), program=program)
        assert advice(samples) == EXPECTED - {("Twice", "duplicate", "item")}
        cursor.execute(f"ALTER TABLE `{SCHEMA}`.tabTwice ADD INDEX item (item)")


@pytest.mark.parametrize("grant, expected", (
    ("PROCESS ON *.*", set()),
    # Sizes are not known, so it is told of small tables too, where that does not matter.
    ("SELECT ON mysql.innodb_table_stats",
     {each for each in EXPECTED if each[1] != "known"} | {("Small", "duplicate", "item")}),
    ("SELECT ON mysql.innodb_index_stats", EXPECTED)))
def test_what_may_not_be_seen_is_not_there(bench, mariadb, program, grant, expected):
    with mariadb.connect() as connection, connection.cursor() as cursor:
        cursor.execute(f"REVOKE {grant} FROM exporter@'127.0.0.1'")
        try:
            samples, stderr = once(bench.path, *bench.login, collectors=("mariadb_indexes",),
                                   program=program)
        finally:
            cursor.execute(f"GRANT {grant} TO exporter@'127.0.0.1'")
    assert stderr == ""
    assert advice(samples) == expected


def indexes(bench, program, *more):
    return run("indexes", f"--bench={bench.path}", *bench.login, *more, program=program)


def test_the_command_prints_the_same_with_what_to_do(bench, mariadb, program):
    done = indexes(bench, program)
    assert done.returncode == 0
    assert "\x1b" not in done.stdout
    assert f"redundant  Redundant (item)  {SITE} (bench)\n" \
           "           both_index does its work too\n" in done.stdout
    assert "ALTER TABLE `_indexes`.`tabRedundant` DROP INDEX `item`\n" in done.stdout
    assert "missing are not" not in done.stderr and "not used are not known" in done.stderr
    with mariadb.connect() as connection, connection.cursor() as cursor:
        cursor.execute("SET GLOBAL slow_query_log = OFF")
        try:
            assert "missing are not known" in indexes(bench, program).stderr
        finally:
            cursor.execute("SET GLOBAL slow_query_log = ON")
    found = json.loads(indexes(bench, program, "--format=json").stdout)["advice"]
    assert {(each["doctype"], each["kind"], ", ".join(each["columns"])) for each in found} == EXPECTED
    assert all(each["rows"] > 0.8 * ROWS for each in found)
    assert all(each["bytes"] > 0 for each in found if each["kind"] != "known")
    known, = [each for each in found if each["kind"] == "known"]
    assert known["remedy"] == (f"bench --site '{SITE}' add-database-index --doctype 'Sales Invoice Item' "
                               "--column 'purchase_order'")
    assert known["source"] == "frappe/erpnext#40590"
    assert json.loads(indexes(bench, program, "--format=json", "--site=other").stdout) == {"advice": []}
    with mariadb.connect() as connection, connection.cursor() as cursor:
        for each in found:
            if each is not known:
                cursor.execute(each["remedy"])
        cursor.execute(f"ALTER TABLE `{SCHEMA}`.`tabSales Invoice Item` ADD INDEX (purchase_order)")
        assert indexes(bench, program).stdout == "no advice\n"


def test_without_a_server_the_command_says_so(tmp_path, program):
    done = run("indexes", f"--bench={BenchFolder(tmp_path / 'bench', db_port=1).path}", program=program)
    assert done.returncode == 3
    assert "the indexes of no site could be read" in done.stdout
    assert "127.0.0.1:1" in done.stderr
