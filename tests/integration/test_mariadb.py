# SPDX-License-Identifier: Apache-2.0
"""A real MariaDB server, reached and refused in every way, and what it saw of us."""

import concurrent.futures
import contextlib
import datetime
import os
import pathlib
import re
import signal
import socket
import time

import pymysql
import pytest
from demo.mariadb import MariadbServer
from support import fake_mariadb, http
from support.bench_folder import BenchFolder
from support.certificates import Authority
from support.exporter import Exporter, Samples, once, run
from support.fault_server import FaultServer
from support.originals import mysqld_exporter
from support.processes import wait_until

SECRET = "exporter-secret"
STATUS = ("mariadb_status",)
# What a monitoring session has to say to the server; anything else is a surprise.
READS = r"(/\* \w+ \*/ )?(SELECT (?!.* INTO )|SHOW )|SET SESSION |SET NAMES "


@pytest.fixture
def bench(tmp_path, mariadb):
    return BenchFolder(tmp_path / "bench", db_port=mariadb.port)


@pytest.fixture
def login(tmp_path):
    password_file = tmp_path / "password"
    password_file.write_text(SECRET)
    return ["--mariadb.user=exporter", f"--mariadb.password-file={password_file}"]


@contextlib.contextmanager
def sql(mariadb, *statements):
    with mariadb.connect() as connection, connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)
        yield cursor


def ask(bench, *arguments, program):
    return once(bench.path, *arguments, collectors=STATUS, program=program)


def assert_works(samples, stderr=""):
    assert samples.value("erpnext_mariadb_up") == 1, stderr
    assert samples.value("mysql_up") == 1
    assert samples.find("erpnext_mariadb_connect_error_info") == []
    assert samples.value("mysql_global_status_threads_connected") >= 1
    assert samples.value("mysql_global_status_max_used_connections") >= 1
    assert samples.value("erpnext_exporter_collector_success", collector="mariadb_status") == 1


def assert_fails(samples, stderr, reason, kind, up):
    (found,) = samples.find("erpnext_mariadb_connect_error_info")
    assert found[0]["reason"] == reason, stderr
    assert samples.value("erpnext_mariadb_up") == up
    assert samples.value("mysql_up") == 0
    assert samples.value("erpnext_exporter_collector_errors_total", collector="mariadb_status",
                         kind=kind) == 1, stderr
    assert not [name for name in samples.names() if name.startswith("mysql_global_")]
    assert SECRET not in stderr


def test_by_tcp_as_the_bench_says(program, bench, login):
    assert_works(*ask(bench, *login, program=program))


def test_by_socket_as_the_bench_says(program, bench, login, mariadb):
    bench.write_config(db_socket=str(mariadb.socket))
    assert_works(*ask(bench, *login, program=program))


def test_by_socket_as_the_option_says(program, bench, login, mariadb):
    bench.write_config(db_port=1)
    assert_works(*ask(bench, *login, f"--mariadb.address=unix:{mariadb.socket}", program=program))


def test_mysql_has_its_own_name_for_the_limit_of_a_statement(program, bench, login):
    with FaultServer(fake_mariadb.mysql) as server:
        bench.write_config(db_port=server.port)
        samples, stderr = ask(bench, *login, program=program)
    assert samples.value("erpnext_mariadb_up") == 1, stderr
    assert samples.value("mysql_global_status_threads_connected") == 7
    assert stderr == ""


@pytest.fixture
def granted(program, bench, mariadb, tmp_path):
    """The user that `grants` prints, and the options that log in as it."""
    password_file = tmp_path / "granted"
    password_file.write_text(SECRET)
    options = ["--mariadb.user=granted", f"--mariadb.password-file={password_file}",
               f"--mariadb.address=unix:{mariadb.socket}"]
    printed = run("grants", f"--bench={bench.path}", *options, program=program).stdout
    assert SECRET not in printed
    statements = [line for line in printed.replace("<password>", SECRET).splitlines()
                  if line.endswith(";") and "`tab" not in line]  # this site has no database here
    assert statements
    with sql(mariadb, "CREATE DATABASE secret", "CREATE TABLE secret.t (a INT)", *statements):
        yield options
    with sql(mariadb, "DROP USER granted@localhost", "DROP DATABASE secret"):
        pass


