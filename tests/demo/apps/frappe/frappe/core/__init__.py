# SPDX-License-Identifier: Apache-2.0
"""Part of the name by which Frappe's scheduled jobs are known."""
