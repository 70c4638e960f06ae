# SPDX-License-Identifier: Apache-2.0
"""The command line that a bench's processes show: `... -m frappe.utils.bench_helper frappe ...`."""

import argparse

from frappe import app
from frappe.utils import background_jobs, scheduler


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program", choices=["frappe"])
    commands = parser.add_subparsers(dest="command", required=True)
    worker = commands.add_parser("worker")
    worker.add_argument("--queue", required=True)
    commands.add_parser("schedule")
    serve = commands.add_parser("serve")
    serve.add_argument("--port", type=int, required=True)
    arguments = parser.parse_args()
    if arguments.command == "worker":
        background_jobs.start_worker(arguments.queue.split(","))
    elif arguments.command == "schedule":
        scheduler.start_scheduler()
    else:
        app.serve(arguments.port)


if __name__ == "__main__":
    main()
