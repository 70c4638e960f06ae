# SPDX-License-Identifier: Apache-2.0
"""Jobs of the demo bench. What goes wrong in them goes wrong for real, in MariaDB or the kernel."""

import os
import signal
import threading
import time

import frappe
import pymysql


def ok(site, **unused):
    """What most jobs do: a few statements and a commit."""
    with frappe.connect(site) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT COUNT(*) FROM tabUser WHERE enabled = 1")
        cursor.execute("UPDATE tabSeries SET current = current + 1 WHERE name = 'SINV-'")
        connection.commit()


def slow(site, seconds):
    with frappe.connect(site) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT COUNT(*) FROM `tabError Log`")
    time.sleep(seconds)


def fail(site, customer):
    raise ValueError(f"bad value for {customer}")


def be_killed(site):
    """Ends the work horse as the kernel does when memory is short."""
    os.kill(os.getpid(), signal.SIGKILL)


def slow_query(site, seconds):
    with frappe.connect(site) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT SLEEP(%s)", (seconds,))


def missing_column(site):
    with frappe.connect(site) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT added_by_the_next_version FROM tabUser LIMIT 1")


def lock_wait(site):
    """Waits for a row that another connection holds, until MariaDB gives up (error 1205)."""
    with frappe.connect(site) as holder, frappe.connect(site) as waiter:
        _add_one(holder, "LOCK-A-")
        waiter.cursor().execute("SET SESSION innodb_lock_wait_timeout = 1")
        _add_one(waiter, "LOCK-A-")


def deadlock(site):
    """Two transactions take the same two rows, each in its own order (error 1213)."""
    with frappe.connect(site) as first, frappe.connect(site) as second:
        _add_one(first, "LOCK-A-")
        _add_one(second, "LOCK-B-")
        victims = []

        def cross():
            try:
                _add_one(first, "LOCK-B-")
            except pymysql.MySQLError as error:
                victims.append(error)

        other = threading.Thread(target=cross)
        other.start()
        try:
            _add_one(second, "LOCK-A-")
        except pymysql.MySQLError as error:
            victims.append(error)
        finally:
            second.rollback()
            other.join()
        if victims:
            raise victims[0]


def _add_one(connection, series):
    connection.cursor().execute(
        "UPDATE tabSeries SET current = current + 1 WHERE name = %s", (series,))
