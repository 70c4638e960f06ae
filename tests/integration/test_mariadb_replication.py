# SPDX-License-Identifier: Apache-2.0
"""A primary and its replica, both real: what is told of them, beside mysqld_exporter."""

import pymysql
import pytest
from demo.mariadb import MariadbServer
from support.bench_folder import BenchFolder
from support.exporter import once
from support.originals import Families, mysqld_exporter
from support.processes import wait_until

PASSWORD = "replication-secret"
CANARY = "canary-4711"
# They move while nothing happens: the heartbeat of an idle primary.
MOVING = {"mysql_slave_status_slave_received_heartbeats"}
# mysqld_exporter has them since 0.18; Debian's is older.
POSITIONS = ("mysql_slave_status_gtid_io_pos", "mysql_slave_status_gtid_slave_pos")


def start(folder, server_id):
    server = MariadbServer(folder)
    server.install()
    with open(server.folder / "my.cnf", "a", encoding="utf-8") as config:
        config.write(f"server-id = {server_id}\n")
    server.start()
    return server


@pytest.fixture(scope="module")
def primary(tmp_path_factory):
    server = start(tmp_path_factory.mktemp("primary"), 11)
    with server.connect() as connection, connection.cursor() as cursor:
        cursor.execute(f"CREATE USER follower@'127.0.0.1' IDENTIFIED BY '{PASSWORD}'")
        cursor.execute("GRANT REPLICATION SLAVE ON *.* TO follower@'127.0.0.1'")
        cursor.execute(f"CREATE USER watcher@'127.0.0.1' IDENTIFIED BY '{PASSWORD}'")
        cursor.execute("GRANT BINLOG MONITOR, REPLICA MONITOR ON *.* TO watcher@'127.0.0.1'")
        cursor.execute(f"CREATE USER nobody@'127.0.0.1' IDENTIFIED BY '{PASSWORD}'")
        cursor.execute("CREATE DATABASE shop")
        cursor.execute("CREATE TABLE shop.tabBin (name VARCHAR(40) PRIMARY KEY) ENGINE=InnoDB")
    yield server
    server.stop()


@pytest.fixture(scope="module")
def replica(tmp_path_factory, primary):
    server = start(tmp_path_factory.mktemp("replica"), 12)
    with server.connect() as connection, connection.cursor() as cursor:
        cursor.execute(f"CHANGE MASTER TO MASTER_HOST='127.0.0.1', MASTER_PORT={primary.port}, "
                       f"MASTER_USER='follower', MASTER_PASSWORD='{PASSWORD}', "
                       "MASTER_USE_GTID=slave_pos, MASTER_CONNECT_RETRY=1")
        cursor.execute("START SLAVE")
    wait_until(lambda: rows(server, "SELECT * FROM shop.tabBin") == (), "it follows")
    yield server
    server.stop()


def rows(server, statement):
    try:
        with server.connect() as connection, connection.cursor() as cursor:
            cursor.execute(statement)
            return cursor.fetchall()
    except pymysql.ProgrammingError:  # the table is not there yet
        return None


def run(server, *statements):
    with server.connect() as connection, connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


@pytest.fixture
def ask(tmp_path, program):
    def ask(server, user="watcher"):
        (tmp_path / "password").write_text(PASSWORD)
        bench = BenchFolder(tmp_path / f"bench-{server.port}", db_port=server.port)
        samples, stderr = once(bench.path, f"--mariadb.user={user}",
                               f"--mariadb.password-file={tmp_path}/password",
                               collectors=("mariadb_replication",), program=program)
        assert stderr == ""
        assert PASSWORD not in samples.text
        return samples
    return ask


def test_families_and_values_are_those_of_mysqld_exporter(ask, tmp_path, primary, replica):
    position = rows(primary, "SELECT @@gtid_binlog_pos")
    wait_until(lambda: rows(replica, "SELECT @@gtid_slave_pos") == position, "it has all of it")
    for server, least, extra in ((primary, 3, set()), (replica, 25, set(POSITIONS))):
        ours = Families(ask(server).text, "mysql_slave_", "mysql_binlog_")
        with mysqld_exporter(tmp_path, server.port, "watcher", PASSWORD,
                             ("binlog_size",)) as original:
            theirs = Families(original.text(), "mysql_slave_", "mysql_binlog_")
        assert ours.types.keys() - theirs.types.keys() == extra
        assert {name: kind for name, kind in ours.types.items() if name not in extra} == theirs.types
        assert len(theirs.types) >= least
        still = theirs.types.keys() - MOVING
        assert {name: ours.values[name] for name in still} == {
            name: theirs.values[name] for name in still}


