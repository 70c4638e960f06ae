# SPDX-License-Identifier: Apache-2.0
"""The dashboards as tables of panels; tools/generate_dashboards.py writes them as JSON."""
