#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Writes dashboards/*.json. With --check it writes nothing and fails when one is not current."""

import argparse
import json
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from dashboards import bench, exporter, mariadb, queries, queues, scheduler, sites  # noqa: E402
from dashboards.thresholds import ROOT  # noqa: E402


def texts():
    """Path and content of each file."""
    return {ROOT / "dashboards" / f'{board["uid"]}.json':
            json.dumps(board, indent=2, ensure_ascii=False) + "\n"
            for board in (bench.dashboard(), exporter.dashboard(), mariadb.dashboard(),
                          queries.dashboard(), queues.dashboard(), scheduler.dashboard(),
                          sites.dashboard())}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="compare instead of writing")
    arguments = parser.parse_args()
    stale = {path: text for path, text in texts().items()
             if not path.exists() or path.read_text() != text}
    for path, text in stale.items():
        if arguments.check:
            print(f"{path.relative_to(ROOT)} is not what tools/generate_dashboards.py writes")
        else:
            path.write_text(text)
            print(f"wrote {path.relative_to(ROOT)}")
    return 1 if arguments.check and stale else 0


if __name__ == "__main__":
    sys.exit(main())
