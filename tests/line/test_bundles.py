"""Several bundles on one line: one that looks at the same frames beside the active one, and one that follows it."""

from __future__ import annotations

import gc
import os
import signal
import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from engines.bundle import Bundle
from inspector.errors import UserError
from inspector.frames.leased_frame import Inspected, LeasedFrame
from inspector.frames.leases import Holder, Lease
from inspector.frames.outcome import BundleIdentity, Outcome
from inspector.inference.state import State
from inspector.line.line import Line
from inspector.protocol import masks
from inspector.protocol.messages import LineState, ResultBody
from inspector.results.journal_reader import JournalReader
from inspector.results.stored_row import Row
from tests.line.accounting import account
from tests.line.soak import soak
from tests.line.sources import GatedCamera, ListCamera
from tests.line.test_line import BAD, CLEAN, OFFLINE, wait_until
from tests.tiny_bundle import frame_with, make_tiny_bundle


@pytest.fixture(scope="module")
def grey_bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    """Other classes than the tiny bundle's, and a gate that lets every frame through."""
    directory = tmp_path_factory.mktemp("bundle") / "grey"
    return make_tiny_bundle(
        directory, name="grey", levels={"bright": 192.0, "plain": 100.0, "dark": 64.0}, gate_threshold=0.1
    )


class Watcher:
    """Keeps a lease of each frame it may, and what was found."""

    def __init__(self) -> None:
        self.holder = Holder("watcher", observer=True)
        self.seen: list[tuple[int, bool, Outcome, np.ndarray | None]] = []
        self.kept: list[tuple[Lease, int]] = []

    def inspected(self, inspected: Inspected) -> None:
        frame: LeasedFrame = inspected.frame
        mask = None if inspected.mask is None else inspected.mask.copy()
        self.seen.append((frame.meta.frame, frame.shadow, inspected.outcome, mask))
        if not frame.shadow and (lease := frame.lease.share(self.holder)) is not None:
            self.kept.append((lease, frame.meta.frame))


def expected_mask(frame: np.ndarray, bundle: Bundle) -> np.ndarray:
    levels = {"dark": 64, "bright": 192, "plain": 100}
    away = [np.abs(frame.astype(int) - levels[name]) for name in bundle.classes]
    return sum(((far <= 8) << k for k, far in enumerate(away)), np.zeros(frame.shape, int))


def ready(line: Line, bundle: Bundle):
    loaded = line.bundles.load(bundle)
    wait_until(lambda: loaded.supervisor.state is State.READY)
    return loaded


def rows_of(journal: Path) -> dict[int, Row]:
    with JournalReader(journal) as reader:
        return {row.frame: row for row in reader.walk(verdicts_only=True)}


def test_a_shadow_answers_beside_the_active_bundle_and_each_names_its_own(
    start_line: Callable, tiny_bundle: Bundle, grey_bundle: Bundle
) -> None:
    camera, watcher = GatedCamera([CLEAN, BAD] * 20, burst=1), Watcher()
    running = start_line({"top": camera}, line_options={"observers": [watcher]}, **OFFLINE, ring={"observer_slots": 64})
    line: Line = running.line
    shadow = ready(line, grey_bundle)
    line.inference.shadow(shadow)
    camera.rest.set()
    wait_until(lambda: sum(is_shadow for _, is_shadow, _, _ in watcher.seen) == 39)
    found = running.finish()
    assert found.reasons == {"gate_clean": 20, "defect": 20}, "the shadow changed a verdict"
    for row in rows_of(running.journal).values():
        assert row.packet().header.bundle == tiny_bundle.id
    frames = [CLEAN, BAD] * 20
    for bundle, is_shadow in ((tiny_bundle, False), (grey_bundle, True)):
        seen = {number: (outcome, mask) for number, s, outcome, mask in watcher.seen if s is is_shadow}
        assert sorted(seen) == list(range(1 if is_shadow else 0, 40))
        for number, (outcome, mask) in seen.items():
            assert isinstance(outcome.bundle, BundleIdentity)
            assert (outcome.bundle.bundle, outcome.bundle.classes) == (bundle.id, bundle.classes)
            if mask is None:
                assert not is_shadow
                continue
            np.testing.assert_array_equal(mask, expected_mask(frames[number], bundle))
            np.testing.assert_array_equal(masks.decode(outcome.mask, *mask.shape), mask)
            assert outcome.pixels == tuple(int((mask >> k & 1).sum()) for k in range(len(bundle.classes)))


def test_pixels_can_be_looked_at_after_the_verdict(start_line: Callable) -> None:
    frames = [frame_with([], background=40 + number) for number in range(60)]
    watcher = Watcher()
    running = start_line(
        {"top": ListCamera(frames)},
        line_options={"observers": [watcher]},
        **OFFLINE,
        ring={"slots": 2, "observer_slots": 5},
    )
    running.line.wait(running.stop, tick_s=0.01)
    assert running.line.ledger.counts()["top"].frames == 60
    assert len(watcher.kept) == 5, "five slots are the observers', and no more"
    for lease, number in watcher.kept:
        np.testing.assert_array_equal(running.line.ring.pixels(lease, running.line.size), frames[number])
        lease.release()
    assert running.line.ring.leases.observed == 0
    assert running.finish().reasons == {"gate_clean": 60}


