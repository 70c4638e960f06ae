# SPDX-License-Identifier: Apache-2.0
"""The real erpnext-exporter as a process, and what it publishes."""

import os
import pathlib
import re
import subprocess

from support import http
from support.processes import Process, wait_until

ROOT = pathlib.Path(__file__).resolve().parents[2]

_SAMPLE = re.compile(r'([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)(?: -?\d+)?$')
_LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\.)*)"')
_ESCAPES = {r"\\": "\\", r"\n": "\n", r"\"": '"'}


def binary():
    """The program under test: $ERPNEXT_EXPORTER_BINARY or the release build."""
    default = ROOT / "build" / "release" / "erpnext-exporter"
    return pathlib.Path(os.environ.get("ERPNEXT_EXPORTER_BINARY", default))


class Samples:
    """A parsed exposition text. Fails on a line that is neither comment nor sample."""

    def __init__(self, text):
        self.text = text
        self.all = []  # (name, labels, value)
        for line in text.splitlines():
            if not line or line.startswith("#"):
                continue
            match = _SAMPLE.match(line)
            assert match, f"no sample: {line!r}"
            labels = {name: re.sub(r'\\[\\n"]', lambda m: _ESCAPES[m[0]], value)
                      for name, value in _LABEL.findall(match[2] or "")}
            self.all.append((match[1], labels, float(match[3])))

    def find(self, name, **labels):
        """The samples of a name whose labels include these: list of (labels, value)."""
        return [(have, value) for sample, have, value in self.all
                if sample == name and labels.items() <= have.items()]

    def value(self, name, **labels):
        """The value of the one sample that fits; None when there is none."""
        found = self.find(name, **labels)
        assert len(found) <= 1, f"{len(found)} samples fit {name} {labels}"
        return found[0][1] if found else None

    def names(self):
        return {name for name, _, _ in self.all}


def run(*arguments, program=None, timeout=90):
    """A command of the exporter that ends by itself, as subprocess.CompletedProcess with text."""
    return subprocess.run([program or binary(), *arguments], capture_output=True, text=True,
                          timeout=timeout)


def once(bench, *arguments, collectors=(), program=None):
    """Samples of one collection of a bench's folder, and what stands on stderr."""
    done = run("once", f"--bench={bench}", *(f"--collector={name}" for name in collectors),
               *arguments, program=program)
    assert done.returncode in (0, 3), f"{done.returncode}: {done.stderr}"
    return Samples(done.stdout), done.stderr


def once_text(*arguments, program=None):
    """What `erpnext-exporter once` prints. It must succeed, with all collectors."""
    done = run("once", *map(str, arguments), program=program)
    assert done.returncode == 0, f"exit {done.returncode}: {done.stderr}"
    return done.stdout


class Exporter:
    """`erpnext-exporter serve` on a free port of the loopback interface."""

    def __init__(self, folder, *arguments, env=None, program=None, listen="127.0.0.1:0"):
        folder = pathlib.Path(folder)
        self.process = Process(
            [program or binary(), "serve", f"--web.listen-address={listen}", *arguments],
            folder / "exporter.log", env=env)
        self.url = wait_until(self._find_url, "the exporter listens")

    def _find_url(self):
        if not self.process.running():
            # Not an AssertionError: that would count as "not yet".
            raise RuntimeError(f"the exporter has ended:\n{self.process.log()}")
        match = re.search(r'msg="?listening"?.* address=(\S+)', self.process.log())
        return match and f"http://{match[1]}"

    def metrics(self, query="", headers=None, timeout=15):
        answer = http.request(f"{self.url}/metrics{query}", headers=headers, timeout=timeout)
        assert answer.status == 200, f"{answer.status} {answer.text}"
        return Samples(answer.text)

    def stop(self):
        return self.process.stop()

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.stop()
