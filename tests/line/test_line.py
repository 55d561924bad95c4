"""The whole path of a frame with real parts: each frame gets exactly one verdict, whatever fails on the way."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable

import numpy as np
import pytest

from engines.bundle import Bundle
from inspector.capture.source import Arrival
from inspector.errors import UserError
from inspector.frames.clock import now_ns
from inspector.frames.outcome import Reason, Settled, Verdict
from inspector.inference.messages import Forced
from inspector.inference.state import State
from inspector.line.line import Line
from inspector.protocol.messages import LineState, StatusBody
from tests.line.accounting import account
from tests.line.conftest import tiny_config
from tests.line.sources import GatedCamera, ListCamera
from tests.results.publishing import Ear, eventually
from tests.results.zmtp import all_closed, connected, frame, send_until_cut_off
from tests.tiny_bundle import frame_with, make_tiny_bundle

CLEAN = frame_with([])
BAD = frame_with([(192, 4), (64, 3)])
OFFLINE: dict = {"deadline_ms": None, "overload": "wait"}


def wait_until(condition: Callable[[], bool], timeout_s: float = 20) -> None:
    until = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < until, "it did not happen in time"
        time.sleep(0.01)


def inspected(line: Line) -> int:
    """Frames that the engines have judged so far."""
    books = line.ledger.counts().get("top")
    return 0 if books is None else sum(books.verdicts.get(one, 0) for one in (Verdict.PASS, Verdict.REJECT))


def wait_for_more(line: Line, frames: int) -> None:
    """Wait until so many further frames are judged: far more than are in flight, so by engines that work."""
    so_far = inspected(line)
    wait_until(lambda: inspected(line) > so_far + frames)


def test_every_kind_of_frame_gets_its_verdict(start_line) -> None:
    frames = [CLEAN, BAD, None, None, "torn.jpg: truncated", CLEAN]
    found = start_line({"top": ListCamera(frames)}, **OFFLINE).finish()
    kinds = {frame: (verdict, reason) for frame, (verdict, reason, _) in found.verdicts.items()}
    assert kinds == {
        0: ("PASS", "gate_clean"),
        1: ("REJECT", "defect"),
        2: ("UNINSPECTED", "camera_lost"),
        3: ("UNINSPECTED", "camera_lost"),
        4: ("UNINSPECTED", "bad_frame"),
        5: ("PASS", "gate_clean"),
    }
    assert found.verdicts[4][2] == "torn.jpg: truncated"
    (dark, bright) = sorted(found.results[1].defects, key=lambda defect: defect.area_px)
    assert (dark.class_name, dark.area_px, dark.bbox_px) == ("dark", 9, (10, 2, 3, 3))
    assert (bright.class_name, bright.area_px) == ("bright", 16)


def test_cameras_share_the_engines_and_keep_their_own_numbers(start_line) -> None:
    running = start_line({"top": ListCamera([CLEAN, BAD] * 40), "side": ListCamera([BAD] * 30)}, **OFFLINE)
    top = running.finish("top")
    side = account(running.journal, "side")
    assert top.reasons == {"gate_clean": 40, "defect": 40}
    assert side.reasons == {"defect": 30}


def test_batches_and_many_frames_keep_their_order_of_meaning(start_line) -> None:
    """Frame i is defective when i % 3 == 0: no answer may reach the wrong frame, in batches of any size."""
    frames = [BAD if i % 3 == 0 else CLEAN for i in range(600)]
    options = {"inference": {"max_batch": 4, "gate_max_wait_us": 500}, "ring": {"slots": 8}}
    found = start_line({"top": ListCamera(frames)}, **OFFLINE, **options).finish()
    assert {f for f, (verdict, _, _) in found.verdicts.items() if verdict == "REJECT"} == set(range(0, 600, 3))


def test_child_killed_mid_batch(start_line) -> None:
    camera = ListCamera([CLEAN, BAD], rate_hz=400, endless=True)
    running = start_line({"top": camera})
    wait_for_more(running.line, 200)
    pid = running.line.inference.active.supervisor.child_pid
    os.kill(pid, signal.SIGSTOP)  # so that frames are certainly in flight
    time.sleep(0.05)
    os.kill(pid, signal.SIGKILL)
    wait_for_more(running.line, 220)
    camera.interrupt()
    found = running.finish()
    assert found.reasons["engine_down"] >= 1
    assert found.reasons["gate_clean"] > 200
    assert found.reasons["defect"] > 200
    codes = [code for _, code, _ in found.statuses]
    assert codes.index("inference_restarting") < codes.index("inference_ready")
    restarting = next(status for status in found.statuses if status[1] == "inference_restarting")
    assert restarting[0] == "degraded"
    assert "killed by SIGKILL" in restarting[2]
    assert found.verdicts[max(found.verdicts)][1] in ("gate_clean", "defect"), "the line did not recover"


def test_child_hung(start_line) -> None:
    camera = ListCamera([CLEAN], rate_hz=500, endless=True)
    running = start_line({"top": camera}, deadline_ms=150, inference={"stall_timeout_s": 0.4})
    wait_for_more(running.line, 100)
    os.kill(running.line.inference.active.supervisor.child_pid, signal.SIGSTOP)
    wait_for_more(running.line, 100)
    camera.interrupt()
    found = running.finish()
    assert found.reasons["deadline"] >= 1
    assert any("hung" in text for _, _, text in found.statuses)
    told = [(state, code) for state, code, _ in found.statuses]
    assert told.index(("degraded", "engine_silent")) < told.index(("degraded", "inference_restarting"))
    assert told.count(("degraded", "engine_silent")) == 1
    assert found.verdicts[max(found.verdicts)][1] == "gate_clean"


def test_deadline_passes_and_the_late_answer_changes_nothing(start_line) -> None:
    camera = GatedCamera([BAD] * 4, burst=1)
    running = start_line({"top": camera}, deadline_ms=100)
    pid = running.line.inference.active.supervisor.child_pid
    wait_until(lambda: running.line.ledger.resolved_through("top") == 0)
    os.kill(pid, signal.SIGSTOP)
    camera.rest.set()
    wait_until(lambda: running.line.ledger.resolved_through("top") == 3)
    os.kill(pid, signal.SIGCONT)
    wait_until(lambda: running.line.inference.held == 0)
    found = running.finish()
    assert [found.verdicts[frame][:2] for frame in (1, 2, 3)] == [("UNINSPECTED", "deadline")] * 3
    assert "100 ms" in found.verdicts[1][2]
    assert sorted(found.late) == [1, 2, 3]
    told = [(state, code) for state, code, _ in found.statuses if code != "engines_loading"]
    assert told[:3] == [("running", "running"), ("degraded", "engine_silent"), ("running", "engine_answers")]


@pytest.mark.parametrize("policy", ["drop_oldest", "drop_newest"])
def test_full_ring_drops_by_policy(start_line, policy: str) -> None:
    camera = ListCamera([CLEAN] * 60, rate_hz=100)
    running = start_line(
        {"top": camera},
        overload=policy,
        ring={"slots": 8},
        inference={"in_flight": 2, "stall_timeout_s": 30},
        deadline_ms=60_000,
    )
    pid = running.line.inference.active.supervisor.child_pid
    os.kill(pid, signal.SIGSTOP)
    while running.line.cameras.running:
        time.sleep(0.01)
    os.kill(pid, signal.SIGCONT)
    found = running.finish()
    dropped = {f for f, (_, reason, _) in found.verdicts.items() if reason == "overload"}
    inspected = {f for f, (_, reason, _) in found.verdicts.items() if reason == "gate_clean"}
    assert dropped
    assert len(inspected) >= 8
    if policy == "drop_newest":
        assert 59 in dropped
        assert "ring was full" in found.verdicts[59][2]
    else:
        assert set(range(54, 60)) <= inspected, "the newest frames are the ones to keep"


def test_full_ring_makes_an_offline_camera_wait(start_line) -> None:
    found = start_line({"top": ListCamera([CLEAN] * 300)}, **OFFLINE, ring={"slots": 2}).finish()
    assert found.reasons == {"gate_clean": 300}


def test_every_frame_unreadable(start_line) -> None:
    found = start_line({"top": ListCamera(["not an image"] * 50)}, **OFFLINE).finish()
    assert found.reasons == {"bad_frame": 50}


def test_pixels_that_are_no_frame_cost_one_verdict(start_line) -> None:
    """numpy would stretch one row over the whole slot and cut floats to bytes."""
    frames = [CLEAN, CLEAN[:7], CLEAN[0], CLEAN.astype(np.float32), CLEAN]
    found = start_line({"top": ListCamera(frames)}, **OFFLINE).finish()
    assert found.reasons == {"gate_clean": 2, "bad_frame": 3}
    assert found.verdicts[1][2] == "the camera delivered uint8 [7, 48]; expected uint8 [32, 48]"


def test_camera_that_breaks_while_a_frame_arrives_ends_alone(start_line) -> None:
    """Without a deadline nothing else would ever give that frame its verdict."""

    class Broken:
        shape, dtype = CLEAN.shape, CLEAN.dtype

        def __array__(self, *_: object, **__: object) -> np.ndarray:
            raise RuntimeError("the driver took the buffer back")

    sources = {"top": ListCamera([CLEAN, Broken(), CLEAN]), "side": ListCamera([BAD] * 20)}
    running = start_line(sources, frame_check={"enabled": False}, **OFFLINE)
    found = running.finish()
    assert {frame: reason for frame, (_, reason, _) in found.verdicts.items()} == {0: "gate_clean", 1: "internal"}
    assert account(running.journal, "side").reasons == {"defect": 20}
    assert "took the buffer back" in running.line.failures[0]


def test_observer_that_raises_costs_no_verdict(start_line) -> None:
    def observe(settled: Settled) -> None:
        if settled.outcome.reason is Reason.ENGINE_DOWN:
            raise RuntimeError("the observer broke")

    camera = ListCamera([CLEAN], rate_hz=150, endless=True)
    running = start_line({"top": camera}, line_options={"observe": observe})
    wait_for_more(running.line, 30)
    os.kill(running.line.inference.active.supervisor.child_pid, signal.SIGSTOP)
    time.sleep(0.05)
    os.kill(running.line.inference.active.supervisor.child_pid, signal.SIGKILL)
    wait_for_more(running.line, 30)
    camera.interrupt()
    found = running.finish()
    assert found.reasons["engine_down"] >= 1
    assert found.verdicts[max(found.verdicts)][1] == "gate_clean"
    assert running.line.failures == []


def test_inference_given_up_is_a_failure_of_the_run(start_line) -> None:
    camera = GatedCamera([CLEAN] * 20, burst=1)
    running = start_line({"top": camera}, inference={"max_restarts": 1}, **OFFLINE)
    wait_until(lambda: running.line.ledger.resolved_through("top") == 0)
    for _ in range(2):
        wait_until(lambda: running.line.inference.active.supervisor.state is State.READY)
        os.kill(running.line.inference.active.supervisor.child_pid, signal.SIGKILL)
        wait_until(lambda: running.line.inference.active.supervisor.state is not State.READY)
    wait_until(lambda: running.line.inference.active.supervisor.state is State.GIVEN_UP)
    camera.rest.set()
    found = running.finish()
    assert found.reasons["engine_down"] == 19
    (failure,) = running.line.failures
    assert failure.startswith("inference: inference child given up after 2 failures: killed by SIGKILL")
    assert found.statuses[-1] == ("stopped", "stopped", failure)


def test_cameras_that_hang_do_not_hold_up_the_stop(start_line) -> None:
    """Eight of them, each deaf to its interruption; a frame that one delivers after the end is not taken any more."""
    awake = threading.Event()

    class Hung(ListCamera):
        def next(self) -> Arrival | None:
            if self._number >= 2:
                awake.wait()
                return Arrival(3, now_ns(), CLEAN)
            return super().next()

    cameras = {f"cam{number}": Hung([CLEAN] * 9) for number in range(8)}
    running = start_line(cameras)
    wait_until(lambda: all(running.line.ledger.resolved_through(name) == 2 for name in cameras))
    begun = time.monotonic()
    running.line.stop()
    assert time.monotonic() - begun < 1.5
    awake.set()
    wait_until(lambda: not running.line.cameras.running)
    assert [books.frames for books in running.line.ledger.counts().values()] == [3] * 8
    assert account(running.journal, "cam7").reasons == {"gate_clean": 3}


def test_a_camera_that_fails_is_a_failure_of_the_run_though_nobody_waits_for_it(start_line) -> None:
    class Unplugged(ListCamera):
        def next(self) -> Arrival | None:
            arrival = super().next()
            if arrival is not None and arrival.number == 3:
                raise RuntimeError("unplugged")
            return arrival

    running = start_line({"top": Unplugged([CLEAN] * 10)})
    wait_until(lambda: not running.line.cameras.running)
    running.line.stop()
    assert running.line.failures == ["cameras.top: internal error: unplugged"]
    assert account(running.journal).statuses[-1][2] == "cameras.top: internal error: unplugged"


def test_a_camera_that_cannot_be_interrupted_does_not_keep_the_others_from_it(start_line) -> None:
    class Deaf(ListCamera):
        def interrupt(self) -> None:
            raise RuntimeError("the driver is gone")

    deaf, other = Deaf([CLEAN] * 10), ListCamera([CLEAN], rate_hz=50, endless=True)
    running = start_line({"top": deaf, "side": other})
    wait_until(lambda: running.line.ledger.resolved_through("side") > 3)
    running.line.stop()
    assert other.closed
    account(running.journal, "side")


def test_stop_does_not_wait_for_frames_that_take_long_to_judge(start_line, tmp_path) -> None:
    bundle = make_tiny_bundle(tmp_path / "large", 256, 1600)
    specks = np.full((256, 1600), 100, np.uint8)
    specks[::2, ::2] = 192
    camera = ListCamera([specks], rate_hz=400, endless=True)
    slow = {"max_defects": 10_000}  # takes long to list
    running = start_line({"top": camera}, bundle=bundle, deadline_ms=60_000, ring={"slots": 160}, verdicts=slow)
    wait_until(lambda: running.line.ring.leases.free < 20)  # far more than can be judged while the line drains
    begun = time.monotonic()
    running.line.stop()
    assert time.monotonic() - begun < 2
    assert account(running.journal).reasons["shutdown"] > 10


def test_stop_under_load_accounts_for_every_frame_in_under_two_seconds(start_line) -> None:
    running = start_line({"top": ListCamera([CLEAN, BAD], rate_hz=800, endless=True)})
    time.sleep(0.5)
    begun = time.monotonic()
    running.line.stop()
    assert time.monotonic() - begun < 2
    found = account(running.journal)
    assert len(found.verdicts) > 100
    assert found.statuses[-1][:2] == ("stopped", "stopped")


def test_stop_with_a_hung_child_accounts_for_every_frame(start_line) -> None:
    running = start_line({"top": ListCamera([CLEAN], rate_hz=200, endless=True)}, deadline_ms=30_000)
    os.kill(running.line.inference.active.supervisor.child_pid, signal.SIGSTOP)
    time.sleep(0.3)
    begun = time.monotonic()
    running.line.stop()
    assert time.monotonic() - begun < 2
    assert account(running.journal).reasons["shutdown"] > 0


def test_port_in_use_is_refused_in_one_line(start_line, tiny_bundle: Bundle, tmp_path) -> None:
    first = start_line({"top": ListCamera([CLEAN] * 10)}, **OFFLINE)
    config = tiny_config(tiny_bundle.path, None, results={"endpoint": first.line.results.endpoint})
    with pytest.raises(UserError, match=r"results\.endpoint") as caught, Line(config, tiny_bundle) as line:
        line.start(first.stop)
    assert "\n" not in str(caught.value)


def test_rules_and_scale_reach_the_verdict(start_line) -> None:
    rules = {
        "rules": [{"class": "bright", "verdict": "scrap", "min_area_px": 16}, {"class": "dark", "min_area_px": 100}]
    }
    frames = [BAD, frame_with([(192, 3)])]
    found = start_line({"top": ListCamera(frames)}, **OFFLINE, verdicts=rules).finish()
    assert found.verdicts[0][0] == "SCRAP"
    assert found.verdicts[1][:2] == ("PASS", "no_defect")


def test_forced_decisions_let_through_the_share_asked_for(start_line) -> None:
    forced = lambda meta: Forced.LET_THROUGH if meta.frame % 4 == 0 else Forced.CLEAN  # noqa: E731
    found = start_line({"top": ListCamera([BAD] * 40)}, line_options={"forced": forced}, **OFFLINE).finish()
    assert found.reasons == {"defect": 10, "gate_clean": 30}


def test_state_is_back_to_running_after_recovery(start_line) -> None:
    running = start_line({"top": ListCamera([CLEAN], rate_hz=100, endless=True)})
    first = running.line.inference.active.supervisor.child_pid
    os.kill(first, signal.SIGKILL)
    wait_until(lambda: running.line.inference.active.supervisor.child_pid not in (None, first))
    wait_until(lambda: running.line.inference.active.supervisor.state is State.READY)
    time.sleep(0.2)
    running.line.stop()
    states = [(state, code) for state, code, _ in account(running.journal).statuses]
    assert ("degraded", "inference_restarting") in states
    assert ("running", "inference_ready") in states


def test_masks_are_those_of_the_frame(start_line) -> None:
    from inspector.protocol import masks
    from inspector.results.journal_reader import JournalReader

    running = start_line({"top": ListCamera([CLEAN, BAD])}, **OFFLINE)
    running.finish()
    with JournalReader(running.journal) as reader:
        (row,) = [row for row in reader.walk(verdicts_only=True) if row.frame == 1]
    mask = masks.decode(row.blob, *BAD.shape)
    np.testing.assert_array_equal(mask, (BAD == 64) * 1 + (BAD == 192) * 2)


def test_whoever_heard_the_heartbeats_of_a_start_that_fails_hears_why_it_ended(tiny_bundle: Bundle) -> None:
    class Absent(ListCamera):
        def open(self) -> None:
            ear.append(Ear(line.results.endpoint))
            ear[0].until("heartbeat")
            raise UserError("no camera answers on this address")

    ear: list[Ear] = []
    line = Line(tiny_config(tiny_bundle.path, None), tiny_bundle, sources={"top": Absent([])})
    with pytest.raises(UserError, match="no camera answers"), line:
        line.start(threading.Event())
    with ear[0] as heard:
        last = heard.until("status")[-1]
    assert isinstance(last.body, StatusBody)
    assert (last.body.state, last.body.code, last.header.seq) == (LineState.STOPPED, "stopped", 0)
    assert last.body.text == "start: cameras.top: no camera answers on this address"


def test_peers_that_are_cut_off_degrade_the_line_until_they_are_gone(start_line) -> None:
    running = start_line({"top": ListCamera([CLEAN], endless=True, rate_hz=50)})
    with all_closed(peer := connected(running.line.results.endpoint)):
        send_until_cut_off(peer, frame(b"x" * 1000, more=True) * 64, 100 << 20)
        eventually(lambda: running.line.status.state is LineState.DEGRADED)
    running.line.status.condition("peers", True, "peers_calm", "")
    assert running.line.status.state is LineState.RUNNING
