"""Which sheet a frame of the simulated camera shows, and which frames it loses or corrupts: a fixed function of seed and frame number."""

from __future__ import annotations

from inspector.capture.simulator.noise import chance, stream
from inspector.config.simulator import SimulatorConfig

_LOST, _CORRUPT, _SHEET = 100, 101, 103
"""Purposes of random streams, beside those of a sheet."""


def sheet_of(config: SimulatorConfig, number: int) -> int:
    """Which sheet of the pool frame ``number`` shows. On a strip they come at random: one after the other, a mark on one of them would look
    like that of a roll."""
    if config.strip is None:
        return number % config.pool
    return int(stream(config.seed, number, _SHEET).integers(config.pool))


def is_lost(config: SimulatorConfig, number: int) -> bool:
    """Whether the camera loses frame ``number``. The last frame of a run always arrives, so that the loss of those before
    it shows in its number."""
    if config.lose_rate == 0 or (config.frames is not None and number == config.frames - 1):
        return False
    return chance(stream(config.seed, number, _LOST), config.lose_rate)


def is_corrupt(config: SimulatorConfig, number: int) -> bool:
    """Whether frame ``number`` arrives without usable pixels."""
    return config.corrupt_rate > 0 and chance(stream(config.seed, number, _CORRUPT), config.corrupt_rate)
