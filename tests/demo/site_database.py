# SPDX-License-Identifier: Apache-2.0
"""A site's database: the tables that its processes use here, declared as Frappe 15 does."""

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
    "tabScheduled Job Log": _NUMBERED + "`status` varchar(140) DEFAULT 'Scheduled', "
                            "`scheduled_job_type` varchar(140) DEFAULT NULL, "
                            "`details` longtext DEFAULT NULL, "
                            "`debug_log` longtext DEFAULT NULL" + _MODIFIED,
}

_SCHEDULED = (("queue.flush", "frappe.email.queue.flush", "All"),
              ("email_account.pull",
               "frappe.email.doctype.email_account.email_account.pull", "All"),
              ("monitor.flush", "frappe.monitor.flush", "Cron"),
              ("log_settings.run_log_clean_up",
               "frappe.core.doctype.log_settings.log_settings.run_log_clean_up", "Daily Long"))
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
        for table, columns in TABLES.items():
            cursor.execute(f"CREATE TABLE `{table}` ({columns}) ENGINE=InnoDB ROW_FORMAT=DYNAMIC")
        _fill(cursor, scheduler_enabled)


def _fill(cursor, scheduler_enabled):
    cursor.executemany(
        "INSERT INTO tabSingles VALUES ('System Settings', %s, %s)",
        [("enable_scheduler", str(int(scheduler_enabled))), ("time_zone", "Europe/Berlin"),
         ("backup_limit", "3"), ("setup_complete", "1")])
    cursor.executemany("INSERT INTO tabSeries VALUES (%s, 0)", [(name,) for name in _SERIES])
    cursor.executemany(
        "INSERT INTO tabUser (name, creation, modified, email, user_type) "
        "VALUES (%s, NOW(6), NOW(6), %s, 'System User')",
        [(name, f"{name.lower()}@example.com") for name in ("Administrator", "Guest", "Clerk")])
    cursor.executemany(
        "INSERT INTO `tabScheduled Job Type` (name, creation, modified, method, frequency) "
        "VALUES (%s, NOW(6), NOW(6), %s, %s)", _SCHEDULED)


def create_exporter_user(connection, password):
    """Whom the exporter logs in as. Nothing it reads today needs a table of a site."""
    with connection.cursor() as cursor:
        for host in _LOCAL:
            user = f"`{EXPORTER_USER}`@`{host}`"
            cursor.execute(f"CREATE USER {user} IDENTIFIED BY %s", (password,))
            cursor.execute(f"GRANT PROCESS, BINLOG MONITOR, REPLICA MONITOR ON *.* TO {user}")
            cursor.execute(f"GRANT SELECT ON mysql.innodb_table_stats TO {user}")
