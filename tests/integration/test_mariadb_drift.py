# SPDX-License-Identifier: Apache-2.0
"""Which tables of a real server are not as Frappe makes them; what is read for it, and who waits."""

import contextlib
import json
import threading
import time

import pytest
from support.bench_folder import BenchFolder
from support.exporter import once
from support.processes import wait_until

SITES = {"fine.example.com": "_fine", "drift.example.com": "_drift"}
FRAPPE = "ROW_FORMAT=DYNAMIC CHARACTER SET=utf8mb4 COLLATE=utf8mb4_unicode_ci"
NAMED = "(name VARCHAR(140) PRIMARY KEY, idx INT, note LONGTEXT)"
# What Frappe makes, and what else it may meet.
FINE = (f"CREATE TABLE tabBin {NAMED} ENGINE=InnoDB {FRAPPE}",
        f"CREATE TABLE `tabDocField` (name VARCHAR(140), link_filters JSON, data BLOB) ENGINE=InnoDB {FRAPPE}",
        f"CREATE TABLE `tabOdd ``Name`` Ä-1 #x` (name BIGINT PRIMARY KEY, FULLTEXT KEY (note), note TEXT) "
        f"ENGINE=InnoDB {FRAPPE}",
        "CREATE TABLE __global_search (doctype VARCHAR(100), content TEXT, FULLTEXT (content)) "
        "COLLATE=utf8mb4_unicode_ci ENGINE=MyISAM CHARACTER SET=utf8mb4",
        "CREATE TABLE __UserSettings (user VARCHAR(180) NOT NULL, data TEXT) ENGINE=InnoDB DEFAULT CHARSET=utf8",
        f"CREATE TABLE `tabError Log` {NAMED} ENGINE=MyISAM {FRAPPE}",
        f"CREATE TABLE `tabData Import Log` {NAMED} ENGINE=MyISAM {FRAPPE}",
        "CREATE SEQUENCE web_form_list_column_id_seq NOCACHE NOCYCLE",
        "CREATE SEQUENCE of_old_servers_seq ENGINE=MyISAM",
        "CREATE VIEW report AS SELECT name FROM tabBin")
DRIFT = (f"CREATE TABLE tabMy {NAMED} ENGINE=MyISAM {FRAPPE}",
         f"CREATE TABLE tabCompact {NAMED} ENGINE=InnoDB ROW_FORMAT=COMPACT",
         f"CREATE TABLE tabLatin {NAMED} ENGINE=InnoDB ROW_FORMAT=DYNAMIC CHARACTER SET=latin1",
         f"CREATE TABLE tabCompressed {NAMED} ENGINE=InnoDB ROW_FORMAT=COMPRESSED",
         "CREATE TABLE tabParts (name INT PRIMARY KEY) ENGINE=InnoDB ROW_FORMAT=REDUNDANT "
         "PARTITION BY HASH (name) PARTITIONS 3",
         "CREATE TABLE tabMixed (name INT PRIMARY KEY, a VARCHAR(9) COLLATE utf8mb4_general_ci) "
         f"ENGINE=InnoDB {FRAPPE}")
NONE = {"engine": 0, "row_format": 0, "collation": 0}
EACH = {"engine": 1, "row_format": 3, "collation": 2}


@pytest.fixture(scope="module")
def root(mariadb):
    with mariadb.connect() as connection, connection.cursor() as cursor:
        for schema, statements in (("_fine", FINE), ("_drift", FINE + DRIFT)):
            cursor.execute(f"CREATE DATABASE {schema} CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci")
            cursor.execute(f"USE {schema}")
            for statement in statements:
                cursor.execute(statement)
            cursor.execute(f"GRANT REFERENCES ON {schema}.* TO exporter@'127.0.0.1'")
        cursor.execute("GRANT PROCESS ON *.* TO exporter@'127.0.0.1'")
        yield cursor
        cursor.execute("REVOKE PROCESS ON *.* FROM exporter@'127.0.0.1'")
        for schema in SITES.values():
            cursor.execute(f"REVOKE REFERENCES ON {schema}.* FROM exporter@'127.0.0.1'")
            cursor.execute(f"DROP DATABASE {schema}")


@pytest.fixture
def drift(tmp_path, program, mariadb, root):
    del root
    (tmp_path / "password").write_text("exporter-secret")
    bench = BenchFolder(tmp_path / "bench", sites=(), db_port=mariadb.port)
    for site, schema in SITES.items():
        bench.add_site(site, json.dumps({"db_name": schema, "db_password": "site"}))

    def drift():
        """Numbers of tables by property, of each site. It must succeed, without waiting for anybody."""
        begin = time.monotonic()
        samples, stderr = once(bench.path, "--mariadb.user=exporter",
                               f"--mariadb.password-file={tmp_path}/password",
                               collectors=("mariadb_drift",), program=program)
        assert stderr == ""
        assert time.monotonic() - begin < 4
        return {site: {labels["property"]: value for labels, value in samples.find(
            "erpnext_site_tables_drift", bench="bench", site=site)} for site in SITES}
    return drift


