"""The real line with an archive: what is kept, pixel for pixel, and that nothing that befalls the archive is felt by the line."""

from __future__ import annotations

import os
import signal
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engines.bundle import Bundle
from inspector.archive.entry import Entry, Evidence
from inspector.archive.keeper import Keeper
from inspector.archive.places import INDEX
from inspector.archive.reader import Archive
from inspector.cli.status_screen import archive_in_words
from inspector.frames.outcome import Verdict
from inspector.line.line import Line
from inspector.line.line_report import LineReporter
from inspector.protocol.masks import decode
from inspector.protocol.messages import LineState, ResultBody, Signal
from inspector.results.journal_reader import JournalReader
from tests.line.shadow.candidates import LOW, at_threshold
from tests.line.sources import ListCamera
from tests.results.publishing import eventually
from tests.tiny_bundle import HEIGHT, WIDTH, frame_with

CLEAN, BRIGHT, DARK = frame_with([]), frame_with([(192, 5)]), frame_with([(64, 5)])
NEAR = frame_with([(130, 3)])
"""The gate's score is 130 / 255, its threshold 0.5; no class reaches its own."""
OFFLINE: dict[str, Any] = {"deadline_ms": None, "overload": "wait", "ring": {"observer_slots": 64}}


def keeper_of(line: Line) -> Keeper:
    keeper = line.archive.keeper
    assert keeper is not None
    return keeper


def entries(folder: Path) -> dict[int, Entry]:
    """By the number of the frame."""
    with Archive(folder) as archive:
        found = archive.list(limit=1000)
    assert len({one.frame for one in found}) == len(found), "a frame is there twice"
    return {one.frame: one for one in found}


def noisy(seed: int, squares: list[tuple[int, int]]) -> NDArray[np.uint8]:
    """A frame with noise below what any class reacts to."""
    frame = frame_with(squares, background=104)
    noise = np.random.default_rng(seed).integers(0, 4, frame.shape, dtype=np.uint8)
    return np.where(frame < 110, frame + noise, frame).astype(np.uint8)


def published(journal: Path) -> dict[int, tuple[ResultBody, bytes]]:
    """Body and mask of each frame's result."""
    with JournalReader(journal) as reader:
        packets = [row.packet() for row in reader.rows(reader.epochs()[0], "top", limit=10_000)]
    return {
        one.header.frame: (one.body, one.blob or b"")
        for one in packets
        if isinstance(one.body, ResultBody) and one.header.frame is not None
    }


def test_what_is_archived_is_what_was_judged_and_published(start_line: Any, tmp_path: Path) -> None:
    frames = [noisy(number, [(192, 5)] if number % 2 else []) for number in range(40)]
    running = start_line(
        {"top": ListCamera(frames, rate_hz=50)},
        **OFFLINE,
        archive={"path": str(tmp_path / "a"), "clean": {"share": 1.0}, "leases": 64},
    )
    running.finish_only()
    told, kept = published(running.journal), entries(tmp_path / "a")
    counts = keeper_of(running.line).kept()
    assert len(kept) == sum(counts.archived.values()) == len(frames) - sum(counts.left_out.values())
    assert {Evidence.REJECT, Evidence.CLEAN} == set(counts.archived), "the machine was too busy for any"
    with Archive(tmp_path / "a") as archive:
        for number, entry in kept.items():
            body, blob = told[number]
            np.testing.assert_array_equal(archive.pixels(entry.id), frames[number])
            np.testing.assert_array_equal(archive.mask(entry.id), decode(blob, HEIGHT, WIDTH))
            assert (entry.verdict, entry.reason, entry.detail) == (body.verdict, body.reason, body.detail)
            assert (entry.pixels, entry.defects, entry.gate_score) == (body.pixels, body.defects, body.gate_score)
            assert entry.evidence is (Evidence.REJECT if number % 2 else Evidence.CLEAN)
            assert (entry.line, entry.camera, entry.simulated) == ("t", "top", True)
            assert (entry.bits, entry.classes) == (("dark", "bright"), ("bright",) if number % 2 else ())
            assert entry.thumbnail is not None


