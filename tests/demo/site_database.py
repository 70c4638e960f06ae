# SPDX-License-Identifier: Apache-2.0
"""A site's database: the tables that its processes use here, declared as Frappe 15 does."""

import datetime
import json
import zoneinfo

from demo.bench_tree import PATCHES, app_version

TIME_ZONE = "Europe/Berlin"
EXPORTER_USER = "erpnext_exporter"
_LOCAL = ("localhost", "127.0.0.1")  # by the socket and by the port

_STANDARD = ("`creation` datetime(6) DEFAULT NULL, `modified` datetime(6) DEFAULT NULL, "
             "`modified_by` varchar(140) DEFAULT NULL, `owner` varchar(140) DEFAULT NULL, "
             "`docstatus` int(1) NOT NULL DEFAULT 0, `idx` int(8) NOT NULL DEFAULT 0, ")
_NAMED = "`name` varchar(140) NOT NULL PRIMARY KEY, " + _STANDARD
_NUMBERED = "`name` bigint(20) NOT NULL AUTO_INCREMENT PRIMARY KEY, " + _STANDARD
_MODIFIED = ", KEY `modified` (`modified`)"

TABLES = {
    "tabSingles": "`doctype` varchar(255) DEFAULT NULL, `field` varchar(255) DEFAULT NULL, "
                  "`value` longtext DEFAULT NULL, "
                  "KEY `singles_doctype_field_index` (`doctype`, `field`)",
    "tabSeries": "`name` varchar(100) NOT NULL PRIMARY KEY, "
                 "`current` int(10) NOT NULL DEFAULT 0",
    "tabUser": _NAMED + "`enabled` int(1) NOT NULL DEFAULT 1, `email` varchar(140) DEFAULT NULL, "
               "`user_type` varchar(140) DEFAULT NULL, `last_active` datetime(6) DEFAULT NULL"
               + _MODIFIED,
    "tabError Log": _NUMBERED + "`seen` int(1) NOT NULL DEFAULT 0, "
                    "`reference_doctype` varchar(140) DEFAULT NULL, "
                    "`reference_name` varchar(140) DEFAULT NULL, "
                    "`method` varchar(140) DEFAULT NULL, `error` longtext DEFAULT NULL, "
                    "`trace_id` varchar(140) DEFAULT NULL" + _MODIFIED,
    "tabScheduled Job Type": _NAMED + "`stopped` int(1) NOT NULL DEFAULT 0, "
                             "`method` varchar(140) DEFAULT NULL, "
                             "`frequency` varchar(140) DEFAULT NULL, "
                             "`cron_format` varchar(140) DEFAULT NULL, "
                             "`last_execution` datetime(6) DEFAULT NULL, "
                             "`create_log` int(1) NOT NULL DEFAULT 0" + _MODIFIED,
    "tabScheduled Job Log": _NAMED + "`status` varchar(140) DEFAULT 'Scheduled', "
                            "`scheduled_job_type` varchar(140) DEFAULT NULL, "
                            "`details` longtext DEFAULT NULL, "
                            "`debug_log` longtext DEFAULT NULL" + _MODIFIED,
    "tabActivity Log": _NUMBERED + "`subject` text DEFAULT NULL, "
                       "`operation` varchar(140) DEFAULT NULL, `status` varchar(140) DEFAULT NULL, "
                       "`user` varchar(140) DEFAULT NULL, `ip_address` varchar(140) DEFAULT NULL"
                       + _MODIFIED,
    "tabEmail Queue": _NAMED + "`status` varchar(140) DEFAULT 'Not Sent', "
                      "`error` longtext DEFAULT NULL, `send_after` datetime(6) DEFAULT NULL, "
                      "`priority` int(11) NOT NULL DEFAULT 1, `message` longtext DEFAULT NULL"
                      + _MODIFIED + ", KEY `index_bulk_flush` "
                      "(`status`, `send_after`, `priority`, `creation`)",
    "tabEmail Account": _NAMED + "`enable_incoming` int(1) NOT NULL DEFAULT 0, "
                        "`enable_outgoing` int(1) NOT NULL DEFAULT 0, "
                        "`awaiting_password` int(1) NOT NULL DEFAULT 0, "
                        "`no_failed` int(11) NOT NULL DEFAULT 0" + _MODIFIED,
    "tabCommunication": _NAMED + "`sent_or_received` varchar(140) DEFAULT NULL, "
                        "`communication_type` varchar(140) DEFAULT 'Communication', "
                        "`content` longtext DEFAULT NULL" + _MODIFIED,
    "tabSessions": "`user` varchar(255) DEFAULT NULL, `sid` varchar(255) DEFAULT NULL, "
                   "`lastupdate` datetime(6) DEFAULT NULL, KEY `sid` (`sid`)",
    "tabIntegration Request": _NAMED + "`status` varchar(140) DEFAULT 'Queued'" + _MODIFIED,
    "tabWebhook Request Log": _NAMED + "`error` text DEFAULT NULL" + _MODIFIED,
    "tabData Import": _NAMED + "`status` varchar(140) DEFAULT 'Pending'" + _MODIFIED,
    "tabPrepared Report": _NAMED + "`status` varchar(140) DEFAULT 'Queued', "
                          "KEY `status` (`status`)" + _MODIFIED,
    "tabUnhandled Email": _NAMED + "`reason` longtext DEFAULT NULL" + _MODIFIED,
    "tabLogs To Clear": _NAMED + "`ref_doctype` varchar(140) DEFAULT NULL, "
                        "`days` int(11) NOT NULL DEFAULT 30, `parent` varchar(140) DEFAULT NULL, "
                        "KEY `parent` (`parent`)",
    **{f"tab{doctype}": _NUMBERED.removesuffix(", ") + _MODIFIED for doctype in
       ("Access Log", "Deleted Document", "Notification Log", "Route History", "View Log")},
    "tabInstalled Application": _NAMED + "`app_name` varchar(140) DEFAULT NULL, "
                                "`app_version` varchar(140) DEFAULT NULL, "
                                "`git_branch` varchar(140) DEFAULT NULL, "
                                "`parent` varchar(140) DEFAULT NULL",
    "tabPatch Log": _NAMED + "`patch` longtext DEFAULT NULL, "
                    "`skipped` int(1) NOT NULL DEFAULT 0, `traceback` longtext DEFAULT NULL"
                    + _MODIFIED,
    "tabDefaultValue": _NAMED + "`parent` varchar(140) DEFAULT NULL, "
                       "`defkey` varchar(140) DEFAULT NULL, `defvalue` text DEFAULT NULL, "
                       "KEY `defaultvalue_parent_defkey_index` (`parent`, `defkey`)",
}

