"""Golden frames on the road of a running line: what they prove, and what stops them. A lock held by the test is the planted deadlock."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from dataclasses import replace
from itertools import cycle
from pathlib import Path
from typing import NamedTuple

import pytest

from engines.bundle import Bundle
from inspector.inference.state import State
from inspector.line.line import Line
from inspector.line.self_test import Progress, SelfTest
from inspector.protocol.messages import LineState, Signal
from tests.line.accounting import account
from tests.line.conftest import tiny_config
from tests.line.sources import GatedCamera
from tests.results.publishing import eventually
from tests.tiny_bundle import frame_with


class Idle(NamedTuple):
    """A line whose camera has delivered one frame and waits, and its self-test."""

    line: Line
    camera: GatedCamera
    test: SelfTest
    progress: Progress
    journal: Path

    def passes(self) -> None:
        """Wait for two further golden frames: the first may have been on its way before."""
        passed = self.test.passed
        eventually(lambda: self.test.passed >= passed + 2)
        assert self.progress.made()


@pytest.fixture(scope="module")
def idle(tiny_bundle: Bundle, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Idle]:
    camera = GatedCamera([frame_with([])] * 3, burst=1)
    journal = tmp_path_factory.mktemp("idle") / "journal.sqlite"
    config = tiny_config(tiny_bundle.path, journal, silent_after_s=60, inference={"stall_timeout_s": 0.4})
    line = Line(config, tiny_bundle, sources={"top": camera})
    with line:
        assert line.start(threading.Event())
        eventually(lambda: line.results.inspected == 1)
        test = SelfTest(line, every_s=0.01)
        progress = Progress(line, test)
        assert not progress.made(), "nothing since it began"
        test.start()
        yield Idle(line, camera, test, progress, journal)
        test.stop()


def test_an_idle_line_passes_until_its_publisher_or_its_judges_are_blocked(idle: Idle) -> None:
    line = idle.line
    idle.passes()
    line.status.enter(LineState.PAUSED, "paused", "")
    idle.passes()
    line.status.enter(LineState.RUNNING, "resumed", "")

    deadlock, blocked = threading.Lock(), threading.Event()
    with deadlock:
        line.results.round_trip(lambda: (blocked.set(), deadlock.acquire(), deadlock.release()))
        assert blocked.wait(10)
        sent, _ = idle.test.sent, idle.progress.made()
        eventually(lambda: idle.test._under_way is not None and line.inference.held == 0)
        assert idle.test.sent <= sent + 1, "golden frames pile up"
        assert not idle.progress.made()
    idle.passes()

    with line.postprocessing._judging._lock:
        passed = idle.test.passed
        eventually(lambda: idle.test._under_way is not None and line.inference.held == 0 and not idle.progress.made())
        assert idle.test.passed <= passed + 1, "one may have been with a judge already"
    idle.passes()


def test_a_child_that_hangs_is_restarted_meanwhile_the_daemon_counts_as_alive(idle: Idle) -> None:
    """The golden frame that the child does not answer is what the supervisor sees."""
    idle.passes()
    supervisor = idle.line.inference.active.supervisor
    os.kill(supervisor.child_pid or 0, signal.SIGSTOP)
    eventually(lambda: supervisor.state is not State.READY)
    assert idle.progress.made(), "restarting takes a limited time"
    assert idle.line.health.signal is Signal.FAILURE
    eventually(lambda: supervisor.state is State.READY)
    idle.passes()
    assert idle.line.health.signal is Signal.NORMAL


def test_a_wrong_answer_is_told_and_does_not_count(idle: Idle) -> None:
    idle.passes()
    golden = idle.test._golden
    assert golden is not None
    right = golden.samples
    golden.samples = cycle([replace(next(right), gate_score=0.123)])
    eventually(lambda: idle.line.health.signal is Signal.FAILURE)
    (reason,) = idle.line.health.reasons
    assert (reason.code, reason.signal) == ("self_test_wrong", Signal.FAILURE)
    assert "score of gate" in reason.text
    idle.progress.made()
    sent = idle.test.sent
    eventually(lambda: idle.test.sent >= sent + 2)
    assert not idle.progress.made()
    golden.samples = right
    idle.passes()
    assert idle.line.status.state is LineState.RUNNING


def test_golden_frames_leave_no_trace(idle: Idle) -> None:
    """The last one of this file: it ends the line."""
    line = idle.line
    idle.passes()
    idle.camera.rest.set()
    line.wait(threading.Event(), tick_s=0.01)
    idle.test.stop()
    idle.test._thread.join(10)
    line.stop()
    with pytest.raises(AttributeError):  # a golden frame that comes when the memory has gone
        idle.test._send()
    found = account(idle.journal)
    assert found.reasons == {"gate_clean": 3}, "golden frames are not in the journal"
    assert line.ring.leases.free == line.ring.leases.slots
    assert line.ledger.counts()["top"].frames == 3
