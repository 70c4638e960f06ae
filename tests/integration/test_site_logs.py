# SPDX-License-Identifier: Apache-2.0
"""Sizes of log tables from a real MariaDB: whom they wait for, and what they cost."""

import json
import threading
import time

import pytest
from support.bench_folder import BenchFolder
from support.exporter import once
from support.processes import wait_until

from demo import site_database

SITE = "one.example.com"
SCHEMA = "_sitelogs"
USER = "site_logs"
SECRET = "site-logs-secret"
TABLE = f"`{SCHEMA}`.`tabError Log`"


@pytest.fixture
def ask(tmp_path, mariadb, program):
    """Asks as the user that may read what `grants` prints; gives samples and seconds."""
    bench = BenchFolder(tmp_path / "bench", sites=(), db_port=mariadb.port)
    site = {"db_name": SCHEMA, "db_password": "site-secret"}
    bench.add_site(SITE, json.dumps(site))
    password_file = tmp_path / "password"
    password_file.write_text(SECRET)
    with mariadb.connect() as connection:
        site_database.create(connection, site, scheduler_enabled=True)
        site_database.create_exporter_user(connection, SECRET, [SCHEMA], USER)

    def asked():
        begin = time.monotonic()
        samples, stderr = once(bench.path, f"--mariadb.user={USER}",
                               f"--mariadb.password-file={password_file}",
                               collectors=("site_logs",), program=program)
        assert samples.value("erpnext_exporter_collector_success", collector="site_logs") == 1, stderr
        return samples, time.monotonic() - begin

    yield asked
    with mariadb.connect() as connection, connection.cursor() as cursor:
        cursor.execute(f"DROP DATABASE `{SCHEMA}`")
        for user in (SCHEMA, USER):
            for host in ("localhost", "127.0.0.1"):
                cursor.execute(f"DROP USER `{user}`@`{host}`")


def rows(samples, doctype):
    return samples.value("erpnext_site_log_table_rows", site=SITE, doctype=doctype)


def test_a_change_that_waits_for_a_table_does_not_hold_it_up(mariadb, ask):
    with mariadb.connect() as reader, mariadb.connect() as changer:
        with reader.cursor() as cursor:
            cursor.execute("START TRANSACTION")
            cursor.execute(f"SELECT COUNT(*) FROM {TABLE}")
        change = threading.Thread(target=lambda: changer.cursor().execute(
            f"ALTER TABLE {TABLE} ADD COLUMN later INT"))
        change.start()
        try:
            def waits():
                with reader.cursor() as cursor:
                    cursor.execute("SELECT COUNT(*) FROM information_schema.PROCESSLIST "
                                   "WHERE STATE = 'Waiting for table metadata lock'")
                    return cursor.fetchone() == (1,)

            wait_until(waits, "the change waits")
            samples, seconds = ask()
            wait_until(waits, "the change still waits")  # its state blinks once a second
        finally:
            reader.rollback()
            change.join(timeout=60)
    assert rows(samples, "Error Log") is not None
    assert samples.value("erpnext_site_log_retention_seconds", doctype="Error Log") == 14 * 86400
    assert seconds < 2, "as without the lock"
    assert not change.is_alive()


def test_a_locked_table_does_not_hold_it_up(mariadb, ask):
    with mariadb.connect() as connection, connection.cursor() as cursor:
        cursor.execute(f"LOCK TABLES {TABLE} WRITE")
        samples, seconds = ask()
        cursor.execute("UNLOCK TABLES")
    assert rows(samples, "Email Queue") is not None
    assert seconds < 4


def test_only_the_logs_of_a_large_schema_are_opened(mariadb, ask):
    def opened():
        with mariadb.connect() as connection, connection.cursor() as cursor:
            cursor.execute("SHOW GLOBAL STATUS LIKE 'Opened_tables'")
            return int(cursor.fetchone()[1])

    with mariadb.connect() as connection, connection.cursor() as cursor:
        for number in range(300):
            cursor.execute(f"CREATE TABLE `{SCHEMA}`.`tab{number}` (a INT) ENGINE=InnoDB")
        ask()  # what a first connection opens
        cursor.execute("FLUSH TABLES")
    before = opened()
    samples, _ = ask()
    after = opened()
    assert rows(samples, "Error Log") is not None
    # The list of columns, at the beginning, opens those it names as well.
    print(f"opened {after - before} of {300 + len(site_database.TABLES)} tables")
    assert after - before < 100
