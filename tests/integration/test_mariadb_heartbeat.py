# SPDX-License-Identifier: Apache-2.0
"""A table as pt-heartbeat writes it, beside mysqld_exporter on the same server."""

import pytest
from support import http
from support.bench_folder import BenchFolder
from support.exporter import Exporter, Samples, once, run
from support.originals import Families, mysqld_exporter

STORED, NOW = "mysql_heartbeat_stored_timestamp_seconds", "mysql_heartbeat_now_timestamp_seconds"
# What `pt-heartbeat --create-table` creates.
COLUMNS = ("(ts VARCHAR(26) NOT NULL, server_id INT UNSIGNED NOT NULL PRIMARY KEY, file VARCHAR(255), "
           "position BIGINT UNSIGNED, relay_master_log_file VARCHAR(255), exec_master_log_pos BIGINT UNSIGNED)")
ODD = ("odd `db-1", "heart ``; \u00e4")


def quoted(*names):
    return ".".join("`" + name.replace("`", "``") + "`" for name in names)


@pytest.fixture
def cursor(mariadb):
    """Of a session that may do all; with two schemas that have such a table, and rights on both."""
    with mariadb.connect() as connection, connection.cursor() as cursor:
        # Half an hour off, as no clock of this machine is.
        cursor.execute("SELECT @@global.time_zone")
        zone = cursor.fetchone()[0]
        cursor.execute("SET GLOBAL time_zone = '+05:30'")
        cursor.execute("SET time_zone = '+05:30'")
        for schema, table in (("heartbeat", "heartbeat"), ODD):
            cursor.execute(f"CREATE DATABASE {quoted(schema)}")
            cursor.execute(f"CREATE TABLE {quoted(schema, table)} {COLUMNS}")
            cursor.execute(f"GRANT SELECT ON {quoted(schema, table)} TO exporter@'127.0.0.1'")
        yield cursor
        for schema, table in (("heartbeat", "heartbeat"), ODD):
            cursor.execute(f"REVOKE SELECT ON {quoted(schema, table)} FROM exporter@'127.0.0.1'")
            cursor.execute(f"DROP DATABASE {quoted(schema)}")
        cursor.execute("SET GLOBAL time_zone = %s", (zone,))


def beat(cursor, table, server_id, now="NOW(6)", age=0):
    """As pt-heartbeat does: the time as a text with a T."""
    cursor.execute(f"REPLACE INTO {table} (ts, server_id, file, position) VALUES (DATE_FORMAT({now} - "
                   f"INTERVAL {age} SECOND, '%Y-%m-%dT%H:%i:%s.%f'), {server_id}, 'mysql-bin.000001', 4)")


@pytest.fixture
def options(tmp_path, mariadb):
    (tmp_path / "password").write_text("exporter-secret")
    return [str(BenchFolder(tmp_path / "bench", db_port=mariadb.port).path), "--mariadb.user=exporter",
            f"--mariadb.password-file={tmp_path}/password", "--collector.mariadb_heartbeat"]


@pytest.fixture
def ask(options, program):
    def ask(*more):
        samples, stderr = once(*options, *more, collectors=("mariadb_heartbeat",), program=program)
        assert stderr == ""
        assert samples.value("erpnext_exporter_collector_success", collector="mariadb_heartbeat") == 1
        return Families(samples.text, "mysql_heartbeat_")
    return ask


