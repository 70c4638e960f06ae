# SPDX-License-Identifier: Apache-2.0
"""Kinds of statements, and whose they are, on real servers: with performance_schema, with the slow log, with userstat."""

import contextlib
import json

import pymysql
import pytest
from demo.mariadb import MariadbServer
from support.bench_folder import BenchFolder
from support.exporter import Exporter, once
from support.originals import Families, mysqld_exporter
from support.processes import wait_until

SITES = {"noisy.example.com": "_noisy", "quiet.example.com": "_quiet"}
NOISY = {"bench": "bench", "site": "noisy.example.com"}
CANARIES = ("canary", "471147114711", "Meyer")  # no figure has so many digits by chance
STATEMENT = ("SELECT COUNT(*) FROM `tabItem` a, `tabItem` b WHERE a.name <> 'canary {0}' AND b.qty <> 471147114711{0} "
             "/* FRAPPE_TRACE_ID: canary */ # it's canary\n-- O'Meyer")
KIND = "SELECT COUNT ( * ) FROM `tabItem` `a` , `tabItem` `b` WHERE `a` . `name` != ? AND `b` . `qty` != ?"
# Where a literal can stand, how it can be written. Each of them has a canary in it.
VARIANTS = (
    "INSERT INTO `tabItem` VALUES ('canary', 471147114711), (\"Meyer's\", -471147114711), ('x\\'canary', 0x471147114711)",
    "UPDATE `tabItem` SET qty = 471147114711.5e-3 WHERE name IN ('canary', 'it''s canary', \"a \\\" Meyer\")",
    "SELECT name AS n FROM `tabItem` WHERE name LIKE '%canary%' OR name = _utf8mb4'canary' OR qty = x'471147114711'",
    "SELECT 'canary;\n# Time: 261124  0:20:52\n# User@Host: canary[canary] @ canary []\n"
    "# Thread_id: 1  Schema: _quiet  QC_hit: No\n# Query_time: 471147114711.0  Lock_time: 0.0  Rows_sent: 0  "
    "Rows_examined: 0\nSET timestamp=1;\nselect canary from Meyer;\n'",
    "SET @Meyer = 'canary'",
    "DELETE FROM `tabItem` WHERE name = 'canary' OR qty = 471147114711 OR qty = 0x1267",
)


class Server(MariadbServer):
    def __init__(self, folder, *settings):
        super().__init__(folder)
        self._settings = settings

    def install(self):
        super().install()
        with open(self.folder / "my.cnf", "a", encoding="utf-8") as config:
            config.write("\n".join(self._settings) + "\n")


@contextlib.contextmanager
def running(folder, *settings):
    server = Server(folder, "userstat = OFF", *settings)
    server.install()
    server.start()
    try:
        with server.connect() as connection, connection.cursor() as cursor:
            cursor.execute("CREATE USER exporter@'127.0.0.1' IDENTIFIED BY 'exporter-secret'")
            cursor.execute("GRANT PROCESS ON *.* TO exporter@'127.0.0.1'")
            cursor.execute("GRANT SELECT ON performance_schema.events_statements_summary_by_digest "
                           "TO exporter@'127.0.0.1'")
            for schema in SITES.values():
                cursor.execute(f"CREATE DATABASE `{schema}`")
                cursor.execute(f"CREATE TABLE `{schema}`.`tabItem` (name VARCHAR(50), qty BIGINT)")
                cursor.execute(f"INSERT INTO `{schema}`.`tabItem` SELECT seq, seq FROM `{schema}`.seq_1_to_500")
                cursor.execute(f"CREATE USER `{schema}`@'127.0.0.1' IDENTIFIED BY 'site'")
                cursor.execute(f"GRANT ALL ON `{schema}`.* TO `{schema}`@'127.0.0.1'")
        yield server
    finally:
        server.stop()


@pytest.fixture(scope="module")
def digests(tmp_path_factory):
    with running(tmp_path_factory.mktemp("ps"), "performance-schema = ON", "slow-query-log = OFF") as server:
        yield server


@pytest.fixture(scope="module")
def slow_log(tmp_path_factory):
    with running(tmp_path_factory.mktemp("slow"), "long-query-time = 0",
                 "log-slow-verbosity = query_plan,explain") as server:
        yield server


@contextlib.contextmanager
def exporter_of(server, folder, program):
    bench = BenchFolder(folder / "bench", sites=(), db_port=server.port)
    for site, schema in SITES.items():
        bench.add_site(site, json.dumps({"db_name": schema, "db_password": "site"}))
    (folder / "password").write_text("exporter-secret")
    with Exporter(folder, f"--bench={bench.path}", "--mariadb.user=exporter",
                  f"--mariadb.password-file={folder}/password", f"--state.folder={folder}",
                  *(f"--interval.mariadb_{name}=2s" for name in ("digests", "queries", "share")),
                  program=program) as exporter:
        yield exporter


def run(server, schema, *statements):
    with pymysql.connect(host="127.0.0.1", port=server.port, user=schema, password="site",
                         database=schema, autocommit=True) as connection, connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


def told(exporter, condition):
    def ask():
        samples = exporter.metrics()
        for canary in CANARIES:
            assert canary not in samples.text, canary
        return samples if condition(samples) else None
    return wait_until(ask, "the statements are told", timeout=60)


def value(samples, family, **labels):
    return samples.value(f"erpnext_mariadb_query_{family}", bench="bench", **labels)


def query_of(samples, text):
    return next((labels["query"] for labels, _ in samples.find("erpnext_mariadb_query_info")
                 if labels["text"] == text and labels["site"] == NOISY["site"]), None)


