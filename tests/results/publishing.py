"""What the tests publish, and how they listen: real sockets and files, settled frames made up."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from pathlib import Path

import numpy as np
import zmq

from inspector.client import Subscriber
from inspector.config.journal import JournalConfig
from inspector.config.keys import KeysConfig
from inspector.config.results import ResultsConfig
from inspector.frames.clock import now_ns
from inspector.frames.meta import FrameMeta
from inspector.frames.outcome import BundleIdentity, Defect, Outcome, Reason, Settled, Verdict
from inspector.frames.size import FrameSize
from inspector.protocol.codec import Packet, decode
from inspector.protocol.masks import encode
from inspector.protocol.settings import Thresholds
from inspector.results.identity import Identity, StartInfo
from inspector.results.results import Results

CLASSES = ("pitting", "inclusion", "scratches", "corrosion")
RUN = "coil-7"
BUNDLE = BundleIdentity(bundle="demo 1.0", operating_point="op-3f2a", classes=CLASSES, size=FrameSize(8, 16))
THRESHOLDS = Thresholds(gate=0.05, mask=dict.fromkeys(CLASSES, 0.5), minimum_area_px=dict.fromkeys(CLASSES, 4))
START = StartInfo(
    bundle=BUNDLE, size=BUNDLE.size, thresholds=THRESHOLDS, scale_mm_per_px=(0.4, 0.4), rules=("scratches: area >= 10 px: REJECT",),
    deadline_ms=100.0, source="simulator",
)  # fmt: skip
PASSED = Outcome(verdict=Verdict.PASS, reason=Reason.GATE_CLEAN, gate_score=0.02, bundle=BUNDLE)
LOST = Outcome(verdict=Verdict.UNINSPECTED, reason=Reason.CAMERA_LOST, detail="the camera skipped them")


def mask_pixels() -> np.ndarray:
    """uint8 [8, 16] with six pixels of scratches."""
    pixels = np.zeros((8, 16), dtype=np.uint8)
    pixels[2:4, 5:8] = 4
    return pixels


REJECTED = Outcome(
    verdict=Verdict.REJECT,
    reason=Reason.DEFECT,
    gate_score=0.97,
    pixels=(0, 0, 6, 0),
    defect_pixels=(0, 0, 6, 0),
    defects=(
        Defect(
            class_name="scratches", score=0.91, area_px=6, bbox_px=(5, 2, 3, 2), centroid_px=(6.0, 2.5), length_px=3.0,
            width_px=2.0, area_mm2=0.96, length_mm=1.2, width_mm=0.8,
            x_mm=None, position_um=None,
        ),
    ),
    mask=encode(mask_pixels()), bundle=BUNDLE,
)  # fmt: skip


def make_identity(*cameras: str, **changes: object) -> Identity:
    fields: dict[str, object] = {
        "line": "line1", "cameras": cameras or ("cam1",), "epoch": str(uuid.uuid4()), "simulated": True,
    }  # fmt: skip
    return Identity(**{**fields, **changes})  # type: ignore[arg-type]


def make_meta(frame: int, camera: str = "cam1", name: str = "", run: str = RUN) -> FrameMeta:
    now = now_ns()
    return FrameMeta(
        camera=camera, frame=frame, captured_ns=now - 4_000_000, deadline_ns=now + 96_000_000, position_um=frame * 1000, name=name,
        run=run,
    )  # fmt: skip


def make_settled(
    frame: int, outcome: Outcome = PASSED, camera: str = "cam1", count: int = 1, run: str = RUN
) -> Settled:
    return Settled(
        meta=make_meta(frame, camera, run=run),
        outcome=outcome,
        settled_ns=now_ns(),
        resolved_through=frame + count - 1,
        count=count,
    )


def make_results(
    identity: Identity | None = None,
    journal: Path | None = None,
    results: dict[str, object] | None = None,
    journal_changed: Callable[[bool, str, str], None] = lambda well, code, text: None,
    keys: KeysConfig | None = None,
    **options: object,
) -> Results:
    """Not started yet; on a free port, ``options`` for the journal."""
    config = ResultsConfig(**{"endpoint": "tcp://127.0.0.1:*", "heartbeat_ms": 100, **(results or {})})  # type: ignore[arg-type]
    path = None if journal is None else str(journal)
    return Results(config, JournalConfig(path=path, **options), identity or make_identity(), journal_changed, keys=keys)  # type: ignore[arg-type]


class Ear:
    """A plain SUB socket, as an outsider has it."""

    def __init__(self, endpoint: str, prefix: str = "v1/") -> None:
        self._context = zmq.Context()
        self.socket = self._context.socket(zmq.SUB)
        self.socket.setsockopt(zmq.RCVHWM, 0)
        self.socket.subscribe(prefix)
        self.socket.connect(endpoint)

    def __enter__(self) -> Ear:
        return self

    def __exit__(self, *_: object) -> None:
        self._context.destroy(linger=0)

    def hear(self, timeout_s: float = 5.0) -> list[bytes]:
        """The parts of the next message."""
        assert self.socket.poll(round(timeout_s * 1000)), f"nothing heard in {timeout_s} s"
        return self.socket.recv_multipart()

    def packet(self, timeout_s: float = 5.0) -> Packet:
        """The next message, decoded."""
        return decode(self.hear(timeout_s))

    def until(self, kind: str, timeout_s: float = 10.0) -> list[Packet]:
        """All messages up to and including the first of ``kind``."""
        heard, until_s = [], time.monotonic() + timeout_s
        while time.monotonic() < until_s:
            heard.append(self.packet())
            if heard[-1].header.type.value == kind:
                return heard
        raise AssertionError(f"no {kind} in {timeout_s} s")


def hears(subscriber: Subscriber, timeout_ms: int) -> bool:
    """Whether a message comes in this time; that the connection was refused or lost is none."""
    until_s = time.monotonic() + timeout_ms / 1000
    while (left_s := until_s - time.monotonic()) > 0:
        if isinstance(subscriber.receive(max(1, round(1000 * left_s))), Packet):
            return True
    return False


def eventually(condition: Callable[[], object], timeout_s: float = 10.0) -> None:
    """Wait for something another thread does."""
    until_s = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < until_s, "it never came true"
        time.sleep(0.005)