# What `erpnext-exporter grants` lets it read; a test compares.
EXPORTER_COLUMNS = {
    "tabAccess Log": ("creation",),
    "tabActivity Log": ("creation", "modified", "operation", "status"),
    "tabCommunication": ("communication_type", "creation", "modified", "sent_or_received"),
    "tabData Import": ("creation", "modified", "status"),
    "tabDefaultValue": ("defkey", "defvalue", "parent"),
    "tabDeleted Document": ("creation",),
    "tabEmail Account": ("awaiting_password", "enable_incoming", "enable_outgoing", "no_failed"),
    "tabEmail Queue": ("creation", "modified", "send_after", "status"),
    "tabError Log": ("creation", "error", "method", "modified", "name"),
    "tabInstalled Application": ("app_name", "app_version", "creation"),
    "tabIntegration Request": ("creation", "modified", "status"),
    "tabLogs To Clear": ("days", "parent", "ref_doctype"),
    "tabNotification Log": ("creation",),
    "tabPatch Log": ("creation", "patch", "skipped"),
    "tabPrepared Report": ("creation", "modified", "status"),
    "tabRoute History": ("creation",),
    "tabScheduled Job Log": ("creation", "modified", "name", "scheduled_job_type", "status"),
    "tabScheduled Job Type": ("creation", "cron_format", "frequency", "last_execution", "method",
                              "name", "stopped"),
    "tabSessions": ("lastupdate",),
    "tabSingles": ("doctype", "field", "value"),
    "tabUnhandled Email": ("creation", "modified"),
    "tabUser": ("creation", "enabled", "modified"),
    "tabView Log": ("creation",),
    "tabWebhook Request Log": ("creation", "error", "modified"),
}

