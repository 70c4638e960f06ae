#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Shows which changes of the rules no unit test notices.

Changes one thing of a copy of alerts/ at a time (a threshold, a comparison, `for`, `keep_firing_for`,
an operator, a matcher, a window) and runs the promtool tests of that copy. Prints the changes that
all tests survive; the exit code is their number, at most 100.
"""

import concurrent.futures
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[1]
FILES = ("erpnext.rules.yml", "erpnext.alerts.yml")

# Pattern -> what to put in its place. A number is moved by a fifth to either side.
CHANGES = [
    (r"(?<= )(>=|<=|==|>|<)(?= )", {">": ["<", ">="], "<": [">", "<="], ">=": ["<", ">"], "==": ["!="]}),
    (r"(?<=[<>=] )[\d.]+(?:e[+]?\d+)?(?= |$|\n)", [lambda x: x * 1.2, lambda x: x * 0.8]),
    (r"(?<=\* )0\.\d+", [lambda x: x * 1.2, lambda x: x * 0.8]),
    (r"(?<=, )\d+(?=\))", [lambda x: x * 1.2, lambda x: x * 0.8]),
    (r"\b(and|or|unless)\b", {"and": ["or", "unless"], "or": ["and", "unless"], "unless": ["and"]}),
    (r"\b(min|max)_over_time\b", {"min": ["max"], "max": ["min"]}),
    (r"(?<=\[)\d+[smhd](?=[\]:])", [lambda x: x * 2, lambda x: x / 2]),
    (r"(?<=offset )\d+[smh]", [lambda x: x * 2, lambda x: x / 2]),
    (r'(?<=")[a-z_]+(?:\|[a-z_0-9]+)*(?="[,}])', ["nothing"]),
]


def moved(text, change):
    """A number or a duration, changed."""
    seconds = {"s": 1, "m": 60, "h": 3600, "d": 86400}
    if text[-1] in seconds:
        return f"{int(change(int(text[:-1]) * seconds[text[-1]]))}s"
    if float(text) in (0, 1):  # states, not limits
        return "1" if float(text) == 0 else "0"
    return repr(round(change(float(text)), 12))


def replacements(found, options):
    if isinstance(options, dict):
        return options.get(found, [])
    return sorted({option if isinstance(option, str) else moved(found, option) for option in options})


def mutants(text):
    """(line number, old line, new line) of each change of an expression or a waiting time."""
    in_expr = False
    for number, line in enumerate(text.splitlines()):
        if re.match(r" *(expr|for|keep_firing_for):", line):
            in_expr = "expr:" in line
        elif re.match(r" *(labels|annotations|#|- )", line):
            in_expr = False
        waiting = re.match(r"( *(?:for|keep_firing_for): )(\w+)$", line)
        if waiting:
            for change in (lambda x: x * 1.5, lambda x: x * 0.5):
                yield number, line, waiting[1] + moved(waiting[2], change)
        if not in_expr:
            continue
        for pattern, options in CHANGES:
            for match in re.finditer(pattern, line):
                for new in replacements(match[0], options):
                    yield number, line, line[:match.start()] + new + line[match.end():]


def killed_by(folder, tests):
    """The first test file that fails on the copy, or None. Invalid rules count as noticed."""
    for test in tests:
        done = subprocess.run(["promtool", "test", "rules", test.name], cwd=folder / "tests" / "rules",
                              capture_output=True, text=True)
        if done.returncode:
            return test.name
    return None


def try_one(name, number, new, tests):
    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(temporary)
        (folder / "alerts").mkdir()
        (folder / "tests" / "rules").mkdir(parents=True)
        for file in FILES:
            shutil.copy(ROOT / "alerts" / file, folder / "alerts")
        for test in tests:
            shutil.copy(test, folder / "tests" / "rules")
        lines = (folder / "alerts" / name).read_text().splitlines()
        lines[number] = new
        (folder / "alerts" / name).write_text("\n".join(lines) + "\n")
        return killed_by(folder, tests)


def dependents(rule, texts):
    """The rule and all that read it, through recorded series."""
    found, left = set(), [rule]
    while left:
        name = left.pop()
        if name not in found:
            found.add(name)
            left += [other for other, text in texts.items() if ":" in name and name in text]
    return found


def tests_for(rule, tests, texts):
    """The test files that can notice: those that name the rule or what depends on it."""
    names = dependents(rule, texts)
    return [test for test in tests if any(name in test.read_text() for name in names)]


def main():
    wanted = sys.argv[1] if len(sys.argv) > 1 else ""
    tests = sorted((ROOT / "tests" / "rules").glob("*_test.yml"))
    jobs, texts = [], {}
    for name in FILES:
        lines = (ROOT / "alerts" / name).read_text().splitlines()
        rule = ""
        names = [rule := match[1] if (match := re.match(r" *- (?:alert|record): (\S+)", line)) else rule
                 for line in lines]
        for owner, line in zip(names, lines):
            texts[owner] = texts.get(owner, "") + line + "\n"
        jobs += [(name, number, old, new, names[number]) for number, old, new in mutants("\n".join(lines))
                 if wanted in names[number]]
    survivors = 0
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        results = pool.map(lambda job: try_one(job[0], job[1], job[3], tests_for(job[4], tests, texts)), jobs)
        for (name, number, old, new, rule), killer in zip(jobs, results):
            if killer is None:
                survivors += 1
                print(f"{name}:{number + 1} {rule}\n  - {old.strip()}\n  + {new.strip()}", flush=True)
    print(f"{len(jobs)} changes, {survivors} unnoticed")
    sys.exit(min(survivors, 100))


if __name__ == "__main__":
    main()
