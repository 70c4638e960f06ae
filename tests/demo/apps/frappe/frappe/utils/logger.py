# SPDX-License-Identifier: Apache-2.0
"""Loggers that rotate as Frappe's do: one handler in each process, none knows of the others."""

import fcntl
import logging
import logging.handlers
import os
import pathlib

import frappe

# frappe/utils/logger.py of version 15.
MAX_BYTES = 100_000
FILE_COUNT = 20


class _Handler(logging.handlers.RotatingFileHandler):
    def doRollover(self):
        # Two processes that rename at the same moment delete a file of each other. That is so rare
        # on a bench, and would make so many lines vanish, that the demo leaves it out. What happens
        # all the time stays: others go on writing into the file that was renamed.
        folder = os.open(os.path.dirname(self.baseFilename), os.O_RDONLY | os.O_DIRECTORY)
        try:
            fcntl.flock(folder, fcntl.LOCK_EX)
            super().doRollover()
        finally:
            os.close(folder)


def get_logger(module, folder=None, max_bytes=MAX_BYTES):
    """The logger of `<module>.log`."""
    logger = logging.getLogger(f"demo.{module}")
    if not logger.handlers:
        path = pathlib.Path(folder or frappe.log_path("")) / f"{module}.log"
        handler = _Handler(path, maxBytes=max_bytes, backupCount=FILE_COUNT)
        handler.setFormatter(logging.Formatter(f"%(asctime)s %(levelname)s {module} %(message)s"))
        logger.addHandler(handler)
        logger.propagate = False
        logger.setLevel(logging.DEBUG)
    return logger
