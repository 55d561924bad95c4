"""The child under its supervisor: results, death, hanging, giving up. Real processes, real shared memory, real networks."""

from __future__ import annotations

import gc
import os
import queue
import resource
import signal
import time
from pathlib import Path

import msgspec
import numpy as np
import pytest

from engines.bundle import MANIFEST, OPERATING_POINT
from engines.operating_point import write_operating_point
from inspector.config.inference import InferenceConfig
from inspector.errors import UserError
from inspector.frames.clock import now_ns
from inspector.frames.outcome import Reason
from inspector.inference.messages import Forced
from inspector.inference.restarts import STABLE_S, Restarts
from inspector.inference.state import State
from tests.tiny_bundle import frame_with, make_tiny_bundle


def test_clean_and_defective_frames_are_answered(make_rig) -> None:
    rig = make_rig(max_batch=2)
    rig.submit()
    rig.submit(frame_with([(192, 3), (64, 2)]))
    results = {meta.frame: result for meta, result in (rig.results.get(timeout=10) for _ in range(2))}
    assert not results[0].let_through
    assert results[0].gate_score == pytest.approx(100 / 255, abs=1e-4)
    assert results[1].let_through
    assert results[1].pixels == (4, 9)
    mask = rig.inference.active.supervisor.masks.view((results[1].slot, 0), rig.size)
    assert np.count_nonzero(mask == 2) == 9
    assert rig.inference.held == 0


def test_forced_decisions_overrule_the_gate(make_rig) -> None:
    rig = make_rig(forced=lambda meta: Forced.LET_THROUGH if meta.frame % 2 else Forced.CLEAN)
    rig.submit(frame_with([(192, 3)]))
    rig.submit()
    results = {meta.frame: result for meta, result in (rig.results.get(timeout=10) for _ in range(2))}
    assert not results[0].let_through
    assert results[1].let_through
    assert results[1].pixels == (0, 0)


def test_killed_child_gives_up_its_frames_and_a_new_one_serves(make_rig) -> None:
    rig = make_rig()
    os.kill(rig.pid, signal.SIGSTOP)
    numbers = {rig.submit() for _ in range(3)}
    os.kill(rig.pid, signal.SIGKILL)
    lost = [rig.given_up.get(timeout=10) for _ in range(3)]
    assert {frame.meta.frame for frame, _, _ in lost} == numbers
    assert {reason for _, reason, _ in lost} == {Reason.ENGINE_DOWN}
    assert "SIGKILL" in lost[0][2]
    rig.wait_state(State.READY, times=2)
    number = rig.submit()
    assert rig.results.get(timeout=10)[0].frame == number


def test_hung_child_is_killed_and_replaced(make_rig) -> None:
    rig = make_rig(stall_timeout_s=0.4)
    hung = rig.pid
    os.kill(hung, signal.SIGSTOP)
    rig.submit()
    _, reason, detail = rig.given_up.get(timeout=10)
    assert reason is Reason.ENGINE_DOWN
    assert "hung" in detail
    with pytest.raises(ProcessLookupError):
        os.kill(hung, 0)
    rig.wait_state(State.READY, times=2)


def test_idle_child_is_not_taken_for_hung(make_rig) -> None:
    rig = make_rig(stall_timeout_s=0.2)
    time.sleep(0.6)
    rig.submit()
    assert rig.results.get(timeout=5)
    assert [s for s, _ in rig.states] == [State.READY]


def test_frames_are_refused_at_once_while_the_child_is_down(make_rig) -> None:
    rig = make_rig(restart_first_s=5.0)
    os.kill(rig.pid, signal.SIGKILL)
    rig.wait_state(State.RESTARTING)
    rig.submit()
    _, reason, detail = rig.given_up.get(timeout=1)
    assert reason is Reason.ENGINE_DOWN
    assert "restarting" in detail


def test_offline_frames_wait_for_the_next_child(make_rig) -> None:
    rig = make_rig(hold=True)
    os.kill(rig.pid, signal.SIGKILL)
    rig.wait_state(State.RESTARTING)
    number = rig.submit()
    assert rig.results.get(timeout=20)[0].frame == number
    assert rig.given_up.empty()


def test_nan_ends_the_child_with_a_plain_reason(make_rig, tmp_path: Path) -> None:
    bundle = make_tiny_bundle(tmp_path / "nan", gate_nan_at=250)
    rig = make_rig(bundle)
    rig.submit(frame_with([(250, 3)]))
    _frame, reason, detail = rig.given_up.get(timeout=10)
    assert reason is Reason.ENGINE_DOWN
    assert "not a probability" in detail
    rig.wait_state(State.READY, times=2)


def test_restarts_back_off_and_end(make_rig) -> None:
    rig = make_rig(restart_first_s=0.02, max_restarts=2)
    for times in (1, 2):
        os.kill(rig.pid, signal.SIGKILL)
        rig.wait_state(State.READY, times=times + 1)
    os.kill(rig.pid, signal.SIGKILL)
    rig.wait_state(State.GIVEN_UP)
    pauses = [text for state, text in rig.states if state is State.RESTARTING]
    assert "restart in 0.0 s" in pauses[0]
    rig.submit()
    assert rig.given_up.get(timeout=1)[1] is Reason.ENGINE_DOWN