def positions(samples):
    """What each of the two families says, as the server writes it."""
    return [",".join(f"{labels['domain_id']}-{labels['server_id']}-{int(value)}" for labels, value in sorted(
        samples.find(name, master_host="127.0.0.1", connection_name=""), key=lambda found: int(found[0]["domain_id"])))
        for name in POSITIONS]


def test_positions_are_what_the_server_says_of_itself(ask, primary, replica):
    run(primary, "SET SESSION gtid_domain_id = 3", "INSERT INTO shop.tabBin VALUES ('in another domain')")
    def both():
        ((first,),) = rows(primary, "SELECT @@gtid_binlog_pos")
        ((second,),) = rows(replica, "SELECT @@gtid_slave_pos")
        return first == second and first
    executed = wait_until(both, "it has all of it")
    assert executed.count("-") == 4, "two domains"
    assert positions(ask(replica)) == [executed, executed]
    run(replica, "STOP SLAVE SQL_THREAD")
    try:
        run(primary, "INSERT INTO shop.tabBin VALUES ('received alone')")
        ((written,),) = rows(primary, "SELECT @@gtid_binlog_pos")
        wait_until(lambda: positions(ask(replica))[0] == written, "it is received")
        assert positions(ask(replica)) == [written, executed]
        assert rows(replica, "SELECT @@gtid_slave_pos") == ((executed,),) and written != executed
    finally:
        run(replica, "START SLAVE SQL_THREAD")
    wait_until(lambda: positions(ask(replica)) == [written, written], "it is executed")


def test_a_thread_that_stops_is_told_and_has_no_lag(ask, replica):
    assert ask(replica).value("mysql_slave_status_seconds_behind_master") == 0
    run(replica, "STOP SLAVE SQL_THREAD")
    try:
        samples = ask(replica)
    finally:
        run(replica, "START SLAVE SQL_THREAD")
    assert samples.value("mysql_slave_status_slave_sql_running") == 0
    assert samples.value("mysql_slave_status_slave_io_running") == 1
    assert samples.value("mysql_slave_status_seconds_behind_master") is None


def test_lag_grows_while_the_replica_cannot_write(ask, primary, replica):
    with replica.connect() as connection, connection.cursor() as cursor:
        cursor.execute("FLUSH TABLES WITH READ LOCK")
        run(primary, "INSERT INTO shop.tabBin VALUES ('late')")
        wait_until(lambda: (ask(replica).value("mysql_slave_status_seconds_behind_master") or 0) >= 1,
                   "it lags")
        cursor.execute("UNLOCK TABLES")
    wait_until(lambda: ask(replica).value("mysql_slave_status_seconds_behind_master") == 0,
               "it has caught up")


def test_an_error_has_its_number_but_no_row(ask, primary, replica):
    run(replica, "SET sql_log_bin = 0", f"INSERT INTO shop.tabBin VALUES ('{CANARY}')")
    run(primary, f"INSERT INTO shop.tabBin VALUES ('{CANARY}')")
    samples = wait_until(lambda: next((found for found in [ask(replica)] if found.value(
        "mysql_slave_status_last_sql_errno") == 1062), None), "the duplicate stops it")
    assert samples.value("mysql_slave_status_slave_sql_running") == 0
    assert CANARY not in samples.text
    run(replica, "SET sql_log_bin = 0", f"DELETE FROM shop.tabBin WHERE name = '{CANARY}'",
        "START SLAVE")
    wait_until(lambda: ask(replica).value("mysql_slave_status_slave_sql_running") == 1, "it goes on")


def test_without_the_privileges_there_is_nothing(ask, replica):
    wait_until(lambda: rows(replica, "SELECT 1 FROM mysql.global_priv WHERE user = 'nobody'"),
               "the user is there")
    samples = ask(replica, user="nobody")
    assert [name for name in samples.names() if name.startswith("mysql_")] == []
    assert samples.value("erpnext_exporter_collector_success", collector="mariadb_replication") == 1
