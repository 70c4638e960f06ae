# SPDX-License-Identifier: Apache-2.0
"""A bench that runs for real, for demonstrations and tests: MariaDB, Redis, RQ workers, logs."""

from demo.bench import DemoBench

__all__ = ["DemoBench"]
