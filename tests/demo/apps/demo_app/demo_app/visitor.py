# SPDX-License-Identifier: Apache-2.0
"""Asks the web server for what users ask for: a few pages, again and again."""

import http.client
import itertools
import threading

import frappe

# The last one is no page: some visitors always have an old link.
PATHS = ("/login", "/app/home", "/api/resource/ToDo", "/api/method/frappe.desk.query_report.run",
         "/app/home", "/old-link")
PAUSE = 0.5


def run():
    conf = frappe.get_conf()
    pause = threading.Event()
    for path in itertools.cycle(PATHS):
        connection = http.client.HTTPConnection("127.0.0.1", conf["webserver_port"], timeout=5)
        try:
            connection.request("GET", path, headers={"Host": conf["default_site"]})
            connection.getresponse().read()
        except (OSError, http.client.HTTPException):
            pass  # Away, as the outage tests want it; users come back as well.
        finally:
            connection.close()
        pause.wait(PAUSE)
