# SPDX-License-Identifier: Apache-2.0
"""The demo bench's servers and files compared with those of a real bench, and taken away."""

import json
import re

import pymysql
import pytest
from support.processes import wait_until

from demo.bench_tree import SITES
from demo.process_table import alive

NORMAL, MAINTENANCE, PAUSED = (name for name, _, _ in SITES)


# --- web ------------------------------------------------------------------------------------------

@pytest.mark.parametrize("host, status, capture", [
    (NORMAL, 200, "ping.txt"), (PAUSED, 200, "ping.txt"),
    (MAINTENANCE, 503, "ping_maintenance.txt"), ("nosuch.local", 404, "ping_unknown_host.txt"),
])
def test_ping_answers_as_frappe_does(demo, captures, host, status, capture):
    head, _, body = (captures / "frappe-v15" / "http" / capture).read_text().partition("\n\n")
    headers = [line.partition(":")[0].lower() for line in head.splitlines()[1:]]
    answer = demo.ping(host)
    assert answer.status == status == int(head.split()[1])
    assert list(answer.headers) == list(dict.fromkeys(headers))
    if status == 404:
        assert answer.text.strip() == body.strip()
    else:
        assert answer.json().keys() == json.loads(body).keys()
        assert answer.json().get("exc_type") == json.loads(body).get("exc_type")


def test_ping_needs_the_database(demo):
    demo.stop_mariadb()
    try:
        answer = demo.ping(NORMAL)
        assert answer.status == 500
        assert answer.json()["exception"].startswith("pymysql.err.OperationalError: (2003, ")
    finally:
        demo.start_mariadb()
    wait_until(lambda: demo.ping(NORMAL).status == 200, "the site is back")


def test_web_server_can_be_away(demo):
    demo.stop_web()
    try:
        with pytest.raises(OSError):
            demo.ping(NORMAL)
    finally:
        demo.start_web()
    assert demo.ping(NORMAL).status == 200


# --- outages --------------------------------------------------------------------------------------

def test_workers_and_producer_survive_an_outage_of_redis(demo):
    def successes():
        with demo.queue_redis() as client:
            return sum(int(client.hget(worker, "successful_job_count") or 0)
                       for worker in client.smembers("rq:workers"))

    def complaints():
        # A worker that waits for jobs writes the first, one that is at a job gives up with the other.
        text = log.read_text()
        return text.count("Could not connect to Redis") + text.count("redis.exceptions.Conn")

    producer = demo.pids()["producer"]
    log = demo.bench_path / "logs" / "worker.error.log"
    wait_until(lambda: successes() > 0, "jobs are done", timeout=60)
    before = complaints()
    demo.stop_redis("queue")
    try:
        wait_until(lambda: complaints() > before, "the workers notice", timeout=60)
    finally:
        demo.start_redis("queue")
    with demo.queue_redis() as client:
        assert client.exists("rq:queues"), "the data is loaded again"
    start = successes()
    wait_until(lambda: successes() > start, "jobs are done again", timeout=60)
    wait_until(lambda: len(alive(demo.pids().values())) == len(demo.pids()), "all run again")
    assert demo.pids()["producer"] == producer


# --- database -------------------------------------------------------------------------------------

@pytest.mark.parametrize("statement", [
    "SELECT * FROM `{db}`.tabUser",
    "SELECT * FROM `{db}`.`tabError Log`",
    "SELECT * FROM mysql.user",
    "INSERT INTO `{db}`.tabSeries VALUES ('X-', 1)",
    "UPDATE mysql.innodb_table_stats SET n_rows = 0",
    "CREATE DATABASE other",
    "DROP TABLE `{db}`.tabUser",
    "SET GLOBAL max_connections = 1",
    "SELECT 1 INTO OUTFILE '/tmp/demo-must-not-be-written'",
])
def test_exporters_user_may_not(demo, statement):
    with demo.exporter_connection() as connection, connection.cursor() as cursor:
        with pytest.raises(pymysql.MySQLError) as caught:
            cursor.execute(statement.format(db=demo.tree.sites[NORMAL]["db_name"]))
    # Denied: the table, one of its columns, a privilege, the database, files.
    assert caught.value.args[0] in (1142, 1143, 1227, 1044, 1045)


@pytest.mark.parametrize("statement", [
    "SHOW GLOBAL STATUS", "SHOW GLOBAL VARIABLES", "SHOW FULL PROCESSLIST",
    "SHOW ENGINE INNODB STATUS", "SHOW ALL SLAVES STATUS",
    "SELECT COUNT(*) FROM mysql.innodb_table_stats",
])
def test_exporters_user_may(demo, statement):
    with demo.exporter_connection() as connection, connection.cursor() as cursor:
        cursor.execute(statement)


def test_a_sites_user_sees_no_other_site(demo):
    site, other = demo.tree.sites[NORMAL], demo.tree.sites[PAUSED]
    with pymysql.connect(host="127.0.0.1", port=demo.mariadb.port, user=site["db_name"],
                         password=site["db_password"]) as connection:
        cursor = connection.cursor()
        assert cursor.execute(f"SELECT * FROM `{site['db_name']}`.tabUser") == 3
        with pytest.raises(pymysql.MySQLError):
            cursor.execute(f"SELECT * FROM `{other['db_name']}`.tabUser")


# --- files ----------------------------------------------------------------------------------------

def test_bench_has_the_files_of_a_real_one(demo, captures):
    listing = (captures / "frappe-v15" / "bench" / "listing.txt").read_text()
    paths = {path for path in re.findall(r"T\S+ \./(\S+) ->", listing)}
    expected = {path for path in paths
                if re.fullmatch(r"(apps|config|logs|sites)(/(pids|apps\.txt|assets"
                                r"|common_site_config\.json|scheduler_process))?"
                                r"|apps/frappe(/frappe)?|patches\.txt"
                                r"|logs/(frappe|scheduler|web|web\.error|worker|worker\.error"
                                r"|schedule|schedule\.error)\.log", path)}
    assert len(expected) > 18
    expected |= {f"sites/{NORMAL}/{path.partition('/')[2].partition('/')[2]}" for path in paths
                 if re.fullmatch(r"sites/shop\.example\.com/(site_config\.json|locks|logs"
                                 r"|(public|private)(/(files|backups))?)", path)}
    wait_until(lambda: all((demo.bench_path / path).exists() for path in expected),
               f"all of {sorted(expected)}")


def test_configuration_has_the_keys_of_a_real_one(demo, captures):
    sites = demo.bench_path / "sites"
    real = captures / "frappe-v15" / "bench" / "sites"
    common = json.loads((sites / "common_site_config.json").read_text())
    wanted = json.loads((real / "common_site_config.json").read_text()).keys()
    assert wanted - common.keys() <= {"frappe_user", "logging"}
    site = json.loads((sites / NORMAL / "site_config.json").read_text())
    assert site.keys() == json.loads(
        (real / "shop.example.com" / "site_config.json").read_text()).keys()
    assert re.fullmatch(r"_[0-9a-f]{16}", site["db_name"])
