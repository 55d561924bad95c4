"""Which frames a shadow is shown."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from inspector.frames.meta import FrameMeta

if TYPE_CHECKING:
    from inspector.inference.dispatcher import Dispatcher


class Sampler(Protocol):
    """Asked in a camera's thread about every frame, before the active bundle gets it: it must be quick and must not raise."""

    def wants(self, meta: FrameMeta, active: Dispatcher, shadow: Dispatcher) -> bool:
        """Whether ``shadow`` is to be shown a frame that ``active`` is about to get."""

    def no_slot(self, meta: FrameMeta) -> None:
        """The frame that was wanted is not shown: observers hold all slots that they may."""
