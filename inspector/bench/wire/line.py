"""The line that is measured, in stretches of frames of one kind, with its subscriber."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import msgspec

from engines.bundle import read_bundle
from inspector.bench.lines import CAMERA
from inspector.bench.partner import Partner
from inspector.bench.pool_camera import PoolCamera
from inspector.bench.subscriber import Heard, Listen, answer_of
from inspector.bench.wire.behind import CatchUp, CaughtUp
from inspector.bench.wire.crowd import Ask, Crowd
from inspector.bench.wire.frames import HEIGHT, Plane, carrier, defect_mask
from inspector.bench.wire.threads import Spent, spent_by, spent_here
from inspector.config.camera import CameraConfig
from inspector.config.inference import InferenceConfig
from inspector.config.journal import JournalConfig
from inspector.config.results import ResultsConfig
from inspector.config.simulator import SimulatorConfig
from inspector.config.tree import LineConfig
from inspector.config.verdicts import Scale, VerdictsConfig
from inspector.errors import UserError
from inspector.frames.outcome import Settled, Verdict
from inspector.line.line import Line

BUNDLE = Path(__file__).with_name("bundle")
SCALE = Scale(mm_per_px_x=0.5, mm_per_px_y=0.5)
RUN = "bench"
TRAVEL_UM = round(1000 * HEIGHT * SCALE.mm_per_px_y)
"""Of the strip from one frame to the next: what a frame shows."""
_PIECE = 5000
"""Frames between two looks whether the journal keeps up."""
POOL = 16
"""Different frames of each kind."""
DEADLINE_MS = 1000.0
"""Longer than the frames of a full ring take, so that no frame of a saturated line is late; the timer works as on a line."""


class Kind(msgspec.Struct, frozen=True):
    """What the frames of a stretch are like."""

    percent: int
    """Of them hold defects and are let through; spread evenly."""
    defects: int
    """Of each of those."""


class Stretch(msgspec.Struct, frozen=True, kw_only=True):
    """What was measured over a stretch. CPU times and context switches are per frame."""

    frames: int
    rejected: int
    uninspected: int
    rate_hz: float
    """Frames by the time from the capture of the first to the last verdict."""
    cpu_us: dict[str, float]
    """Of the line's process, by thread (``threads.py``)."""
    switches: dict[str, float]
    """Voluntary context switches, likewise."""
    child_cpu_us: float
    child_switches: float
    subscriber_cpu_us: float
    heard: Heard
    rows_per_s: float = 0.0
    """Publications that the journal stored, by the time from the capture of the first frame until it had stored all."""
    crowd: int = 0
    """Subscribers beside the one that measures that are still connected."""
    crowd_cpu_us: float = 0.0


class Recovery(msgspec.Struct, frozen=True, kw_only=True):
    """A subscriber that is far behind while the line runs."""

    live_hz: float
    """Rate of the line meanwhile."""
    alone_us: list[int]
    """Latencies of live results while nobody asks for anything, microseconds."""
    beside_us: list[int]
    """The same while the one that is behind fetches what it missed."""
    caught_up: CaughtUp


