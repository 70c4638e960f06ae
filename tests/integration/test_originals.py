# SPDX-License-Identifier: Apache-2.0
"""Our node_* and mysql_* families beside those of the original exporters, on the same host and
server at the same time: the same names, types, labels and values, but for what originals.allow says."""

import fnmatch
import pathlib

import pytest
from support.bench_folder import BenchFolder
from support.exporter import once
from support.originals import Families, mysqld_exporter, node_exporter

ALLOW = pathlib.Path(__file__).with_name("originals.allow")
# Families of the originals about themselves.
OWN = ("node_scrape_", "node_exporter_", "mysql_exporter_", "mysqld_exporter_")


def allowed():
    """List of (pattern, what differs)."""
    rows = []
    for line in ALLOW.read_text().splitlines():
        if line and not line.startswith("#"):
            pattern, what, reason = line.split(maxsplit=2)
            assert what in ("missing", "extra", "typed", "type", "labels") and len(reason) > 10, line
            rows.append((pattern, what))
    return rows


def differences(ours, theirs):
    """Set of (family, what differs, how)."""
    found = {(name, "missing", theirs.types[name]) for name in theirs.types.keys() - ours.types.keys()}
    found |= {(name, "extra", ours.types[name]) for name in ours.types.keys() - theirs.types.keys()}
    for name in ours.types.keys() & theirs.types.keys():
        if ours.types[name] != theirs.types[name]:
            what = "typed" if theirs.types[name] == "untyped" else "type"
            found.add((name, what, f"{ours.types[name]}, there {theirs.types[name]}"))
        if ours.labels[name] != theirs.labels[name]:
            found.add((name, "labels", f"{ours.labels[name]}, there {theirs.labels[name]}"))
    return {row for row in found if not row[0].startswith(OWN)}


def assert_same(found, prefix):
    rows = [row for row in allowed() if row[0].startswith(prefix)]
    surprises = {row for row in found if not any(
        what == row[1] and fnmatch.fnmatchcase(row[0], pattern) for pattern, what in rows)}
    assert not surprises, "\n".join(" ".join(row) for row in sorted(surprises))
    unused = [row for row in rows if not any(
        row[1] == what and fnmatch.fnmatchcase(name, row[0]) for name, what, _ in found)]
    assert not unused, f"no longer needed in {ALLOW.name}: {unused}"


def between(ours_before, theirs, ours_after, name, slack=0.0):
    """A counter of theirs lies between two readings of ours; returns what does not."""
    wrong = []
    for labels, value in theirs.values[name].items():
        before, after = ours_before.values[name].get(labels), ours_after.values[name].get(labels)
        if before is None or after is None or not before - slack <= value <= after + slack:
            wrong.append((name, labels, before, value, after))
    return wrong


@pytest.fixture(scope="module")
def bench(tmp_path_factory, mariadb):
    return BenchFolder(tmp_path_factory.mktemp("beside") / "bench", db_port=mariadb.port)


@pytest.fixture(scope="module")
def host(tmp_path_factory, program, bench):
    """Ours, theirs, ours again."""
    def ours():
        samples, stderr = once(bench.path, collectors=("cpu", "filesystem", "memory", "pressure"),
                               program=program)
        assert stderr == ""
        return Families(samples.text, "node_")
    with node_exporter(tmp_path_factory.mktemp("node")) as original:
        return ours(), Families(original.text(), "node_"), ours()


DATABASE_COLLECTORS = ("mariadb_status", "mariadb_variables", "mariadb_activity", "mariadb_innodb",
                       "mariadb_userstat", "mariadb_replication")
PRIVILEGES = "PROCESS, BINLOG MONITOR, REPLICA MONITOR"
# Of mysqld_exporter, besides its default.
MORE = ("info_schema.userstats", "info_schema.clientstats", "info_schema.tablestats",
        "info_schema.schemastats", "binlog_size")
# A family of each of them: that both are silent would be no agreement.
PRESENT = ("mysql_info_schema_user_statistics_busy_seconds_total",
           "mysql_info_schema_client_statistics_bytes_sent_total",
           "mysql_info_schema_table_statistics_rows_changed_total",
           "mysql_info_schema_schema_statistics_rows_read_total", "mysql_binlog_size_bytes")


@pytest.fixture(scope="module")
def database(tmp_path_factory, program, bench, mariadb):
    folder = tmp_path_factory.mktemp("mysqld")
    (folder / "password").write_text("exporter-secret")
    with mariadb.connect() as connection, connection.cursor() as cursor:
        cursor.execute("CREATE USER IF NOT EXISTS original@'127.0.0.1' IDENTIFIED BY 'original'")
        cursor.execute(f"GRANT {PRIVILEGES} ON *.* TO original@'127.0.0.1', exporter@'127.0.0.1'")
        cursor.execute("CREATE DATABASE beside")
        cursor.execute("CREATE TABLE beside.`tabBin` (name VARCHAR(20) PRIMARY KEY)")
        cursor.execute("GRANT SELECT ON beside.* TO original@'127.0.0.1', exporter@'127.0.0.1'")
        cursor.execute("SET GLOBAL userstat = ON")
        connection.commit()

    def ours():
        samples, stderr = once(bench.path, "--mariadb.user=exporter",
                               f"--mariadb.password-file={folder}/password",
                               collectors=DATABASE_COLLECTORS, program=program)
        assert stderr == ""
        return Families(samples.text, "mysql_")
    # A session that both see.
    with mariadb.connect() as connection, connection.cursor() as cursor, \
            mysqld_exporter(folder, mariadb.port, "original", "original", MORE) as original:
        cursor.execute("INSERT INTO beside.`tabBin` VALUES ('A'), ('B')")
        cursor.execute("SELECT COUNT(*) FROM beside.`tabBin`")
        yield ours(), Families(original.text(), "mysql_"), ours()
    with mariadb.connect() as connection, connection.cursor() as cursor:
        cursor.execute("SET GLOBAL userstat = OFF")
        cursor.execute("DROP DATABASE beside")
        cursor.execute("REVOKE SELECT ON beside.* FROM exporter@'127.0.0.1'")
        cursor.execute(f"REVOKE {PRIVILEGES} ON *.* FROM exporter@'127.0.0.1'")


