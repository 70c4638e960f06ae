# SPDX-License-Identifier: Apache-2.0
"""One of the several processes that write the same logs, each with its own handlers."""

import argparse
import itertools
import logging
import pathlib
import threading

from demo_app.log_lines import lines_of
from frappe.utils.logger import MAX_BYTES, get_logger


def get_gunicorn_logger(folder):
    """Appends to web.error.log, which nobody renames: gunicorn only gets a file descriptor."""
    logger = logging.getLogger("gunicorn.error")
    if not logger.handlers:
        handler = logging.FileHandler(folder / "web.error.log")
        handler.setFormatter(logging.Formatter(
            "%(asctime)s [%(process)d] [%(levelname)s] %(message)s", "[%Y-%m-%d %H:%M:%S %z]"))
        logger.addHandler(handler)
        logger.propagate = False
    return logger


def write(line, number, options):
    if line.log == "web.error":
        logger = get_gunicorn_logger(options.folder)
    else:
        logger = get_logger(line.log, folder=options.folder, max_bytes=options.max_bytes)
    text = line.text.format(site="erp.example.com", number=number)
    logger.log(logging.getLevelName(line.level), "%s", text)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=pathlib.Path, required=True)
    parser.add_argument("--writer", type=int, default=1, help="begins the number of each record")
    parser.add_argument("--interval", type=float, default=1, help="seconds between two records")
    parser.add_argument("--records", type=int, help="ends after so many")
    parser.add_argument("--max-bytes", type=int, default=MAX_BYTES)
    parser.add_argument("--trouble", action="store_true", help="with the lines that raise an alert")
    options = parser.parse_args()
    pause = threading.Event()
    for record in itertools.count() if options.records is None else range(options.records):
        for line in lines_of(record, options.trouble):
            write(line, f"{options.writer}{record:08d}", options)
        pause.wait(options.interval)


if __name__ == "__main__":
    main()