def test_another_bundle_takes_over_between_two_frames(
    start_line: Callable, tiny_bundle: Bundle, grey_bundle: Bundle
) -> None:
    camera = ListCamera([BAD], rate_hz=400, endless=True)
    running = start_line({"top": camera})
    line: Line = running.line
    wait_until(lambda: line.ledger.resolved_through("top") > 50)
    before, after = line.inference.active, ready(line, grey_bundle)
    line.bundles.activate(after)
    wait_until(lambda: before.supervisor.state is State.STOPPED)
    seen = line.ledger.resolved_through("top")
    wait_until(lambda: line.ledger.resolved_through("top") > seen + 50)
    line.stop()
    rows = rows_of(running.journal)
    packets = [rows[frame].packet() for frame in sorted(rows)]
    inspected = [packet for packet in packets if packet.header.bundle is not None]
    assert {packet.body.reason.value for packet in packets} <= {"defect", "shutdown"}, "a frame was lost on the way"
    named = [packet.header.bundle for packet in inspected]
    switch = named.index(grey_bundle.id)
    assert named == [tiny_bundle.id] * switch + [grey_bundle.id] * (len(named) - switch)
    assert switch > 50
    for packet in inspected:
        body = packet.body
        bundle = tiny_bundle if packet.header.bundle == tiny_bundle.id else grey_bundle
        assert isinstance(body, ResultBody)
        assert packet.header.operating_point == bundle.operating_point.id
        assert tuple(body.pixels) == bundle.classes
        assert body.mask is not None
        assert body.mask.bits == bundle.classes


def test_a_frame_nobody_inspected_names_no_bundle(start_line: Callable) -> None:
    running = start_line({"top": ListCamera(["not an image", None, CLEAN])}, **OFFLINE)
    running.finish()
    headers = {frame: row.packet().header for frame, row in rows_of(running.journal).items()}
    assert (headers[0].bundle, headers[0].operating_point) == (None, None)
    assert headers[1].bundle is None
    assert headers[2].bundle == running.line.bundle.id


def test_a_bundle_that_does_not_fit_the_line_is_refused(start_line: Callable, tmp_path: Path) -> None:
    running = start_line(
        {"top": ListCamera([CLEAN])}, **OFFLINE, verdicts={"rules": [{"class": "dark", "min_area_px": 4}]}
    )
    with pytest.raises(UserError, match="is for frames of 64x48; this line's have 32x48"):
        running.line.bundles.load(make_tiny_bundle(tmp_path / "tall", height=64))
    with pytest.raises(UserError, match="dark"):
        running.line.bundles.load(make_tiny_bundle(tmp_path / "other", levels={"bright": 192.0}))
    broken = make_tiny_bundle(tmp_path / "broken", name="broken")
    (broken.path / broken.manifest.gate).write_bytes(b"not a network")
    loading = running.line.bundles.load(broken)
    wait_until(lambda: loading.supervisor.state is State.GIVEN_UP)
    with pytest.raises(UserError, match="altered"):
        loading.supervisor.wait_ready(10)  # told a moment after the state is entered
    with pytest.raises(UserError, match="cannot be activated"):
        running.line.bundles.activate(loading)
    assert running.finish().reasons == {"gate_clean": 1}
    assert running.line.failures == []


def test_slots_and_verdicts_survive_killed_children_a_shadow_and_a_slow_observer(tmp_path: Path) -> None:
    found = soak(tmp_path, frames=900, rate_hz=400, seed=3)
    assert (found["frames"], found["slots free at the end"], found["slots observed at the end"]) == (
        900,
        "16 of 16",
        0,
    )
    assert found["children killed"] >= 1
    assert found["observer"]["looked"] > 20
    assert found["observer"]["pixels changed"] == 0
    assert found["shadow results offered"] > 20


def test_bundles_that_followed_each_other_leave_nothing_behind_and_do_not_wait_for_the_garbage_collector(
    start_line: Callable, tiny_bundle: Bundle, grey_bundle: Bundle
) -> None:
    """Four changes of bundle: one child at the end, no slot lost, and no memory or descriptor of those before."""
    running = start_line({"top": ListCamera([BAD, CLEAN], rate_hz=200, endless=True)})
    line: Line = running.line
    descriptors = lambda: len(list(Path("/proc/self/fd").iterdir()))  # noqa: E731
    before = descriptors()
    gc.disable()
    for number in range(4):
        former = line.inference.active
        line.bundles.activate(ready(line, grey_bundle if number % 2 == 0 else tiny_bundle))
        wait_until(lambda former=former: former.supervisor.state is State.STOPPED)
        del former
    gc.enable()
    wait_until(lambda: line.inference.others == () and descriptors() <= before + 2)
    line.stop()
    found = account(running.journal)
    assert set(found.reasons) <= {"defect", "gate_clean", "shutdown"}
    assert line.ring.leases.free == line.ring.leases.slots


