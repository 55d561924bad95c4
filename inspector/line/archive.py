"""The archive of a line: the keeper, where the configuration names one."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from engines.operating_point import OperatingPoint
from inspector.archive.books import Kept
from inspector.archive.describing import Origin
from inspector.archive.keeper import Keeper
from inspector.frames.leased_frame import LeasedFrame
from inspector.frames.outcome import BundleIdentity, Outcome

if TYPE_CHECKING:
    from inspector.line.line import Line


class LineArchive:
    """Gives a line its keeper; without one every method does nothing."""

    def __init__(self, line: Line) -> None:
        """Nothing runs yet. The line has its ring and its status already."""
        self._line = line
        self.keeper: Keeper | None = None
        config, epoch = line.config.archive, line.epoch
        if config.path is not None:
            self.keeper = Keeper(
                config,
                Origin(epoch.line, epoch.epoch, epoch.simulated),
                line.ring,
                self._point_of,
                partial(line.status.condition, degrades=False),
            )

    def start(self) -> None:
        """Show it frames from now on."""
        if self.keeper is not None:
            self.keeper.start()
            self._line.observers.add(self.keeper)

    def disagreed(self, frame: LeasedFrame, verdict: Outcome, difference: str) -> None:
        """See ``Keeper.disagreed``."""
        if self.keeper is not None:
            self.keeper.disagreed(frame, verdict, difference)

    def kept(self) -> Kept | None:
        """What was done so far; None without an archive."""
        return None if self.keeper is None else self.keeper.kept()

    def end(self) -> None:
        """See ``Keeper.end``."""
        if self.keeper is not None:
            self.keeper.end()

    def close(self, timeout_s: float) -> None:
        """See ``Keeper.close``."""
        if self.keeper is not None:
            self.keeper.close(timeout_s)

    def _point_of(self, identity: BundleIdentity) -> OperatingPoint | None:
        for _, loaded in self._line.inference.loaded():
            if loaded.identity == identity:
                return loaded.bundle.operating_point
        return None