_SCHEDULED = (("queue.flush", "frappe.email.queue.flush", "All"),
              ("email_account.pull",
               "frappe.email.doctype.email_account.email_account.pull", "All"),
              ("monitor.flush", "frappe.monitor.flush", "Cron"),
              ("log_settings.run_log_clean_up",
               "frappe.core.doctype.log_settings.log_settings.run_log_clean_up", "Daily Long"))
# Hours ago and result: one run failed in the last day, the next did not.
_PAST_RUNS = ((30, "Complete"), (20, "Failed"), (19, "Complete"))
_SERIES = ("SINV-", "LOCK-A-", "LOCK-B-")


def create(connection, site, scheduler_enabled):
    """`site` has db_name and db_password; its user sees this database alone."""
    name = site["db_name"]
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE DATABASE `{name}` "
                       "CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci")
        for host in _LOCAL:
            cursor.execute(f"CREATE USER `{name}`@`{host}` IDENTIFIED BY %s",
                           (site["db_password"],))
            cursor.execute(f"GRANT ALL PRIVILEGES ON `{name}`.* TO `{name}`@`{host}`")
        cursor.execute(f"USE `{name}`")
        # As everywhere in Frappe, times are those of the site's clock.
        offset = datetime.datetime.now(zoneinfo.ZoneInfo(TIME_ZONE)).strftime("%z")
        cursor.execute("SET time_zone = %s", (f"{offset[:3]}:{offset[3:]}",))
        for table, columns in TABLES.items():
            cursor.execute(f"CREATE TABLE `{table}` ({columns}) ENGINE=InnoDB ROW_FORMAT=DYNAMIC")
        _fill(cursor, scheduler_enabled)


def _fill(cursor, scheduler_enabled):
    cursor.executemany(
        "INSERT INTO tabSingles VALUES ('System Settings', %s, %s)",
        [("enable_scheduler", str(int(scheduler_enabled))), ("time_zone", TIME_ZONE),
         ("backup_limit", "3"), ("setup_complete", "1")])
    cursor.executemany("INSERT INTO tabSeries VALUES (%s, 0)", [(name,) for name in _SERIES])
    cursor.executemany(
        "INSERT INTO tabUser (name, creation, modified, email, user_type) "
        "VALUES (%s, NOW(6), NOW(6), %s, 'System User')",
        [(name, f"{name.lower()}@example.com") for name in ("Administrator", "Guest", "Clerk")])
    cursor.executemany(
        "INSERT INTO `tabScheduled Job Type` (name, creation, modified, method, frequency) "
        "VALUES (%s, NOW(6), NOW(6), %s, %s)", _SCHEDULED)
    cursor.executemany(
        "INSERT INTO `tabScheduled Job Log` (name, creation, modified, status, scheduled_job_type) "
        "VALUES (LEFT(MD5(RAND()), 10), NOW(6) - INTERVAL %s HOUR, NOW(6) - INTERVAL %s HOUR, %s, "
        "'log_settings.run_log_clean_up')",
        [(hours, hours, status) for hours, status in _PAST_RUNS])
    cursor.execute(
        "INSERT INTO `tabActivity Log` (creation, modified, subject, operation, status, user) VALUES "
        "(NOW(6), NOW(6), 'Clerk logged in', 'Login', 'Success', 'Clerk')")
    _fill_health(cursor)
    cursor.executemany(
        "INSERT INTO `tabInstalled Application` (name, creation, modified, app_name, app_version) "
        "VALUES (LEFT(MD5(RAND()), 10), NOW(6), NOW(6), %s, %s)",
        [(app, app_version(app)) for app in PATCHES])
    cursor.execute("INSERT INTO tabDefaultValue (name, parent, defkey, defvalue) "
                   "VALUES ('apps', '__global', 'installed_apps', %s)", (json.dumps(list(PATCHES)),))
    cursor.executemany(
        "INSERT INTO `tabPatch Log` (name, creation, modified, patch) "
        "VALUES (LEFT(MD5(RAND()), 10), NOW(6), NOW(6), %s)",
        [(patch,) for patches in PATCHES.values() for patch in patches])


