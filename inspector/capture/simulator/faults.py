"""Which frames the simulated camera loses or corrupts: a fixed function of seed and frame number."""

from __future__ import annotations

from inspector.config.simulator import SimulatorConfig

_LOST, _CORRUPT = 0x9E6C63D0876A9A47, 0x5851F42D4C957F2D
_WORD = (1 << 64) - 1


def is_lost(config: SimulatorConfig, number: int) -> bool:
    """Whether the camera loses frame ``number``. The last frame of a run always arrives, so that the loss of those before
    it shows in its number."""
    if config.lose_rate == 0 or (config.frames is not None and number == config.frames - 1):
        return False
    return _share(config.seed, number, _LOST) < config.lose_rate


def is_corrupt(config: SimulatorConfig, number: int) -> bool:
    """Whether frame ``number`` arrives without usable pixels."""
    return config.corrupt_rate > 0 and _share(config.seed, number, _CORRUPT) < config.corrupt_rate


def _share(seed: int, number: int, purpose: int) -> float:
    """A number from 0 to 1 that looks random: SplitMix64 (Steele, Lea, Flood 2014) over seed, purpose and number."""
    word = _mix((seed ^ purpose) & _WORD)
    return _mix((word + number) & _WORD) / 2**64


def _mix(word: int) -> int:
    word = (word + 0x9E3779B97F4A7C15) & _WORD
    word = ((word ^ (word >> 30)) * 0xBF58476D1CE4E5B9) & _WORD
    word = ((word ^ (word >> 27)) * 0x94D049BB133111EB) & _WORD
    return word ^ (word >> 31)
