"""The numbers that the questions about a new line take: those of the configuration."""

from __future__ import annotations

from inspector.cli.options import Limits, limits_of
from inspector.config.journal import JournalConfig
from inspector.config.replay import ReplayConfig
from inspector.config.tree import LineConfig
from inspector.config.verdicts import Scale

RATE_HZ = limits_of(ReplayConfig, "rate_hz", most=100_000)
DEADLINE_MS = limits_of(LineConfig, "deadline_ms")
KEEP_DAYS = limits_of(JournalConfig, "keep_days", most=36_500)
MM_PER_PX = limits_of(Scale, "mm_per_px_x")
PORT = Limits(1, 65_534, whole=True)
"""Of the results; what was missed is asked for at the port behind it."""
