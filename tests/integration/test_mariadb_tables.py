# SPDX-License-Identifier: Apache-2.0
"""Sizes of tables and free values of AUTO_INCREMENT beside mysqld_exporter, which opens each table
for them: the same figures, but which tables are opened, and who waits for whom."""

import contextlib
import json
import pathlib
import threading
import time

import pytest
from support.bench_folder import BenchFolder
from support.exporter import once
from support.originals import Families, mysqld_exporter
from support.processes import wait_until

PREFIX = "mysql_info_schema_table_"
COLUMN = "mysql_info_schema_auto_increment_column"
SCHEMA = "sized"
# Name, what stands between the parentheses, what behind them, rows.
TABLES = (
    ("tabGL Entry", "name INT PRIMARY KEY, account VARCHAR(140), KEY account (account)", "", 5000),
    ("tabParts", "name INT PRIMARY KEY, account VARCHAR(140)", "PARTITION BY HASH (name) PARTITIONS 3", 300),
    # As Frappe 13 makes them.
    ("tabVersion", "name INT PRIMARY KEY, account VARCHAR(140), KEY account (account)",
     "ROW_FORMAT=COMPRESSED", 30000),
)
# Type of the column, number of the last row.
NUMBERED = {"tinyint": 126, "tinyint unsigned": 200, "smallint": 5, "mediumint unsigned": 77,
            "int": 2_000_000_000, "int unsigned": 9, "bigint": 1 << 62, "bigint unsigned": 1}
PRIVILEGES = "PROCESS, REFERENCES"


def create(cursor):
    cursor.execute(f"CREATE DATABASE {SCHEMA}")
    for name, columns, options, rows in TABLES:
        cursor.execute(f"CREATE TABLE {SCHEMA}.`{name}` ({columns}) ENGINE=InnoDB {options}")
        cursor.execute(f"INSERT INTO {SCHEMA}.`{name}` SELECT seq, 'Cash' FROM {SCHEMA}.seq_1_to_{rows}")
    cursor.execute(f"DELETE FROM {SCHEMA}.tabVersion WHERE name > 5000")
    cursor.execute(f"CREATE TABLE {SCHEMA}.tabEmpty (name INT PRIMARY KEY) ENGINE=InnoDB "
                   "COMMENT='nothing' STATS_PERSISTENT=1")
    cursor.execute("SELECT TABLE_NAME FROM information_schema.TABLES WHERE TABLE_SCHEMA = %s", (SCHEMA,))
    cursor.execute(f"ANALYZE TABLE {', '.join(f'{SCHEMA}.`{name}`' for name, in cursor.fetchall())}")
    cursor.fetchall()
    cursor.execute("CREATE DATABASE numbered")
    for kind, last in NUMBERED.items():
        cursor.execute(f"CREATE TABLE numbered.`{kind}` (id {kind} AUTO_INCREMENT PRIMARY KEY)")
        cursor.execute(f"INSERT INTO numbered.`{kind}` VALUES ({last})")
    cursor.execute("CREATE TABLE numbered.aria (`a ``b``` INT, n INT AUTO_INCREMENT, KEY (n)) ENGINE=Aria")
    cursor.execute("CREATE TABLE numbered.myisam (a INT, n SMALLINT AUTO_INCREMENT, KEY (a, n)) ENGINE=MyISAM")
    cursor.execute("CREATE VIEW numbered.view_of_it AS SELECT * FROM numbered.aria")
    cursor.execute("CREATE SEQUENCE numbered.web_form_list_column_id_seq NOCACHE NOCYCLE")


@pytest.fixture(scope="module")
def filled(mariadb):
    with mariadb.connect() as connection, connection.cursor() as cursor:
        create(cursor)
        cursor.execute("CREATE USER IF NOT EXISTS tables@'127.0.0.1' IDENTIFIED BY 'tables'")
        cursor.execute("GRANT SELECT ON *.* TO tables@'127.0.0.1'")
        cursor.execute("GRANT SELECT ON mysql.innodb_table_stats TO exporter@'127.0.0.1'")
        cursor.execute(f"GRANT {PRIVILEGES} ON *.* TO exporter@'127.0.0.1'")
        yield cursor
        cursor.execute(f"REVOKE {PRIVILEGES} ON *.* FROM exporter@'127.0.0.1'")
        cursor.execute("REVOKE SELECT ON mysql.innodb_table_stats FROM exporter@'127.0.0.1'")
        cursor.execute("DROP USER tables@'127.0.0.1'")
        cursor.execute(f"DROP DATABASE {SCHEMA}")
        cursor.execute("DROP DATABASE numbered")


