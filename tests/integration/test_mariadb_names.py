# SPDX-License-Identifier: Apache-2.0
"""Names of schemas and tables that nobody would choose, and a server that lets nobody write."""

import json
import subprocess

import pytest
from support.bench_folder import BenchFolder
from support.exporter import once

SCHEMA = "we`ird sch\u00e4me-1"
TABLE = "tabSales `Invoice` \u00c4-1 #x"
SITE = "odd.example.com"
OF_SITE = {"bench": "bench", "site": SITE}


def quoted(name):
    return "`" + name.replace("`", "``") + "`"


@pytest.fixture
def options(tmp_path, mariadb, program):
    """Of a bench whose one site has that schema, and a login that may read all of it."""
    bench = BenchFolder(tmp_path / "bench", sites=(), db_port=mariadb.port)
    bench.add_site(SITE, json.dumps({"db_name": SCHEMA, "db_password": "site"}))
    (tmp_path / "password").write_text("exporter-secret")
    options = ["--mariadb.user=exporter", f"--mariadb.password-file={tmp_path}/password"]
    with mariadb.connect() as connection, connection.cursor() as cursor:
        cursor.execute(f"CREATE DATABASE {quoted(SCHEMA)}")
        cursor.execute(f"CREATE TABLE {quoted(SCHEMA)}.{quoted(TABLE)} (name VARCHAR(20) PRIMARY KEY, "
                       "`odd ``column``` INT, KEY `odd ``key``` (`odd ``column```)) ENGINE=InnoDB")
        cursor.execute(f"CREATE TABLE {quoted(SCHEMA)}.tabSingles (doctype VARCHAR(255), field "
                       "VARCHAR(255), value LONGTEXT, KEY singles_doctype_field_index (doctype, field))")
        cursor.execute("CREATE USER IF NOT EXISTS odd@'127.0.0.1' IDENTIFIED BY 'exporter-secret'")
        grants = subprocess.run([program, "grants", f"--bench={bench.path}", *options],
                                capture_output=True, text=True, timeout=60, check=True).stdout
        for line in grants.splitlines():
            if line.startswith("GRANT "):
                try:
                    cursor.execute(line.replace("'exporter'@'localhost'", "odd@'127.0.0.1'"))
                except Exception as error:
                    # Of the tables that Frappe would have here.
                    assert error.args[0] == 1146, line
        try:
            yield [bench.path, "--mariadb.user=odd", options[1]]
        finally:
            cursor.execute(f"DROP DATABASE {quoted(SCHEMA)}")
            cursor.execute("DROP USER odd@'127.0.0.1'")


def failed(samples):
    return {labels["collector"] for labels, value in samples.find("erpnext_exporter_collector_success")
            if value == 0 and labels["collector"].startswith(("mariadb_", "site_errors", "migrate"))}


def test_odd_names_of_schema_table_column_and_index_are_read(options, program):
    samples, stderr = once(*options, program=program)
    assert failed(samples) == set(), stderr
    assert samples.value("erpnext_site_database_tables", **OF_SITE) == 2
    assert samples.value("erpnext_site_table_rows", doctype=TABLE.removeprefix("tab"), **OF_SITE) == 0
    done = subprocess.run([program, "indexes", f"--bench={options[0]}", *options[1:], "--format=json"],
                          capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    json.loads(done.stdout)


def test_a_server_that_is_read_only_is_read(options, program, mariadb):
    with mariadb.connect() as connection, connection.cursor() as cursor:
        cursor.execute("SET GLOBAL read_only = ON")
        try:
            samples, stderr = once(*options, program=program)
        finally:
            cursor.execute("SET GLOBAL read_only = OFF")
    assert failed(samples) == set(), stderr
    assert samples.value("mysql_global_variables_read_only") == 1
