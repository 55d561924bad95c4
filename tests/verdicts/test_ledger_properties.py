"""Whatever comes in whatever order: each frame gets exactly one verdict, and the watermark tells the truth."""

from __future__ import annotations

import random
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from inspector.frames.clock import now_ns
from inspector.frames.meta import FrameMeta
from inspector.frames.outcome import Outcome, Reason, Settled, Verdict
from inspector.verdicts.deadline import DeadlineTimer
from inspector.verdicts.ledger import Ledger

CAMERAS = ("top", "bottom")
ENGINE_DOWN = Outcome(verdict=Verdict.UNINSPECTED, reason=Reason.ENGINE_DOWN)
DEADLINE = Outcome(verdict=Verdict.UNINSPECTED, reason=Reason.DEADLINE)
ANSWERS = (
    Outcome(verdict=Verdict.PASS, reason=Reason.GATE_CLEAN),
    Outcome(verdict=Verdict.PASS, reason=Reason.NO_DEFECT),
    Outcome(verdict=Verdict.REJECT, reason=Reason.DEFECT),
    Outcome(verdict=Verdict.SCRAP, reason=Reason.DEFECT),
    Outcome(verdict=Verdict.UNINSPECTED, reason=Reason.OVERLOAD),
)


def true_watermark(frames: int, verdicts: set[int]) -> int:
    return next((number for number in range(frames) if number not in verdicts), frames) - 1


