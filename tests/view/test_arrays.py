"""Coils as typed arrays."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import msgspec
import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from inspector.coil.coil import Coil, Findings
from inspector.frames.outcome import Verdict
from inspector.results.journal_reader import JournalReader
from inspector.view.coils.arrays import DefectFacts, Facts, Seen, not_covered, packed, worst_of
from inspector.view.coils.runs import runs
from inspector.view.coils.worker import Job
from tests.coil.strip import Camera, Line
from tests.coil.test_grading import defect
from tests.view.making import journal_of, painted


def findings_of(cameras: list[Camera], width_mm: float | None) -> Findings:
    line, strip = Line(cameras), painted()
    line.start()
    for camera in cameras:
        line.show(camera.name, strip, *camera.frames(len(strip)))
    line.end()
    coil = Coil("coil", width_mm=width_mm)
    for packet in line.packets:
        coil.feed(packet)
    coil.finish()
    return coil.findings


def test_where_no_camera_looks_is_not_known() -> None:
    both = [Camera("a", (0, 20)), Camera("b", (24, 40), face="top")]
    between, beyond = not_covered(findings_of(both, width_mm=12.0))
    assert (between.x_from_mm, between.x_to_mm, between.from_mm, between.to_mm) == (5.0, 6.0, 0.0, 120.0)
    assert (beyond.x_from_mm, beyond.x_to_mm) == (10.0, 12.0)


def test_a_camera_that_begins_later_has_not_seen_the_head() -> None:
    cameras = [Camera("a", (0, 40)), Camera("b", (0, 40), face="bottom", begins=48)]
    [head] = not_covered(findings_of(cameras, width_mm=None))
    assert (head.face, head.from_mm, head.to_mm) == ("bottom", 0.0, 24.0)


def test_all_that_is_seen_is_covered() -> None:
    assert not_covered(findings_of([Camera("a", (0, 40))], width_mm=10.0)) == []


@given(st.lists(st.lists(st.integers(0, 255), max_size=9), max_size=6))
def test_arrays_come_back(values: list[list[int]]) -> None:
    given_ = {str(at): np.array(one, np.float32 if at % 2 else np.uint8) for at, one in enumerate(values)}
    places, block = packed(given_)
    for place in places:
        assert place.offset % 4 == 0
        back = np.frombuffer(block, {"f4": "<f4", "u1": "u1"}[place.type], place.count, place.offset)
        np.testing.assert_array_equal(back, given_[place.name])


def test_facts_of_thousands_are_found_again() -> None:
    made = [
        DefectFacts(defect=defect(at, 0.1), frames=(Seen("top", at, "e", at, Verdict.REJECT),)) for at in range(1000)
    ]
    kept = Facts.of(made)
    assert [kept.get(at) for at in (0, 127, 128, 999)] == [made[at] for at in (0, 127, 128, 999)]
    assert kept.get(1000) is kept.get(-1) is kept.get(10**20) is None
    assert sum(map(len, kept.chunks)) < len(msgspec.json.encode(made)) / 5


def test_the_worst_verdict_of_a_defect_counts() -> None:
    assert worst_of([Verdict.PASS, Verdict.SCRAP, Verdict.REJECT]) is Verdict.SCRAP
    assert worst_of([Verdict.PASS]) is Verdict.PASS
    assert worst_of([]) is Verdict.UNINSPECTED


def test_a_worker_ends_with_whoever_waits_for_it(tmp_path: Path) -> None:
    path = journal_of(tmp_path / "j.sqlite")
    with JournalReader(path) as reader:
        [run] = runs(reader)
    job = msgspec.json.encode(Job(journal=str(path), run=run, config=None, report=False))
    with subprocess.Popen(
        [sys.executable, "-m", "inspector.view.coils.worker"],
        cwd=Path(__file__).parents[2], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    ) as process:  # fmt: skip
        _, errors = process.communicate(job + b"\n", timeout=50)  # standard input is at its end at once
    assert process.returncode == 0
    assert errors == b""
