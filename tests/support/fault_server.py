# SPDX-License-Identifier: Apache-2.0
"""A server that stands before a real one and misbehaves in a chosen way, for as long as it is told to."""

import contextlib
import os
import select
import socket
import threading

# What a real answer begins with, so that a server can stop in its middle or go on for ever.
REDIS_BEGIN = b"$1073741824\r\nredis_version:7.0.15\r\n"
HTTP_BEGIN = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 1073741824\r\n\r\n{"
PONG = b"HTTP/1.1 200 OK\r\nContent-Length: 18\r\nConnection: close\r\n\r\n{\"message\":\"pong\"}"
GARBAGE = bytes(range(256)) * 16  # neither a reply, nor a greeting, nor a status line


class Connection:
    """One client. Every wait ends when the fault ends."""

    def __init__(self, client, stop):
        self.client, self._stop = client, stop

    def pause(self, seconds):
        """False when the fault has ended."""
        return not self._stop.wait(seconds)

    def send(self, data):
        """False when the client has gone or the fault has ended."""
        view = memoryview(data)
        while view and not self._stop.is_set():
            _, writable, _ = select.select([], [self.client], [], 0.05)
            if writable:
                view = view[self.client.send(view):]
        return not view

    def receive(self):
        """What the client sent; empty when it has gone or the fault has ended."""
        while not self._stop.is_set():
            readable, _, _ = select.select([self.client], [], [], 0.05)
            if readable:
                return self.client.recv(65536)
        return b""


def hang(connection):
    connection.pause(None)


def drip(begin=GARBAGE):
    def handle(connection):
        for byte in begin * 1000:
            if not connection.send(bytes([byte])) or not connection.pause(1):
                return
    return handle


def garbage(connection):
    connection.send(GARBAGE)
    connection.pause(None)


def flood(begin, total=1 << 30):
    """Answers each request with a gigabyte, if the client takes so much."""
    block = b"x" * (1 << 16)

    def handle(connection):
        if not connection.receive() or not connection.send(begin):
            return
        for _ in range(total // len(block)):
            if not connection.send(block):
                return
    return handle


def close_in_the_middle(begin):
    def handle(connection):
        if connection.receive():
            connection.send(begin)
    return handle


def answer(text):
    def handle(connection):
        if connection.receive():
            connection.send(text)
    return handle


class FaultServer:
    """Listens on a TCP port of the loopback interface that stays the same, or on a unix socket.

    `backend` is where a healthy server is ((host, port) or a path), or a handler that plays one;
    `source` the address from which it is asked.
    """

    def __init__(self, backend, unix_socket=None, source=None):
        self.backend = backend
        self._source = source
        self._unix_socket = unix_socket and str(unix_socket)
        self._lock = threading.Lock()
        self._handler, self._stop, self._listener = None, None, None
        self._address = None
        self._threads = []
        self.taken = 0  # connections since the last change
        self._serve(self._healthy)

    @property
    def port(self):
        return self._address[1]

    # Changing the behaviour ends all connections that live by the old one.

    def heal(self):
        self._end()
        self._serve(self._healthy)

    def fail(self, handler):
        self._end()
        self._serve(handler)

    def refuse(self):
        """Nobody listens; a unix socket is not even there."""
        self._end()

    @contextlib.contextmanager
    def fault(self, handler):
        """`handler` None: refuses."""
        self.refuse() if handler is None else self.fail(handler)
        try:
            yield self
        finally:
            self.heal()

    def stop(self):
        self._end()

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.stop()

    def _serve(self, handler):
        listener = self._listen()
        stop = threading.Event()
        with self._lock:
            self._handler, self._stop, self._listener, self.taken = handler, stop, listener, 0
        self._start(self._accept, listener, stop, handler)

    def _listen(self):
        if self._unix_socket:
            listener = socket.socket(socket.AF_UNIX)
            listener.bind(self._unix_socket)
        else:
            listener = socket.socket()
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(self._address or ("127.0.0.1", 0))
            self._address = listener.getsockname()
        listener.listen(64)
        return listener

    def _end(self):
        if self._stop is None:
            return
        self._stop.set()
        for thread in self._threads:
            thread.join(10)
        self._threads = []
        self._stop = None
        if self._unix_socket:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(self._unix_socket)

    def _start(self, function, *arguments):
        thread = threading.Thread(target=function, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self, listener, stop, handler):
        with listener:
            while not stop.is_set():
                readable, _, _ = select.select([listener], [], [], 0.02)
                if readable:
                    client, _ = listener.accept()
                    self.taken += 1
                    self._start(self._handle, client, stop, handler)

    @staticmethod
    def _handle(client, stop, handler):
        with client, contextlib.suppress(OSError):
            client.setblocking(False)
            handler(Connection(client, stop))

    def _healthy(self, connection):
        if callable(self.backend):
            return self.backend(connection)
        unix = not isinstance(self.backend, tuple)
        with socket.socket(socket.AF_UNIX if unix else socket.AF_INET) as server:
            if self._source:
                server.bind((self._source, 0))
            server.connect(str(self.backend) if unix else self.backend)
            pipes = {server: connection.client, connection.client: server}
            while connection.pause(0):
                readable, _, _ = select.select(list(pipes), [], [], 0.05)
                for source in readable:
                    data = source.recv(65536)
                    if not data:
                        return None
                    pipes[source].setblocking(True)
                    pipes[source].sendall(data)
                    pipes[source].setblocking(False)