class AnyInterleaving(RuleBasedStateMachine):
    """Capture, loss, result, crash, deadline and shutdown over two cameras, against a model that keeps everything."""

    def __init__(self) -> None:
        super().__init__()
        self.settled: list[Settled] = []
        self.ledger = Ledger(self.settled.append, lambda: self.now_ns)
        self.frames = dict.fromkeys(CAMERAS, 0)
        self.open: dict[tuple[str, int], FrameMeta] = {}
        self.metas: dict[tuple[str, int], FrameMeta] = {}
        """Of every frame that was captured or lost."""
        self.verdicts: dict[tuple[str, int], Reason] = {}
        self.now_ns = 0

    def expect(self, begin: int, ends: list[tuple[FrameMeta, Outcome]]) -> None:
        """What left the ledger from ``begin`` on is exactly ``ends``, and the model learns of it."""
        got = [(s.meta, s.outcome.verdict, s.outcome.reason) for s in self.settled[begin:]]
        assert got == [(meta, outcome.verdict, outcome.reason) for meta, outcome in ends]
        for settled, (meta, outcome) in zip(self.settled[begin:], ends, strict=True):
            del self.open[meta.camera, meta.frame]
            self.verdicts[meta.camera, meta.frame] = outcome.reason
            assert settled.resolved_through == self.watermark(meta.camera)

    def watermark(self, camera: str) -> int:
        return true_watermark(self.frames[camera], {number for name, number in self.verdicts if name == camera})

    @rule(camera=st.sampled_from(CAMERAS), limit=st.none() | st.integers(0, 50), count=st.integers(1, 4))
    def capture(self, camera: str, limit: int | None, count: int) -> None:
        for _ in range(count):
            deadline_ns = None if limit is None else self.now_ns + limit
            meta = FrameMeta(camera=camera, frame=self.frames[camera], captured_ns=self.now_ns, deadline_ns=deadline_ns)
            self.ledger.open(meta)
            self.open[camera, meta.frame] = self.metas[camera, meta.frame] = meta
            self.frames[camera] += 1

    @rule(camera=st.sampled_from(CAMERAS), count=st.integers(1, 5))
    def loss(self, camera: str, count: int) -> None:
        first, begin = self.frames[camera], len(self.settled)
        self.ledger.lost(FrameMeta(camera=camera, frame=first, captured_ns=self.now_ns), count)
        self.frames[camera] += count
        for number in range(first, first + count):
            self.verdicts[camera, number] = Reason.CAMERA_LOST
            self.metas[camera, number] = FrameMeta(camera=camera, frame=number, captured_ns=self.now_ns)
        (settled,) = self.settled[begin:]
        assert (settled.meta.camera, settled.meta.frame, settled.count) == (camera, first, count)
        assert settled.resolved_through == self.watermark(camera)

    @precondition(lambda self: self.open or self.verdicts)
    @rule(data=st.data(), outcome=st.sampled_from(ANSWERS))
    def result(self, data: st.DataObject, outcome: Outcome) -> None:
        """An answer to any frame ever captured: in time, late, or the second one."""
        camera, number = data.draw(st.sampled_from(sorted({*self.open, *self.verdicts})))
        begin, meta = len(self.settled), self.open.get((camera, number))
        first = self.ledger.settle(camera, number, outcome)
        if meta is None:
            assert not first
            self.expect(begin, [])
            return
        expired = meta.deadline_ns is not None and meta.deadline_ns <= self.now_ns
        assert first == (not expired or outcome.verdict is Verdict.UNINSPECTED)
        self.expect(begin, [(meta, outcome if first else DEADLINE)])

    @precondition(lambda self: self.open or self.verdicts)
    @rule(data=st.data(), unknown=st.booleans())
    def results(self, data: st.DataObject, unknown: bool) -> None:
        """Answers that come together: in time, late, or second ones, to the same frame too, and one to a frame that never was."""
        captured = sorted({*self.open, *self.verdicts})
        keys = data.draw(st.lists(st.sampled_from(captured), min_size=1))
        endings = [(self.metas[key], data.draw(st.sampled_from(ANSWERS))) for key in keys]
        if unknown:
            never = FrameMeta(camera="top", frame=self.frames["top"], captured_ns=0)
            endings.insert(data.draw(st.integers(0, len(endings))), (never, ANSWERS[0]))
        begin, ends, expected = len(self.settled), [], []
        still_open = dict(self.open)
        for meta, outcome in endings:
            was_open = still_open.pop((meta.camera, meta.frame), None) is not None
            expired = meta.deadline_ns is not None and meta.deadline_ns <= self.now_ns
            in_time = not expired or outcome.verdict is Verdict.UNINSPECTED
            expected.append(was_open and in_time)
            if was_open:
                ends.append((meta, outcome if in_time else DEADLINE))
        answers = self.ledger.settle_each(endings)
        refused = [isinstance(answer, ValueError) for answer in answers]
        assert refused == [meta.frame >= self.frames[meta.camera] for meta, _ in endings]
        assert [answer is True for answer in answers] == expected
        self.expect(begin, ends)

    @precondition(lambda self: self.open or self.verdicts)
    @rule(data=st.data())
    def crash(self, data: st.DataObject) -> None:
        """The child dies: what it held ends, some of which may have its verdict already."""
        captured = sorted({*self.open, *self.verdicts})
        held = data.draw(st.lists(st.sampled_from(captured), unique=True))
        begin = len(self.settled)
        ends = [(self.open[key], ENGINE_DOWN) for key in held if key in self.open]
        for key in held:
            assert self.ledger.settle(*key, ENGINE_DOWN) == (key in self.open)
        self.expect(begin, ends)

    @rule(later=st.integers(0, 60))
    def deadline(self, later: int) -> None:
        self.now_ns += later
        begin = len(self.settled)
        due = [meta for meta in self.open.values() if meta.deadline_ns is not None and meta.deadline_ns <= self.now_ns]
        due.sort(key=lambda meta: meta.deadline_ns or 0)
        expired = self.ledger.expire(self.now_ns)
        assert [meta.deadline_ns for meta in expired] == [meta.deadline_ns for meta in due]
        assert Counter((m.camera, m.frame) for m in expired) == Counter((m.camera, m.frame) for m in due)
        self.expect(begin, [(meta, DEADLINE) for meta in expired])

    @rule(later=st.integers(0, 60))
    def time_passes(self, later: int) -> None:
        """And the timer sleeps over it."""
        self.now_ns += later

    @rule()
    def shutdown(self) -> None:
        begin = len(self.settled)
        outcome = Outcome(verdict=Verdict.UNINSPECTED, reason=Reason.SHUTDOWN)
        ended = self.ledger.settle_all(Reason.SHUTDOWN)
        assert Counter((m.camera, m.frame) for m in ended) == Counter(list(self.open))
        self.expect(begin, [(meta, outcome) for meta in ended])

    @invariant()
    def the_books_are_the_models(self) -> None:
        deadlines = [meta.deadline_ns for meta in self.open.values() if meta.deadline_ns is not None]
        assert self.ledger.next_deadline_ns() == min(deadlines, default=None)
        assert {(m.camera, m.frame) for m in self.ledger.open_frames()} == set(self.open)
        counts = self.ledger.counts()
        for camera in CAMERAS:
            assert self.ledger.resolved_through(camera) == self.watermark(camera)
            if camera in counts:
                books = counts[camera]
                assert books.frames == self.frames[camera] == books.open + sum(books.verdicts.values())
                assert books.reasons == Counter(reason for key, reason in self.verdicts.items() if key[0] == camera)
                assert sum(books.reasons.values()) == sum(books.verdicts.values())

    def teardown(self) -> None:
        self.ledger.settle_all(Reason.SHUTDOWN)
        assert_one_verdict_per_frame(self.settled, self.frames)


