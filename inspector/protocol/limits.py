"""The sizes that no message of version 1 exceeds. A publisher shortens what is longer; a receiver may refuse it.

Lengths of text are counted in Unicode characters, as JSON Schema does, sizes of parts in bytes.
"""

from __future__ import annotations

LARGEST_HEADER = 16 << 10
"""Bytes of a header."""
LARGEST_BODY = 8 << 20
"""Bytes of a body. A result that would be larger lists fewer defects, and says so in its detail."""
MOST_PIXELS = 1 << 28
"""Of a frame. A mask has at most 8 bytes for each."""
LONGEST_TEXT = 1000
"""A text for a person: details, rules, what a status says."""
LONGEST_REASON = 512
"""The text of one reason for the health."""
LONGEST_PART = 128
"""The part of the line that a reason is about."""
LONGEST_FILE_NAME = 4096
LONGEST_IDENTITY = 256
"""The identity of a bundle, of a calibration, of a flat field."""
LONGEST_WORD = 64
"""A code, a unit, the name of a run, a recipe, a part, a clock."""
MOST_CLASSES = 8
MOST_DEFECTS = 10_000
"""Defects in one message."""
MOST_SHEET_FRAMES = 1000
"""Frames that a sheet is made of."""
MOST_CAMERAS = 256
MOST_RULES = 100
MOST_REASONS = 16
"""Reasons for the health that one message carries."""
HEARTBEAT_MS = (100, 250)
"""Shortest and longest time between two heartbeats."""
