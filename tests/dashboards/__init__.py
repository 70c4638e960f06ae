# SPDX-License-Identifier: Apache-2.0
"""Tests of the dashboards: their form, their queries, and their queries on live data."""
