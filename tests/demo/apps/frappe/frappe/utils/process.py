# SPDX-License-Identifier: Apache-2.0
"""Ties the life of a process to that of its parent."""

import ctypes
import os
import signal

_PR_SET_PDEATHSIG = 1  # linux/prctl.h


def die_with_parent(parent):
    """SIGKILL for this process when the thread that made it ends. `parent` is that one's id."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG)")
    if os.getppid() != parent:  # It had ended before we asked.
        os._exit(1)
