# SPDX-License-Identifier: Apache-2.0
"""The real servers that the integration tests share."""

import pytest
from demo.mariadb import MariadbServer
from support.certificates import Authority


@pytest.fixture(scope="session")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("ca"))


@pytest.fixture(scope="session")
def mariadb(tmp_path_factory, authority):
    """With TLS for who wants it, a small number of connections, and a log of all statements."""
    folder = tmp_path_factory.mktemp("db")
    server = MariadbServer(folder)
    server.install()
    with open(folder / "my.cnf", "a", encoding="utf-8") as config:
        config.write(f"ssl-cert = {authority.certificate}\nssl-key = {authority.key}\n"
                     f"ssl-ca = {authority.ca}\ngeneral-log = OFF\n"
                     f"general-log-file = {folder}/general.log\n")
    server.start()
    with server.connect() as connection, connection.cursor() as cursor:
        cursor.execute("CREATE USER exporter@localhost IDENTIFIED BY 'exporter-secret'")
        cursor.execute("CREATE USER exporter@'127.0.0.1' IDENTIFIED BY 'exporter-secret'")
    yield server
    server.stop()