def test_user_that_grants_prints_suffices(program, bench, granted):
    samples, stderr = ask(bench, *granted, program=program)
    assert_works(samples, stderr)
    assert stderr == ""
    samples, stderr = once(bench.path, *granted, collectors=("mariadb_activity", "mariadb_innodb"),
                           program=program)
    assert samples.find("erpnext_mariadb_transactions") and stderr == ""
    assert samples.find("mysql_info_schema_innodb_metrics_lock_lock_deadlocks")


def test_user_that_grants_prints_can_do_no_harm(mariadb, granted):
    del granted
    with pymysql.connect(unix_socket=str(mariadb.socket), user="granted", password=SECRET) as its:
        for statement in ("SELECT * FROM secret.t", "INSERT INTO secret.t VALUES (1)",
                          "SELECT user FROM mysql.global_priv", "CREATE DATABASE another",
                          "SET GLOBAL max_connections = 1", "SELECT LOAD_FILE('/etc/passwd')",
                          "SHUTDOWN"):
            with its.cursor() as cursor:
                try:
                    cursor.execute(statement)
                    assert cursor.fetchall() == ((None,),), statement  # LOAD_FILE says NULL
                except pymysql.MySQLError as error:
                    assert error.args[0] in (1044, 1142, 1227, 1370), statement


@pytest.mark.parametrize("user,password", [("exporter", "wrong"), ("nobody", SECRET)])
def test_denied(program, bench, tmp_path, user, password):
    (tmp_path / "other").write_text(password)
    samples, stderr = ask(bench, f"--mariadb.user={user}",
                          f"--mariadb.password-file={tmp_path}/other", program=program)
    assert_fails(samples, stderr, "denied", "permission", up=1)


def test_all_connections_in_use(program, bench, login, mariadb):
    with contextlib.ExitStack() as held:
        # One more is kept for root, which is not what the exporter is.
        with contextlib.suppress(pymysql.OperationalError):
            for _ in range(62):
                held.enter_context(pymysql.connect(
                    host="127.0.0.1", port=mariadb.port, user="exporter", password=SECRET))
        samples, stderr = ask(bench, *login, program=program)
        assert_fails(samples, stderr, "too_many_connections", "limit", up=1)
        over_tls = [*login, "--mariadb.tls", "--no-mariadb.tls-verify"]
        samples, stderr = ask(bench, *over_tls, program=program)
        assert_fails(samples, stderr, "too_many_connections", "limit", up=1)


def test_own_limit_of_connections_is_not_the_server_being_down(program, bench, login, mariadb):
    with sql(mariadb, "ALTER USER exporter@'127.0.0.1' WITH MAX_USER_CONNECTIONS 1"):
        try:
            with pymysql.connect(host="127.0.0.1", port=mariadb.port, user="exporter",
                                 password=SECRET):
                samples, stderr = ask(bench, *login, program=program)
                assert_fails(samples, stderr, "user_limit", "user_limit", up=1)
        finally:
            with sql(mariadb, "ALTER USER exporter@'127.0.0.1' WITH MAX_USER_CONNECTIONS 0"):
                pass


@pytest.fixture
def strict(tmp_path_factory):
    """A server that blocks a host after one handshake that was left undone, unless it is 127.0.0.1."""
    server = MariadbServer(tmp_path_factory.mktemp("strict"))
    server.install()
    with open(server.folder / "my.cnf", "a", encoding="utf-8") as config:
        config.write("skip-name-resolve = OFF\nmax-connect-errors = 1\n")
    server.start()
    with sql(server, f"CREATE USER exporter@'%' IDENTIFIED BY '{SECRET}'"):
        yield server
    server.stop()


def leave_handshake(port):
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        assert connection.recv(1024)


def test_host_that_the_server_blocks(program, bench, login, strict):
    with FaultServer(("127.0.0.1", strict.port), source="127.0.0.2") as relay:
        bench.write_config(db_port=relay.port)
        assert_works(*ask(bench, *login, program=program))
        for options in (login, [*login, "--mariadb.tls", "--no-mariadb.tls-verify"]):
            def refused(options=options):
                leave_handshake(relay.port)
                return "reason=" in ask(bench, *options, program=program)[0].text
            wait_until(refused, "the host is blocked")
            samples, stderr = ask(bench, *options, program=program)
            assert_fails(samples, stderr, "host_blocked", "host_blocked", up=1)
            assert "error 1129" in stderr and "flush-hosts" in stderr
        with sql(strict, "FLUSH HOSTS"):
            assert_works(*ask(bench, *login, program=program))


