"""Inspection as a library call, for a notebook or another program: ``inspector.open(...)``, then ``inspect`` an image.

The line without its processes, cameras, sockets and journal: engines, gate decision, checks, judge and drawing are those of the line,
so that a frame gets the same verdict. ``docs/library.md`` is the guide.
"""

from __future__ import annotations

from inspector.library.inspection import Inspection
from inspector.library.inspector import Inspector

__all__ = ["Inspection", "Inspector"]
