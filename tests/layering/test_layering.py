# SPDX-License-Identifier: Apache-2.0
"""Includes point down, exporter > collectors > sources > core, and never from collector to collector."""

import pathlib
import re

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
LAYERS = ["core", "sources", "collectors", "exporter"]

_INCLUDE = re.compile(r'^\s*#\s*include\s*["<]([^">]+)[">]', re.MULTILINE)


def _is_test(path):
    return path.stem.endswith(("_test", "_fuzz", "_bench")) or "testing" in path.parts


def _includes(root):
    """(file, included file) of each include of ours, both relative to the root."""
    for layer in LAYERS:
        for path in sorted((root / layer).rglob("*")):
            if path.suffix in (".h", ".cc"):
                for included in _INCLUDE.findall(path.read_text()):
                    target = pathlib.PurePosixPath(included)
                    if (root / target).is_file():
                        yield path.relative_to(root), target
                    elif (path.parent / target).is_file():
                        # Not from the root: the direction could not be seen.
                        yield path.relative_to(root), None


def _collector_headers(root):
    table = (root / "collectors/all_collectors.cc").read_text()
    return {pathlib.PurePosixPath(name) for name in _INCLUDE.findall(table)
            if name.count("/") == 2}


def _why_not(path, target, collectors):
    """What is wrong with this include; nothing when it is allowed."""
    if target is None:
        return "is not written from the root of the project"
    if LAYERS.index(target.parts[0]) > LAYERS.index(path.parts[0]):
        return "points up"
    if "testing" in target.parts:
        return None if _is_test(path) else "brings test code into the program"
    if path.parts[0] != "collectors" or target.parts[0] != "collectors":
        return None
    if str(path) == "collectors/all_collectors.cc" or len(target.parts) == 2:
        return None
    stem = path.stem.removesuffix("_test")
    if (path.parent, stem) == (pathlib.Path(target.parent), target.stem):
        return None
    if len(path.parts) == 2:
        return "makes a shared file know one collector"
    if path.parent != pathlib.Path(target.parent):
        return "points sideways, to another subject"
    return "points sideways, to another collector" if target in collectors else None


def violations(root):
    """One line for each include that must not be."""
    collectors = _collector_headers(root)
    found = []
    users = {}  # helper header of one subject -> the collectors that include it
    for path, target in _includes(root):
        reason = _why_not(path, target, collectors)
        if reason:
            found.append(f"{path}: the include of {target} {reason}")
            continue
        if len(target.parts) == 3 and target.parts[0] == "collectors" and not _is_test(path):
            if path.with_suffix(".h") in map(pathlib.Path, collectors) and target not in collectors:
                users.setdefault(target, set()).add(path.stem)
    for helper, stems in sorted(users.items()):
        if len(stems) > 1:
            found.append(f"{helper} is shared by {', '.join(sorted(stems))}: move it to collectors/"
                         " or below")
    return found


def test_includes_point_down():
    assert violations(ROOT) == []


def test_something_was_looked_at():
    layers = {path.parts[0] for path, _ in _includes(ROOT)}
    assert layers == set(LAYERS)
    assert len(_collector_headers(ROOT)) >= 10


CASES = [
    # file, include, part of the complaint or None
    ("core/a.cc", '#include "sources/b.h"', "points up"),
    ("core/a.cc", '#include <sources/b.h>', "points up"),
    ("core/a.h", '#  include "exporter/d.h"', "points up"),
    ("sources/x.cc", '#include "collectors/collector.h"', "points up"),
    ("collectors/redis/status.cc", '#include "exporter/d.h"', "points up"),
    ("exporter/e.cc", '#include "core/a.h"', None),
    ("exporter/e.cc", '#include "collectors/all_collectors.h"', None),
    ("exporter/e.cc", '#include "d.h"', "not written from the root"),
    ("exporter/e.cc", '#include "core/testing/clock.h"', "test code"),
    ("exporter/e_test.cc", '#include "core/testing/clock.h"', None),
    ("core/testing/other.h", '#include "core/testing/clock.h"', None),
    ("collectors/redis/status.cc", '#include "collectors/redis/status.h"', None),
    ("collectors/redis/status_test.cc", '#include "collectors/redis/status.h"', None),
    ("collectors/redis/status.cc", '#include "collectors/collector.h"', None),
    ("collectors/redis/status.cc", '#include "collectors/host/cpu.h"', "to another subject"),
    ("collectors/host/cpu.cc", '#include "collectors/host/memory.h"', "to another collector"),
    ("collectors/host/memory.h", '#include "collectors/host/cpu.h"', "to another collector"),
    ("collectors/host/cpu.cc", '#include "collectors/host/helper.h"', None),
    ("collectors/host/helper.cc", '#include "collectors/host/cpu.h"', "to another collector"),
    ("collectors/collector.h", '#include "collectors/host/cpu.h"', "a shared file"),
    ("collectors/redis/status.cc", '#include "collectors/host/helper.h"', "to another subject"),
    ("core/a.cc", "#include <vector>", None),
    ("core/a.cc", '// #include "exporter/d.h"', None),
]


@pytest.fixture
def tree(tmp_path):
    """A small clean project."""
    files = {
        "core/a.h": "", "core/testing/clock.h": "", "sources/b.h": '#include "core/a.h"',
        "exporter/d.h": "", "collectors/collector.h": "", "collectors/all_collectors.h": "",
        "collectors/redis/status.h": "", "collectors/host/cpu.h": "",
        "collectors/host/memory.h": "", "collectors/host/helper.h": "",
        "collectors/all_collectors.cc": '#include "collectors/redis/status.h"\n'
                                        '#include "collectors/host/cpu.h"\n'
                                        '#include "collectors/host/memory.h"\n',
    }
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    assert violations(tmp_path) == []
    return tmp_path


@pytest.mark.parametrize("name,include,complaint", CASES)
def test_planted_include(tree, name, include, complaint):
    (tree / name).write_text(include + "\n")
    found = violations(tree)
    if complaint is None:
        assert found == []
    else:
        assert len(found) == 1
        assert found[0].startswith(name)
        assert complaint in found[0]


def test_helper_of_two_collectors(tree):
    for name in ("cpu", "memory"):
        (tree / f"collectors/host/{name}.cc").write_text('#include "collectors/host/helper.h"\n')
    found = violations(tree)
    assert len(found) == 1
    assert "shared by cpu, memory" in found[0]
