# SPDX-License-Identifier: Apache-2.0
"""The last line of ./dev test: nothing that went wrong may look like success."""

import pathlib
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]

PASSED = '<testcase name="a" classname="A" status="run"/>'
CASES = [
    # name, status, content of the JUnit file or None, last line
    ("passed", 0, PASSED, "1 passed, 0 failed"),
    ("pytest failure", 1, '<testcase name="b"><failure message="x">why</failure></testcase>',
     "0 passed, 1 failed"),
    ("pytest error", 1, PASSED + '<testcase name="b"><error message="x"/></testcase>',
     "1 passed, 1 failed"),
    ("pytest skip", 0, PASSED + '<testcase name="b"><skipped message="no x"/></testcase>',
     "1 passed, 0 failed, 1 skipped"),
    ("ctest failure", 8, '<testcase name="b" status="fail"><failure message=""/></testcase>',
     "0 passed, 1 failed"),
    ("ctest skip", 0, PASSED + '<testcase name="b" status="notrun">'
     '<skipped message="SKIP_REGULAR_EXPRESSION_MATCHED"/></testcase>',
     "1 passed, 0 failed, 1 skipped"),
    ("ctest program missing", 8, PASSED + '<testcase name="b" status="notrun">'
     '<skipped message="Unable to find executable: core_test"/></testcase>', "1 passed, 1 failed"),
    ("ctest disabled", 0, PASSED + '<testcase name="b" status="disabled"/>',
     "1 passed, 0 failed, 1 skipped"),
    ("no file", 0, None, "0 passed, 1 failed"),
    ("no file after a crash", 139, None, "0 passed, 1 failed"),
    ("file cut off", 1, "<testcase", "0 passed, 1 failed"),
    ("no test", 0, "", "0 passed, 1 failed"),
    ("only skipped", 0, '<testcase name="b"><skipped message="no x"/></testcase>',
     "0 passed, 1 failed, 1 skipped"),
    ("failed at its end", 3, PASSED, "1 passed, 1 failed"),
]


@pytest.mark.parametrize("status,content,line", [case[1:] for case in CASES],
                         ids=[case[0] for case in CASES])
def test_sum(tmp_path, status, content, line):
    if content is not None:
        (tmp_path / "one.xml").write_text(f"<testsuite>{content}</testsuite>")
    (tmp_path / "other.xml").write_text(f"<testsuites><testsuite>{PASSED}</testsuite></testsuites>")

    done = subprocess.run([ROOT / "tools/sum_results.py", tmp_path, f"one={status}"],
                          capture_output=True, text=True, check=False)
    assert done.stdout.splitlines()[-1] == line
    assert done.returncode == (0 if " 0 failed" in line else 1)

    both = subprocess.run([ROOT / "tools/sum_results.py", tmp_path, "other=0", f"one={status}"],
                          capture_output=True, text=True, check=False)
    passed = int(line.split()[0]) + 1
    assert both.stdout.splitlines()[-1] == f"{passed} {line.split(' ', 1)[1]}"


def test_explains_with_what_the_test_said(tmp_path):
    (tmp_path / "one.xml").write_text(
        '<testsuite><testcase name="b" status="fail"><failure message=""/>'
        "<system-out>expected 1, found 2</system-out></testcase></testsuite>")
    done = subprocess.run([ROOT / "tools/sum_results.py", "--explain", tmp_path, "one=8"],
                          capture_output=True, text=True, check=False)
    assert "expected 1, found 2" in done.stdout


FAILED = '<testcase classname="tests.a.test_x" name="{}"><failure message="x"/></testcase>'
AGAIN_PASSED = '<testcase classname="tests.a.test_x" name="{}"/>'


def sum_of(folder, first, again=None):
    (folder / "one.xml").write_text(f"<testsuite>{first}</testsuite>")
    if again is not None:
        (folder / "one-again.xml").write_text(f"<testsuite>{again}</testsuite>")
    return subprocess.run([ROOT / "tools/sum_results.py", folder, "one=1"], capture_output=True,
                          text=True, check=False)


def test_what_passes_again_is_told_and_counts(tmp_path):
    done = sum_of(tmp_path, PASSED + FAILED.format("test_a"), AGAIN_PASSED.format("test_a"))
    assert done.stdout.splitlines() == [
        "passed only when it was run again, alone: one: tests.a.test_x test_a", "2 passed, 0 failed"]
    assert done.returncode == 0


@pytest.mark.parametrize("again", ["", AGAIN_PASSED.format("test_b"), FAILED.format("test_a"), "<cut"])
def test_what_does_not_pass_again_has_failed(tmp_path, again):
    done = sum_of(tmp_path, PASSED + FAILED.format("test_a"), again)
    assert done.stdout.splitlines()[-1] == "1 passed, 1 failed"
    assert done.returncode == 1


@pytest.mark.parametrize("failed,asked", [(0, 0), (1, 1), (3, 3), (4, 0)])
def test_few_failures_are_worth_a_second_look(tmp_path, failed, asked):
    (tmp_path / "one.xml").write_text("<testsuite>" + PASSED + "".join(
        FAILED.format(f"test_b[a::b, {number}]") for number in range(failed)) + "</testsuite>")
    done = subprocess.run([ROOT / "tools/sum_results.py", "--again", tmp_path, "one=1"],
                          capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == [
        f"tests/a/test_x.py::test_b[a::b, {number}]" for number in range(asked)]
