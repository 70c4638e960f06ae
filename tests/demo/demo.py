# SPDX-License-Identifier: Apache-2.0
"""Runs the demo bench in the foreground until SIGTERM or Ctrl-C."""

import argparse
import json
import pathlib
import sys
import tempfile
import threading

sys.path[0] = str(pathlib.Path(__file__).resolve().parents[1])

from demo.bench import DemoBench  # noqa: E402
from support.processes import Stopped, raise_when_stopped  # noqa: E402


def _say(text):
    print(text, file=sys.stderr, flush=True)


def _describe(endpoints):
    mariadb, redis = endpoints["mariadb"], endpoints["redis"]
    _say(f"""bench      {endpoints["bench"]}
sites      {", ".join(endpoints["sites"])}
web        http://127.0.0.1:{endpoints["web"]}/api/method/ping (with the site as Host)
Redis      queue on port {redis["queue"]}, cache on port {redis["cache"]}
MariaDB    {mariadb["socket"]}, port {mariadb["port"]}
exporter   --config.file={endpoints["exporter_config"]}
Ctrl-C ends all of it.""")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", help="empty or missing; a new temporary one without it")
    parser.add_argument("--pace", type=float, default=1, help="jobs, times the usual rate")
    parser.add_argument("--trouble", action="store_true",
                        help="with log lines that raise an alert")
    parser.add_argument("--json", action="store_true",
                        help="only the endpoints, as one line of JSON")
    options = parser.parse_args()
    raise_when_stopped()
    try:
        with tempfile.TemporaryDirectory(prefix="demo-bench-") as temporary:
            run(options.folder or temporary, options)
    except Stopped:
        _say("stopped")


def run(folder, options):
    with DemoBench(folder, options.pace, options.trouble, _say) as bench:
        print(json.dumps(bench.endpoints()), flush=True)
        if not options.json:
            _describe(bench.endpoints())
        threading.Event().wait()


if __name__ == "__main__":
    main()
