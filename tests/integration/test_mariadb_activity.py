# SPDX-License-Identifier: Apache-2.0
"""Sessions, transactions and waits for locks on a real server, made by sessions of our own."""

import contextlib
import json
import threading

import pymysql
import pytest
from support.bench_folder import BenchFolder
from support.exporter import Exporter, once, run
from support.processes import wait_until

SCHEMA = "_activity"
SITE = "shop.example.com"
CANARY = "canary-4711"
OF_SITE = {"bench": "bench", "site": SITE}


@pytest.fixture
def bench(tmp_path, mariadb):
    """Its one site, with a table of two rows, and whom the site logs in as."""
    with mariadb.connect() as connection, connection.cursor() as cursor:
        cursor.execute(f"CREATE DATABASE `{SCHEMA}`")
        cursor.execute(f"CREATE TABLE `{SCHEMA}`.`tabSales Invoice` (name VARCHAR(20) PRIMARY KEY, "
                       "total INT) ENGINE=InnoDB")
        cursor.execute(f"INSERT INTO `{SCHEMA}`.`tabSales Invoice` VALUES ('A', 1), ('{CANARY}', 2)")
        cursor.execute(f"CREATE USER `{SCHEMA}`@'127.0.0.1' IDENTIFIED BY 'site'")
        cursor.execute(f"GRANT ALL ON `{SCHEMA}`.* TO `{SCHEMA}`@'127.0.0.1'")
        cursor.execute("GRANT PROCESS ON *.* TO exporter@'127.0.0.1'")
        cursor.execute(f"CREATE TABLE `{SCHEMA}`.`tabBin` (name VARCHAR(20), item VARCHAR(20), qty INT, "
                       "PRIMARY KEY (name), KEY by_item (item)) ENGINE=InnoDB")
        cursor.execute(f"INSERT INTO `{SCHEMA}`.`tabBin` VALUES ('B', '{CANARY}', 1)")
        connection.commit()
        try:
            bench = BenchFolder(tmp_path / "bench", sites=(), db_port=mariadb.port)
            bench.add_site(SITE, json.dumps({"db_name": SCHEMA, "db_password": "site"}))
            yield bench
        finally:
            cursor.execute(f"DROP DATABASE `{SCHEMA}`")
            cursor.execute(f"DROP USER `{SCHEMA}`@'127.0.0.1'")
            cursor.execute("REVOKE PROCESS ON *.* FROM exporter@'127.0.0.1'")


@pytest.fixture(params=["+05:30", "-05:30"])
def zone(request, mariadb):
    """Of the server's sessions, other than that of the operating system."""
    with mariadb.connect() as connection, connection.cursor() as cursor:
        cursor.execute("SET GLOBAL time_zone = %s", (request.param,))
        yield
        cursor.execute("SET GLOBAL time_zone = 'SYSTEM'")


@pytest.fixture
def exporter(tmp_path, bench, program):
    (tmp_path / "password").write_text("exporter-secret")
    with Exporter(tmp_path, f"--bench={bench.path}", "--mariadb.user=exporter",
                  f"--mariadb.password-file={tmp_path}/password", program=program) as exporter:
        yield exporter


@contextlib.contextmanager
def session(mariadb):
    connection = pymysql.connect(host="127.0.0.1", port=mariadb.port, user=SCHEMA, password="site",
                                 database=SCHEMA, autocommit=False)
    try:
        with connection.cursor() as cursor:
            yield cursor
    finally:
        connection.close()


@contextlib.contextmanager
def waiting(cursor, statement):
    """The statement waits until the block ends what it waits for."""
    def run():
        with contextlib.suppress(pymysql.MySQLError):
            cursor.execute(statement)
    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield
    finally:
        thread.join(timeout=30)
        assert not thread.is_alive()


def update(name, total):
    return f"UPDATE `tabSales Invoice` SET total = {total} WHERE name = '{name}'"


def told(exporter, condition, collector="mariadb_activity"):
    def ask():
        samples = exporter.metrics(f"?collect[]={collector}")
        assert CANARY not in samples.text
        return samples if condition(samples) else None
    return wait_until(ask, "the activity is told")