def test_each_that_differs_counts_once(drift):
    assert drift() == {"fine.example.com": NONE, "drift.example.com": EACH}


def test_a_table_that_is_put_right_counts_no_more(drift, root):
    """The last is made so without being rebuilt."""
    for change in ("tabMy ENGINE=InnoDB", "tabCompact ROW_FORMAT=DYNAMIC",
                   "tabMixed MODIFY a VARCHAR(9) CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci"):
        root.execute(f"ALTER TABLE _drift.{change}")
    try:
        assert drift()["drift.example.com"] == {"engine": 0, "row_format": 2, "collation": 1}
    finally:
        for change in ("tabMy ENGINE=MyISAM", "tabCompact ROW_FORMAT=COMPACT",
                       "tabMixed MODIFY a VARCHAR(9) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci"):
            root.execute(f"ALTER TABLE _drift.{change}")


def test_engines_need_to_see_all_tables(drift, root):
    root.execute("REVOKE REFERENCES ON _drift.* FROM exporter@'127.0.0.1'")
    root.execute("GRANT SELECT (name) ON _drift.tabBin TO exporter@'127.0.0.1'")
    try:
        assert drift() == {"fine.example.com": NONE,
                           "drift.example.com": {"row_format": 3, "collation": 2}}
    finally:
        root.execute("REVOKE SELECT (name) ON _drift.tabBin FROM exporter@'127.0.0.1'")
        root.execute("GRANT REFERENCES ON _drift.* TO exporter@'127.0.0.1'")


def test_without_the_privilege_process_there_is_nothing(drift, root):
    root.execute("REVOKE PROCESS ON *.* FROM exporter@'127.0.0.1'")
    try:
        assert drift() == {site: {} for site in SITES}
    finally:
        root.execute("GRANT PROCESS ON *.* TO exporter@'127.0.0.1'")


def status(cursor, name):
    cursor.execute(f"SHOW GLOBAL STATUS LIKE '{name}'")
    return int(cursor.fetchone()[1])


def test_definitions_of_few_tables_are_read(drift, root):
    for number in range(200):
        root.execute(f"CREATE TABLE _fine.`tabDoc {number}` {NAMED} ENGINE=InnoDB {FRAPPE}")
    try:
        drift()  # what a first connection opens
        root.execute("FLUSH TABLES")
        before = [status(root, name) for name in ("Opened_tables", "Opened_table_definitions")]
        drift()
        tables, definitions = (status(root, name) - count for name, count in zip(
            ("Opened_tables", "Opened_table_definitions"), before, strict=True))
    finally:
        root.execute("DROP TABLE " + ", ".join(f"_fine.`tabDoc {number}`" for number in range(200)))
    assert tables == 0
    # A view and a sequence of each site, and the one table.
    assert definitions <= 8


@contextlib.contextmanager
def waiting(mariadb, cursor, statement, read):
    """A change that waits for a transaction that has read this table."""
    with mariadb.connect() as reader, mariadb.connect() as changer, reader.cursor() as reading:
        reading.execute("START TRANSACTION")
        reading.execute(f"SELECT COUNT(*) FROM {read}")
        change = threading.Thread(target=lambda: changer.cursor().execute(statement))
        change.start()

        def waits():
            cursor.execute("SELECT COUNT(*) FROM information_schema.PROCESSLIST "
                           "WHERE STATE = 'Waiting for table metadata lock'")
            return cursor.fetchone() == (1,)
        try:
            wait_until(waits, "the change waits")
            yield
            assert waits(), "and still does"
        finally:
            reader.rollback()
            change.join(timeout=20)
        assert not change.is_alive()


def test_a_change_that_waits_holds_nothing_up(drift, mariadb, root):
    for table in ("tabMy", "tabCompact"):
        with waiting(mariadb, root, f"ALTER TABLE _drift.{table} ADD COLUMN more INT", f"_drift.{table}"):
            assert drift()["drift.example.com"] == EACH


def test_while_a_table_is_being_replaced_engines_are_not_known(drift, mariadb, root):
    """It has the first for itself, and waits for the second."""
    with waiting(mariadb, root, "RENAME TABLE _drift.tabMy TO _drift.tabNo, _drift.tabParts TO _drift.tabPieces",
                 "_drift.tabParts"):
        found = drift()
    again = drift()
    root.execute("RENAME TABLE _drift.tabNo TO _drift.tabMy, _drift.tabPieces TO _drift.tabParts")
    assert found == {"fine.example.com": NONE, "drift.example.com": {"row_format": 3, "collation": 2}}
    assert again["drift.example.com"] == EACH