def _fill_health(cursor):
    """A site that is well: old mail was sent, new mail waits for the next flush, little failed."""
    recent = "NOW(6) - INTERVAL 2 DAY, NOW(6) - INTERVAL 2 DAY"
    cursor.execute("INSERT INTO `tabEmail Account` (name, enable_incoming, enable_outgoing) "
                   "VALUES ('Notifications', 1, 1)")
    cursor.executemany(
        "INSERT INTO `tabEmail Queue` (name, creation, modified, status) VALUES "
        f"(LEFT(MD5(RAND()), 10), {recent}, %s)", [("Sent",)] * 40 + [("Error",)])
    cursor.executemany(
        "INSERT INTO `tabCommunication` (name, creation, modified, sent_or_received) VALUES "
        f"(LEFT(MD5(RAND()), 10), {recent}, %s)", [("Received",)] * 3 + [("Sent",)])
    # Two are for later; a mail that is due is put in by each run of a job, and sent by the flush.
    cursor.executemany(
        "INSERT INTO `tabEmail Queue` (name, creation, modified, status, send_after) VALUES "
        "(%s, NOW(6), NOW(6), 'Not Sent', NOW(6) + INTERVAL 30 DAY)", [("later-1",), ("later-2",)])
    cursor.execute(
        "INSERT INTO `tabActivity Log` (creation, modified, subject, operation, status, user) VALUES "
        f"({recent}, 'Incorrect password', 'Login', 'Failed', 'Clerk')")
    cursor.executemany(
        "INSERT INTO `tabLogs To Clear` (name, creation, modified, parent, ref_doctype, days) "
        "VALUES (LEFT(MD5(RAND()), 10), NOW(6), NOW(6), 'Log Settings', %s, %s)",
        [("Error Log", 14), ("Activity Log", 90), ("Email Queue", 30), ("Scheduled Job Log", 7)])
    cursor.execute("INSERT INTO tabSessions VALUES ('Clerk', 'demo-session', NOW(6))")
    for table, column, value in (
            ("Integration Request", "status", "Failed"), ("Webhook Request Log", "error", "refused"),
            ("Data Import", "status", "Success"), ("Prepared Report", "status", "Completed")):
        cursor.execute(f"INSERT INTO `tab{table}` (name, creation, modified, {column}) "
                       f"VALUES ('demo', {recent}, %s)", (value,))


def create_exporter_user(connection, password, databases, name=EXPORTER_USER):
    """Whom the exporter logs in as. Of the sites' databases it may read what it needs."""
    with connection.cursor() as cursor:
        for host in _LOCAL:
            user = f"`{name}`@`{host}`"
            cursor.execute(f"CREATE USER {user} IDENTIFIED BY %s", (password,))
            cursor.execute(f"GRANT PROCESS, BINLOG MONITOR, REPLICA MONITOR ON *.* TO {user}")
            cursor.execute(f"GRANT SELECT ON mysql.innodb_index_stats TO {user}")
            cursor.execute(f"GRANT SELECT ON mysql.innodb_table_stats TO {user}")
            for table in ("events_statements_summary_by_digest", "table_io_waits_summary_by_index_usage"):
                cursor.execute(f"GRANT SELECT ON performance_schema.{table} TO {user}")
            for database in databases:
                for table, columns in EXPORTER_COLUMNS.items():
                    names = ", ".join(f"`{column}`" for column in columns)
                    cursor.execute(f"GRANT SELECT ({names}) ON `{database}`.`{table}` TO {user}")
