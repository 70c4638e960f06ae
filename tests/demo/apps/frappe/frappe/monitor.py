# SPDX-License-Identifier: Apache-2.0
"""Writes down each request and each job as Frappe's monitor does, with its mistake."""

import datetime
import json
import time
import traceback
import uuid

import frappe
import redis

_SECONDS_TO_MICROSECONDS = 1_000_000


class Transaction:
    """One request or job, from its beginning to finish()."""

    def __init__(self, site, kind):
        self._site = site
        self._begin = time.monotonic()
        self._data = {"site": site, "transaction_type": kind, "uuid": str(uuid.uuid4()),
                      "timestamp": str(datetime.datetime.now(datetime.timezone.utc))}

    def finish_request(self, method, path, status, length):
        self._data["request"] = {"ip": "127.0.0.1", "method": method, "path": path,
                                 "response_length": length, "status_code": status}
        self._store()

    def finish_job(self, job, method, scheduled, exception):
        """`exception`: its class, which version 15 began to write."""
        self._data["job"] = {"method": method, "scheduled": scheduled}
        self._data["uuid"] = job.id  # in version 15 the same at each run of a scheduled job
        if job.enqueued_at:
            enqueued = job.enqueued_at.replace(tzinfo=datetime.timezone.utc)
            begun = datetime.datetime.fromisoformat(self._data["timestamp"])
            self._data["job"]["wait"] = int(
                (begun - enqueued).total_seconds() * _SECONDS_TO_MICROSECONDS)
        if exception:
            self._data["exception"] = exception
        self._store()

    def _store(self):
        self._data["duration"] = int((time.monotonic() - self._begin) * _SECONDS_TO_MICROSECONDS)
        text = json.dumps(self._data, sort_keys=True, separators=(",", ":"))
        try:
            frappe.get_redis("cache").rpush(_key(self._site), text)
        except redis.RedisError:
            traceback.print_exc()  # Frappe goes on without it, too.


def flush(site):
    """What each site's scheduler does every four minutes, and here with each tick."""
    cache, key = frappe.get_redis("cache"), _key(site)
    lines = [line.decode() for line in cache.lrange(key, 0, -1)]
    if lines:
        with open(frappe.log_path("monitor.json.log"), "a") as log:
            log.write("\n".join(lines) + "\n")
        # Frappe's own mistake: the index of the last entry, not the one behind it. So that entry
        # stays, and is written again.
        cache.ltrim(key, len(lines) - 1, -1)


def _key(site):
    return f"{frappe.get_conf(site)['db_name']}|monitor-transactions"
