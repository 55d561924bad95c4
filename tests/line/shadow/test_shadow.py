"""A candidate beside a running line: what is found, and that whatever becomes of it the line goes on."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from engines.bundle import Bundle
from inspector.errors import UserError
from inspector.frames.sampling import Sampling
from inspector.inference.state import State
from inspector.line.line import Line
from inspector.line.shadow.figures import report
from inspector.results.journal_reader import JournalReader
from tests.cli.in_process import refused, run
from tests.line.shadow.candidates import BRIGHT, CLEAN, DARK, at_threshold
from tests.line.sources import GatedCamera, ListCamera
from tests.line.test_line import OFFLINE, wait_until
from tests.tiny_bundle import make_tiny_bundle

FRAMES = [CLEAN, BRIGHT, DARK] * 40


def test_exactly_the_frames_on_which_a_candidate_differs_are_reported_and_no_verdict_changes(
    start_line: Callable, tiny_bundle: Bundle, tmp_path: Path
) -> None:
    candidate = at_threshold(tiny_bundle, tmp_path / "candidate")
    camera = GatedCamera(FRAMES, burst=1)
    running = start_line({"top": camera}, **OFFLINE, ring={"observer_slots": 2 * len(FRAMES)})
    line: Line = running.line
    info = line.shadow.start(candidate, 0.5)
    assert (info.bundle, info.operating_point) == (tiny_bundle.id, candidate.operating_point.id)
    pid = line.inference.others[0].supervisor.child_pid
    assert pid is not None
    assert os.sched_getscheduler(pid) == os.SCHED_IDLE
    camera.rest.set()
    chosen = [number for number in range(1, len(FRAMES)) if Sampling(0.5).chosen("top", number)]
    wait_until(lambda: line.shadow.info is not None and line.shadow.info.compared == len(chosen))
    live = line.shadow.report()
    assert running.finish().reasons == {"gate_clean": 80, "defect": 40}
    assert line.ring.leases.observed == 0
    changed = [number for number in chosen if number % 3 == 2]
    with JournalReader(running.journal) as reader:
        kept = report(reader.comparisons(), reader.disagreements(), state="ended")
    for made in (live, kept):
        assert made is not None
        (only,) = made.comparisons
        found = [(one.frame, one.kind, one.active.verdict, one.shadow.verdict) for one in only.frames]
        assert sorted(found) == [
            (number, "verdict" if number in changed else "gate", "PASS", "REJECT" if number in changed else "PASS")
            for number in chosen
            if number % 3 != 1
        ]
        assert (only.compared, only.changed.count, only.stricter.count) == (len(chosen), len(changed), len(changed))
        assert [(one.name, one.newly.count) for one in only.classes] == [("bright", 0), ("dark", len(changed))]
        assert (only.sample.frames, only.sample.chosen) == (len(FRAMES) - 1, len(chosen))
    told = run("shadow", "report", "--journal", running.journal, "--all")
    assert told.status == 0
    frames = told.out[told.out.index("PASS to REJECT") :].splitlines()[0]
    assert [int(word.strip(",")) for word in frames.split(":")[1].split()] == changed
    assert '"changed": {' in run("shadow", "report", "--journal", running.journal, "--json").out


def test_a_candidate_that_fails_is_refused_or_given_up_and_the_line_goes_on(
    start_line: Callable, tiny_bundle: Bundle, tmp_path: Path
) -> None:
    running = start_line({"top": ListCamera([CLEAN, BRIGHT], rate_hz=200, endless=True)})
    line: Line = running.line
    with pytest.raises(UserError, match="is for frames of 64x48"):
        line.shadow.start(make_tiny_bundle(tmp_path / "tall", height=64), 0.5)
    with pytest.raises(UserError, match="has the classes bright; the active bundle has dark, bright"):
        line.shadow.start(make_tiny_bundle(tmp_path / "other", levels={"bright": 192.0}), 0.5)
    with pytest.raises(UserError, match="expected a number above 0"):
        line.shadow.start(tiny_bundle, 0.0)
    broken = make_tiny_bundle(tmp_path / "broken", name="broken")
    (broken.path / broken.manifest.gate).write_bytes(b"not a network")
    with pytest.raises(UserError, match="altered"):
        line.shadow.start(broken, 0.5)
    assert line.shadow.info is None
    assert line.inference.others == ()
    line.shadow.start(at_threshold(tiny_bundle, tmp_path / "candidate"), 1.0)
    with pytest.raises(UserError, match="is the shadow already; stop it first"):
        line.shadow.start(tiny_bundle, 0.5)
    (loaded,) = line.inference.others
    with pytest.raises(UserError, match="yields to others"):
        line.bundles.activate(loaded)
    os.kill(loaded.supervisor.child_pid or 0, signal.SIGSTOP)  # it hangs with as many frames as it may have
    wait_until(lambda: any("shadow_busy" in one.sample.skipped for one in line.shadow.report().comparisons))
    assert line.ring.leases.observed <= 4
    os.kill(loaded.supervisor.child_pid or 0, signal.SIGKILL)
    wait_until(lambda: loaded.supervisor.state is State.READY)
    wait_until(lambda: line.shadow.info.compared > 0)
    ended = line.shadow.stop()
    assert ended is not None
    assert line.shadow.stop() is None
    assert line.shadow.report().state == "ended"
    assert (line.ring.leases.observed, line.inference.others) == (0, ())
    line.stop()
    with pytest.raises(UserError, match="the line stops"):
        line.shadow.start(tiny_bundle, 0.5)
    found = running.finish()
    assert set(found.reasons) <= {"gate_clean", "defect", "shutdown"}
    codes = [code for _, code, _ in found.statuses]
    assert codes.count("shadow_refused") == 5
    assert [code for code in codes if code.startswith("shadow_s")] == ["shadow_started", "shadow_stopped"]


def test_a_shadow_that_is_stopped_while_it_loads_is_not_started_and_leaves_nothing_to_report(
    start_line: Callable, tiny_bundle: Bundle
) -> None:
    running = start_line({"top": ListCamera([CLEAN], rate_hz=100, endless=True)})
    line: Line = running.line
    said: list[str] = []

    def start() -> None:
        try:
            line.shadow.start(tiny_bundle, 1.0)
        except UserError as error:
            said.append(str(error))

    starting = threading.Thread(target=start)
    starting.start()
    wait_until(lambda: line.inference.others != ())
    line.shadow.stop()
    starting.join(20)
    assert said
    assert line.shadow.info is None
    wait_until(lambda: line.inference.others == ())
    assert line.shadow.report() is None
    assert "no shadow has inspected a frame" in refused("shadow", "report", "--journal", running.journal)
    assert "--journal" in refused("shadow", "report")