def waits(samples, kind):
    return samples.value("erpnext_mariadb_lock_waits", kind=kind, **OF_SITE)


def test_who_waits_for_a_row_and_for_whom(exporter, mariadb):
    with session(mariadb) as first, session(mariadb) as second, session(mariadb) as third:
        first.execute(update(CANARY, 10))
        second.execute(update("A", 20))
        with waiting(second, update(CANARY, 21)), waiting(third, update("A", 31)):
            samples = told(exporter, lambda found: waits(found, "row") == 2)
            assert samples.value("erpnext_mariadb_row_lock_waits", doctype="Sales Invoice", **OF_SITE) == 2
            assert samples.value("erpnext_mariadb_blocked_sessions", blocker="idle", **OF_SITE) == 2
            assert samples.value("erpnext_mariadb_transactions", **OF_SITE) == 3
            assert samples.value("erpnext_mariadb_connections", **OF_SITE) == 3
            assert samples.value("erpnext_mariadb_longest_transaction_seconds", **OF_SITE) < 30
            aged = told(exporter, lambda found: (found.value(
                "erpnext_mariadb_longest_lock_wait_seconds", kind="row", **OF_SITE) or 0) >= 1)
            assert aged.value("erpnext_mariadb_longest_statement_seconds", **OF_SITE) >= 1
            first.connection.rollback()
            told(exporter, lambda found: waits(found, "row") == 1)  # the third waits for the second
            second.connection.rollback()
    gone = told(exporter, lambda found: waits(found, "row") == 0 and found.value(
        "erpnext_mariadb_transactions", **OF_SITE) == 0)
    assert gone.find("erpnext_mariadb_blocked_sessions") == []
    assert gone.find("erpnext_mariadb_row_lock_waits") == []
    assert gone.value("erpnext_mariadb_longest_transaction_seconds", **OF_SITE) is None


@pytest.mark.usefixtures("zone")  # before the sessions of the exporter
def test_ages_are_the_same_in_each_zone(mariadb, exporter):
    with session(mariadb) as first, session(mariadb) as second:
        first.execute(update(CANARY, 10))
        with waiting(second, update(CANARY, 20)):
            try:
                aged = told(exporter, lambda found: (found.value(
                    "erpnext_mariadb_longest_lock_wait_seconds", kind="row", **OF_SITE) or 0) >= 1)
            finally:
                first.connection.rollback()
        assert aged.value("erpnext_mariadb_longest_lock_wait_seconds", kind="row", **OF_SITE) < 60
        assert 1 <= aged.value("erpnext_mariadb_longest_transaction_seconds", **OF_SITE) < 60


def test_who_waits_for_a_definition(exporter, mariadb):
    with mariadb.connect() as connection, connection.cursor() as cursor:
        cursor.execute("INSTALL PLUGIN IF NOT EXISTS metadata_lock_info SONAME 'metadata_lock_info'")
    with session(mariadb) as reader, session(mariadb) as changer:
        reader.execute("SELECT COUNT(*) FROM `tabSales Invoice`")
        with waiting(changer, "ALTER TABLE `tabSales Invoice` ADD COLUMN note INT"):
            samples = told(exporter, lambda found: waits(found, "metadata") == 1)
            assert samples.value("erpnext_mariadb_definition_holders", doctype="Sales Invoice",
                                 blocker="idle", **OF_SITE) == 1
            assert waits(samples, "row") == 0
            # Our other questions about this schema are answered all the same.
            found = exporter.metrics("?collect[]=mariadb_status&collect[]=mariadb_activity")
            assert found.find("erpnext_exporter_collector_success", collector="mariadb_activity")[0][1] == 1
            reader.connection.rollback()
    gone = told(exporter, lambda found: waits(found, "metadata") == 0)
    assert gone.find("erpnext_mariadb_definition_holders") == []


