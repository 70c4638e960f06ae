# SPDX-License-Identifier: Apache-2.0
"""Waits for tables and indexes beside mysqld_exporter, which publishes all that there are."""

import pytest
from demo.mariadb import MariadbServer
from support import http
from support.bench_folder import BenchFolder
from support.exporter import Exporter, Samples, once
from support.originals import Families, mysqld_exporter

TABLE, INDEX = "mysql_perf_schema_table_io_waits_", "mysql_perf_schema_index_io_waits_"
FAMILIES = {f"{prefix}{rest}" for prefix in (TABLE, INDEX) for rest in ("total", "seconds_total")}
SOURCES = [f"performance_schema.table_io_waits_summary_by_{name}" for name in ("table", "index_usage")]
ORIGINAL = ("perf_schema.tableiowaits", "perf_schema.indexiowaits")
MOST_TABLES, MOST_INDEXES = 100, 250


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """With eleven tables: one that is read and written in each way, by no index and by two."""
    server = MariadbServer(tmp_path_factory.mktemp("ps"))
    server.install()
    with open(server.folder / "my.cnf", "a", encoding="utf-8") as config:
        config.write("performance-schema = ON\n")
    server.start()
    with server.connect() as connection, connection.cursor() as cursor:
        cursor.execute("CREATE USER exporter@'127.0.0.1' IDENTIFIED BY 'exporter-secret'")
        for table in SOURCES:
            cursor.execute(f"GRANT SELECT ON {table} TO exporter@'127.0.0.1'")
        schema, table = "`odd ``schema`", "`odd ``schema`.`tabSales \"Invoice\"`"
        cursor.execute(f"CREATE DATABASE {schema}")
        cursor.execute(f"CREATE TABLE {table} (name INT PRIMARY KEY, customer INT, unused INT, "
                       "KEY `by ``customer``` (customer), KEY (unused))")
        cursor.execute(f"INSERT INTO {table} SELECT seq, seq % 10, seq FROM {schema}.seq_1_to_100")
        cursor.execute(f"SELECT * FROM {table} WHERE customer = 3")
        cursor.execute(f"SELECT SUM(unused) FROM {table} IGNORE INDEX (unused)")
        cursor.execute(f"UPDATE {table} SET unused = 1 WHERE name = 7")
        cursor.execute(f"DELETE FROM {table} WHERE customer = 4")
        cursor.execute("CREATE DATABASE many")
        for number in range(10):
            add_table(cursor, number)
        # Neither of them shows tables of the server itself.
        cursor.execute("CREATE TABLE mysql.not_shown (name INT PRIMARY KEY)")
        cursor.execute("INSERT INTO mysql.not_shown VALUES (1)")
    yield server
    server.stop()


def add_table(cursor, number):
    cursor.execute(f"CREATE TABLE many.tab{number} (name INT PRIMARY KEY, a INT, b INT, KEY (a), KEY (b))")
    cursor.execute(f"INSERT INTO many.tab{number} SELECT seq, 0, 0 FROM many.seq_1_to_{number + 1}")
    cursor.execute(f"SELECT * FROM many.tab{number} WHERE a = 0")


@pytest.fixture
def options(tmp_path, server):
    (tmp_path / "password").write_text("exporter-secret")
    return [str(BenchFolder(tmp_path / "bench", db_port=server.port).path), "--mariadb.user=exporter",
            f"--mariadb.password-file={tmp_path}/password"]


@pytest.fixture
def ask(options, program):
    def ask():
        samples, stderr = once(*options, "--collector.mariadb_table_io",
                               collectors=("mariadb_table_io",), program=program)
        assert stderr == ""
        return Families(samples.text, TABLE, INDEX)
    return ask


def theirs(folder, server):
    with mysqld_exporter(folder, server.port, "exporter", "exporter-secret", ORIGINAL) as original:
        return Families(original.text(), TABLE, INDEX)


