# SPDX-License-Identifier: Apache-2.0
"""Jobs for workers of a real RQ."""

import signal
import time


def ok():
    pass


def fail():
    raise ValueError("as told")


def sleep(seconds):
    time.sleep(seconds)


def sleep_and_hear_nothing(seconds):
    """As code in C that holds the interpreter: the signal of the time limit does not get through."""
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGALRM})
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        time.sleep(0.1)
