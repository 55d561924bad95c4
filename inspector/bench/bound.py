"""What the engines allow: the frame rate that no line can exceed with them."""

from __future__ import annotations

from enum import Enum

from engines.runtime.engine import Engines
from inspector.bench.engines import BusyTimes


class Bound(str, Enum):
    """How the times of gate and segmenter make up the bound."""

    SUM = "sum"
    """They take turns on the same cores: 1 / (gate + share x segmenter)."""
    SLOWER_STREAM = "slower_stream"
    """They overlap, each on a stream of its own, so that one of them may hide behind the other: 1 / max(gate, share x segmenter). Where
    both compete for the cores of the device it may be out of reach."""

    @staticmethod
    def of(engines: Engines) -> Bound:
        """The bound of these engines."""
        return Bound.SLOWER_STREAM if engines.overlap else Bound.SUM

    def rate_hz(self, times: BusyTimes, share: float) -> float:
        """Frames per second that the engines allow when ``share`` of the frames reach the segmenter."""
        gate_ms, segmenter_ms = times.gate_ms, share * times.segmenter_ms
        return 1e3 / (gate_ms + segmenter_ms if self is Bound.SUM else max(gate_ms, segmenter_ms))