def test_all_are_those_of_mysqld_exporter(ask, tmp_path, server):
    ours, original = ask(), theirs(tmp_path, server)
    assert set(ours.types) == FAMILIES
    assert ours.types == original.types
    assert ours.labels == original.labels
    assert ours.values == original.values
    indexes = {dict(labels)["index"]: value for labels, value in ours.values[f"{INDEX}total"].items()
               if dict(labels)["name"] == 'tabSales "Invoice"' and dict(labels)["operation"] == "fetch"}
    assert indexes.keys() == {"PRIMARY", "by `customer`", "unused", "NONE"}
    assert indexes["by `customer`"] > 0 and indexes["NONE"] > 0 and indexes["unused"] == 0
    assert not any("not_shown" in dict(labels).values() for rows in ours.values.values() for labels in rows)


def seconds(families, prefix, key):
    """The time of each table or index, most first."""
    sums = {}
    for labels, value in families.values[f"{prefix}seconds_total"].items():
        one = tuple(dict(labels)[name] for name in key)
        sums[one] = sums.get(one, 0) + value
    return sorted(sums.items(), key=lambda item: -item[1])


def test_of_many_those_that_took_most_time(ask, tmp_path, server):
    with server.connect() as connection, connection.cursor() as cursor:
        for number in range(10, 150):
            add_table(cursor, number)
    ours, original = ask(), theirs(tmp_path, server)
    for prefix, key, most in ((TABLE, ("schema", "name"), MOST_TABLES),
                              (INDEX, ("schema", "name", "index"), MOST_INDEXES)):
        shown, all_of_them = seconds(ours, prefix, key), seconds(original, prefix, key)
        assert len(all_of_them) > most == len(shown)
        # Sums of rounded numbers may swap neighbours of one size.
        assert [value for _, value in shown] == pytest.approx([value for _, value in all_of_them[:most]])
        for family in (f"{prefix}total", f"{prefix}seconds_total"):
            assert ours.values[family].items() <= original.values[family].items()


def test_one_target_has_them_too(options, program, tmp_path):
    def families(name, *more):
        (tmp_path / name).mkdir()
        with Exporter(tmp_path / name, f"--bench={options[0]}", *options[1:], *more, program=program) as exporter:
            answer = http.request(f"{exporter.url}/metrics/mysql?target=bench", timeout=30)
            assert answer.status == 200, answer.text
            return Samples(answer.text).names()
    assert not FAMILIES & families("default")
    assert families("more", "--collector.mariadb_table_io") >= FAMILIES


def test_without_a_right_they_are_absent(ask, options, program, server):
    with server.connect() as connection, connection.cursor() as cursor:
        try:
            cursor.execute(f"REVOKE SELECT ON {SOURCES[1]} FROM exporter@'127.0.0.1'")
            assert set(ask().types) == {name for name in FAMILIES if name.startswith(TABLE)}
            cursor.execute(f"REVOKE SELECT ON {SOURCES[0]} FROM exporter@'127.0.0.1'")
            samples, stderr = once(*options, "--collector.mariadb_table_io",
                                   collectors=("mariadb_table_io",), program=program)
            assert stderr == "" and not FAMILIES & samples.names()
            assert samples.value("erpnext_exporter_collector_success", collector="mariadb_table_io") == 1
        finally:
            for table in SOURCES:
                cursor.execute(f"GRANT SELECT ON {table} TO exporter@'127.0.0.1'")


def test_without_performance_schema_they_are_absent(program, mariadb, tmp_path):
    (tmp_path / "password").write_text("exporter-secret")
    bench = BenchFolder(tmp_path / "bench", db_port=mariadb.port)
    with mariadb.connect() as connection, connection.cursor() as cursor:
        for table in SOURCES:
            cursor.execute(f"GRANT SELECT ON {table} TO exporter@'127.0.0.1'")
        try:
            samples, stderr = once(bench.path, "--mariadb.user=exporter",
                                   f"--mariadb.password-file={tmp_path}/password",
                                   "--collector.mariadb_table_io", collectors=("mariadb_table_io",),
                                   program=program)
        finally:
            for table in SOURCES:
                cursor.execute(f"REVOKE SELECT ON {table} FROM exporter@'127.0.0.1'")
    assert stderr == "" and not FAMILIES & samples.names()
    assert samples.value("erpnext_exporter_collector_success", collector="mariadb_table_io") == 1
