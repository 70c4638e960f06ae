# SPDX-License-Identifier: Apache-2.0
"""Two hundred bad clients at once, of each kind, beside a good one: it is answered in time, memory
stays flat, and afterwards nothing is left of them."""

import contextlib
import selectors
import socket
import statistics
import threading
import time
import urllib.parse

import pytest
from support import http
from support.bench_folder import BenchFolder
from support.exporter import Exporter
from support.processes import wait_until

CLIENTS = 200
HEAD = b"GET /metrics HTTP/1.1\r\nHost: x\r\n"
REQUEST = HEAD + b"\r\n"
SMALL_REQUEST = b"GET /-/healthy HTTP/1.1\r\nHost: x\r\n\r\n"
MEBIBYTE = 1 << 20
# The heap of a busier moment than all before is larger, by about half of this. What would be kept of
# each request or byte is more: an attack brings thousands of them, of 60 kB.
FLAT = 16 * MEBIBYTE


@pytest.fixture(scope="module")
def exporter(tmp_path_factory, program):
    folder = tmp_path_factory.mktemp("hostile")
    bench = BenchFolder(folder / "bench", sites=[f"site-{number}.example.com" for number in range(50)])
    names = ("queues", "redis_status", "mariadb_status", "site_ping")  # nobody is there to ask
    with Exporter(folder, f"--bench={bench.path}", *(f"--no-collector.{name}" for name in names),
                  program=program) as running:
        # The heap keeps a part of what its busiest moment took, which is 200 answers of 60 kB and
        # about as much again. From then on it is flat.
        before = memory(running)
        for _ in range(2):
            with Attack(running.url, *ATTACKS["requests, answers not read"]):
                levels = [memory(running)]
                wait_until(lambda levels=levels: grows_no_more(running, levels), "memory stands still")
        assert memory(running) - before < 32 * MEBIBYTE
        yield running


def grows_no_more(exporter, levels):
    """True when the last second brought less than a twentieth."""
    levels.append(memory(exporter))
    return len(levels) > 20 and levels[-1] < 1.05 * levels[-20]


class Attack(threading.Thread):
    """Keeps 200 connections open, each sending `chunks` of bytes with pauses, none of them reading.

    What the server closes is opened again.
    """

    def __init__(self, url, chunks, pause=0.0, reads=False):
        super().__init__(daemon=True)
        parts = urllib.parse.urlsplit(url)
        self._address = (parts.hostname, parts.port)
        self._chunks, self._pause, self._reads = chunks, pause, reads
        self._ended = threading.Event()
        self.opened = 0

    def run(self):
        clients = []
        try:
            while not self._ended.is_set():
                while len(clients) < CLIENTS and not self._ended.is_set():
                    clients.append(self._open())
                clients = [client for client in clients if self._go_on(client)]
                self._ended.wait(0.02)
        finally:
            for client in clients:
                client["socket"].close()

    def _open(self):
        client = socket.socket()
        client.settimeout(5)
        with contextlib.suppress(OSError):
            client.connect(self._address)
        client.setblocking(False)
        self.opened += 1
        return {"socket": client, "chunks": iter(self._chunks()), "left": b"", "due": 0.0}

    def _go_on(self, client):
        """False when the server has closed this connection, or the client, whose chunk None does."""
        now = time.monotonic()
        try:
            if self._reads and not client["socket"].recv(65536):
                raise ConnectionResetError
        except BlockingIOError:
            pass
        except OSError:
            client["socket"].close()
            return False
        if now < client["due"]:
            return True
        if not client["left"]:
            client["left"] = next(client["chunks"], b"")
            client["due"] = now + self._pause
        if client["left"] is None:
            client["socket"].close()
            return False
        try:
            if client["left"]:
                client["left"] = client["left"][client["socket"].send(client["left"]):]
        except BlockingIOError:
            pass
        except OSError:
            client["socket"].close()
            return False
        return True

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *unused):
        self._ended.set()
        self.join(20)


def forever(data):
    def chunks():
        while True:
            yield data
    return chunks


def once_only(*parts):
    return lambda: parts


def byte_by_byte():
    yield HEAD
    for number in range(10_000):
        yield b"X-%d: y\r\n" % number


