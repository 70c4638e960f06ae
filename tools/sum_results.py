#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Adds up the JUnit files of test runners: sum_results.py [OPTION] FOLDER RUNNER=STATUS...

Each runner has written FOLDER/RUNNER.xml and ended with STATUS. A runner that wrote no file, ran no
test, or failed although none of its tests did, counts as one failure: no crash looks like success.
With --explain, what each failed test said is printed, and no sum. With --again, the tests of pytest
that are worth a second look, and no sum: what passed in FOLDER/RUNNER-again.xml is told and counts.
"""

import argparse
import pathlib
import sys
import xml.etree.ElementTree as ElementTree

EXPLAINED_LINES = 40
# Servers that share two processors are late now and then. When more fails, it is not that.
MOST_AGAIN = 3


def outcome(case):
    """"passed", "failed" or "skipped" of one <testcase>."""
    if case.find("failure") is not None or case.find("error") is not None:
        return "failed"
    skipped = case.find("skipped")
    if skipped is not None:
        # ctest also calls a test skipped whose program is missing.
        missing = (case.get("status") == "notrun"
                   and not skipped.get("message", "").startswith("SKIP_"))
        return "failed" if missing else "skipped"
    return {"disabled": "skipped", "fail": "failed"}.get(case.get("status"), "passed")


def explanation(case):
    """The end of what a failed test printed: pytest's report, or the output that ctest kept."""
    texts = [element.text or element.get("message", "")
             for tag in ("failure", "error", "system-out", "skipped")
             for element in case.findall(tag)]
    lines = max(texts, key=len, default="").rstrip().splitlines()
    return ["  " + line for line in lines[-EXPLAINED_LINES:]]


def cases_of(path):
    """The name, outcome and element of each test in a file."""
    for case in ElementTree.parse(path).iter("testcase"):
        names = dict.fromkeys((case.get("classname", ""), case.get("name", "")))
        yield " ".join(names).strip(), outcome(case), case


def passed_again(path):
    """The names of the tests that passed when they were run a second time, if any were."""
    try:
        return {name for name, result, _ in cases_of(path) if result == "passed"}
    except (OSError, ElementTree.ParseError):
        return set()


def read_runner(folder, runner, status):
    """Counts by outcome, for each failure its name and what it said, and what passed only again."""
    counts = {"passed": 0, "failed": 0, "skipped": 0}
    failures, unsure = [], []
    again = passed_again(folder / f"{runner}-again.xml")
    try:
        cases = list(cases_of(folder / f"{runner}.xml"))
    except (OSError, ElementTree.ParseError) as error:
        cases = []
        failures.append((f"no results: {error}", []))
    for name, result, case in cases:
        if result == "failed" and name in again:
            result = "passed"
            unsure.append(name)
        counts[result] += 1
        if result == "failed":
            failures.append((name, explanation(case)))
    if not failures and counts["passed"] == 0:
        failures.append(("ran no test", []))
    if not failures and status != 0 and not unsure:
        failures.append((f"ended with status {status} although no test failed", []))
    counts["failed"] = len(failures)
    return counts, failures, unsure


def print_again(folder, runner):
    """The failed tests of pytest as it names them, one a line, unless they are too many."""
    failed = [case for _, result, case in cases_of(folder / f"{runner}.xml") if result == "failed"]
    for case in failed if len(failed) <= MOST_AGAIN else []:
        print(case.get("classname", "").replace(".", "/") + ".py::" + case.get("name", ""))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--explain", action="store_true")
    parser.add_argument("--again", action="store_true")
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("runners", nargs="+")
    arguments = parser.parse_args()

    total = {"passed": 0, "failed": 0, "skipped": 0}
    for argument in arguments.runners:
        runner, _, status = argument.partition("=")
        if arguments.again:
            print_again(arguments.folder, runner)
            continue
        counts, failures, unsure = read_runner(arguments.folder, runner, int(status))
        for name, said in failures:
            print(f"failed: {runner}: {name}", *(said if arguments.explain else []), sep="\n")
        for name in unsure:
            print(f"passed only when it was run again, alone: {runner}: {name}")
        for result, count in counts.items():
            total[result] += count
    if not arguments.explain and not arguments.again:
        skipped = f", {total['skipped']} skipped" if total["skipped"] else ""
        print(f"{total['passed']} passed, {total['failed']} failed{skipped}")
    return 1 if total["failed"] else 0


if __name__ == "__main__":
    sys.exit(main())