def test_a_frame_near_a_threshold_is_uncertain_and_one_that_a_shadow_sees_otherwise_a_disagreement(
    start_line: Any, tiny_bundle: Bundle, tmp_path: Path
) -> None:
    """The shadow lets everything through, so it finds the dark defect that the gate passes; each frame is there once."""
    camera = ListCamera([CLEAN, BRIGHT, NEAR, DARK] * 5, rate_hz=100, endless=True)
    running = start_line(
        {"top": camera}, ring={"observer_slots": 64}, archive={"path": str(tmp_path / "a"), "clean": {"keep": False}}
    )
    line: Line = running.line
    line.shadow.start(at_threshold(tiny_bundle, tmp_path / "candidate", LOW), 1.0)
    eventually(lambda: keeper_of(line).kept().archived.get(Evidence.DISAGREEMENT, 0) > 5)
    line.stop()
    by_kind: dict[Evidence, set[int]] = {}
    for number, entry in entries(tmp_path / "a").items():
        by_kind.setdefault(entry.evidence, set()).add(number % 4)
        if entry.evidence is Evidence.DISAGREEMENT:
            assert entry.verdict is Verdict.PASS  # the active bundle's
    assert by_kind[Evidence.REJECT] == {1}
    assert by_kind[Evidence.UNCERTAIN] == {2}
    # The gate alone is another way to disagree: a clean frame that only the shadow segments.
    assert by_kind[Evidence.DISAGREEMENT] <= {0, 3}
    assert 3 in by_kind[Evidence.DISAGREEMENT]


def test_a_crop_of_a_frame_that_was_inspected_in_tiles_holds_the_defects_with_their_margin(
    start_line: Any, tmp_path: Path
) -> None:
    """They lie across the seam of two tiles."""
    frame = frame_with([], 50, 150)
    frame[20:23, 38:58], frame[26:30, 44:47] = 192, 64
    running = start_line(
        {"top": ListCamera([frame])},
        **OFFLINE,
        fits={"top": {"mode": "tile", "size": {"height": 50, "width": 150}, "overlap_px": 8}},
        archive={"path": str(tmp_path / "a"), "reject": {"image": "crop", "margin_px": 2, "format": "webp"}},
    )
    running.finish_only()
    (entry,) = entries(tmp_path / "a").values()
    assert entry.box_px is not None
    x, y, width, height = entry.box_px
    assert (x, y, width, height) == (36, 18, 24, 14)
    assert (entry.height_px, entry.width_px) == (50, 150)
    with Archive(tmp_path / "a") as archive:
        pixels, mask = archive.pixels(entry.id), archive.mask(entry.id)
    np.testing.assert_array_equal(pixels, frame[18:32, 36:60])
    (body, blob) = published(running.journal)[0]
    assert body.mask is not None
    np.testing.assert_array_equal(mask, decode(blob, 50, 150)[18:32, 36:60])
    assert sorted(np.unique(mask)) == [0, 1, 2]


def test_a_result_that_comes_too_late_is_not_archived_as_a_verdict(start_line: Any, tmp_path: Path) -> None:
    running = start_line(
        {"top": ListCamera([BRIGHT] * 400, rate_hz=200)},
        deadline_ms=40,
        archive={"path": str(tmp_path / "a")},
        ring={"observer_slots": 64},
    )
    line: Line = running.line
    pid = line.inference.active.supervisor.child_pid or 0
    eventually(lambda: keeper_of(line).kept().archived)
    os.kill(pid, signal.SIGSTOP)
    seen = line.ledger.counts()["top"].frames
    eventually(lambda: line.ledger.counts()["top"].frames > seen + 20)
    os.kill(pid, signal.SIGCONT)
    found = running.finish()
    assert found.late
    rejected = {frame for frame, (verdict, _, _) in found.verdicts.items() if verdict == "REJECT"}
    assert set(entries(tmp_path / "a")) <= rejected


