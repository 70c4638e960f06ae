# SPDX-License-Identifier: Apache-2.0
"""Only the version of ERPNext: the demo bench runs none of it."""

__version__ = "15.10.3"
