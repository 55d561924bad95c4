"""A drift watch on a ring of its own, shown frames as postprocessing shows them, and what it reports."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import msgspec
import numpy as np

from engines.bundle import Bundle
from engines.drift.build import ReferenceBuilder
from engines.drift.look import look
from engines.drift.reference import Reference
from engines.operating_point import OperatingPoint
from inspector.config.drift import DriftConfig
from inspector.drift.watch import DriftWatch
from inspector.frames.leased_frame import Inspected, LeasedFrame
from inspector.frames.leases import Holder
from inspector.frames.meta import FrameMeta
from inspector.frames.outcome import BundleIdentity, Outcome, Reason, Verdict
from inspector.frames.ring import FrameRing
from inspector.frames.size import FrameSize
from tests.results.publishing import eventually
from tests.tiny_bundle import HEIGHT, WIDTH, frame_with

WINDOW = 100
OVERTAKEN = 4
"""Frames that a block of this watch waits for others that were overtaken: twice the slots of its ring."""
SIZE = FrameSize(HEIGHT, WIDTH)
POINT = OperatingPoint(gate_threshold=0.5, mask_thresholds={"a": 0.5})

_NO_JUDGES: Any = None


def frames(count: int, seed: int, light: float = 1.0) -> list[np.ndarray]:
    """Sheets of 70 to 90 grey."""
    levels = np.random.default_rng(seed).uniform(70, 90, count) * light
    return [frame_with([], background=round(level)) for level in levels]


def reference_of(shown: Sequence[np.ndarray]) -> Reference:
    builder = ReferenceBuilder()
    for frame in shown:
        seen = look(frame)
        assert seen is not None
        builder.add(seen, float(frame.max()) / 255)
    made = builder.reference(0.5)
    assert made is not None
    return made


def with_references(bundle: Bundle) -> Bundle:
    """The bundle with a reference, and one for the camera ``dim`` alone, whose lamp is weaker."""
    point = msgspec.structs.replace(
        bundle.operating_point,
        reference=reference_of(frames(200, 1)),
        camera_references={"dim": reference_of(frames(200, 2, 0.7))},
    )
    return Bundle(bundle.path, bundle.manifest, point, bundle.id, bundle.sha256)


class Watched:
    """The watch of one camera, ``top``, and all that it reported."""

    def __init__(self, point: OperatingPoint, **keys: Any) -> None:
        self.told: list[tuple[str, bool, str, str]] = []
        self.activate(point)
        self.ring = FrameRing(2, SIZE, 0)
        config = DriftConfig(**{"window_frames": WINDOW, "looks_hz": None, **keys})
        self.watch = DriftWatch(
            config, {"top": SIZE}, SIZE, self.ring, lambda: self.active, lambda *told: self.told.append(told)
        )
        self.number = 0

    def activate(self, point: OperatingPoint, bundle: str = "b-1") -> None:
        identity = BundleIdentity(bundle=bundle, operating_point=point.id, classes=("a",), size=SIZE)
        self.active = identity, point

    def show(self, shown: Sequence[np.ndarray], *, shadow: bool = False, score: float | None = None) -> None:
        """Frames 1 ms apart; the score is that of the tiny gate where ``score`` is not given."""
        for frame in shown:
            lease = self.ring.leases.acquire(Holder("test"))
            assert lease is not None
            self.ring.pixels(lease, SIZE)[...] = frame
            captured = self.number * 1_000_000
            meta = FrameMeta(
                camera="top",
                frame=self.number,
                captured_ns=captured,
                deadline_ns=None,
                position_um=None,
                run="r",
                name="",
            )
            outcome = Outcome(
                verdict=Verdict.PASS,
                reason=Reason.GATE_CLEAN,
                gate_score=float(frame.max()) / 255 if score is None else score,
                bundle=self.active[0],
            )
            self.watch.inspected(Inspected(LeasedFrame(lease, meta, _NO_JUDGES, shadow), outcome, None))
            lease.release()
            self.number += 1

    def codes(self) -> list[str]:
        return [code for _, _, code, _ in self.told]

    def until(self, code: str) -> str:
        """The text of ``code``, once it was reported."""
        eventually(lambda: code in self.codes())
        return next(text for _, _, one, text in self.told if one == code)


@contextmanager
def watching(point: OperatingPoint, **keys: Any) -> Iterator[Watched]:
    watched = Watched(point, **keys)
    watched.watch.start()
    try:
        yield watched
    finally:
        watched.watch.stop(5)
        watched.ring.close()