@pytest.mark.parametrize("config,reason,kind", [
    ({"db_port": 1}, "refused", "refused"),
    ({"db_socket": "/nonexistent/mysqld.sock"}, "down", "unavailable"),
    ({"db_host": "no-such-host.invalid"}, "down", "unavailable"),
])
def test_nobody_there(program, bench, login, config, reason, kind):
    bench.write_config(**config)
    samples, stderr = ask(bench, *login, program=program)
    assert_fails(samples, stderr, reason, kind, up=0)


def test_server_that_stands_still(program, bench, login, mariadb):
    os.kill(mariadb.pid, signal.SIGSTOP)
    try:
        begin = time.monotonic()
        samples, stderr = ask(bench, *login, program=program)
        assert_fails(samples, stderr, "timeout", "timeout", up=0)
        assert time.monotonic() - begin < 4
    finally:
        os.kill(mariadb.pid, signal.SIGCONT)
    wait_until(lambda: assert_works(*ask(bench, *login, program=program)) or True, "it goes on")


def test_tls(program, bench, login, authority, tmp_path):
    trusted = ["--mariadb.tls", f"--mariadb.tls-ca-file={authority.ca}"]
    assert_works(*ask(bench, *login, *trusted, program=program))
    unchecked = ["--mariadb.tls", "--no-mariadb.tls-verify"]
    assert_works(*ask(bench, *login, *unchecked, program=program))
    other = ["--mariadb.tls", f"--mariadb.tls-ca-file={Authority(tmp_path / 'other').ca}"]
    samples, stderr = ask(bench, *login, *other, program=program)
    assert_fails(samples, stderr, "denied", "permission", up=1)
    assert "certificate" in stderr and "tls-ca-file" in stderr


def test_tls_is_used_when_demanded(program, bench, login, authority, mariadb):
    with sql(mariadb, "ALTER USER exporter@'127.0.0.1' REQUIRE SSL"):
        try:
            samples, stderr = ask(bench, *login, program=program)
            assert_fails(samples, stderr, "denied", "permission", up=1)
            trusted = ["--mariadb.tls", f"--mariadb.tls-ca-file={authority.ca}"]
            assert_works(*ask(bench, *login, *trusted, program=program))
        finally:
            with sql(mariadb, "ALTER USER exporter@'127.0.0.1' REQUIRE NONE"):
                pass


@pytest.mark.parametrize("day", [25, 5])
def test_validity_of_the_certificate_is_as_in_mysqld_exporter(program, tmp_path, bench, login, authority,
                                                              mariadb, day):
    """That does not read the first nine days of a month. The server tells who asks over TLS, and nobody else."""
    now = datetime.datetime.now(datetime.timezone.utc)
    days = next(days for days in range(2, 50) if (now + datetime.timedelta(days)).day == day)
    names = ("mysql_global_status_ssl_server_not_after", "mysql_global_status_ssl_server_not_before")
    try:
        authority.sign(days)
        with sql(mariadb, "FLUSH SSL"):
            pass
        samples, _ = ask(bench, *login, "--mariadb.tls", f"--mariadb.tls-ca-file={authority.ca}", program=program)
        without, _ = ask(bench, *login, program=program)
        with mysqld_exporter(tmp_path, mariadb.port, "exporter", SECRET, tls_ca=authority.ca) as original:
            theirs = Samples(original.text())
    finally:
        authority.sign(days=2)
        with sql(mariadb, "FLUSH SSL"):
            pass
    validity = [datetime.datetime.fromtimestamp(samples.value(name), datetime.timezone.utc) for name in names]
    assert validity[0] - validity[1] == datetime.timedelta(days)
    assert abs(validity[1] - now) < datetime.timedelta(minutes=2)
    assert theirs.value("mysql_up") == 1
    for name, time_of in zip(names, validity, strict=True):
        assert theirs.value(name) == (samples.value(name) if time_of.day > 9 else None)
        assert without.value(name) is None


@pytest.fixture
def general_log(mariadb):
    """Path of a log of all statements, which is on while the test runs."""
    path = pathlib.Path(mariadb.folder) / "general.log"
    with sql(mariadb, "SET GLOBAL general_log = ON"):
        yield path
    with sql(mariadb, "SET GLOBAL general_log = OFF"):
        pass