@pytest.fixture
def ask(tmp_path, program, mariadb, filled):
    del filled
    (tmp_path / "password").write_text("exporter-secret")
    bench = BenchFolder(tmp_path / "bench", db_port=mariadb.port)

    def asked(collector, *options):
        """Samples, and how long it took. It must succeed."""
        begin = time.monotonic()
        samples, stderr = once(bench.path, "--mariadb.user=exporter",
                               f"--mariadb.password-file={tmp_path}/password",
                               f"--collector.{collector}", *options, collectors=(collector,),
                               program=program)
        assert stderr == ""
        return samples, time.monotonic() - begin
    return asked


@pytest.fixture
def theirs(tmp_path, mariadb, filled):
    """What mysqld_exporter has with these of its flags, under these names."""
    del filled

    def asked(flag, prefix):
        with mysqld_exporter(tmp_path, mariadb.port, "tables", "tables", (flag,)) as original:
            return Families(original.text(), prefix)
    return asked


def of(families, schema):
    """Samples of the schema, by name and labels."""
    return {(name, labels): value for name, rows in families.values.items()
            for labels, value in rows.items() if ("schema", schema) in labels}


def status(cursor, name):
    cursor.execute(f"SHOW GLOBAL STATUS LIKE '{name}'")
    return int(cursor.fetchone()[1])


def test_all_of_a_table_is_as_in_mysqld_exporter(ask, theirs):
    ours = Families(ask("mariadb_tables", "--mariadb.open-tables")[0].text, PREFIX)
    original = theirs("info_schema.tables", PREFIX)
    assert ours.types == original.types
    assert ours.labels == original.labels
    assert of(ours, SCHEMA) == of(original, SCHEMA)
    assert len(of(ours, SCHEMA)) == 5 * (len(TABLES) + 1)
    free = {dict(labels)["table"]: value for (name, labels), value in of(ours, SCHEMA).items()
            if ("component", "data_free") in labels}
    assert free["tabVersion"] > free["tabEmpty"] == 0


def test_auto_increment_is_as_in_mysqld_exporter(ask, theirs):
    ours = Families(ask("mariadb_auto_increment")[0].text, COLUMN)
    original = theirs("auto_increment.columns", COLUMN)
    assert ours.types == original.types
    assert ours.labels == original.labels
    assert ours.values == original.values
    tables = {dict(labels)["table"] for labels in original.values[COLUMN]}
    assert tables >= NUMBERED.keys() | {"aria"}
    assert not any("seq" in table or "view" in table for table in tables)


def test_where_it_is_not_as_in_mysqld_exporter(ask, theirs, filled):
    """That takes UNSIGNED ZEROFILL for signed and would warn at half of the range, and leaves INVISIBLE out."""
    filled.execute("CREATE TABLE numbered.padded (id INT(10) ZEROFILL AUTO_INCREMENT PRIMARY KEY)")
    filled.execute("CREATE TABLE numbered.unseen (id INT INVISIBLE AUTO_INCREMENT PRIMARY KEY, x INT)")
    try:
        samples, _ = ask("mariadb_auto_increment")
        original = theirs("auto_increment.columns", COLUMN)
    finally:
        filled.execute("DROP TABLE numbered.padded, numbered.unseen")
    most = {dict(labels)["table"]: value for labels, value in original.values[f"{COLUMN}_max"].items()}
    assert samples.value(f"{COLUMN}_max", table="padded") == (1 << 32) - 1
    assert most["padded"] == (1 << 31) - 1
    assert samples.value(f"{COLUMN}_max", table="unseen") == (1 << 31) - 1
    assert "unseen" not in most


@pytest.fixture
def many(filled):
    filled.execute("CREATE DATABASE zz_many")
    for number in range(300):
        filled.execute(f"CREATE TABLE zz_many.tab{number} (a INT) ENGINE=InnoDB")
    yield
    filled.execute("DROP DATABASE zz_many")


