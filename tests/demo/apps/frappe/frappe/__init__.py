# SPDX-License-Identifier: Apache-2.0
"""Stands in for Frappe on the demo bench: as much of it as makes its processes look the same."""

import datetime
import functools
import json
import pathlib
import zoneinfo

import pymysql
import redis

__version__ = "15.8.1"

TIME_ZONE = "Europe/Berlin"  # of all sites, as their System Settings say


def bench_path():
    """Three levels above this package, as Frappe finds it: <bench>/apps/frappe/frappe."""
    return pathlib.Path(__file__).resolve().parents[3]


def get_bench_id():
    return get_conf().get("bench_id") or str(bench_path()).strip("/").replace("/", "-")


def get_conf(site=None):
    """common_site_config.json, with the site's own configuration over it."""
    sites = bench_path() / "sites"
    conf = json.loads((sites / "common_site_config.json").read_text())
    if site:
        conf.update(json.loads((sites / site / "site_config.json").read_text()))
    return conf


def get_sites():
    sites = bench_path() / "sites"
    return sorted(entry.name for entry in sites.iterdir()
                  if entry.is_dir() and (entry / "site_config.json").exists())


@functools.cache
def get_redis(role):
    return redis.Redis.from_url(get_conf()[f"redis_{role}"])


def connect(site):
    """A new connection to the site's database as the site's own user, on the site's clock."""
    conf = get_conf(site)
    offset = datetime.datetime.now(zoneinfo.ZoneInfo(TIME_ZONE)).strftime("%z")
    return pymysql.connect(
        host=conf["db_host"], port=conf["db_port"], user=conf["db_name"],
        password=conf["db_password"], database=conf["db_name"], charset="utf8mb4",
        connect_timeout=10, init_command=f"SET time_zone = '{offset[:3]}:{offset[3:]}'")


def log_path(name):
    return bench_path() / "logs" / name


def is_scheduler_inactive(site):
    """The tests of Frappe's scheduler, in its order: files first, then System Settings."""
    conf = get_conf(site)
    if conf.get("maintenance_mode") or conf.get("pause_scheduler") or conf.get("disable_scheduler"):
        return True
    with connect(site) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT value FROM tabSingles "
                       "WHERE doctype = 'System Settings' AND field = 'enable_scheduler'")
        row = cursor.fetchone()
    return not row or row[0] != "1"
