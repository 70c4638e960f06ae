# SPDX-License-Identifier: Apache-2.0
"""Ports for servers that go away for a while and come back on the same port."""

import pathlib
import random
import socket

from support.processes import free_port

_LOWEST = 10_000
_ATTEMPTS = 100


def server_port():
    """A free port of the loopback interface that no outgoing connection is given meanwhile."""
    outgoing = pathlib.Path("/proc/sys/net/ipv4/ip_local_port_range").read_text()
    end = int(outgoing.split()[0])
    for _ in range(_ATTEMPTS if end > _LOWEST else 0):
        port = random.randrange(_LOWEST, end)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
                return port
            except OSError:
                continue
    return free_port()