class WireLine:
    """Use as a context manager."""

    def __init__(self, directory: Path, subscribers: int = 1, *, coil: bool = False) -> None:
        """Build the line; ``directory`` is for its journal, and of ``subscribers`` one measures. ``coil``: the frames follow each other along a strip, as one
        run. Raises UserError."""
        self._others = subscribers - 1
        self._crowd: Partner[Crowd] | None = None
        self._frames = _Programme()
        self._camera = PoolCamera(self._frames)
        self._count = _Count(0)
        config = LineConfig(
            line="bench",
            bundle=str(BUNDLE),
            run=RUN if coil else None,
            cameras=(
                CameraConfig(
                    name=CAMERA, source=SimulatorConfig(), scale=SCALE, travel_um_per_frame=TRAVEL_UM if coil else None
                ),
            ),
            verdicts=VerdictsConfig(travel_axis="y" if coil else "x"),
            deadline_ms=DEADLINE_MS,
            overload="wait",
            inference=InferenceConfig(runtime="openvino", precision="f32"),
            results=ResultsConfig(endpoint="tcp://127.0.0.1:*"),
            journal=JournalConfig(path=str(directory / "journal.sqlite")),
        )
        self.line = Line(
            config,
            read_bundle(BUNDLE),
            sources={CAMERA: self._camera},
            observe=lambda settled: self._count.settled(settled),
        )
        self._exit = ExitStack()

    def __enter__(self) -> WireLine:
        with ExitStack() as stack:
            stack.callback(self.line.stop)
            stack.callback(self._camera.end)
            self.line.start(threading.Event())
            self._subscriber = stack.enter_context(
                Partner("inspector.bench.subscriber", (self.line.results.endpoint,), Heard)
            )
            self._subscriber.ask(Listen(last_frame=-1))
            answer_of(self._subscriber)
            if self._others:
                others = (self.line.results.endpoint, str(self._others))
                self._crowd = stack.enter_context(Partner("inspector.bench.wire.crowd", others, Crowd))
                self._connected()
            self._exit = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._exit.close()

    def run(self, kind: Kind, frames: int, rate_hz: float | None = None) -> Stretch:
        """Send frames at ``rate_hz``, None: as fast as the line takes them, and wait until the subscriber knows of every verdict.

        Raises UserError where the line or the subscriber ends."""
        last_frame = self._camera.sent + frames - 1
        self._frames.show(kind)
        count = self._count = _Count(frames)
        self._subscriber.ask(Listen(last_frame=last_frame))
        here, child, subscriber = spent_here(), self._child_spent(), spent_by(self._subscriber.pid)
        crowd, stored = self._crowd_spent(), self._stored()
        self._camera.send(frames, rate_hz)
        while not count.done.wait(0.2):
            if self.line.failures or not self.line.results.snapshot().alive:
                raise UserError(f"the line ended while it was measured: {'; '.join(self.line.failures)}")
        here = {name: spent.since(here[name]) for name, spent in spent_here().items()}
        child = self._child_spent().since(child)
        rows_per_s = self._rows_per_s(stored, count)
        crowd = self._crowd_spent().since(crowd)
        heard = answer_of(self._subscriber)  # may be behind the line
        subscriber = spent_by(self._subscriber.pid).since(subscriber)
        return Stretch(
            frames=frames,
            rejected=count.rejected,
            uninspected=count.uninspected,
            rate_hz=frames / (count.last_ns - count.first_ns) * 1e9,
            cpu_us={name: spent.cpu_ns / frames / 1e3 for name, spent in here.items()},
            switches={name: spent.switches / frames for name, spent in here.items()},
            child_cpu_us=child.cpu_ns / frames / 1e3,
            child_switches=child.switches / frames,
            subscriber_cpu_us=subscriber.cpu_ns / frames / 1e3,
            heard=heard,
            rows_per_s=rows_per_s,
            crowd=self._connected(),
            crowd_cpu_us=crowd.cpu_ns / frames / 1e3,
        )

    def fill(self, kind: Kind, frames: int) -> None:
        """Have so many frames in the journal of the epoch."""
        while (lacking := frames - self._camera.sent) > 0:
            self.run(kind, min(lacking, _PIECE))

    def recovery(self, kind: Kind, rate_hz: float, seconds: float) -> Recovery:
        """Send frames at ``rate_hz``, for ``seconds`` alone and then until another subscriber has fetched all of the epoch."""
        piece = max(1, round(rate_hz / 4))
        alone = self.run(kind, max(1, round(rate_hz * seconds)), rate_hz)
        beside: list[int] = []
        with (
            Partner("inspector.bench.wire.behind", (self.line.results.endpoint,), CaughtUp) as behind,
            ThreadPoolExecutor(1) as waiting,
        ):
            behind.ask(CatchUp(publications=self._camera.sent))
            answer = waiting.submit(behind.answer)
            while not answer.done():
                beside += self.run(kind, piece, rate_hz).heard.latency_us
            caught_up = answer.result()
        return Recovery(live_hz=rate_hz, alone_us=alone.heard.latency_us, beside_us=beside, caught_up=caught_up)

    def _stored(self) -> int:
        """Publications that the journal has stored."""
        state = self.line.results.snapshot().journal
        assert state is not None
        return state.committed

    def _rows_per_s(self, stored: int, count: _Count) -> float:
        """Wait until the journal has stored all."""
        while (state := self.line.results.snapshot().journal) is not None and state.waiting:
            time.sleep(0.001)
        return (self._stored() - stored) / (time.monotonic_ns() - count.first_ns) * 1e9

    def _connected(self) -> int:
        """Of the crowd. Raises UserError where it ended."""
        if self._crowd is None:
            return 0
        self._crowd.ask(Ask())
        return self._crowd.answer().connected

    def _crowd_spent(self) -> Spent:
        return spent_by(self._crowd.pid if self._crowd else None)

    def _child_spent(self) -> Spent:
        return spent_by(self.line.inference.active.supervisor.child_pid)


class _Programme(Sequence[Plane]):
    """What the camera shows as its nth frame, of the kind that was asked for last."""

    def __init__(self) -> None:
        self._pools: dict[int, tuple[Plane, ...]] = {}
        self._kind = Kind(0, 0)

    def show(self, kind: Kind) -> None:
        """Show frames of this kind from now on."""
        for defects in (0, kind.defects):
            if defects not in self._pools:
                self._pools[defects] = tuple(carrier(defect_mask(defects, seed), seed) for seed in range(POOL))
        self._kind = kind

    def __len__(self) -> int:
        return 1 << 62

    def __getitem__(self, number: int) -> Plane:  # type: ignore[override]
        earlier, so_far = (n * self._kind.percent // 100 for n in (number, number + 1))
        if so_far > earlier:
            return self._pools[self._kind.defects][earlier % POOL]
        return self._pools[0][number % POOL]


class _Count:
    """Counts the verdicts of a stretch."""

    def __init__(self, frames: int) -> None:
        self.done = threading.Event()
        self.first_ns = self.last_ns = 0
        self.rejected = self.uninspected = 0
        self._left = frames

    def settled(self, settled: Settled) -> None:
        """One verdict, under the ledger's lock."""
        captured_ns = settled.meta.captured_ns
        self.first_ns = min(self.first_ns or captured_ns, captured_ns)
        self.rejected += settled.outcome.verdict is Verdict.REJECT
        self.uninspected += settled.outcome.verdict is Verdict.UNINSPECTED
        self._left -= 1
        if not self._left:
            self.last_ns = settled.settled_ns
            self.done.set()
