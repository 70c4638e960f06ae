# SPDX-License-Identifier: Apache-2.0
"""Further database servers, one at a time, beside mysqld_exporter on the same server."""

import urllib.parse

import pytest
from demo.mariadb import MariadbServer
from support import http
from support.bench_folder import BenchFolder
from support.exporter import Exporter, Samples
from support.originals import Families, mysqld_exporter
from support.processes import wait_until
from test_originals import MORE, PRESENT, PRIVILEGES, assert_same, differences, disagreements

PASSWORD = "exporter-secret"


@pytest.fixture(scope="module")
def second(tmp_path_factory):
    """A server that no bench uses."""
    server = MariadbServer(tmp_path_factory.mktemp("second"))
    server.install()
    server.start()
    with server.connect() as connection, connection.cursor() as cursor:
        for user in ("exporter", "original"):
            cursor.execute(f"CREATE USER {user}@'127.0.0.1' IDENTIFIED BY '{PASSWORD}'")
            cursor.execute(f"GRANT {PRIVILEGES} ON *.* TO {user}@'127.0.0.1'")
        cursor.execute("CREATE DATABASE only_here")
        cursor.execute("CREATE TABLE only_here.tabBin (name VARCHAR(20) PRIMARY KEY)")
        cursor.execute("GRANT SELECT ON only_here.* TO exporter@'127.0.0.1', original@'127.0.0.1'")
    yield server
    server.stop()


@pytest.fixture(scope="module")
def start(tmp_path_factory, program, mariadb, second):
    folder = tmp_path_factory.mktemp("targets")
    (folder / "password").write_text(PASSWORD)
    bench = BenchFolder(folder / "shop-bench", db_port=mariadb.port)
    (folder / "config.yml").write_text(
        f"mariadb:\n  user: exporter\n  password-file: {folder}/password\n  targets:\n"
        f"    - {{name: archive, address: '127.0.0.1:{second.port}', user: exporter, "
        f"password-file: {folder}/password}}\n"
        "    - {name: away, address: '127.0.0.1:1'}\n")

    def start(*options):
        return Exporter(tmp_path_factory.mktemp("exporter"), f"--bench={bench.path}",
                        f"--config.file={folder}/config.yml", *options, program=program)
    return start


@pytest.fixture(scope="module")
def exporter(start):
    with start() as running:
        yield running


def ask(exporter, target, **more):
    query = urllib.parse.urlencode({"target": target, **more})
    return http.request(f"{exporter.url}/metrics/mysql?{query}", timeout=30)


def samples(exporter, target, **more):
    answer = ask(exporter, target, **more)
    assert answer.status == 200, answer.text
    return Samples(answer.text)


def test_a_configured_server_has_what_mysqld_exporter_has(start, tmp_path, second):
    def ours():
        # A new one each time: figures are kept for half of a collector's pace.
        with start() as running:
            return Families(samples(running, "archive").text, "mysql_")
    with second.connect() as connection, connection.cursor() as cursor:
        cursor.execute("INSERT INTO only_here.tabBin VALUES ('A')")
        cursor.execute("SELECT * FROM only_here.tabBin")
        with mysqld_exporter(tmp_path, second.port, "original", PASSWORD, MORE) as original:
            before, theirs, after = ours(), Families(original.text(), "mysql_"), ours()
    assert [name for name in PRESENT if name not in theirs.types] == []
    assert_same(differences(before, theirs), "mysql_")
    assert disagreements(before, theirs, after) == []


def test_a_bench_is_a_target_by_its_name(exporter, mariadb, second):
    found = {name: samples(exporter, name).value("mysql_global_variables_port")
             for name in ("shop-bench", "archive")}
    assert found == {"shop-bench": mariadb.port, "archive": second.port}
    # The same as where the first server stands among all other figures.
    wait_until(lambda: exporter.metrics().value("mysql_global_variables_port") == mariadb.port,
               "the settings are read")


def test_what_is_off_by_default_can_be_had_of_each_server(start, exporter, second):
    names = {"mysql_info_schema_auto_increment_column", "mysql_info_schema_auto_increment_column_max",
             "mysql_info_schema_table_version"}
    with second.connect() as connection, connection.cursor() as cursor:
        cursor.execute("GRANT SELECT ON mysql.innodb_table_stats TO exporter@'127.0.0.1'")
        cursor.execute("CREATE TABLE only_here.numbered (id TINYINT AUTO_INCREMENT PRIMARY KEY)")
        cursor.execute("INSERT INTO only_here.numbered VALUES (7)")
        cursor.execute("ANALYZE TABLE only_here.numbered")
        cursor.fetchall()
        try:
            with start("--collector.mariadb_auto_increment", "--mariadb.open-tables") as running:
                found = samples(running, "archive")
            without = samples(exporter, "archive")
        finally:
            cursor.execute("DROP TABLE only_here.numbered")
    table = {"schema": "only_here", "table": "numbered"}
    assert found.value("mysql_info_schema_auto_increment_column", column="id", **table) == 8
    assert found.value("mysql_info_schema_auto_increment_column_max", column="id", **table) == 127
    assert found.value("mysql_info_schema_table_version", engine="InnoDB", **table) == 10
    assert found.value("mysql_info_schema_table_size", component="data_free", **table) == 0
    assert without.names() & names == set()


def test_it_is_about_that_server_only(exporter, second):
    wanted = {"mysql_up", "mysql_info_schema_processlist_threads", "mysql_binlog_size_bytes",
              "mysql_info_schema_innodb_metrics_lock_lock_deadlocks"}

    def names():
        found = samples(exporter, "archive").names()
        return found if wanted <= found else None
    # Who asks is not in the list of processes: there may be nobody else.
    with second.connect():
        found = wait_until(names, "all are there")
    assert all(name.startswith("mysql_") for name in found)


@pytest.mark.parametrize("target", [
    "", "127.0.0.1", "127.0.0.1:3306", "unix:/run/mysqld/mysqld.sock", "archive/../archive",
    "archive\n", "ARCHIVE", "' OR 1=1", "\x00", "<script>", "é" * 1000, "http://127.0.0.1/"])
def test_nothing_else_is_a_target(exporter, target):
    answer = ask(exporter, target)
    assert answer.status == 404
    assert answer.text == "no such target; ?target=NAME takes: archive, away, shop-bench\n"


def test_one_target_at_a_time(exporter):
    assert http.request(f"{exporter.url}/metrics/mysql").status == 404
    assert http.request(f"{exporter.url}/metrics/mysql?target=archive&target=away").status == 400
    assert http.request(f"{exporter.url}/metrics/mysql?target=archive", method="POST").status == 405
    assert ask(exporter, "archive", **{"collect[]": "queues"}).status == 400
    chosen = samples(exporter, "archive", **{"collect[]": "mariadb_status"})
    assert chosen.value("mysql_up") == 1
    assert chosen.find("mysql_version_info") == []


def test_a_server_that_is_away_is_down_and_the_others_are_not(exporter):
    assert samples(exporter, "away").value("mysql_up") == 0
    assert samples(exporter, "archive").value("mysql_up") == 1
    assert "mariadb_status of target away" in exporter.process.log()
    assert PASSWORD not in exporter.process.log()


def test_many_that_ask_share_two_sessions(exporter, second):
    def sessions():
        with second.connect() as connection, connection.cursor() as cursor:
            cursor.execute("SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE user = 'exporter'")
            return cursor.fetchone()[0]
    for _ in range(5):
        samples(exporter, "archive")
        assert 1 <= sessions() <= 2
