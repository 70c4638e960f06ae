# SPDX-License-Identifier: Apache-2.0
"""A certificate authority for one test run, made by openssl."""

import pathlib
import subprocess


class Authority:
    """`ca` signs `certificate` and `key`, which are for localhost and 127.0.0.1."""

    def __init__(self, folder, name="test"):
        self._folder = pathlib.Path(folder)
        self._folder.mkdir(parents=True, exist_ok=True)
        self.ca = self._folder / "ca.pem"
        self.certificate = self._folder / "server.pem"
        self.key = self._folder / "server.key"
        self._make(name)
        self.sign(days=2)

    def _openssl(self, *arguments):
        subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True,
                       timeout=60)

    def _make(self, name):
        curve = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")
        self._openssl("req", "-x509", *curve, "-keyout", self._folder / "ca.key", "-out", self.ca,
                      "-days", 60, "-subj", f"/CN={name} authority")
        self._openssl("req", *curve, "-keyout", self.key, "-out", self._folder / "server.csr",
                      "-subj", "/CN=localhost")

    def sign(self, days):
        """Makes `certificate`, or a new one for the same key."""
        extensions = self._folder / "server.ext"
        extensions.write_text("subjectAltName=DNS:localhost,IP:127.0.0.1\n")
        self._openssl("x509", "-req", "-in", self._folder / "server.csr", "-CA", self.ca,
                      "-CAkey", self._folder / "ca.key", "-days", days, "-CAcreateserial",
                      "-extfile", extensions, "-out", self.certificate)
