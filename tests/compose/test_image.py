# SPDX-License-Identifier: Apache-2.0
"""The Dockerfile: what it installs is what the build and the program need."""

import pathlib
import re
import subprocess

import pytest
from support.exporter import ROOT

FOLDER = ROOT / "packaging" / "docker"


@pytest.fixture(scope="module")
def stages():
    """The instructions of each stage, continued lines joined."""
    text = re.sub(r"\\\n\s*", " ", (FOLDER / "Dockerfile").read_text())
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    begins = [number for number, line in enumerate(lines) if line.startswith("FROM ")]
    return [lines[begin:end] for begin, end in zip(begins, begins[1:] + [len(lines)])]


def _packages_of(line):
    installed = re.search(r"apt-get install -y --no-install-recommends (.*?)(?:&&|$)", line)
    return installed[1].split() if installed else []


def test_two_stages_of_one_pinned_debian(stages):
    build, final = (stage[0] for stage in stages)
    assert re.fullmatch(r"FROM debian:12\.\d+-slim AS build", build)
    assert build.removesuffix(" AS build") == final


def test_the_build_installs_what_dev_build_installs(stages):
    assert "COPY tools/packages-build.txt /tmp/" in stages[0]
    install, = [line for line in stages[0] if "apt-get install" in line]
    assert "sed 's/#.*//' /tmp/packages-build.txt | xargs apt-get install" in install
    listed = subprocess.run(["sed", "s/#.*//", ROOT / "tools" / "packages-build.txt"],
                            capture_output=True, text=True, check=True).stdout.split()
    assert {"cmake", "ninja-build", "g++"} <= set(listed)


def test_the_build_reads_only_what_it_is_given(stages):
    ignored = (FOLDER / "Dockerfile.dockerignore").read_text().splitlines()
    given = {line[1:] for line in ignored if line.startswith("!")}
    assert "*" in ignored
    copied = {word for line in stages[0] if line.startswith("COPY ")
              for word in line.split()[1:-1]}
    assert copied == given
    for path in given:
        assert (ROOT / path).exists(), path
    layers = set(re.findall(r"add_layer\((\w+) ", (ROOT / "CMakeLists.txt").read_text()))
    assert layers <= given


def _package_of(library):
    """The package that a file belongs to; dpkg knows it by its path before or after /usr merged."""
    for path in (library, library.removeprefix("/usr"), f"/usr{library}"):
        done = subprocess.run(["dpkg-query", "--search", path], capture_output=True, text=True,
                              check=False, timeout=30)
        if done.returncode == 0:
            return done.stdout.split(":")[0]
    raise AssertionError(f"no package owns {library}")


def test_the_image_has_the_libraries_that_the_program_names(stages, program):
    headers = subprocess.run(["readelf", "--dynamic", program], capture_output=True, text=True,
                             check=True, timeout=30).stdout
    needed = set(re.findall(r"\(NEEDED\).*\[(.+)\]", headers))
    found = subprocess.run(["ldd", program], capture_output=True, text=True, check=True,
                           timeout=30).stdout
    paths = {name: str(pathlib.Path(path).resolve()) for name, path
             in re.findall(r"(\S+) => (\S+)", found) if name in needed}
    installed, = [_packages_of(line) for line in stages[1] if "apt-get install" in line]
    base = {"libc6", "libgcc-s1"}  # in every Debian
    assert {_package_of(path) for path in paths.values()} - base == set(installed) - {
        "ca-certificates",  # what MariaDB and sites are checked against
        "tzdata"}  # the zones of the sites' times


def test_the_image_runs_nothing_but_the_program_and_not_as_root(stages):
    final = stages[1]
    assert 'ENTRYPOINT ["/usr/bin/erpnext-exporter"]' in final
    user, = [line for line in final if line.startswith("USER ")]
    assert re.fullmatch(r"USER [1-9]\d*:[1-9]\d*", user)
    assert final.index(user) < final.index('ENTRYPOINT ["/usr/bin/erpnext-exporter"]')
    assert not any("curl" in line or "wget" in line for line in final)