@pytest.mark.parametrize("utc", [False, True])
def test_times_are_those_of_mysqld_exporter(ask, tmp_path, mariadb, cursor, utc):
    now, ours, original = (("UTC_TIMESTAMP(6)", ["--mariadb.heartbeat-utc"], ["heartbeat", "heartbeat.utc"])
                           if utc else ("NOW(6)", [], ["heartbeat"]))
    beat(cursor, "heartbeat.heartbeat", 1, now)
    beat(cursor, "heartbeat.heartbeat", 4294967295, now, age=90)
    with mysqld_exporter(tmp_path, mariadb.port, "exporter", "exporter-secret", original) as running:
        before, theirs, after = ask(*ours), Families(running.text(), "mysql_heartbeat_"), ask(*ours)
    assert before.types == theirs.types == {STORED: "gauge", NOW: "gauge"}
    assert before.labels == theirs.labels
    assert before.values[STORED] == theirs.values[STORED] == after.values[STORED]
    for key, value in theirs.values[NOW].items():
        assert before.values[NOW][key] <= value <= after.values[NOW][key]
    lags = {dict(key)["server_id"]: after.values[NOW][key] - stored
            for key, stored in after.values[STORED].items()}
    assert 0 < lags["1"] < 60 and 90 < lags["4294967295"] < 150


def test_a_table_of_any_name(ask, cursor):
    beat(cursor, quoted(*ODD), 7)
    beat(cursor, "heartbeat.heartbeat", 8)
    assert {dict(key)["server_id"] for key in ask(f"--mariadb.heartbeat-table={'.'.join(ODD)}").values[NOW]} == {"7"}
    assert {dict(key)["server_id"] for key in ask().values[NOW]} == {"8"}


def test_the_grant_is_printed_and_its_absence_told(ask, options, cursor, program):
    beat(cursor, quoted(*ODD), 7)
    cursor.execute(f"REVOKE SELECT ON {quoted(*ODD)} FROM exporter@'127.0.0.1'")
    table = f"--mariadb.heartbeat-table={'.'.join(ODD)}"
    assert ask(table).types == {}
    arguments = [f"--bench={options[0]}", *options[1:], table]
    assert f"SELECT on {quoted(*ODD)}" in run("discover", *arguments, program=program).stdout
    grants = [line for line in run("grants", *arguments, program=program).stdout.splitlines()
              if f"ON {quoted(*ODD)} TO" in line]
    assert len(grants) == 1
    cursor.execute(grants[0].replace("'localhost'", "'127.0.0.1'"))
    assert len(ask(table).values[NOW]) == 1


@pytest.mark.parametrize("statement", [
    "DROP TABLE heartbeat.heartbeat",
    "ALTER TABLE heartbeat.heartbeat DROP COLUMN ts",
    "DELETE FROM heartbeat.heartbeat",
    "UPDATE heartbeat.heartbeat SET ts = 'never'"])
def test_without_a_time_there_is_none(ask, cursor, statement):
    beat(cursor, "heartbeat.heartbeat", 1)
    assert len(ask().values[NOW]) == 1
    cursor.execute("GRANT SELECT ON heartbeat.* TO exporter@'127.0.0.1'")
    try:
        cursor.execute(statement)
        assert ask().types == {}
    finally:
        cursor.execute("REVOKE SELECT ON heartbeat.* FROM exporter@'127.0.0.1'")


def test_one_target_has_them_too(options, program, tmp_path, cursor):
    beat(cursor, "heartbeat.heartbeat", 1)

    def names(name, *chosen):
        (tmp_path / name).mkdir()
        with Exporter(tmp_path / name, f"--bench={options[0]}", *options[1:3], *chosen,
                      program=program) as exporter:
            answer = http.request(f"{exporter.url}/metrics/mysql?target=bench", timeout=30)
            assert answer.status == 200, answer.text
            return Samples(answer.text).names()
    assert not {STORED, NOW} & names("default")
    assert {STORED, NOW} <= names("more", options[3])


@pytest.mark.parametrize("name", ["heartbeat", "a.b.c", ".", "a.", "a.b ", "x" * 65 + ".b", "a\n.b"])
def test_a_name_that_is_none_is_refused_at_the_start(options, program, name):
    done = run("once", f"--bench={options[0]}", *options[1:], f"--mariadb.heartbeat-table={name}",
               program=program)
    assert done.returncode == 2, done.stderr
    assert "mariadb.heartbeat-table: " in done.stderr and "is no table: DATABASE.TABLE" in done.stderr