@pytest.fixture
def locks(tmp_path, bench, program):
    """Runs the command `locks`; no value of a row is in what it says."""
    (tmp_path / "password").write_text("exporter-secret")

    def print_locks(*more):
        done = run("locks", f"--bench={bench.path}", "--mariadb.user=exporter",
                   f"--mariadb.password-file={tmp_path}/password", *more, program=program)
        assert CANARY not in done.stdout + done.stderr
        return done
    return print_locks


def tree(locks, *more):
    """What it prints as JSON: session -> (whom it waits for, what is told of it)."""
    def below(sessions, blocker):
        for each in sessions:
            yield each["session"], (blocker, each)
            yield from below(each.get("waiters", ()), each["session"])
    # INNODB_TRX stays as it is while it is asked more than ten times a second.
    threading.Event().wait(0.2)
    done = locks("--format=json", *more)
    assert done.returncode == 0, done.stderr
    return dict(below(json.loads(done.stdout)["locks"], None))


def test_the_tree_of_waits_is_printed(locks, mariadb):
    assert (locks().returncode, locks().stdout, locks().stderr) == (0, "nobody waits for a lock\n", "")
    with mariadb.connect() as connection, connection.cursor() as cursor:
        cursor.execute("INSTALL PLUGIN IF NOT EXISTS metadata_lock_info SONAME 'metadata_lock_info'")
    with session(mariadb) as first, session(mariadb) as second, session(mariadb) as third, \
            session(mariadb) as changer:
        ids = [str(each.connection.thread_id()) for each in (first, second, third, changer)]
        first.execute(update(CANARY, 10))
        first.execute("SELECT COUNT(*) FROM tabBin")
        second.execute(update("A", 20))
        with waiting(second, update(CANARY, 21)), waiting(third, f"/* FE */ {update('A', 31)}"), \
                waiting(changer, f"ALTER TABLE tabBin COMMENT '{CANARY}'"):
            def all_wait():
                found = tree(locks)
                return found if found.keys() == set(ids) else None
            try:
                found = wait_until(all_wait, "all of them wait", timeout=20)
                text = locks(f"--site={SITE}")
                assert tree(locks, "--site=other.example.com") == {}
            finally:
                first.connection.rollback()
            wait_until(lambda: tree(locks).keys() == set(ids[1:3]), "the third waits for the second",
                       timeout=20)
            second.connection.rollback()
    assert [found[each][0] for each in ids] == [None, ids[0], ids[1], ids[0]]
    holder, waiter, _, alters = (found[each][1] for each in ids)
    assert (holder["bench"], holder["site"], holder["command"], holder["holds_up"]) == ("bench", SITE, "Sleep", 3)
    assert 0 <= holder["transaction_seconds"] < 60
    assert [found[each][1].get("statement") for each in ids] == [None, "update", "update", "alter"]
    of_row = waiter["waits_for"]
    assert (of_row["kind"], of_row["site"], of_row["doctype"], of_row["index"], of_row["mode"]) == (
        "row", SITE, "Sales Invoice", "PRIMARY", "X")
    assert (alters["waits_for"]["kind"], alters["waits_for"]["doctype"]) == ("metadata", "Bin")
    lines = text.stdout.splitlines()
    assert text.returncode == 0 and text.stderr == "" and len(lines) == 4
    assert lines[0].startswith(f"session {ids[0]}  {SITE} (bench)  idle for ")
    assert lines[0].endswith("; holds up 3")
    assert [line for line in lines if line.startswith(f"  session {ids[1]}  ")
            and " s for a row of Sales Invoice, index PRIMARY, X" in line and "  update, " in line]
    assert [line for line in lines if line.startswith(f"    session {ids[2]}  ")]
    assert [line for line in lines if line.startswith(f"  session {ids[3]}  ")
            and "  alter, " in line and " s for the definition of Bin" in line]


