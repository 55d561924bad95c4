"""How many frames go together because the engines are fast: in one batch, and in flight.

Handing a batch over costs some 0.1 ms, whatever it holds: threads wake, messages are written and read. Beside engines that take
milliseconds a frame this is nothing; beside some that take 0.05 ms it is most of the time. So the bounds are times, not numbers: a
batch may take ``BATCH_NS``, and what is in flight, which the overload policy cannot drop any more, ``IN_FLIGHT_NS``. Slow engines
have the usual numbers, which then take longer.
"""

from __future__ import annotations

from inspector.inference.cascade import Stage

BATCH_NS = 1_000_000
"""Most time that the frames of a batch beyond the usual ones may take, ns."""
IN_FLIGHT_NS = 5_000_000
"""Most time that the frames in flight beyond the usual ones may take, were all of them let through, ns."""
LARGEST_BATCH = 16
MOST_IN_FLIGHT = 128
_WEIGHT = 0.1
"""Of the latest batch in the time that a frame takes."""


class Pace:
    """The time that a frame takes in each engine, as its batches show."""

    def __init__(self, usual_in_flight: int, *, any_batch: bool) -> None:
        """``usual_in_flight`` frames keep the device busy, whatever its speed. ``any_batch``: batches may be larger than the engines'
        ``max_batch``, because the frames of one are computed in turn."""
        self._usual_in_flight = usual_in_flight
        self._any_batch = any_batch
        self._frame_ns: dict[Stage, float] = {}

    def took(self, stage: Stage, frames: int, took_ns: int) -> None:
        """A batch of ``frames`` was done ``took_ns`` after it was enqueued. The wait for the batch before it counts too: a frame
        rather seems slower than it is."""
        frame_ns = took_ns / frames
        known_ns = self._frame_ns.get(stage, frame_ns)
        self._frame_ns[stage] = known_ns + _WEIGHT * (frame_ns - known_ns)

    def largest_batch(self, stage: Stage) -> int:
        """Most frames that a batch of the stage may hold now; the usual number may be larger."""
        frame_ns = self._frame_ns.get(stage)
        return min(LARGEST_BATCH, int(BATCH_NS / frame_ns)) if self._any_batch and frame_ns else 0

    @property
    def in_flight(self) -> int:
        """Most frames that are to be in flight now. An engine that was never used may be slow."""
        if len(self._frame_ns) < len(Stage):
            return self._usual_in_flight
        by_time = int(IN_FLIGHT_NS / max(1.0, sum(self._frame_ns.values())))
        return max(self._usual_in_flight, min(MOST_IN_FLIGHT, by_time))