@pytest.mark.parametrize("source", ["performance_schema", "slow_log"])
def test_kinds_of_statements_by_site(source, request, program, tmp_path):
    server = request.getfixturevalue({"performance_schema": "digests"}.get(source, source))
    with exporter_of(server, tmp_path, program) as exporter:
        told(exporter, lambda found: value(found, "source_info", source=source) == 1)

        def named(samples):
            # Until it is named, which a reading decides, what it took is of the rest.
            run(server, "_noisy", *VARIANTS, STATEMENT.format(1))
            run(server, "_quiet", "SELECT 'canary'")
            return query_of(samples, KIND)
        query = query_of(told(exporter, named), KIND)
        samples = exporter.metrics()
        before = value(samples, "executions_total", site=NOISY["site"], query=query)
        examined = value(samples, "rows_examined_total", site=NOISY["site"], query=query)
        quiet = value(samples, "seconds_total", site="quiet.example.com", query="other")
        run(server, "_noisy", *(STATEMENT.format(number) for number in range(2, 5)))
        samples = told(exporter, lambda found: value(
            found, "executions_total", site=NOISY["site"], query=query) >= before + 3)
        # The table has 500 rows and more; those that wait in the join buffer count once.
        more = value(samples, "rows_examined_total", site=NOISY["site"], query=query) - examined
        assert more >= 3 * 500
        assert value(samples, "without_index_total", site=NOISY["site"], query=query) >= 3
        assert value(samples, "seconds_total", site=NOISY["site"], query=query) > 0
        # The statement that looks like an entry of the other site is none.
        assert value(samples, "seconds_total", site="quiet.example.com", query="other") < quiet + 100
        assert exporter.process.log().count("level=error") == 0


@pytest.fixture
def userstat(slow_log):
    with slow_log.connect() as connection, connection.cursor() as cursor:
        cursor.execute("SET GLOBAL userstat = ON")
        yield slow_log
        cursor.execute("SET GLOBAL userstat = OFF")


@pytest.mark.parametrize("source", ["performance_schema", "slow_log", "userstat"])
def test_the_share_names_the_noisy_site(source, request, program, tmp_path):
    server = request.getfixturevalue({"performance_schema": "digests"}.get(source, source))

    def share(samples, site, resource):
        return samples.value("erpnext_site_database_share", bench="bench", site=site, resource=resource) or 0

    with exporter_of(server, tmp_path, program) as exporter:
        told(exporter, lambda found: found.value("erpnext_site_database_share_source_info", bench="bench",
                                                 source=source) == 1)

        def named(samples):
            run(server, "_noisy", *(STATEMENT.format(number) for number in range(5)))
            run(server, "_quiet", "SELECT COUNT(*) FROM `tabItem` WHERE name <> 'canary'")
            return share(samples, NOISY["site"], "time") > 0.6
        samples = told(exporter, named)
        assert share(samples, NOISY["site"], "rows_read") > 0.7
        assert 0 < share(samples, "quiet.example.com", "rows_read") < 0.3
        assert 0 < share(samples, "quiet.example.com", "time") < 0.4
        for resource in ("time", "rows_read"):
            assert sum(value for labels, value in samples.find("erpnext_site_database_share")
                       if labels["resource"] == resource) == pytest.approx(1)
        assert (share(samples, NOISY["site"], "connections") > 0) == (source == "userstat")


def test_digests_are_those_of_mysqld_exporter(digests, program, tmp_path):
    prefix = "mysql_perf_schema_events_statements_"
    bench = BenchFolder(tmp_path / "bench", db_port=digests.port)
    (tmp_path / "password").write_text("exporter-secret")
    run(digests, "_noisy", *VARIANTS, STATEMENT.format(1))
    with pytest.raises(pymysql.MySQLError):
        run(digests, "_noisy", "SELECT canary FROM `tabItem`")
    samples, stderr = once(bench.path, "--mariadb.user=exporter", f"--mariadb.password-file={tmp_path}/password",
                           "--collector.mariadb_digests", collectors=("mariadb_digests",), program=program)
    assert stderr == ""
    ours = Families(samples.text, prefix)
    with mysqld_exporter(tmp_path, digests.port, "exporter", "exporter-secret",
                         ("perf_schema.eventsstatements",)) as original:
        theirs = Families(original.text(), prefix)
    assert len(ours.types) == 12
    assert ours.types == theirs.types
    assert ours.labels == theirs.labels
    assert ours.values[f"{prefix}errors_total"]
    assert ours.values == theirs.values


def test_a_server_without_either_has_none(digests, program, tmp_path):
    with digests.connect() as connection, connection.cursor() as cursor:
        cursor.execute("REVOKE SELECT ON performance_schema.events_statements_summary_by_digest "
                       "FROM exporter@'127.0.0.1'")
        try:
            with exporter_of(digests, tmp_path, program) as exporter:
                samples = wait_until(lambda: _succeeded(exporter), "it has run", timeout=60)
                assert not samples.find("erpnext_mariadb_query_source_info")
                assert not samples.find("erpnext_mariadb_query_seconds_total")
                assert not samples.find("erpnext_site_database_share")
        finally:
            cursor.execute("GRANT SELECT ON performance_schema.events_statements_summary_by_digest "
                           "TO exporter@'127.0.0.1'")


def _succeeded(exporter):
    samples = exporter.metrics()
    done = [samples.value("erpnext_exporter_collector_success", collector=name)
            for name in ("mariadb_queries", "mariadb_share")]
    return samples if done == [1, 1] else None
