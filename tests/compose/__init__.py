# SPDX-License-Identifier: Apache-2.0
"""Tests of docker-compose.yml and the image, as far as they can be checked without an engine."""