def statements_of(path, user):
    """The statements of the sessions of one user: list of (session, text)."""
    sessions, statements = set(), []
    for line in path.read_text().splitlines():
        words = line.replace("\t", " ").split()
        for kind in ("Connect", "Query"):
            if kind not in words or not words[words.index(kind) - 1].isdigit():
                continue
            session, text = words[words.index(kind) - 1], " ".join(words[words.index(kind) + 1:])
            if kind == "Connect" and text.startswith(f"{user}@"):
                sessions.add(session)
            elif kind == "Query" and session in sessions:
                statements.append((session, text))
    return statements


def test_statements_are_tagged_and_read_only(program, bench, login, general_log):
    """As the server's own log tells, of all collectors."""
    assert_works(*once(bench.path, *login, program=program))
    wait_until(lambda: statements_of(general_log, "exporter"), "statements are logged")
    statements = [text for _, text in statements_of(general_log, "exporter")]
    for text in statements:
        assert text.startswith("/* erpnext-exporter */ "), text
        assert re.match(READS, text.removeprefix("/* erpnext-exporter */ ")), text
    session = " ".join(statements)
    for setting in ("max_statement_time", "lock_wait_timeout=0", "TRANSACTION READ ONLY",
                    "SHOW GLOBAL STATUS"):
        assert setting in session
    first_show = next(i for i, text in enumerate(statements) if "SHOW" in text)
    assert any("READ ONLY" in text for text in statements[:first_show])


def test_once_asks_for_nothing_but_what_is_named(program, bench, login, general_log):
    before = len(statements_of(general_log, "exporter"))
    assert_works(*ask(bench, *login, program=program))
    statements = [text for _, text in statements_of(general_log, "exporter")[before:]]
    assert any("SHOW GLOBAL STATUS" in text for text in statements)
    assert [text for text in statements if "/* mariadb_" in text or "/* site_" in text] == []


def sessions_of(cursor, user="exporter"):
    cursor.execute("SELECT id FROM information_schema.processlist WHERE user = %s", (user,))
    return [row[0] for row in cursor.fetchall()]


def test_at_most_two_sessions_under_parallel_scrapes(tmp_path, program, bench, login, mariadb):
    with (Exporter(tmp_path, f"--bench={bench.path}", *login, program=program) as exporter,
          sql(mariadb) as cursor):
        most, seen = 0, set()
        stop_at = time.monotonic() + 4
        with concurrent.futures.ThreadPoolExecutor(20) as pool:
            def scrape(_):
                while time.monotonic() < stop_at:
                    http.request(f"{exporter.url}/metrics")
            scrapes = pool.map(scrape, range(20))
            while time.monotonic() < stop_at:
                now = sessions_of(cursor)
                most = max(most, len(now))
                seen |= set(now)
            list(scrapes)
        assert 1 <= most <= 2
        assert len(seen) <= 2, "sessions are kept, not made anew"
    wait_until(lambda: not still_there(mariadb), "the sessions are closed at the end")


def still_there(mariadb):
    with sql(mariadb) as cursor:
        return sessions_of(cursor)


def test_server_goes_and_comes(tmp_path, program, bench, login, mariadb):
    with Exporter(tmp_path, f"--bench={bench.path}", *login, program=program) as exporter:
        assert_works(exporter.metrics())
        mariadb.stop()
        try:
            down = wait_until(lambda: (samples := exporter.metrics()).value("mysql_up") == 0 and samples,
                              "down is told")
            assert down.find("erpnext_mariadb_connect_error_info")[0][0]["reason"] in (
                "refused", "down")
        finally:
            mariadb.start()
        wait_until(lambda: assert_works(exporter.metrics()) or True, "up again")


def test_a_session_killed_by_the_administrator_is_made_anew(tmp_path, program, bench, login, mariadb):
    with (Exporter(tmp_path, f"--bench={bench.path}", *login, program=program) as exporter,
          sql(mariadb) as cursor):
        assert_works(exporter.metrics())
        # Collectors that ask at the same moment have one each.
        killed = set(wait_until(lambda: sessions_of(cursor), "a session"))
        for session in killed:
            cursor.execute(f"KILL {session}")
        wait_until(lambda: not killed & set(sessions_of(cursor)), "they are gone")
        wait_until(lambda: sessions_of(cursor) if exporter.metrics() else None, "a new session")
        assert_works(exporter.metrics())
        assert sum(value for _, value in exporter.metrics().find(
            "erpnext_exporter_collector_errors_total", collector="mariadb_status")) == 0
