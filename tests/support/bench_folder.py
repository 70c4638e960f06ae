# SPDX-License-Identifier: Apache-2.0
"""As much of a bench's files as the exporter reads, for tests that need no running bench."""

import json
import os
import pathlib

VERSION = "15.38.0"


class BenchFolder:
    def __init__(self, path, sites=("one.example.com",), **config):
        """`config` goes into common_site_config.json."""
        self.path = pathlib.Path(path)
        self.sites = self.path / "sites"
        self.logs = self.path / "logs"
        for folder in (self.sites, self.logs, self.path / "apps/frappe/frappe"):
            folder.mkdir(parents=True, exist_ok=True)
        (self.path / "apps/frappe/frappe/__init__.py").write_text(f'__version__ = "{VERSION}"\n')
        (self.sites / "apps.txt").write_text("frappe\n")
        self.config = {"db_host": "127.0.0.1", **config}
        self.write_config()
        for site in sites:
            self.add_site(site)

    @property
    def name(self):
        return self.path.name

    def write_config(self, **changes):
        self.config.update(changes)
        replace(self.sites / "common_site_config.json", json.dumps(self.config).encode())

    def add_site(self, name, text='{"db_name": "_0123456789abcdef", "db_password": "site-secret"}'):
        """`name` may be bytes. Returns the folder."""
        folder = os.path.join(os.fsencode(self.sites), os.fsencode(name))
        os.makedirs(folder, exist_ok=True)
        replace(os.path.join(folder, b"site_config.json"), os.fsencode(text))
        return folder

    def log(self, name, data):
        """Appends to a log of the bench."""
        with open(self.logs / name, "ab") as log:
            log.write(data)


def replace(path, data):
    """Writes a file in one step, as an editor or Frappe would, so that nobody reads half of it."""
    temporary = os.fsencode(path) + b".new"
    with open(temporary, "wb") as file:
        file.write(data)
    os.replace(temporary, os.fsencode(path))
