# SPDX-License-Identifier: Apache-2.0
"""Fixtures of the tests that run the real programs."""

import os
import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from support import exporter  # noqa: E402


@pytest.fixture(scope="session")
def program():
    """Path of the built exporter."""
    path = exporter.binary()
    assert path.exists(), f"{path} is missing: build it with ./dev build"
    return path


@pytest.fixture(scope="session")
def captures():
    """Folder with data of real benches; only where somebody has it."""
    folder = pathlib.Path(os.environ.get(
        "ERPNEXT_EXPORTER_CAPTURES", exporter.ROOT.parent / "shared" / "captures"))
    if not folder.is_dir():
        if os.environ.get("CI") == "true":
            pytest.fail(f"{folder} is missing")
        pytest.skip(f"no captures in {folder}; set ERPNEXT_EXPORTER_CAPTURES")
    return folder


@pytest.fixture(scope="session")
def demo(tmp_path_factory):
    """The demo bench, one for all tests. A test that takes a part of it away puts it back."""
    from demo import DemoBench
    with DemoBench(tmp_path_factory.mktemp("demo")) as bench:
        yield bench