def test_a_bundle_that_is_active_or_retiring_is_not_activated_again(
    start_line: Callable, tiny_bundle: Bundle, grey_bundle: Bundle
) -> None:
    running = start_line({"top": ListCamera([BAD], rate_hz=100, endless=True)}, deadline_ms=60_000)
    line: Line = running.line
    first, second = line.inference.active, ready(line, grey_bundle)
    with pytest.raises(UserError, match="is active already or retiring"):
        line.bundles.activate(first)
    os.kill(first.supervisor.child_pid, signal.SIGSTOP)  # so that it stays retiring
    wait_until(lambda: first.held > 3)
    line.bundles.activate(second)
    with pytest.raises(UserError, match="is active already or retiring"):
        line.bundles.activate(first)
    with pytest.raises(ValueError, match="is active already or retiring"):
        line.inference.shadow(second)
    with pytest.raises(ValueError, match="activate another one first"):
        line.inference.unload(second)
    os.kill(first.supervisor.child_pid, signal.SIGCONT)
    wait_until(lambda: first.supervisor.state is State.STOPPED)
    seen = line.ledger.resolved_through("top")
    wait_until(lambda: line.ledger.resolved_through("top") > seen + 10)
    line.stop()
    assert set(account(running.journal).reasons) <= {"defect", "shutdown"}


def test_a_shadow_that_is_activated_while_a_camera_submits_gets_the_frame_once(
    start_line: Callable, grey_bundle: Bundle
) -> None:
    """The camera has read which bundle is active and which are shadows; the shadow becomes active before it submits."""
    camera = GatedCamera([BAD] * 12, burst=2)
    running = start_line({"top": camera}, **OFFLINE)
    line: Line = running.line
    wait_until(lambda: line.ledger.resolved_through("top") == 1)
    shadow = ready(line, grey_bundle)
    line.inference.shadow(shadow)
    active = line.inference.active
    submit, activated = active.submit, []

    def activate_first(frame: LeasedFrame) -> bool:
        if not activated:
            activated.append(True)
            line.bundles.activate(shadow)
        return submit(frame)

    active.submit = activate_first  # type: ignore[method-assign]
    camera.rest.set()
    assert running.finish().reasons == {"defect": 12}
    assert (line.ring.leases.free, line.ring.leases.observed) == (line.ring.leases.slots, 0)


def test_a_retiring_bundle_that_is_unloaded_gives_up_what_it_saw_as_shadow_and_as_active(
    start_line: Callable, tiny_bundle: Bundle, grey_bundle: Bundle
) -> None:
    camera = ListCamera([BAD], rate_hz=100, endless=True)
    running = start_line({"top": camera}, deadline_ms=60_000, ring={"slots": 1024, "observer_slots": 64})
    line: Line = running.line
    shadow = ready(line, grey_bundle)
    line.inference.shadow(shadow)
    os.kill(shadow.supervisor.child_pid, signal.SIGSTOP)
    wait_until(lambda: shadow.held > 3)
    line.bundles.activate(shadow)
    held = shadow.held
    wait_until(lambda: shadow.held > held + 3)
    line.bundles.activate(ready(line, tiny_bundle))
    line.inference.unload(shadow)
    assert shadow.held == 0
    line.cameras.interrupt()
    wait_until(lambda: not line.cameras.running and not line.ledger.open_frames())
    assert (line.ring.leases.free, line.ring.leases.observed) == (1024, 0)
    line.stop()
    found = account(running.journal)
    assert set(found.reasons) == {"defect", "engine_down"}
    assert {detail for _, reason, detail in found.verdicts.values() if reason == "engine_down"} == {
        "the bundle was unloaded"
    }


def test_a_bundle_is_not_loaded_once_the_line_stops(start_line: Callable, grey_bundle: Bundle) -> None:
    running = start_line({"top": ListCamera([CLEAN])}, **OFFLINE)
    running.finish()
    with pytest.raises(UserError, match="the line stops"):
        running.line.bundles.load(grey_bundle)


def test_trouble_of_the_bundle_before_does_not_outlive_it(start_line: Callable, grey_bundle: Bundle) -> None:
    """The old child dies, and its trouble is about to be reported, when the new bundle is activated."""
    running = start_line({"top": ListCamera([BAD], rate_hz=100, endless=True)})
    line: Line = running.line
    before, after = line.inference.active, ready(line, grey_bundle)
    report, there, go = line.status.trouble, threading.Event(), threading.Event()

    def late(part: str, code: str, text: str) -> None:
        there.set()
        go.wait(10)
        report(part, code, text)

    line.status.trouble = late  # type: ignore[method-assign]
    os.kill(before.supervisor.child_pid, signal.SIGKILL)
    assert there.wait(20)
    activating = threading.Thread(target=line.bundles.activate, args=(after,))
    activating.start()
    go.set()
    activating.join(20)
    wait_until(lambda: before.supervisor.state is State.STOPPED)
    assert line.status.state is LineState.RUNNING
    line.stop()
