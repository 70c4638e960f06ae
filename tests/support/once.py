# SPDX-License-Identifier: Apache-2.0
"""One collection of everything by the real exporter, in a process of its own."""

import subprocess

from support import exporter


def once(*arguments, program=None):
    """What `erpnext-exporter once` prints. It must succeed, with all collectors."""
    done = subprocess.run([program or exporter.binary(), "once", *map(str, arguments)],
                          capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, f"exit {done.returncode}: {done.stderr}"
    return done.stdout
