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

    def _openssl(self, *arguments):
        subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True,
                       timeout=60)

    def _make(self, name):
        curve = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")
        request, extensions = self._folder / "server.csr", self._folder / "server.ext"
        ca_key = self._folder / "ca.key"
        self._openssl("req", "-x509", *curve, "-keyout", ca_key, "-out", self.ca, "-days", 2,
                      "-subj", f"/CN={name} authority")
        self._openssl("req", *curve, "-keyout", self.key, "-out", request, "-subj", "/CN=localhost")
        extensions.write_text("subjectAltName=DNS:localhost,IP:127.0.0.1\n")
        self._openssl("x509", "-req", "-in", request, "-CA", self.ca, "-CAkey", ca_key, "-days", 2,
                      "-CAcreateserial", "-extfile", extensions, "-out", self.certificate)
