# SPDX-License-Identifier: Apache-2.0
"""A real Alertmanager in a temporary folder, and what it was told."""

import json
import pathlib

from support import http
from support.processes import Process, free_port, wait_until_ready

# Takes everything and tells nobody: a test asks the API instead.
SILENT = {"route": {"receiver": "nobody", "group_wait": "1s", "group_interval": "1s"},
          "receivers": [{"name": "nobody"}]}


class Alertmanager:
    """`config_file` is used as it is; without one, alerts are kept and nobody is notified."""

    def __init__(self, folder, config_file=None):
        folder = pathlib.Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        if config_file is None:
            config_file = folder / "alertmanager.yml"
            config_file.write_text(json.dumps(SILENT))  # JSON is YAML
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        self.process = Process(
            ["prometheus-alertmanager", f"--config.file={config_file}",
             f"--storage.path={folder / 'alertmanager-data'}",
             f"--web.listen-address=127.0.0.1:{port}",
             "--cluster.listen-address="],  # one server: no gossip, no second port
            folder / "alertmanager.log")
        try:
            wait_until_ready(self.process, self.url)
        except BaseException:
            self.stop()
            raise

    def alerts(self, **labels):
        """The active alerts whose labels include these, as the API gives them.

        Each has "labels", "annotations", "status" {"state", "inhibitedBy", "silencedBy"}, "receivers".
        """
        answer = http.request(f"{self.url}/api/v2/alerts?active=true&inhibited=true&silenced=true")
        assert answer.status == 200, f"{answer.status} {answer.text}"
        return [alert for alert in answer.json() if labels.items() <= alert["labels"].items()]

    def stop(self):
        return self.process.stop()

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.stop()
