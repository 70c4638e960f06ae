# SPDX-License-Identifier: Apache-2.0
"""Submodules have the names that Frappe's jobs and processes are known by."""