def test_what_the_tree_lacks_is_said(locks, mariadb):
    with mariadb.connect() as connection, connection.cursor() as cursor:
        cursor.execute("REVOKE PROCESS ON *.* FROM exporter@'127.0.0.1'")
        done = locks()
        cursor.execute("GRANT PROCESS ON *.* TO exporter@'127.0.0.1'")
    assert (done.returncode, done.stdout) == (0, "nobody waits for a lock\n")
    assert "the login needs PROCESS" in done.stderr
    nobody = locks("--mariadb.address=127.0.0.1:1")
    assert nobody.returncode == 3
    assert "127.0.0.1:1" in nobody.stderr


def test_our_statements_do_not_wait_behind_a_change_of_a_table(tmp_path, program, bench, mariadb):
    """All that wants the table would then wait for us too."""
    (tmp_path / "password").write_text("exporter-secret")
    queued, over = [], threading.Event()

    def watch():
        with mariadb.connect() as connection, connection.cursor() as cursor:
            while not over.wait(0.01):
                cursor.execute("SELECT INFO FROM information_schema.PROCESSLIST WHERE USER = 'exporter' "
                               "AND STATE LIKE 'Waiting for%'")
                queued.extend(row[0] for row in cursor)

    with mariadb.connect() as connection, connection.cursor() as cursor, session(mariadb) as reader, \
            session(mariadb) as changer:
        cursor.execute(f"CREATE TABLE `{SCHEMA}`.`tabError Log` (name BIGINT PRIMARY KEY, creation "
                       "DATETIME(6), modified DATETIME(6), method VARCHAR(140), error LONGTEXT, "
                       "KEY modified (modified))")
        cursor.execute(f"CREATE TABLE `{SCHEMA}`.tabSingles (doctype VARCHAR(255), field VARCHAR(255), "
                       "value LONGTEXT, KEY singles_doctype_field_index (doctype, field))")
        cursor.execute(f"GRANT SELECT ON `{SCHEMA}`.* TO exporter@'127.0.0.1'")
        cursor.execute("GRANT SELECT ON mysql.* TO exporter@'127.0.0.1'")
        reader.execute("SELECT COUNT(*) FROM `tabError Log`")
        with waiting(changer, "ALTER TABLE `tabError Log` ADD COLUMN note INT"):
            def changes():
                cursor.execute("SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE STATE = "
                               "'Waiting for table metadata lock'")
                return cursor.fetchone()[0]
            wait_until(changes, "the change waits")
            watcher = threading.Thread(target=watch)
            watcher.start()
            try:
                samples, stderr = once(bench.path, "--mariadb.user=exporter",
                                       f"--mariadb.password-file={tmp_path}/password", program=program)
            finally:
                over.set()
                watcher.join()
                reader.connection.rollback()
        cursor.execute(f"REVOKE SELECT ON `{SCHEMA}`.* FROM exporter@'127.0.0.1'")
        cursor.execute("REVOKE SELECT ON mysql.* FROM exporter@'127.0.0.1'")
    assert queued == []
    # Who needs that table says so; the others are read.
    assert "site_errors: " in stderr
    assert waits(samples, "metadata") == 1
    assert samples.value("erpnext_site_database_tables", **OF_SITE) == 4


def test_without_process_only_our_own_session_is_seen(exporter, mariadb):
    with mariadb.connect() as connection, connection.cursor() as cursor:
        cursor.execute("REVOKE PROCESS ON *.* FROM exporter@'127.0.0.1'")
        cursor.execute("KILL USER exporter@'127.0.0.1'")
        samples = told(exporter, lambda found: not found.find("erpnext_mariadb_transactions") and found.find(
            "erpnext_exporter_collector_success", collector="mariadb_activity"))
        cursor.execute("GRANT PROCESS ON *.* TO exporter@'127.0.0.1'")
    assert samples.find("erpnext_mariadb_connections") == []
    assert samples.value("erpnext_exporter_collector_success", collector="mariadb_activity") == 1


