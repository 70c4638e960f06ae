# SPDX-License-Identifier: Apache-2.0
"""Plays as much of MariaDB's protocol as it takes to send a client a wrong answer.

Packets as https://mariadb.com/kb/en/clientserver-protocol/ describes them.
"""

import struct

_CAPABILITIES = 0x1 | 0x200 | 0x2000 | 0x8000 | 0x80000  # 4.1 protocol, native password
_OK = b"\x00\x00\x00\x02\x00\x00\x00"
_EOF = b"\xfe\x00\x00\x02\x00"


def packet(sequence, payload):
    return struct.pack("<I", len(payload))[:3] + bytes([sequence % 256]) + payload


def greeting(version=b"5.5.5-10.11.6-MariaDB"):
    return packet(0, b"\x0a" + version + b"\x00" + struct.pack("<I", 1) + b"saltsalt\x00" +
                  struct.pack("<HBHHB", _CAPABILITIES & 0xFFFF, 33, 2, _CAPABILITIES >> 16, 21) +
                  b"\x00" * 10 + b"saltsaltsalt\x00mysql_native_password\x00")


def _text(value):
    return bytes([len(value)]) + value


def _column(name):
    return (_text(b"def") + _text(b"") * 3 + _text(name) * 2 +
            struct.pack("<BHIBHBH", 12, 33, 1024, 0xFD, 0, 0, 0))


def _asks(request):
    """Not what only sets up a session."""
    return b"SHOW" in request or b"FROM information_schema" in request


def _error(number):
    return b"\xff" + struct.pack("<H", number) + b"#HY000no"


def mysql(connection):
    """MySQL, which knows no max_statement_time, and answers each question with one row."""
    connection.send(greeting(b"8.0.36"))
    connection.receive()
    connection.send(packet(2, _OK))
    while request := connection.receive():
        if b"max_statement_time" in request:
            connection.send(packet(1, _error(1193)))
        elif _asks(request):
            parts = (b"\x02", _column(b"Variable_name"), _column(b"Value"), _EOF,
                     _text(b"Threads_connected") + _text(b"7"), _EOF)
            connection.send(b"".join(packet(i + 1, part) for i, part in enumerate(parts)))
        else:
            connection.send(packet(1, _OK))


def endless_rows(connection, total=1 << 30):
    """Lets everybody in, and answers each question with a gigabyte of rows."""
    connection.send(greeting())
    connection.receive()
    connection.send(packet(2, _OK))
    while request := connection.receive():
        if not _asks(request):
            connection.send(packet(1, _OK))
            continue
        head = [b"\x02", _column(b"Variable_name"), _column(b"Value"), _EOF]
        if not connection.send(b"".join(packet(i + 1, part) for i, part in enumerate(head))):
            return
        row = _text(b"Threads_connected") + b"\xfd" + struct.pack("<I", 60_000)[:3] + b"7" * 60_000
        for number in range(total // len(row)):
            if not connection.send(packet(len(head) + 1 + number, row)):
                return


def close_in_an_answer(connection):
    """Lets everybody in, and closes in the middle of the answer to a question."""
    connection.send(greeting())
    connection.receive()
    connection.send(packet(2, _OK))
    while request := connection.receive():
        if _asks(request):
            connection.send(packet(1, b"\x02") + packet(2, _column(b"Variable_name"))[:9])
            return
        connection.send(packet(1, _OK))
