"""How many frames go together because the engines are fast: in one batch, and in flight.

Handing a batch over costs some 0.1 ms, whatever it holds: threads wake, messages are written and read. Beside engines that take
milliseconds a frame this is nothing; beside some that take 0.05 ms it is most of the time. So the bounds are times, not numbers: a
batch may take ``BATCH_NS``, and what is in flight, which the overload policy cannot drop any more, ``IN_FLIGHT_NS``. Slow engines
have the usual numbers, which then take longer.
"""

from __future__ import annotations

from inspector.inference.cascade import Stage

BATCH_NS = 2_000_000
"""Most time from when a batch larger than usual is enqueued until it is done, ns; about half of it is the wait for the one before."""
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
        self._waited_ns: dict[Stage, float] = {}
        """For a frame, from when its batch is enqueued: with the rest of a batch before it."""
        self._device_ns: dict[Stage, float] = {}
        """For a frame, of the device, which may compute several batches in parallel."""
        self._last_done_ns = 0

    def took(self, stage: Stage, frames: int, enqueued_ns: int, done_ns: int) -> None:
        """A batch of ``frames`` was computed; times in monotonic ns."""
        begun_ns = min(done_ns, max(enqueued_ns, self._last_done_ns))
        self._last_done_ns = max(done_ns, self._last_done_ns)
        _learn(self._waited_ns, stage, (done_ns - enqueued_ns) / frames)
        _learn(self._device_ns, stage, (done_ns - begun_ns) / frames)

    def largest_batch(self, stage: Stage) -> int:
        """Most frames that a batch of the stage may hold now; the usual number may be larger."""
        frame_ns = self._waited_ns.get(stage)
        return min(LARGEST_BATCH, int(BATCH_NS / max(1.0, frame_ns))) if self._any_batch and frame_ns is not None else 0

    @property
    def in_flight(self) -> int:
        """Most frames that are to be in flight now. An engine that was never used may be slow."""
        if len(self._device_ns) < len(Stage):
            return self._usual_in_flight
        by_time = int(IN_FLIGHT_NS / max(1.0, sum(self._device_ns.values())))
        return max(self._usual_in_flight, min(MOST_IN_FLIGHT, by_time))


def _learn(known_ns: dict[Stage, float], stage: Stage, frame_ns: float) -> None:
    before_ns = known_ns.get(stage, frame_ns)
    known_ns[stage] = before_ns + _WEIGHT * (frame_ns - before_ns)
