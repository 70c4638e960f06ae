#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Adds up the JUnit files of test runners: sum_results.py [--explain] FOLDER RUNNER=STATUS...

Each runner has written FOLDER/RUNNER.xml and ended with STATUS. A runner that wrote no file, ran no
test, or failed although none of its tests did, counts as one failure: no crash looks like success.
With --explain, what each failed test said is printed, and no sum.
"""

import argparse
import pathlib
import sys
import xml.etree.ElementTree as ElementTree

EXPLAINED_LINES = 40


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


def read_runner(path, status):
    """Counts by outcome, and for each failure its name and what it said."""
    counts = {"passed": 0, "failed": 0, "skipped": 0}
    failures = []
    try:
        cases = list(ElementTree.parse(path).iter("testcase"))
    except (OSError, ElementTree.ParseError) as error:
        cases = []
        failures.append((f"no results: {error}", []))
    for case in cases:
        result = outcome(case)
        counts[result] += 1
        if result == "failed":
            names = dict.fromkeys((case.get("classname", ""), case.get("name", "")))
            failures.append((" ".join(names).strip(), explanation(case)))
    if not failures and counts["passed"] == 0:
        failures.append(("ran no test", []))
    if not failures and status != 0:
        failures.append((f"ended with status {status} although no test failed", []))
    counts["failed"] = len(failures)
    return counts, failures


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--explain", action="store_true")
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("runners", nargs="+")
    arguments = parser.parse_args()

    total = {"passed": 0, "failed": 0, "skipped": 0}
    for argument in arguments.runners:
        runner, _, status = argument.partition("=")
        counts, failures = read_runner(arguments.folder / f"{runner}.xml", int(status))
        for name, said in failures:
            print(f"failed: {runner}: {name}", *(said if arguments.explain else []), sep="\n")
        for result, count in counts.items():
            total[result] += count
    if not arguments.explain:
        skipped = f", {total['skipped']} skipped" if total["skipped"] else ""
        print(f"{total['passed']} passed, {total['failed']} failed{skipped}")
    return 1 if total["failed"] else 0


if __name__ == "__main__":
    sys.exit(main())