def deadlock(mariadb, first, second):
    """Two sessions that update the same two rows, each in its own order; one is rolled back."""
    with session(mariadb) as one, session(mariadb) as other:
        one.execute(first)
        other.execute(second)
        with waiting(one, second):
            with mariadb.connect() as watcher, watcher.cursor() as cursor:
                def waits_for_it():
                    # INNODB_LOCK_WAITS stays as it is while it is asked more than ten times a second.
                    cursor.execute("SHOW GLOBAL STATUS LIKE 'Innodb_row_lock_current_waits'")
                    return int(cursor.fetchone()[1])
                wait_until(waits_for_it, "the first waits for the second")
            with contextlib.suppress(pymysql.MySQLError):  # whom of the two it hits is InnoDB's choice
                other.execute(first)
            other.connection.rollback()


def test_deadlocks_are_explained_to_the_table_index_and_mode(exporter, mariadb):
    def explained(samples):
        return samples.value("erpnext_mariadb_deadlocks_explained_total",
                             doctypes="Bin, Sales Invoice", **OF_SITE) or 0
    told(exporter, lambda found: found.find("erpnext_exporter_collector_last_success_timestamp_seconds",
                                            collector="mariadb_deadlocks"), "mariadb_deadlocks")
    counted = exporter.metrics().value("mysql_global_status_innodb_deadlocks")
    by_item = f"UPDATE tabBin SET qty = qty + 1 WHERE item = '{CANARY}'"
    deadlock(mariadb, by_item, update(CANARY, 10))
    samples = told(exporter, explained, "mariadb_deadlocks")
    assert explained(samples) == 1
    assert exporter.metrics().value("mysql_global_status_innodb_deadlocks") == counted + 1
    sides = [labels for labels, value in samples.find("erpnext_mariadb_deadlock_sides_total", **OF_SITE)
             if value == 1]
    assert {(labels["doctype"], labels["index"], labels["statement"]) for labels in sides} == {
        ("Bin", "by_item", "update"), ("Sales Invoice", "PRIMARY", "update")}
    assert all(labels["mode"].startswith("X") for labels in sides)
    deadlock(mariadb, update("A", 1), by_item)
    told(exporter, lambda found: explained(found) == 2, "mariadb_deadlocks")
    assert CANARY not in exporter.process.log()


def test_sizes_are_those_of_the_information_schema(tmp_path, bench, mariadb, program):
    """What System Health Report adds up as db_storage_usage."""
    (tmp_path / "password").write_text("exporter-secret")
    with mariadb.connect() as connection, connection.cursor() as cursor:
        cursor.execute(f"INSERT INTO `{SCHEMA}`.tabBin SELECT CONCAT('B', seq), "
                       f"'x', 1 FROM `{SCHEMA}`.seq_1_to_5000")
        connection.commit()
        cursor.execute(f"ANALYZE TABLE `{SCHEMA}`.tabBin, `{SCHEMA}`.`tabSales Invoice`")
        cursor.fetchall()
        cursor.execute("GRANT SELECT ON mysql.innodb_table_stats TO exporter@'127.0.0.1'")
        try:
            samples, stderr = once(bench.path, "--mariadb.user=exporter",
                                   f"--mariadb.password-file={tmp_path}/password",
                                   collectors=("mariadb_sizes",), program=program)
        finally:
            cursor.execute("REVOKE SELECT ON mysql.innodb_table_stats FROM exporter@'127.0.0.1'")
        assert stderr == ""
        cursor.execute("SELECT TABLE_NAME, DATA_LENGTH, INDEX_LENGTH, TABLE_ROWS FROM "
                       "information_schema.TABLES WHERE TABLE_SCHEMA = %s", (SCHEMA,))
        tables = {name: (int(data), int(index), int(rows)) for name, data, index, rows in cursor}
    assert len(tables) == samples.value("erpnext_site_database_tables", **OF_SITE) == 2
    for column, kind in enumerate(("data", "index")):
        assert samples.value("erpnext_site_database_bytes", kind=kind, **OF_SITE) == sum(
            figures[column] for figures in tables.values())
    for name, (data, index, rows) in tables.items():
        doctype = name.removeprefix("tab")
        assert samples.value("erpnext_site_table_bytes", doctype=doctype, **OF_SITE) == data + index
        assert samples.value("erpnext_site_table_rows", doctype=doctype, **OF_SITE) == rows
