"""Which frames the simulated camera loses or corrupts: a fixed function of seed and frame number."""

from __future__ import annotations

from inspector.capture.simulator.noise import chance, stream
from inspector.config.simulator import SimulatorConfig

_LOST, _CORRUPT = 100, 101
"""Purposes of random streams, beside those of a sheet."""


def is_lost(config: SimulatorConfig, number: int) -> bool:
    """Whether the camera loses frame ``number``. The last frame of a run always arrives, so that the loss of those before
    it shows in its number."""
    if config.lose_rate == 0 or (config.frames is not None and number == config.frames - 1):
        return False
    return chance(stream(config.seed, number, _LOST), config.lose_rate)


def is_corrupt(config: SimulatorConfig, number: int) -> bool:
    """Whether frame ``number`` arrives without usable pixels."""
    return config.corrupt_rate > 0 and chance(stream(config.seed, number, _CORRUPT), config.corrupt_rate)
