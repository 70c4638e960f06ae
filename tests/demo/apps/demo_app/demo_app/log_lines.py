# SPDX-License-Identifier: Apache-2.0
"""What a bench's processes write when something is wrong, line by line, and how often."""

import dataclasses


@dataclasses.dataclass(frozen=True)
class Line:
    log: str  # <log>.log
    level: str
    every: int  # one of so many records
    text: str  # with a number that no other record has
    trouble: bool = False  # who sees it on a real bench is called out of bed


# Texts as Frappe, gunicorn, PyMySQL, redis-py and RQ make them. web.error.log is gunicorn's; the
# others are logs of Frappe's loggers. (worker.log and worker.error.log are what the workers print.)
LINES = (
    Line("frappe", "ERROR", 2, "New Exception collected in error log\nSite: {site}\n"
         'Form Dict: {{"cmd": "frappe.desk.form.save.savedocs", "record": "{number}"}}'),
    Line("scheduler", "ERROR", 3,
         "Skipped queueing demo_app.tasks.sync_{number} because it was found in queue for {site}"),
    Line("web.error", "ERROR", 11, "WORKER TIMEOUT (pid:{number})"),
    Line("web.error", "ERROR", 37, "pymysql.err.OperationalError: (2006, \"MySQL server has gone "
         "away (BrokenPipeError(32, 'Broken pipe'))\") [{number}]"),
    Line("web.error", "ERROR", 41,
         "pymysql.err.OperationalError: (1040, 'Too many connections') [{number}]"),
    Line("web.error", "ERROR", 43, "Worker (pid:{number}) was sent SIGKILL! Perhaps out of memory?",
         trouble=True),
    Line("demo_app", "ERROR", 13, "frappe.exceptions.QueryDeadlockError: (1213, 'Deadlock found "
         "when trying to get lock; try restarting transaction') [{number}]"),
    Line("demo_app", "ERROR", 17, "frappe.exceptions.QueryTimeoutError: (1205, 'Lock wait timeout "
         "exceeded; try restarting transaction') [{number}]"),
    Line("demo_app", "ERROR", 19, "rq.timeouts.JobTimeoutException: Task exceeded maximum timeout "
         "value (300 seconds) [{number}]"),
    Line("demo_app", "WARNING", 23, "Moving job to FailedJobRegistry (Work-horse terminated "
         "unexpectedly; waitpid returned 9 (signal 9); ) [{number}]"),
    Line("demo_app", "ERROR", 29, "redis.exceptions.ConnectionError: Error 111 connecting to "
         "127.0.0.1:11000. Connection refused. [{number}]"),
    Line("demo_app", "ERROR", 31, "pymysql.err.OperationalError: (1054, \"Unknown column 'tax_id' "
         "in 'field list'\") [{number}]"),
    Line("demo_app", "ERROR", 47, "OSError: [Errno 28] No space left on device: "
         "'./private/files/{number}.pdf'", trouble=True),
)


def lines_of(record, trouble=False):
    """The lines that are due at that record. Most records say that all is well."""
    found = [line for line in LINES
             if record % line.every == line.every - 1 and (trouble or not line.trouble)]
    return found or [Line("demo_app", "INFO", 1, "Job OK ({site}::{number})")]