def test_only_those_with_such_a_column_are_opened(ask, filled, many):
    del many
    ask("mariadb_auto_increment")  # what a first connection opens
    filled.execute("FLUSH TABLES")
    before = status(filled, "Opened_tables")
    samples, _ = ask("mariadb_auto_increment")
    opened = status(filled, "Opened_tables") - before
    published = len(samples.find(COLUMN))
    assert published <= opened <= published + 5, "and those below the view"


def test_without_leave_to_open_tables_what_needs_it_is_missing(ask, theirs, filled, many):
    del many
    filled.execute("FLUSH TABLES")
    before = status(filled, "Opened_tables")
    ours = Families(ask("mariadb_tables")[0].text, PREFIX)
    assert status(filled, "Opened_tables") - before < 10, "of the server's own tables"
    assert len(ours.values[f"{PREFIX}rows"]) == 100
    original = {key: value for key, value in of(theirs("info_schema.tables", PREFIX), SCHEMA).items()
                if key[0] != f"{PREFIX}version" and ("component", "data_free") not in key[1]}
    assert of(ours, SCHEMA) == original


def test_only_the_hundred_largest_are_opened(ask, filled, many):
    del many
    filled.execute("FLUSH TABLES")
    before = status(filled, "Opened_tables")
    samples, _ = ask("mariadb_tables", "--mariadb.open-tables")
    opened = status(filled, "Opened_tables") - before
    assert len(samples.find(f"{PREFIX}version")) == len(samples.find(f"{PREFIX}rows")) == 100
    # A partitioned table is opened once for each partition.
    assert 100 <= opened <= 105


@contextlib.contextmanager
def held(mariadb, table, other):
    """Somebody has the table for himself, and waits for the other, which a transaction has read."""
    with mariadb.connect() as reader, mariadb.connect() as changer, reader.cursor() as cursor:
        cursor.execute("START TRANSACTION")
        cursor.execute(f"SELECT COUNT(*) FROM {other}")
        change = threading.Thread(target=lambda: changer.cursor().execute(
            f"RENAME TABLE {table} TO {SCHEMA}.a_new, {other} TO {SCHEMA}.b_new"))
        change.start()

        def waits():
            # A thread of InnoDB may have the table for a moment, and the change waits for that first.
            cursor.execute("SET SESSION lock_wait_timeout = 0")
            cursor.execute("SELECT DATA_FREE FROM information_schema.TABLES WHERE TABLE_SCHEMA = %s "
                           "AND TABLE_NAME = %s", table.replace("`", "").split("."))
            held_by_it = cursor.fetchone() == (None,)
            cursor.execute("SELECT COUNT(*) FROM information_schema.PROCESSLIST "
                           "WHERE STATE = 'Waiting for table metadata lock'")
            return held_by_it and cursor.fetchone() == (1,)
        try:
            wait_until(waits, "the change waits")
            yield
            wait_until(waits, "the change still waits")
        finally:
            reader.rollback()
            change.join(timeout=60)
        cursor.execute(f"RENAME TABLE {SCHEMA}.a_new TO {table}, {SCHEMA}.b_new TO {other}")
    assert not change.is_alive()


def test_a_table_that_is_being_replaced_loses_only_itself(ask, mariadb):
    with held(mariadb, f"{SCHEMA}.`tabGL Entry`", f"{SCHEMA}.tabVersion"):
        samples, seconds = ask("mariadb_tables", "--mariadb.open-tables")
    assert seconds < 2, "as without the lock"
    found = {component: {labels["table"] for labels, _ in samples.find(
        f"{PREFIX}size", schema=SCHEMA, component=component)} for component in ("data_length", "data_free")}
    assert found["data_length"] == {name for name, *_ in TABLES} | {"tabEmpty"}
    assert found["data_free"] == found["data_length"] - {"tabGL Entry"}
    assert {labels["table"] for labels, _ in samples.find(f"{PREFIX}version", schema=SCHEMA)} == found["data_free"]


