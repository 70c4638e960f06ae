# SPDX-License-Identifier: Apache-2.0
"""A real Prometheus server in a temporary folder, and its query API."""

import json
import pathlib
import urllib.parse

from support import http
from support.processes import Process, free_port, wait_until, wait_until_ready

JOB = "erpnext-exporter"  # of targets that come without a job name, as in alerts/prometheus.yml


def address(target):
    """host:port of a target given so or as URL; anything with a public .url works too."""
    target = getattr(target, "url", target)
    return urllib.parse.urlsplit(target).netloc if "://" in target else target


class Prometheus:
    """Scrapes `targets` (a list, or a dict of job name to list) and evaluates `rule_files`.

    `alertmanager` is an address, a URL or an Alertmanager of support.alertmanager.
    """

    def __init__(self, folder, targets, rule_files=(), alertmanager=None, scrape_interval="1s"):
        folder = pathlib.Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        rule_files = [pathlib.Path(path).resolve() for path in rule_files]
        for path in rule_files:  # a missing one would be a pattern that matches nothing
            assert path.is_file(), f"{path} is missing"
        jobs = targets if isinstance(targets, dict) else {JOB: targets}
        config = {
            "global": {"scrape_interval": scrape_interval, "scrape_timeout": scrape_interval,
                       "evaluation_interval": scrape_interval},
            "scrape_configs": [
                {"job_name": job,
                 "static_configs": [{"targets": [address(target) for target in its_targets]}]}
                for job, its_targets in jobs.items()],
            "rule_files": [str(path) for path in rule_files],
        }
        if alertmanager is not None:
            config["alerting"] = {"alertmanagers": [
                {"static_configs": [{"targets": [address(alertmanager)]}]}]}
        config_file = folder / "prometheus.yml"
        config_file.write_text(json.dumps(config, indent=1))  # JSON is YAML
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        self.process = Process(
            ["prometheus", f"--config.file={config_file}",
             f"--storage.tsdb.path={folder / 'prometheus-data'}",
             f"--web.listen-address=127.0.0.1:{port}", "--web.enable-lifecycle",
             # What fires in the first 5 s finds no Alertmanager yet; by default it is told
             # again only a minute later.
             "--rules.alert.resend-delay=3s"],
            folder / "prometheus.log")
        try:
            wait_until_ready(self.process, self.url)
        except BaseException:
            self.stop()
            raise

    def get(self, path, **parameters):
        """The `data` of an API call, for example get("/api/v1/targets"). Fails on an error answer."""
        pairs = [(name, item) for name, value in parameters.items()
                 for item in (value if isinstance(value, (list, tuple)) else [value])]
        answer = http.request(f"{self.url}{path}?{urllib.parse.urlencode(pairs)}", timeout=30)
        assert answer.status == 200, f"{path} {parameters}: {answer.status} {answer.text}"
        return answer.json()["data"]

    def query(self, expr, time=None):
        """The result of an instant query: list of {"metric": labels, "value": [time, text]}."""
        return self.get("/api/v1/query", query=expr, **({} if time is None else {"time": time}))["result"]

    def query_range(self, expr, start, end, step="15s"):
        """The result of a range query: list of {"metric": labels, "values": [...]}."""
        return self.get("/api/v1/query_range", query=expr, start=start, end=end, step=step)["result"]

    def wait_for(self, expr, timeout=60):
        """Waits until an instant query returns something, and returns that."""
        return wait_until(lambda: self.query(expr), f"a result of {expr}", timeout=timeout)

    def alerts(self, state=None):
        """Labels of the alerts of the rules, all or those in a state ("pending", "firing")."""
        return [alert["labels"] for alert in self.get("/api/v1/alerts")["alerts"]
                if state in (None, alert["state"])]

    def reload(self):
        answer = http.request(f"{self.url}/-/reload", method="POST", timeout=30)
        assert answer.status == 200, answer.text

    def stop(self):
        return self.process.stop()

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.stop()
