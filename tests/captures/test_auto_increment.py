# SPDX-License-Identifier: Apache-2.0
"""How Frappe numbers rows on MariaDB, as docs/decisions.md says: by no AUTO_INCREMENT column, but by
sequences, which end where a BIGINT does and so never."""

import gzip
import os
import re

import pytest
from captures.test_coverage import CAPTURES

DUMPS = sorted(CAPTURES.glob("*/mariadb/*.sql.gz"))
LAST = (1 << 63) - 2


def test_frappe_numbers_by_sequences_that_do_not_end():
    if not DUMPS:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(
            "no captures: set ERPNEXT_EXPORTER_CAPTURES to their folder")
    lasts = []
    for dump in DUMPS:
        text = gzip.decompress(dump.read_bytes()).decode(errors="replace")
        assert "CREATE TABLE" in text, dump
        # Of definitions, not of what rows hold.
        assert not re.findall(r"^  `\w+` .*AUTO_INCREMENT.*,$", text, flags=re.M | re.I), dump
        lasts += re.findall(r"^CREATE SEQUENCE .* maxvalue (\d+) ", text, flags=re.M)
    assert lasts and {int(last) for last in lasts} == {LAST}
