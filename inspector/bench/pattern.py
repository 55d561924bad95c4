"""How the frames that are let through follow each other, and the limits of their share. Light, for the command line's options."""

from __future__ import annotations

from enum import Enum

BURST = 20
"""Frames in a row that are let through in a burst."""
FINEST_SHARE = 0.001
"""Shares are whole multiples of this or simple fractions."""


class Pattern(str, Enum):
    """How the frames that are let through follow each other."""

    EVEN = "even"
    """At equal distances."""
    RANDOM = "random"
    """At random places."""
    BURSTS = "bursts"
    """``BURST`` of them in a row, as in a defective stretch, and clean frames only between the bursts."""