def test_a_column_of_a_table_that_is_being_replaced_is_lost_alone(ask, mariadb):
    with held(mariadb, "numbered.bigint", "numbered.`int`"):
        samples, seconds = ask("mariadb_auto_increment")
    assert seconds < 2, "as without the lock"
    for name in (COLUMN, f"{COLUMN}_max"):
        tables = {labels["table"] for labels, _ in samples.find(name, schema="numbered")}
        assert tables >= (NUMBERED.keys() - {"bigint"}) | {"aria"}
        assert "bigint" not in tables


@pytest.mark.parametrize("statement", [
    "LOCK TABLES numbered.`int` WRITE, sized.`tabGL Entry` WRITE",
    "LOCK TABLES numbered.`int` READ, sized.`tabGL Entry` READ"])
def test_a_locked_table_holds_nothing_up(ask, mariadb, statement):
    with mariadb.connect() as connection, connection.cursor() as cursor:
        cursor.execute(statement)
        columns, seconds = ask("mariadb_auto_increment")
        tables, more = ask("mariadb_tables", "--mariadb.open-tables")
    assert columns.value(COLUMN, schema="numbered", table="int") == NUMBERED["int"] + 1
    assert tables.value(f"{PREFIX}size", schema=SCHEMA, table="tabGL Entry",
                        component="data_free") is not None
    assert seconds + more < 4


@pytest.fixture
def site_of(tmp_path, mariadb):
    """Options for a bench with one site, whose schema is this."""
    def make(schema, user="exporter", password="exporter-secret"):
        (tmp_path / "password").write_text(password)
        bench = BenchFolder(tmp_path / "site-bench", sites=(), db_port=mariadb.port)
        bench.add_site("one.example.com", json.dumps({"db_name": schema, "db_password": "x"}))
        return bench.path, f"--mariadb.user={user}", f"--mariadb.password-file={tmp_path}/password"
    return make


def bytes_of(options, program):
    samples, stderr = once(*options, collectors=("mariadb_sizes",), program=program)
    assert stderr == ""
    return {labels["kind"]: value for labels, value in samples.find("erpnext_site_database_bytes")}


def test_a_site_has_what_its_files_have(site_of, program, mariadb, filled):
    options = site_of(SCHEMA)
    found = bytes_of(options, program)
    files = list((pathlib.Path(mariadb.folder) / "data" / SCHEMA).glob("*.ibd"))
    assert len(files) == 3 + len(TABLES)  # a partition has its own
    headers = 3 * (16384 * (len(files) - 1) + 8192)
    assert sum(found.values()) + headers == sum(file.stat().st_size for file in files)
    filled.execute(f"SELECT SUM(DATA_LENGTH), SUM(INDEX_LENGTH), SUM(DATA_FREE) FROM "
                   f"information_schema.TABLES WHERE TABLE_SCHEMA = '{SCHEMA}'")
    data, index, free = map(int, filled.fetchone())
    assert (found["data"], found["index"]) == (data, index)
    # InnoDB keeps back four extents of a table that is larger, and does not count begun ones.
    assert free <= found["free"] <= free + (6 << 20)
    filled.execute(f"OPTIMIZE TABLE {SCHEMA}.tabVersion")
    filled.fetchall()
    assert bytes_of(options, program)["free"] < found["free"] - (1 << 20)


def test_without_the_privilege_process_free_bytes_are_absent(site_of, program, filled):
    del filled
    assert bytes_of(site_of(SCHEMA, "tables", "tables"), program).keys() == {"data", "index"}


def test_a_server_that_cuts_long_lists_cuts_none_of_ours(site_of, program, filled):
    filled.execute("SET GLOBAL group_concat_max_len = 64")
    try:
        assert "free" in bytes_of(site_of(SCHEMA), program)
    finally:
        filled.execute("SET GLOBAL group_concat_max_len = DEFAULT")


def test_who_may_see_names_is_not_taken_for_one_who_may_read(site_of, program, filled):
    """REFERENCES shows the columns of all tables. What would be refused is not asked for."""
    filled.execute("CREATE TABLE numbered.`tabError Log` (creation DATETIME, method TEXT)")
    try:
        _, stderr = once(*site_of("numbered"), collectors=("site_logs",), program=program)
    finally:
        filled.execute("DROP TABLE numbered.`tabError Log`")
    assert "run the SQL that `erpnext-exporter grants` prints" in stderr
    assert "denied" not in stderr