def test_pause_between_restarts_doubles_and_stays_bounded_in_an_outage_of_days() -> None:
    config = InferenceConfig(restart_first_s=0.2, restart_longest_s=30)
    restarts, pauses = Restarts(config), []
    for _ in range(2000):
        restarts.failed(served_s=STABLE_S)
        pauses.append(restarts.pause_s)
    assert [pauses[n - 1] for n in (1, 2, 3, 8, 9, 2000)] == [0.2, 0.4, 0.8, 25.6, 30, 30]
    assert not restarts.exhausted
    restarts.failed(served_s=STABLE_S + 1)
    assert restarts.pause_s == 0.2, "a child that had proved itself"


def test_restarts_are_exhausted_by_failures_in_a_row() -> None:
    restarts, seen = Restarts(InferenceConfig(max_restarts=2)), []
    for served_s in (0, 0, STABLE_S + 1, 0, 0):
        restarts.failed(served_s)
        seen.append(restarts.exhausted)
    assert seen == [False, False, False, False, True]


def test_signals_of_the_group_do_not_end_a_child_that_still_loads(make_rig) -> None:
    """Ctrl-C reaches every process of the terminal, and the child does not ignore it before its code is loaded."""
    rig = make_rig(ready=False)
    until = time.monotonic() + 10
    while rig.pid is None and time.monotonic() < until:
        time.sleep(0.001)
    for _ in range(5):
        os.kill(rig.pid, signal.SIGINT)
        os.kill(rig.pid, signal.SIGTERM)
        time.sleep(0.02)
    assert rig.inference.active.supervisor.wait_ready(30)
    assert [state for state, _ in rig.states] == [State.READY]


_FEW_DESCRIPTORS = 40


def test_a_child_that_cannot_be_spawned_is_tried_again(make_rig) -> None:
    gc.collect()  # else descriptors of earlier tests become free later, and processes can be started again
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    held = [os.open(os.devnull, os.O_RDONLY)]
    while held[-1] < _FEW_DESCRIPTORS:
        held.append(os.open(os.devnull, os.O_RDONLY))
    rig = make_rig(restart_first_s=0.02)  # all its descriptors are above the limit, whatever becomes free meanwhile
    resource.setrlimit(resource.RLIMIT_NOFILE, (_FEW_DESCRIPTORS, hard))
    try:
        os.kill(rig.pid, signal.SIGKILL)
        rig.wait_state(State.RESTARTING, times=3)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        for descriptor in held:
            os.close(descriptor)
    assert "no process could be started" in rig.states[-1][1] + rig.states[-2][1]
    rig.wait_state(State.READY, times=2)
    rig.submit()
    assert rig.results.get(timeout=5)


def test_a_listener_that_raises_costs_one_child_not_the_supervisor(make_rig) -> None:
    rig = make_rig()
    rig.break_next_result = True
    rig.submit()
    rig.wait_state(State.READY, times=2)
    assert "internal error: the listener broke" in next(text for state, text in rig.states if state is State.RESTARTING)
    number = rig.submit()
    assert rig.results.get(timeout=5)[0].frame == number


def test_a_signal_without_a_name_is_told_by_its_number(make_rig) -> None:
    rig = make_rig()
    os.kill(rig.pid, signal.SIGRTMIN + 1)
    rig.wait_state(State.READY, times=2)
    assert f"killed by signal {signal.SIGRTMIN + 1}" in rig.states[1][1]


def all_threads_stopped(pid: int) -> bool:
    """Whether a stop signal has reached every thread."""
    states = [path.read_text().rpartition(")")[2].split()[0] for path in Path(f"/proc/{pid}/task").glob("*/stat")]
    return set(states) == {"T"}


def test_submit_never_waits_for_a_child_that_takes_nothing(make_rig) -> None:
    """Each frame is a message; a frozen child leaves room for some dozens, and what has none waits on in the parent."""
    rig = make_rig(slots=500, in_flight=500, stall_timeout_s=30)
    os.kill(rig.pid, signal.SIGSTOP)
    while not all_threads_stopped(rig.pid):  # until then it goes on taking
        time.sleep(0.001)
    longest_s = 0.0
    for _ in range(500):
        begun = time.monotonic()
        rig.submit()
        longest_s = max(longest_s, time.monotonic() - begun)
    assert longest_s < 0.2
    assert rig.inference.take_oldest_waiting() is not None, "the channel took all: submit more"
    os.kill(rig.pid, signal.SIGCONT)
    assert len({rig.results.get(timeout=10)[0].frame for _ in range(499)}) == 499


def messages_to_the_child(rig) -> list[int]:
    """The number of frames in each message from now on, as it is sent."""
    supervisor, sizes = rig.inference.active.supervisor, []
    submit = supervisor.submit

    def noted(items) -> bool:
        sizes.append(len(items))
        return submit(items)

    supervisor.submit = noted
    return sizes


