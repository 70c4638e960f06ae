# SPDX-License-Identifier: Apache-2.0
"""Which settings of a real server differ from what Frappe needs; and that to ask waits for nobody."""

import json
import threading

import pytest
from support.bench_folder import BenchFolder
from support.exporter import once
from support.processes import wait_until

SITES = {"good.example.com": "_good", "old.example.com": "_old"}


@pytest.fixture
def bench(tmp_path, mariadb):
    with mariadb.connect() as connection, connection.cursor() as cursor:
        cursor.execute("CREATE DATABASE _good CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci")
        cursor.execute("CREATE TABLE _good.tabBin (name VARCHAR(140) PRIMARY KEY, FULLTEXT KEY (name)) "
                       "ENGINE=InnoDB ROW_FORMAT=DYNAMIC")
        cursor.execute("CREATE DATABASE _old CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci")
        cursor.execute("CREATE TABLE _old.tabBin (name VARCHAR(140) PRIMARY KEY) "
                       "ENGINE=InnoDB ROW_FORMAT=COMPACT")
        privileges = ("PROCESS ON *.*", "SELECT ON mysql.innodb_table_stats",
                      *(f"SELECT (name) ON {schema}.tabBin" for schema in SITES.values()))
        for privilege in privileges:
            cursor.execute(f"GRANT {privilege} TO exporter@'127.0.0.1'")
        bench = BenchFolder(tmp_path / "bench", sites=(), db_port=mariadb.port)
        for site, schema in SITES.items():
            bench.add_site(site, json.dumps({"db_name": schema, "db_password": "site"}))
        yield bench
        for privilege in privileges:
            cursor.execute(f"REVOKE {privilege} FROM exporter@'127.0.0.1'")
        for schema in SITES.values():
            cursor.execute(f"DROP DATABASE {schema}")


@pytest.fixture
def drift(tmp_path, bench, program):
    def drift(collectors=("mariadb_config",)):
        """Whether each (setting, subject) differs."""
        (tmp_path / "password").write_text("exporter-secret")
        samples, stderr = once(bench.path, "--mariadb.user=exporter",
                               f"--mariadb.password-file={tmp_path}/password",
                               collectors=collectors, program=program)
        assert stderr == ""
        return {(labels["setting"], labels["subject"]): value
                for labels, value in samples.find("erpnext_config_drift")}
    return drift


def test_settings_of_the_server_and_of_its_databases(drift, mariadb):
    found = drift()
    # As the file that this server was started with says.
    assert {setting: value for (setting, subject), value in found.items() if subject == "server"} == {
        "character_set_server": 0, "collation_server": 0, "innodb_force_recovery": 0, "read_only": 0,
        "innodb_flush_log_at_trx_commit": 1, "innodb_doublewrite": 1, "binlog_expire_logs_seconds": 0,
        "innodb_buffer_pool_size": 0, "innodb_default_row_format": 0, "innodb_file_per_table": 0,
        "innodb_read_only_compressed": 0, "max_allowed_packet": 0, "slow_query_log": 0}
    assert {key: value for key, value in found.items() if key[1] != "server"} == {
        ("schema_collation", "good.example.com"): 0, ("table_row_format", "good.example.com"): 0,
        ("schema_collation", "old.example.com"): 1, ("table_row_format", "old.example.com"): 1}
    with mariadb.connect() as connection, connection.cursor() as cursor:
        cursor.execute("SET GLOBAL read_only = ON")
        try:
            assert drift()["read_only", "server"] == 1
        finally:
            cursor.execute("SET GLOBAL read_only = OFF")


def test_a_table_that_is_being_changed_does_not_hold_it_up(drift, mariadb):
    with mariadb.connect() as reader, reader.cursor() as cursor:
        cursor.execute("BEGIN")
        cursor.execute("SELECT * FROM _old.tabBin")

        def change():
            with mariadb.connect() as connection, connection.cursor() as other:
                other.execute("ALTER TABLE _old.tabBin ADD COLUMN note INT")

        changing = threading.Thread(target=change)
        changing.start()
        with mariadb.connect() as watcher, watcher.cursor() as watching:
            def waits():
                watching.execute("SELECT COUNT(*) FROM information_schema.PROCESSLIST "
                                 "WHERE state = 'Waiting for table metadata lock'")
                return watching.fetchone()[0] == 1
            wait_until(waits, "the change waits for the reader")
            found = drift(("mariadb_config", "mariadb_userstat", "mariadb_sizes"))
            assert waits()
        assert found["table_row_format", "old.example.com"] == 1
        cursor.execute("ROLLBACK")
        changing.join(timeout=30)
        assert not changing.is_alive()
