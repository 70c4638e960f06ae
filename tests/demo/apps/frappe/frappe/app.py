# SPDX-License-Identifier: Apache-2.0
"""The web server: answers a site's ping as gunicorn with Frappe 15 does."""

import email.utils
import http.server
import json
import pathlib
import socketserver
import time
import traceback
import uuid

import frappe
import pymysql
import redis
from frappe.monitor import Transaction

_PINGS = ("/api/method/ping", "/api/method/frappe.ping")
# What else there is to ask for, and what comes: a page, the desk, a list, a report of half a second.
_PAGES = {"/login": (200, 0.01), "/app/home": (200, 0.05), "/api/resource/ToDo": (403, 0.01),
          "/api/method/frappe.desk.query_report.run": (200, 0.5)}
_COOKIES = ("sid=Guest; HttpOnly; Path=/; SameSite=Lax", "system_user=no; Path=/; SameSite=Lax",
            "full_name=Guest; Path=/; SameSite=Lax", "user_id=Guest; Path=/; SameSite=Lax",
            "user_image=; Path=/; SameSite=Lax")
_PHRASES = {200: "OK", 403: "FORBIDDEN",
            404: "NOT FOUND", 500: "INTERNAL SERVER ERROR", 503: "SERVICE UNAVAILABLE"}


class SessionStopped(Exception):
    """Maintenance mode."""


SessionStopped.__module__ = "frappe.exceptions"


def serve(port):
    with _Server(("127.0.0.1", port), _Handler) as server:
        server.serve_forever()


def ping(site):
    """Opens the site as every request does: configuration, database, cache."""
    conf = frappe.get_conf(site)
    with frappe.connect(site) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT value FROM tabSingles WHERE doctype = 'System Settings' LIMIT 1")
    if conf.get("maintenance_mode"):
        raise SessionStopped("Session Stopped")
    defaults = f"{conf['db_name']}|defaults"
    if not frappe.get_redis("cache").hget(defaults, "__default"):
        frappe.get_redis("cache").hset(defaults, "__default", json.dumps({"country": "Germany"}))
    return {"message": "pong"}


class _Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
    daemon_threads = True
    request_queue_size = 64


class _Handler(http.server.BaseHTTPRequestHandler):
    server_version = "gunicorn"
    sys_version = ""
    protocol_version = "HTTP/1.1"
    timeout = 30

    def do_GET(self):
        site = self.headers.get("X-Frappe-Site-Name") or self.headers.get("Host", "")
        site = site.rpartition(":")[0] or site
        if pathlib.PurePath(site).name != site or site not in frappe.get_sites():
            self._not_found(f"{site} does not exist")
            return
        transaction = Transaction(site, "request")
        path = self.path.partition("?")[0]
        if path in _PINGS:
            self._ping(site)
        elif path in _PAGES:
            self._page(*_PAGES[path])
        else:
            self._not_found("The page you are looking for is not here.")
        transaction.finish_request(self.command, path, self._status, self._length)

    do_HEAD = do_GET

    def _page(self, status, seconds):
        time.sleep(seconds)
        self._send_json(status, {})

    def _ping(self, site):
        try:
            self._send_json(200, ping(site))
        except SessionStopped as error:
            self._send_error(503, error)
        except (pymysql.MySQLError, redis.RedisError, OSError) as error:
            traceback.print_exc()  # Goes to web.error.log.
            self._send_error(500, error)

    def _send_error(self, status, error):
        kind = type(error)
        self._send_json(status, {
            "exception": f"{kind.__module__}.{kind.__name__}: {error}",
            "exc_type": kind.__name__,
            "exc": json.dumps(["".join(traceback.format_exception(error))])})

    def _send_json(self, status, answer):
        body = json.dumps(answer, separators=(",", ":")).encode()
        self._send(status, "application/json", body, _COOKIES)

    def _not_found(self, text):
        body = ("<!doctype html>\n<html lang=en>\n<title>404 Not Found</title>\n"
                f"<h1>Not Found</h1>\n<p>{text}</p>\n")
        self._send(404, "text/html; charset=utf-8", body.encode(), ())

    def _send(self, status, content_type, body, cookies):
        self.close_connection = True
        self._status, self._length = status, len(body)
        self.log_request(status)
        self.send_response_only(status, _PHRASES[status])
        for name, value in [("Server", "gunicorn"),
                            ("Date", email.utils.formatdate(usegmt=True)),
                            ("Connection", "close"), ("Content-Type", content_type),
                            ("Content-Length", str(len(body))),
                            *(("Set-Cookie", cookie) for cookie in cookies)]:
            self.send_header(name, value)
        if cookies:
            self.send_header("X-Frappe-Request-Id", str(uuid.uuid4()))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, *unused):
        """Gunicorn keeps no access log on a bench."""