def test_families_of_the_host(host):
    before, theirs, _ = host
    assert len(theirs.types) > 70
    assert_same(differences(before, theirs), "node_")


def test_families_of_the_database(database):
    before, theirs, _ = database
    assert len(theirs.types) > 400
    assert [name for name in PRESENT if name not in theirs.types] == []
    assert_same(differences(before, theirs), "mysql_")


# What the rules and the dashboard of mysqld-mixin (2026-08) ask for, less replication, which a test of
# its own has, Galera, and what is of MySQL alone.
MIXIN = ["mysql_up", *(f"mysql_global_status_{name}" for name in """
    aborted_clients aborted_connects buffer_pool_pages bytes_received bytes_sent commands_total
    created_tmp_disk_tables created_tmp_files created_tmp_tables handlers_total innodb_log_waits
    innodb_mem_adaptive_hash innodb_mem_dictionary innodb_num_open_files innodb_page_size
    max_used_connections open_files open_table_definitions open_tables opened_files
    opened_table_definitions opened_tables qcache_free_memory qcache_hits qcache_inserts
    qcache_lowmem_prunes qcache_not_cached qcache_queries_in_cache queries questions select_full_join
    select_full_range_join select_range select_range_check select_scan slow_queries sort_merge_passes
    sort_range sort_rows sort_scan table_locks_immediate table_locks_waited table_open_cache_hits
    table_open_cache_misses table_open_cache_overflows threads_cached threads_connected
    threads_created threads_running uptime""".split()), *(f"mysql_global_variables_{name}" for name in """
    innodb_buffer_pool_size innodb_log_buffer_size key_buffer_size max_connections open_files_limit
    query_cache_size table_definition_cache table_open_cache thread_cache_size""".split())]


def test_families_that_the_mixin_asks_for(database):
    ours, _, _ = database
    assert [name for name in MIXIN if not ours.values.get(name)] == []
    commands = {dict(labels)["command"] for labels in ours.values["mysql_global_status_commands_total"]}
    assert {"commit", "rollback", "select"} <= commands
    states = {dict(labels)["state"] for labels in ours.values["mysql_global_status_buffer_pool_pages"]}
    assert "data" in states


# Readings that stand still.
EQUAL = ("node_filesystem_size_bytes", "node_filesystem_files", "node_filesystem_readonly",
         "node_filesystem_device_error", "node_memory_MemTotal_bytes", "node_memory_SwapTotal_bytes",
         "node_memory_HugePages_Total", "node_memory_Hugepagesize_bytes", "node_boot_time_seconds")


@pytest.mark.parametrize("name", EQUAL)
def test_sizes_are_equal(host, name):
    before, theirs, after = host
    assert theirs.values[name], name
    if before.values[name] == after.values[name]:  # nothing was mounted meanwhile
        assert before.values[name] == theirs.values[name]


def test_free_space_is_close(host):
    before, theirs, _ = host
    for name in ("node_filesystem_free_bytes", "node_filesystem_avail_bytes"):
        for labels, value in theirs.values[name].items():
            assert before.values[name][labels] == pytest.approx(value, abs=256 << 20), labels


def test_counters_of_the_host_agree(host):
    wrong = []
    for name in ("node_cpu_seconds_total", "node_context_switches_total", "node_forks_total",
                 "node_intr_total", "node_vmstat_pgfault", "node_vmstat_pgmajfault",
                 "node_vmstat_pgpgin", "node_vmstat_pgpgout", "node_vmstat_oom_kill",
                 "node_pressure_cpu_waiting_seconds_total", "node_pressure_io_waiting_seconds_total",
                 "node_pressure_memory_waiting_seconds_total"):
        # The kernel lets idle and iowait go back by a tick or two; seconds are made from
        # microseconds in two ways, which differ in the last digit.
        slack = 0.05 if name == "node_cpu_seconds_total" else 1e-6
        wrong += between(*host, name, slack)
    assert not wrong


def disagreements(before, theirs, after):
    """Values of theirs that do not lie between two readings of ours, for all families of both; of
    levels, which go up and down, those that are far from them."""
    wrong = []
    for name, labels in sorted(theirs.values.items()):
        if name not in before.values or name.startswith(OWN):
            continue
        for key, value in labels.items():
            low, high = before.values[name].get(key), after.values[name].get(key)
            if low is None or high is None:
                wrong.append(f"{name} {key} is missing")
            elif not min(low, high) <= value <= max(low, high):
                if before.types[name] == "counter" or abs(value - low) > max(5, 0.5 * abs(low)):
                    wrong.append(f"{name} {key}: {low} {value} {high}")
    return wrong


def test_values_of_the_database_agree(database):
    wrong = disagreements(*database)
    assert not wrong, "\n".join(wrong)
