# SPDX-License-Identifier: Apache-2.0
"""The demo bench's own app: its jobs, what enqueues them, and what writes its logs."""

__version__ = "0.1.0"