def test_a_frame_goes_at_once_to_a_child_that_has_not_enough(make_rig) -> None:
    rig = make_rig()
    sizes = messages_to_the_child(rig)
    for sent in range(1, 6):
        rig.submit()
        assert sizes == [1] * sent, "in the camera's thread"
        rig.results.get(timeout=10)


def test_frames_that_wait_for_a_busy_child_go_in_one_message(make_rig) -> None:
    rig = make_rig(slots=64, stall_timeout_s=30)
    enough = rig.inference.active._queue.enough
    sizes = messages_to_the_child(rig)
    os.kill(rig.pid, signal.SIGSTOP)
    while not all_threads_stopped(rig.pid):
        time.sleep(0.001)
    numbers = [rig.submit() for _ in range(60)]
    assert sizes == [1] * enough
    os.kill(rig.pid, signal.SIGCONT)
    assert sorted(rig.results.get(timeout=10)[0].frame for _ in numbers) == numbers
    assert sum(sizes) == 60
    assert len(sizes) - enough < (60 - enough) / 2


def test_a_configured_number_in_flight_is_never_exceeded(make_rig) -> None:
    rig = make_rig(slots=64, in_flight=3)
    sizes = messages_to_the_child(rig)
    numbers = [rig.submit(frame_with([(192, 3)])) for _ in range(60)]
    assert sorted(rig.results.get(timeout=10)[0].frame for _ in numbers) == numbers
    assert max(sizes) <= 3


def test_unusable_bundle_fails_the_start_in_one_line(make_rig, tmp_path: Path) -> None:
    bundle = make_tiny_bundle(tmp_path / "b")
    (bundle.path / bundle.manifest.gate).write_bytes(b"not a network")
    rig = make_rig(bundle, ready=False)
    with pytest.raises(UserError, match=r"gate\.onnx: was altered") as caught:
        rig.inference.active.supervisor.wait_ready(30)
    assert "\n" not in str(caught.value)


def test_a_restarted_child_is_what_the_line_was_started_with(make_rig, tmp_path: Path) -> None:
    bundle = make_tiny_bundle(tmp_path / "b")
    rig = make_rig(bundle, restart_first_s=0.01)
    lower = msgspec.structs.replace(bundle.operating_point, gate_threshold=0.1)
    write_operating_point(lower, bundle.path / OPERATING_POINT)
    os.kill(rig.pid, signal.SIGKILL)
    rig.wait_state(State.READY, times=2)
    rig.submit()
    assert not rig.results.get(timeout=10)[1].let_through, "the thresholds that messages name"
    manifest = bundle.path / MANIFEST
    manifest.write_text(manifest.read_text() + "# another digest\n")
    os.kill(rig.pid, signal.SIGKILL)
    rig.wait_state(State.RESTARTING, times=3)
    assert f"the line was started with {bundle.id}; start the line again" in rig.states[-1][1]


def test_frames_past_their_deadline_do_not_cost_engine_time(make_rig) -> None:
    rig = make_rig(in_flight=1)
    os.kill(rig.pid, signal.SIGSTOP)
    rig.submit()
    for _ in range(3):
        rig.submit(deadline_ns=now_ns() + 50_000_000)
    time.sleep(0.1)
    os.kill(rig.pid, signal.SIGCONT)
    stale = [rig.given_up.get(timeout=5) for _ in range(3)]
    assert {reason for _, reason, _ in stale} == {Reason.DEADLINE}
    assert rig.results.get(timeout=5)[0].frame == 0
    with pytest.raises(queue.Empty):
        rig.results.get(timeout=0.2)


def test_oldest_waiting_frame_can_be_taken_back(make_rig) -> None:
    rig = make_rig(in_flight=1)
    os.kill(rig.pid, signal.SIGSTOP)
    for _ in range(3):
        rig.submit()
    assert rig.inference.take_oldest_waiting().meta.frame == 1
    assert rig.inference.take_oldest_waiting().meta.frame == 2
    assert rig.inference.take_oldest_waiting() is None
    os.kill(rig.pid, signal.SIGCONT)
    assert rig.results.get(timeout=5)[0].frame == 0


@pytest.mark.parametrize("moment", ["loading", "serving", "hung"])
def test_stop_is_quick_from_any_state(make_rig, moment: str) -> None:
    rig = make_rig(ready=moment != "loading")
    if moment == "hung":
        os.kill(rig.pid, signal.SIGSTOP)
        rig.submit()
    begun = time.monotonic()
    rig.inference.stop(0.5)
    assert time.monotonic() - begun < 1.5
    assert rig.inference.held == 0
    if moment == "hung":
        assert rig.given_up.get(timeout=1)[1] is Reason.SHUTDOWN


def test_child_ends_with_its_parent(make_rig) -> None:
    rig = make_rig()
    pid = rig.pid
    rig.inference.active.supervisor._child._channel.close()  # what the kernel does when a parent is killed
    for _ in range(100):
        if not Path(f"/proc/{pid}").exists() or "Z" in Path(f"/proc/{pid}/stat").read_text().split(")")[1]:
            return
        time.sleep(0.05)
    pytest.fail("the child outlived its channel")