@contextmanager
def endless(start_line: Any, tmp_path: Path, **archive: Any) -> Iterator[tuple[Any, Line, Keeper]]:
    """A live line at 200 Hz, every second frame of which is rejected; at the end each frame has its verdict from the engines. When it starts, a
    file is in the place of the archive's folder."""
    (tmp_path / "a").write_text("a file")
    camera = ListCamera([CLEAN, BRIGHT], rate_hz=200, endless=True)
    running = start_line({"top": camera}, archive={"path": str(tmp_path / "a"), **archive})
    line: Line = running.line
    keeper = keeper_of(line)
    eventually(lambda: codes(line) == {"archive_failing"})
    assert line.status.state is LineState.RUNNING
    (tmp_path / "a").unlink()
    eventually(lambda: keeper.kept().archived.get(Evidence.REJECT, 0) > 3)
    yield running, line, keeper
    begun_s = time.monotonic()
    line.stop()
    assert time.monotonic() - begun_s < 2.0
    assert line.ring.leases.observed == 0
    found = running.finish()
    assert set(found.reasons) <= {"gate_clean", "defect", "shutdown"}
    kept = keeper.kept()
    rejected = sum(verdict == "REJECT" for verdict, _, _ in found.verdicts.values())
    assert sum(kept.archived.values()) + sum(kept.left_out.values()) == rejected + sum(
        one.evidence is not Evidence.REJECT for one in entries(tmp_path / "a").values()
    )


def codes(line: Line) -> set[str]:
    return {one.code for one in line.health.reasons if one.part == "archive"}


def passes_on(line: Line, frames: int = 100) -> None:
    """Wait until the line has inspected so many more."""
    before = line.ledger.counts()["top"].frames
    eventually(lambda: line.ledger.counts()["top"].frames > before + frames)


def test_whatever_befalls_the_encoder_process_costs_frames_of_the_archive_only(start_line: Any, tmp_path: Path) -> None:
    """Each trouble after the other, on one line; a disk that is full is `archive_fails` of tests/faults."""
    with endless(start_line, tmp_path, memory_mib=1) as (_, line, keeper):
        hangs(line, keeper)
        is_killed(line, keeper)
        is_shown(line)
        hangs_for_long(keeper)
        disk_is_slow(line, keeper, tmp_path / "a")
        os.kill(keeper.child_pid or 0, signal.SIGSTOP)  # the line stops in time with what it cannot archive


def archives_again(keeper: Keeper) -> None:
    before = keeper.kept().archived[Evidence.REJECT]
    eventually(lambda: keeper.kept().archived[Evidence.REJECT] > before)


def is_killed(line: Line, keeper: Keeper) -> None:
    """It is told, and another one is started."""
    first = keeper.child_pid
    os.kill(first or 0, signal.SIGKILL)
    eventually(lambda: codes(line) == {"archive_failing"})
    assert line.status.state is LineState.RUNNING
    assert line.health.signal is Signal.MAINTENANCE_REQUIRED
    archives_again(keeper)
    assert keeper.child_pid != first


def is_shown(line: Line) -> None:
    """What was kept and left out, in the report and on the screen."""
    archive = LineReporter(line).report().archive
    assert archive is not None
    assert archive.archived["reject"] > 0
    assert archive.left_out["reject"] > 0
    words = archive_in_words(archive)
    assert words.startswith(archive.path)
    assert words.endswith(f"reject, {archive.left_out['reject']} left out")


def hangs(line: Line, keeper: Keeper) -> None:
    """It has no more slots than it may, and goes on where it stopped."""
    os.kill(keeper.child_pid or 0, signal.SIGSTOP)
    eventually(lambda: codes(line) == {"archive_skipping"})
    passes_on(line)
    assert line.ring.leases.observed <= 4
    assert keeper.kept().left_out[Evidence.REJECT, "busy"]
    os.kill(keeper.child_pid or 0, signal.SIGCONT)
    archives_again(keeper)


def hangs_for_long(keeper: Keeper) -> None:
    """It is ended, and another one is started."""
    keeper.stall_s = 0.5
    first = keeper.child_pid
    os.kill(first or 0, signal.SIGSTOP)
    eventually(lambda: keeper.child_pid not in (first, None))
    keeper.stall_s = 30.0
    archives_again(keeper)


def disk_is_slow(line: Line, keeper: Keeper, folder: Path) -> None:
    """The index is locked, as by a disk that takes nothing for a while: frames wait in memory."""
    locking = sqlite3.connect(folder / INDEX, isolation_level=None)
    locking.execute("BEGIN IMMEDIATE")
    eventually(lambda: keeper.kept().waiting > 15)
    passes_on(line, 20)
    assert line.ring.leases.observed <= 4
    locking.execute("ROLLBACK")
    locking.close()
    archives_again(keeper)