def assert_one_verdict_per_frame(settled: list[Settled], frames: dict[str, int]) -> None:
    """From the stream of verdicts alone, as a subscriber sees it."""
    for camera, count in frames.items():
        own = [s for s in settled if s.meta.camera == camera]
        verdicts = Counter(number for s in own for number in range(s.meta.frame, s.meta.frame + s.count))
        assert verdicts == dict.fromkeys(range(count), 1)
        watermarks = [s.resolved_through for s in own]
        assert watermarks == sorted(watermarks)
        if own:
            assert watermarks[-1] == count - 1
        seen: set[int] = set()
        reached = -1
        for s in own:
            seen.update(range(s.meta.frame, s.meta.frame + s.count))
            while reached + 1 in seen:
                reached += 1
            assert s.resolved_through == reached


TestAnyInterleaving = AnyInterleaving.TestCase
TestAnyInterleaving.settings = settings(max_examples=150, stateful_step_count=30, deadline=None)


@pytest.fixture
def busy_switching() -> Iterator[None]:
    """Threads take turns 500 times as often as usual, so that they meet inside a few bytecodes."""
    usual = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    yield
    sys.setswitchinterval(usual)


@pytest.mark.usefixtures("busy_switching")
def test_threads_that_race_for_every_frame() -> None:
    """Cameras, three answering threads that all answer every frame, a crashing one and the real timer, at once."""
    settled: list[Settled] = []
    ledger = Ledger(settled.append)
    per_camera, first_answers = 3000, Counter[str]()
    timer = DeadlineTimer(ledger)
    captured: dict[str, int] = dict.fromkeys(CAMERAS, 0)
    done = threading.Event()
    errors: list[BaseException] = []

    def camera(name: str) -> None:
        dice = random.Random(name)
        number = 0
        while number < per_camera:
            if dice.random() < 0.02:
                count = min(dice.randint(1, 5), per_camera - number)
                ledger.lost(FrameMeta(camera=name, frame=number, captured_ns=now_ns()), count)
                number += count
            else:
                now = now_ns()
                limit_ns = dice.choice([0, 300_000, 3_000_000, 30_000_000])
                ledger.open(FrameMeta(camera=name, frame=number, captured_ns=now, deadline_ns=now + limit_ns))
                number += 1
            captured[name] = number
            if number % 50 == 0:
                time.sleep(0.001)

    def answers(seed: int) -> None:
        dice = random.Random(seed)
        reached = dict.fromkeys(CAMERAS, 0)
        won = 0
        while not done.is_set() or any(reached[name] < captured[name] for name in CAMERAS):
            for name in CAMERAS:
                batch = list(range(reached[name], captured[name]))
                reached[name] += len(batch)
                dice.shuffle(batch)
                for number in batch:
                    won += ledger.settle(name, number, dice.choice(ANSWERS))
        first_answers[str(seed)] = won

    def crashes() -> None:
        won = 0
        while not done.is_set():
            for meta in ledger.open_frames():
                won += ledger.settle(meta.camera, meta.frame, ENGINE_DOWN)
            done.wait(0.003)
        first_answers["crash"] = won

    def guarded(work: object, *arguments: object) -> threading.Thread:
        def run() -> None:
            try:
                work(*arguments)  # type: ignore[operator]
            except BaseException as error:
                errors.append(error)

        return threading.Thread(target=run)

    timer.start()
    cameras = [guarded(camera, name) for name in CAMERAS]
    others = [guarded(answers, seed) for seed in range(3)] + [guarded(crashes)]
    for thread in (*cameras, *others):
        thread.start()
    for thread in cameras:
        thread.join()
    done.set()
    for thread in others:
        thread.join()
    timer.stop()
    assert errors == []
    ended = ledger.settle_all(Reason.SHUTDOWN)
    assert_one_verdict_per_frame(settled, dict.fromkeys(CAMERAS, per_camera))
    assert [s.settled_ns for s in settled] == sorted(s.settled_ns for s in settled)
    counts = ledger.counts()
    lost = sum(books.reasons.get(Reason.CAMERA_LOST, 0) for books in counts.values())
    late = sum(books.reasons.get(Reason.DEADLINE, 0) for books in counts.values())
    assert first_answers.total() + late + len(ended) + lost == per_camera * len(CAMERAS)
    for s in settled:
        if s.outcome.verdict is not Verdict.UNINSPECTED:
            assert s.meta.deadline_ns is not None
            assert s.settled_ns < s.meta.deadline_ns
    # Each way to end a frame had its share, or this has raced nothing.
    assert min(lost, late, first_answers.total()) > 0
