"""Runs that are over: their pages' data from journal and archive."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.routing import Route

from inspector.view.config import LineSource


def coil_routes(lines: Sequence[LineSource]) -> list[Route]:
    """The addresses under ``/api/lines/<id>/runs``."""
    return []
