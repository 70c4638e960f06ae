# SPDX-License-Identifier: Apache-2.0
"""Measurements, for a person to read."""
