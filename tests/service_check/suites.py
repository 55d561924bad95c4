"""The releases of Debian on which the service is proved."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Suite:
    """A release of Debian."""

    name: str
    python: str
    """Version of its ``python3``."""


SUITES = {suite.name: suite for suite in (Suite("bookworm", "3.11"), Suite("trixie", "3.13"))}
