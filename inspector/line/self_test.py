"""The self-test of a running line: while no engine's answer is published, a golden frame goes the whole road from time to time.

The frame takes a slot of the ring, goes to the active bundle's child, through both engines, to the judge, in the thread pool that judges,
and from there to the publishing thread and back. It is not in the ledger: it gets no number, no verdict, no message and no row in
the journal. So a line without work can prove that it would do its work. ``Progress`` says whether the line did either.
"""

from __future__ import annotations

import logging
import threading
from itertools import cycle
from typing import TYPE_CHECKING

from engines.bundle import MASK_AGREEMENT, SCORE_TOLERANCE, Bundle, GoldenSample, read_golden
from engines.errors import BundleError
from inspector.frames.clock import now_ns
from inspector.frames.leased_frame import LeasedFrame
from inspector.frames.leases import Holder
from inspector.frames.meta import FrameMeta
from inspector.line.judges import GoldenJudges
from inspector.line.postprocessing import GoldenAnswer

if TYPE_CHECKING:
    from inspector.line.line import Line

log = logging.getLogger(__name__)

_MOST_FRAMES = 4
"""Golden frames that are kept in memory and sent in turn."""
_PART = "self-test"
_HOLDER = Holder(_PART)


class _Golden:
    """The golden frames of a bundle."""

    def __init__(self, bundle: Bundle) -> None:
        """Raises BundleError."""
        self.bundle = bundle
        thresholds, samples = read_golden(bundle, _MOST_FRAMES)
        self.samples = cycle(samples)
        self.masks_hold = thresholds == tuple(bundle.operating_point.thresholds(bundle.classes))
        """Whether the line segments with the thresholds that the golden masks were made with."""


class SelfTest:
    """Sends golden frames through a line that has started; a thread of its own. Use as a context manager, inside that of the line."""

    def __init__(self, line: Line, every_s: float) -> None:
        """A golden frame is sent where nothing inspected was published for ``every_s`` seconds, unless an earlier one is still on its way."""
        self._line = line
        self._every_s = every_s
        self.sent = 0
        self.passed = 0
        """Golden frames that came back right, by way of the publishing thread."""
        self._under_way: GoldenSample | None = None
        """The golden frame that has neither come back nor been given up."""
        self._golden: _Golden | None = None
        self._wrong = False
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="self-test", daemon=True)

    def start(self) -> None:
        """Start the thread. To be called once the line has started."""
        self._line.postprocessing.golden = self._answered
        self._thread.start()

    def stop(self) -> None:
        """Send no further golden frame. Safe before ``start``."""
        self._stopping.set()
        if self._thread.ident is not None:
            self._thread.join(0.1)

    def _run(self) -> None:
        inspected = self._line.results.inspected
        while not self._stopping.wait(self._every_s):
            before, inspected = inspected, self._line.results.inspected
            try:
                if inspected == before and self._under_way is None:
                    self._send()
            except BundleError as error:
                log.error("no self-test is possible: %s", error)
            except Exception:
                if not self._stopping.is_set():
                    log.exception("the self-test failed")

    def _send(self) -> None:
        setup = self._line.runs.now.setup
        active = setup.dispatcher
        golden = self._golden
        if golden is None or golden.bundle is not active.bundle:
            golden = self._golden = _Golden(active.bundle)
        lease = self._line.ring.leases.acquire(_HOLDER)
        if lease is None:  # every slot is with the engines or being judged: there is work
            return
        sample = next(golden.samples)
        try:
            self._line.ring.pixels(lease, self._line.size)[...] = sample.frame
        except BaseException:  # the line has stopped meanwhile, and the ring is closed
            lease.release()
            raise
        meta = FrameMeta(camera=self._line.epoch.cameras[0], frame=-1, captured_ns=now_ns(), name="golden frame")
        lease.pass_on(active.holder)
        self.sent += 1
        self._under_way = sample
        if not active.submit(
            LeasedFrame(lease, meta, GoldenJudges(setup.judges), golden=True)
        ):  # it was retired just now
            self._under_way = None
            lease.release()

    def _answered(self, answer: GoldenAnswer | None) -> None:
        """In the thread that judges, or the one that gives frames up."""
        sample, golden = self._under_way, self._golden
        if answer is None or sample is None or golden is None:
            self._under_way = None
            return
        wrong = _difference(sample, answer, masks_hold=golden.masks_hold)
        if bool(wrong) is not self._wrong:
            self._wrong = bool(wrong)
            self._tell(wrong)
        if wrong:
            self._under_way = None
        else:
            self._line.results.round_trip(self._came_back)

    def _came_back(self) -> None:
        """In the publishing thread."""
        self.passed += 1
        self._under_way = None

    def _tell(self, wrong: str) -> None:
        if wrong:
            text = f"the engines' answer to a golden frame is wrong: {wrong}; restart the line, and test the device if this comes again"
            log.error("%s", text)
            self._line.status.trouble(_PART, "self_test_wrong", text)
        else:
            text = "the engines' answers to golden frames are right again"
            log.info("%s", text)
            self._line.status.well(_PART, "self_test_right", text)


def _difference(sample: GoldenSample, answer: GoldenAnswer, *, masks_hold: bool) -> str:
    """How the answer differs from the bundle's, one line; empty where it is within the tolerances that loading the engines has."""
    if answer.outcome.bundle is None or answer.outcome.gate_score is None:
        return answer.outcome.detail or "it could not be judged"
    result = answer.result
    if len(result.scores) != len(sample.scores):
        return "the segmenter did not run"
    for name, found, expected in zip(
        ("gate", *answer.outcome.bundle.classes),
        (result.gate_score, *result.scores),
        (sample.gate_score, *sample.scores),
        strict=True,
    ):
        if not abs(found - expected) <= SCORE_TOLERANCE:  # true for a NaN
            return f"score of {name} {found:.3f}, expected {expected:.3f}"
    agreement = float((answer.mask == sample.mask).mean()) if masks_hold else 1.0
    return "" if agreement >= MASK_AGREEMENT else f"the mask agrees on {agreement:.3%} of its pixels"


class Progress:
    """Whether the line does its work; for the watchdog of the service manager, which is told of nothing else."""

    def __init__(self, line: Line, self_test: SelfTest | None) -> None:
        """``self_test`` None: only published answers count."""
        self._line = line
        self._self_test = self_test
        self._marks = self._now()

    def made(self) -> bool:
        """Whether, since the last call, an engine's answer was judged and published, or a golden frame came back right; or whether the
        engines are being loaded or restarted within the time that this may take. Verdicts that need no engine, such as those of
        deadlines that have passed, do not count."""
        before, self._marks = self._marks, self._now()
        return self._marks != before or self._line.inference.active.supervisor.within_limit

    def _now(self) -> tuple[int, int]:
        return self._line.results.inspected, self._self_test.passed if self._self_test else 0
