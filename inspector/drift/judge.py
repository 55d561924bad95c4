"""Compares a window of a camera's frames with the reference and says what has changed, with hysteresis.

Each comparison has a limit of size, from the configuration, and one of chance: what so many frames of the reference's own population exceed with
the probability `FALSE_ALARM`. The larger one holds. What was reported is taken back when it is below `BACK` of its limit.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass

import numpy as np

from engines.drift.reference import FIGURES, Distribution, Reference
from engines.drift.stability import chance, deviations, stability_index
from inspector.config.drift import DriftConfig
from inspector.drift.block import Block
from inspector.drift.columns import dead_columns, shading, told

FALSE_ALARM = 1e-8
"""Probability that one comparison reports what is chance, of independent frames. At 100 frames in a second a window of 2,000 gives 6 million
comparisons a year and figure, so fewer than one false report in two years."""
BACK = 0.4
"""0.25 and 0.1, the customary limits of the population stability index, have this ratio."""
QUARTERS = 4
"""Blocks in a window."""


@dataclass(frozen=True)
class Change:
    """Something was found, or is well again."""

    subject: str
    """What it is about: a part of the camera."""
    well: bool
    code: str
    """Of what was found; the same one, with ``_cleared`` behind it, where it is well again."""
    text: str
    """For a person, without the camera's name."""
    columns: tuple[int, ...] = ()
    """Columns of the frame to point at, px."""


@dataclass(frozen=True)
class _Finding:
    code: str
    text: str
    columns: tuple[int, ...] = ()


class CameraJudge:
    """The state of one camera. Not thread-safe."""

    def __init__(self, reference: Reference, config: DriftConfig) -> None:
        self.reference = reference
        self._config = config
        self._blocks: deque[Block] = deque(maxlen=QUARTERS)
        self._found: dict[str, _Finding] = {}
        self.psi: dict[str, float] = {}
        """The population stability index of each figure over the last window; empty before the first."""
        self.window: Block | None = None
        """The last window that was judged."""

    def add(self, block: Block) -> list[Change]:
        """Judge the window that ends with ``block``; empty before the first whole window, and where nothing changes."""
        self._blocks.append(block)
        if len(self._blocks) < QUARTERS:
            return []
        height, width = block.height, block.width
        window = Block(self.reference, height, width)
        for one in self._blocks:
            window.include(one)
        self.window = window
        # Causes before their effects: the first one names the picture.
        now = {"lamp": self._lamp(window), "lens": self._dirt(window), "columns": self._dead(window)}
        for at, subject in ((0, "gate score"), (2, "contrast"), (3, "sharpness")):
            now[subject] = self._figure(window, at, subject)
        return [change for subject, found in now.items() if (change := self._change(subject, found))]

    def all_well(self, why: str) -> list[Change]:
        """Take back everything that was reported."""
        return [change for subject in list(self._found) if (change := self._change(subject, None, f"{subject}: {why}"))]

    def _change(self, subject: str, found: _Finding | None, well: str = "") -> Change | None:
        before = self._found.pop(subject, None)
        if found is not None:
            self._found[subject] = found
            same = before is not None and before.code == found.code
            return None if same else Change(subject, False, found.code, found.text, found.columns)
        if before is None:
            return None
        return Change(subject, True, f"{before.code}_cleared", well or f"{subject}: as in the reference again")

    def _limit(self, subject: str, code: str, limit: float) -> float:
        """The limit, lower while ``code`` is reported."""
        found = self._found.get(subject)
        return limit * BACK if found is not None and found.code == code else limit

    def _figure(self, window: Block, at: int, subject: str) -> _Finding | None:
        """Whether the distribution of a figure is another one."""
        name = FIGURES[at]
        expected: Distribution = getattr(self.reference, name)
        equal = self.reference.equal_frames
        psi = self.psi[name] = stability_index(window.counts[at], expected.shares, equal)
        by_chance = chance(len(expected.shares), window.frames, equal, FALSE_ALARM)
        limit = max(self._config.max_psi, by_chance)
        code = f"drift_{name}"
        if psi < self._limit(subject, code, limit):
            return None
        words = name.replace("_", " ")
        return _Finding(
            code,
            f"the {words} of the last {window.frames} frames is distributed otherwise than in the reference "
            f"(population stability index {psi:.2f}, limit {limit:.2f}); check lamp, lens, camera and product, and calibrate "
            "again where the change is wanted",
        )

    def _lamp(self, window: Block) -> _Finding | None:
        """Whether the frames have become darker, else whether their brightness is distributed otherwise."""
        otherwise = self._figure(window, 1, "lamp")
        expected = self.reference.brightness
        mean = window.brightness / window.frames
        fall = 1 - mean / max(expected.mean, 1e-9)
        # The standard error of the difference of two means, by the deviation of one frame.
        error = expected.spread / max(expected.mean, 1e-9)
        error *= math.sqrt(1 / window.frames + 1 / self.reference.equal_frames)
        limit = max(self._config.max_dimming, deviations(FALSE_ALARM) * error)
        if fall < self._limit("lamp", "lamp_dimming", limit):
            return otherwise
        return _Finding(
            "lamp_dimming",
            f"the last {window.frames} frames are {fall:.0%} darker than the reference (mean grey {mean:.0f}, not {expected.mean:.0f}); "
            "clean or replace the lamp, or check exposure and aperture",
        )

    def _dead(self, window: Block) -> _Finding | None:
        columns = dead_columns(window.columns, window.squares, window.frames)
        if not columns:
            return None
        return _Finding(
            "dead_columns",
            f"column{'s' if len(columns) > 1 else ''} {told(columns)} differ{'' if len(columns) > 1 else 's'} from those beside, in the mean of the "
            f"last {window.frames} frames; check the camera, and the sheet for a mark at the same place on every frame",
            tuple(columns),
        )

    def _dirt(self, window: Block) -> _Finding | None:
        change, spread = shading(window.tiles, window.on_sheet, self.reference.profile)
        known = np.isfinite(change)
        if not known.any():
            return None
        shares = np.asarray(self.reference.profile.frames)
        frames = np.maximum(self.reference.equal_frames * shares, 1)
        error = spread * np.sqrt(1 / np.maximum(window.on_sheet, 1) + 1 / frames)
        sigmas = deviations(FALSE_ALARM / change.size)
        limit = self._limit("lens", "dirty_columns", 1) * np.maximum(self._config.max_shading, sigmas * error)
        beyond = known & (np.abs(np.where(known, change, 0)) >= limit)
        if not beyond.any():
            return None
        worst = np.unravel_index(int(np.argmax(np.where(beyond, np.abs(change), 0))), change.shape)
        edges = np.linspace(0, window.width, change.shape[1] + 1).round().astype(int)
        groups = np.flatnonzero(beyond.any(axis=0))
        columns = [column for group in groups for column in range(edges[group], edges[group + 1])]
        word = "darker" if change[worst] < 0 else "brighter"
        return _Finding(
            "dirty_columns",
            f"columns {told(columns)} are up to {abs(change[worst]):.0%} {word} than in the reference, compared with those beside, in the last "
            f"{window.frames} frames; clean lens, window and lamp",
            tuple(int((edges[group] + edges[group + 1]) // 2) for group in groups),
        )
