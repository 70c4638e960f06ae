# SPDX-License-Identifier: Apache-2.0
"""The rules of CONTRIBUTING.md that a machine can check, on every file of the project."""

import os
import pathlib
import re
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
LAYERS = ("core", "sources", "collectors", "exporter")

# (name, pattern, whether it also holds for tests, why)
FORBIDDEN = [
    ("popen", r"\bpopen\s*\(", False, "the program starts no shell"),
    ("system", r"(?<![\w.>])system\s*\(", False, "the program starts no shell"),
    ("exec", r"\b(exec[lv]p?e?|posix_spawnp?|v?fork)\s*\(", False, "the program starts nothing"),
    ("std::regex", r"\bstd::w?s?regex\b|#include <regex>", True,
     "it recurses on long input; RE2 does not"),
    ("sleep", r"\bsleep_(for|until)\b|\b(u|nano)?sleep\s*\(", True,
     "wait for the thing: a condition variable, poll, the clock"),
    ("locale", r"\b(strto[dfl]+|ato[fil]|sto[dfil]+|setlocale)\s*\(", False,
     "ParseNumber depends on no locale"),
    ("KEYS", r'"(keys|KEYS)[ "]', False, "KEYS stops a Redis for as long as it runs"),
    ("rand", r"\bs?rand\s*\(", True, "<random> has a state of its own"),
    ("endl", r"\bstd::endl\b", True, "it flushes each line"),
]

MAX_LINES = 300
MAX_LINES_OF_A_TEST = 500

_PRUNED = {".git", "build", "dist", "__pycache__", ".pytest_cache", "corpus", "node_modules"}


def _files(root):
    for folder, names, files in os.walk(root):
        names[:] = sorted(name for name in names if name not in _PRUNED)
        for name in sorted(files):
            path = pathlib.Path(folder, name)
            if path.is_file():
                yield path


def _is_cpp(path):
    return path.suffix in (".cc", ".h")


def _is_shell(path):
    if path.suffix == ".sh":
        return True
    with open(path, "rb") as file:
        return re.match(rb"#!.*\b(ba|da)?sh\b", file.readline(200)) is not None


def _is_source(path):
    return (_is_cpp(path) or path.suffix in (".py", ".cmake", ".jsonnet", ".libsonnet")
            or path.name == "CMakeLists.txt" or _is_shell(path))


def _is_test(path):
    return (path.stem.endswith(("_test", "_fuzz", "_bench")) or path.stem.startswith("test_")
            or "testing" in path.parts or "tests" in path.parts)


def _code_of(line):
    """The line without its comment. "redis://" begins none."""
    return re.sub(r"(^|\s)//.*", "", line)


def forbidden_words(path, text):
    found = []
    for number, line in enumerate(text.splitlines(), 1):
        code = _code_of(line)
        for name, pattern, in_tests, why in FORBIDDEN:
            if (in_tests or not _is_test(path)) and re.search(pattern, code):
                found.append(f"{path}:{number}: {name}: {why}")
        if path.suffix == ".h" and re.match(r"\s*using\s+namespace\b", code):
            found.append(f"{path}:{number}: using namespace: who includes it has no choice")
    return found


def missing_header(path, text):
    """Nothing when the file begins with the SPDX line and a sentence about the file."""
    lines = [line for line in text.splitlines()[:6]
             if not line.startswith("#!") and "shellcheck" not in line]
    if not lines or not re.fullmatch(r"(//|#|\*) SPDX-License-Identifier: Apache-2\.0", lines[0]):
        return [f"{path}: the first line is not the SPDX line"]
    if len(lines) < 2 or not re.match(r'(//|#|r?""") ?\S', lines[1]):
        return [f"{path}: the second line does not say what the file is"]
    return []


def too_long(path, text):
    limit = MAX_LINES_OF_A_TEST if _is_test(path) else MAX_LINES
    length = len(text.splitlines())
    return [f"{path}: {length} lines, at most {limit}"] if length > limit else []


def _check(check, select):
    found = []
    looked_at = 0
    for path in _files(ROOT):
        if select(path):
            looked_at += 1
            found += check(path.relative_to(ROOT), path.read_text())
    assert looked_at > 5, "nothing was looked at"
    assert not found, "\n".join(found)


def test_forbidden_words():
    _check(forbidden_words,
           lambda path: _is_cpp(path) and path.relative_to(ROOT).parts[0] in (*LAYERS, "tests"))


def test_headers():
    _check(missing_header, lambda path: _is_source(path) and path.stat().st_size > 0)


def test_length():
    _check(too_long, lambda path: _is_source(path))


PLANTED = [
    (forbidden_words, "core/a.cc", 'FILE* f = popen("ls", "r");', "popen"),
    (forbidden_words, "core/a.cc", 'std::system("ls");', "system"),
    (forbidden_words, "core/a.cc", "throw std::system_error(code);", None),
    (forbidden_words, "core/a.cc", "// no system() here", None),
    (forbidden_words, "core/a.cc", "execvp(name, argv);", "exec"),
    (forbidden_words, "core/a.cc", "std::regex pattern(text);", "std::regex"),
    (forbidden_words, "core/a_test.cc", "std::this_thread::sleep_for(1s);", "sleep"),
    (forbidden_words, "core/a.cc", "usleep(5);", "sleep"),
    (forbidden_words, "core/a.cc", "double x = std::stod(text);", "locale"),
    (forbidden_words, "core/a.cc", 'client.Run({"KEYS", "*"});', "KEYS"),
    (forbidden_words, "core/a.cc", 'client.Run({"keys *"});', "KEYS"),
    (forbidden_words, "core/a.h", "using namespace std;", "using namespace"),
    (forbidden_words, "core/a.cc", "using namespace std::chrono_literals;", None),
    (forbidden_words, "core/a.cc", "auto url = \"redis://x\"; popen(url);", "popen"),
    (missing_header, "core/a.cc", "#include <vector>", "SPDX"),
    (missing_header, "core/a.cc", "// SPDX-License-Identifier: Apache-2.0\n\n", "second line"),
    (missing_header, "a.sh", "#!/bin/sh\n# SPDX-License-Identifier: Apache-2.0\n# Runs.\n", None),
    (too_long, "core/a.cc", "\n" * 301, "301 lines"),
    (too_long, "core/a.cc", "\n" * 300, None),
    (too_long, "core/a_test.cc", "\n" * 301, None),
]


@pytest.mark.parametrize("check,path,text,complaint", PLANTED)
def test_planted(check, path, text, complaint):
    found = check(pathlib.Path(path), text)
    assert [complaint in line for line in found] == ([True] if complaint else [])


def _run(*argv):
    done = subprocess.run([str(word) for word in argv], cwd=ROOT, stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout[-5000:] + done.stderr[-5000:]


def test_cpp_format():
    """To repair: clang-format-16 -i FILE"""
    files = [path for path in _files(ROOT) if _is_cpp(path)]
    assert len(files) > 50
    _run("clang-format-16", "--dry-run", "-Werror", *files)


def test_shell_scripts():
    files = [path for path in _files(ROOT) if _is_shell(path)]
    assert ROOT / "dev" in files
    _run("shellcheck", "--external-sources", *files)


def test_yaml():
    files = [path for path in _files(ROOT)
             if path.suffix in (".yml", ".yaml") and "templates" not in path.parts]
    _run("yamllint", "--strict", "--config-file", ROOT / ".yamllint", ROOT / ".yamllint", *files)


def test_python_compiles():
    for path in _files(ROOT):
        if path.suffix == ".py":
            compile(path.read_text(), str(path), "exec")
