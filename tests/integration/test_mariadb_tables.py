# SPDX-License-Identifier: Apache-2.0
"""Sizes of tables beside mysqld_exporter, which opens each table for them."""

import pytest
from support.bench_folder import BenchFolder
from support.exporter import once
from support.originals import Families, mysqld_exporter

PREFIX = "mysql_info_schema_table_"


@pytest.fixture
def schema(mariadb):
    with mariadb.connect() as connection, connection.cursor() as cursor:
        cursor.execute("CREATE DATABASE sized")
        cursor.execute("CREATE TABLE sized.`tabGL Entry` (name INT PRIMARY KEY, account VARCHAR(140), "
                       "KEY account (account)) ENGINE=InnoDB")
        cursor.execute("CREATE TABLE sized.tabParts (name INT PRIMARY KEY) ENGINE=InnoDB "
                       "PARTITION BY HASH (name) PARTITIONS 3")
        cursor.execute("INSERT INTO sized.`tabGL Entry` SELECT seq, 'Cash' FROM sized.seq_1_to_5000")
        cursor.execute("INSERT INTO sized.tabParts SELECT seq FROM sized.seq_1_to_300")
        cursor.execute("ANALYZE TABLE sized.`tabGL Entry`, sized.tabParts")
        cursor.fetchall()
        cursor.execute("CREATE USER IF NOT EXISTS tables@'127.0.0.1' IDENTIFIED BY 'tables'")
        cursor.execute("GRANT SELECT ON sized.* TO tables@'127.0.0.1'")
        cursor.execute("GRANT SELECT ON mysql.innodb_table_stats TO exporter@'127.0.0.1'")
        yield "sized"
        cursor.execute("REVOKE SELECT ON mysql.innodb_table_stats FROM exporter@'127.0.0.1'")
        cursor.execute("DROP USER tables@'127.0.0.1'")
        cursor.execute("DROP DATABASE sized")


def of(families, schema):
    """Samples of the schema, by name and labels; what only an opened table tells left out."""
    return {(name, labels): value for name, rows in families.values.items()
            for labels, value in rows.items()
            if ("schema", schema) in labels and ("component", "data_free") not in labels
            and name != f"{PREFIX}version"}


def test_sizes_and_rows_are_those_of_mysqld_exporter(tmp_path, program, mariadb, schema):
    (tmp_path / "password").write_text("exporter-secret")
    bench = BenchFolder(tmp_path / "bench", db_port=mariadb.port)
    samples, stderr = once(bench.path, "--mariadb.user=exporter",
                           f"--mariadb.password-file={tmp_path}/password",
                           collectors=("mariadb_tables",), program=program)
    assert stderr == ""
    ours = Families(samples.text, PREFIX)
    with mysqld_exporter(tmp_path, mariadb.port, "tables", "tables", ("info_schema.tables",)) as original:
        theirs = Families(original.text(), PREFIX)
    assert {name: ours.types[name] for name in ours.types} == {
        name: theirs.types[name] for name in theirs.types if name != f"{PREFIX}version"}
    assert of(ours, schema) == of(theirs, schema)
    assert len(of(ours, schema)) == 2 * 3