# What each bad client sends, the pause between two pieces, whether it reads.
ATTACKS = {
    "silent": (once_only(), 0, False),
    "half a request": (once_only(HEAD), 0, False),
    "a header now and then": (byte_by_byte, 0.5, False),
    "endless headers": (lambda: (HEAD, *[b"X: " + b"y" * 60_000] * 1000), 0, False),
    "an endless request line": (lambda: (b"GET /", *[b"a" * 60_000] * 1000), 0, False),
    "a body without end": (
        lambda: (b"POST /-/reload HTTP/1.1\r\nHost: x\r\nContent-Length: 1073741824\r\n\r\n",
                 *[b"z" * 60_000] * 1000), 0, False),
    "chunks without end": (
        lambda: (b"GET /metrics HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n",
                 *[b"ea60\r\n" + b"z" * 60_000 + b"\r\n"] * 1000), 0, False),
    "no HTTP": (lambda: (bytes(range(256)) * 100,), 0, True),
    "TLS": (once_only(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\0" * 500), 0, True),
    "requests, answers not read": (forever(REQUEST), 0.2, False),
    "requests one after the other": (forever(REQUEST), 0.5, True),
    "requests behind each other": (forever(SMALL_REQUEST * 20), 2, True),
    "requests and gone": (once_only(REQUEST, None), 0, False),
}


def memory(exporter):
    with open(f"/proc/{exporter.process.pid}/statm", encoding="ascii") as statm:
        return int(statm.read().split()[1]) * 4096


@pytest.mark.parametrize("chunks,pause,reads", ATTACKS.values(), ids=ATTACKS)
def test_a_good_client_among_bad_ones(exporter, chunks, pause, reads):
    http.request(f"{exporter.url}/metrics")
    descriptors = wait_until(lambda: calm(exporter, 60), "the exporter is calm")
    resident, most = memory(exporter), 0
    statuses, seconds = [], []
    with Attack(exporter.url, chunks, pause, reads) as attack:
        wait_until(lambda: attack.opened >= CLIENTS, "the attack is on")
        end = time.monotonic() + 2
        while time.monotonic() < end:
            begin = time.monotonic()
            answer = http.request(f"{exporter.url}/metrics?collect[]=bench", timeout=10)
            seconds.append(time.monotonic() - begin)
            statuses.append(answer.status)
            most = max(most, memory(exporter))
    assert exporter.process.running()
    good = statuses.count(200)
    assert good >= 0.9 * len(statuses), f"{good} of {len(statuses)} were answered"
    assert len(statuses) >= 10
    assert statistics.median(seconds) <= 0.1, f"median {statistics.median(seconds):.3f} s"
    assert most - resident < FLAT, f"{(most - resident) / MEBIBYTE:.1f} MiB more"
    wait_until(lambda: calm(exporter, descriptors + 2), "the bad clients are gone", timeout=40)


def calm(exporter, most):
    """The number of open descriptors once it is `most` or fewer."""
    open_now = exporter.metrics("?collect[]=bench").value("process_open_fds")
    return open_now if open_now <= most else None


def test_200_scrapes_at_once_are_answered_or_told_to_come_back(exporter):
    """All connected before the first request is sent."""
    parts = urllib.parse.urlsplit(exporter.url)
    with contextlib.ExitStack() as stack:
        clients = []
        for _ in range(CLIENTS):
            client = stack.enter_context(socket.create_connection((parts.hostname, parts.port)))
            clients.append(client)
        begin = time.monotonic()
        for client in clients:
            client.sendall(b"GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        selector = selectors.DefaultSelector()
        answers = {client: b"" for client in clients}
        for client in clients:
            selector.register(client, selectors.EVENT_READ)
        while selector.get_map() and time.monotonic() < begin + 20:
            for key, _ in selector.select(1):
                data = key.fileobj.recv(1 << 16)
                answers[key.fileobj] += data
                if not data:
                    selector.unregister(key.fileobj)
    statuses = [answer.split(b" ", 2)[1] for answer in answers.values() if answer]
    assert len(statuses) == CLIENTS
    assert set(statuses) <= {b"200", b"503"}
    for answer in answers.values():
        if answer.startswith(b"HTTP/1.1 200"):
            head, _, body = answer.partition(b"\r\n\r\n")
            length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0])
            assert len(body) == length


def test_nothing_is_kept_of_who_is_gone(exporter):
    """Thousands who ask and do not wait take no more memory than the thousands before them."""
    levels = []
    for _ in range(4):
        with Attack(exporter.url, *ATTACKS["requests and gone"]) as attack:
            wait_until(lambda attack=attack: attack.opened >= 10 * CLIENTS, "thousands have asked")
        wait_until(lambda: calm(exporter, 60), "they are gone", timeout=40)
        levels.append(memory(exporter))
    assert min(levels[2:]) - max(levels[:2]) < MEBIBYTE, levels
