"""Rates over days, counted from a real journal, against counting the decoded messages one by one."""

from __future__ import annotations

import csv
import io
from collections import Counter
from pathlib import Path
from random import Random

import msgspec
import pytest

from inspector.frames.outcome import Reason, Verdict
from inspector.protocol.messages import GapBody, ResultBody
from inspector.results.brief_rows import BriefReader
from inspector.results.journal_reader import JournalReader
from inspector.view.trends.buckets import Day, latency_bin, latency_of, merge, percentiles
from inspector.view.trends.reading import DAY_NS, Journal, Known, Reading
from inspector.view.trends.trend import Columns, Trend, as_csv, trend
from inspector.view.trends.worker import KNOWN, UNREAD, Found, Job, count, settle
from tests.view.trending import CLASSES, TrendLine, bundle_of

NOW_S = 1_790_000_100
NOW_NS = NOW_S * 10**9
MINUTE_NS = 60 * 10**9


def counted(path: Path, known: Known | None = None, line: str = "line1") -> tuple[Known, dict[int, Day], str]:
    """What the worker says of a journal, put together."""
    days: dict[int, Day] = {}
    now, unread = known or Known(), ""

    def tell(kind: bytes, content: bytes) -> None:
        nonlocal now, unread
        if kind == KNOWN:
            found = msgspec.msgpack.decode(content, type=Found)
            now = found.known
            for number, day in found.days.items():
                merge(days.setdefault(number, {}), day)
        elif kind == UNREAD:
            unread = content.decode()

    begin = b"" if known is None else msgspec.msgpack.encode(known)
    count(Job(journal=str(path), line=line, archive=None, known=begin, now_ns=NOW_NS), tell)
    return now, days, unread


def shown(path: Path, days: int = 7, **options: object) -> Trend:
    known, kept, _ = counted(path)
    return trend(kept, known, "line1", now_s=NOW_S, days=days, **options)  # type: ignore[arg-type]


def some(line: TrendLine, frames: int, from_ns: int, to_ns: int, seed: int = 0) -> None:
    """Frames of all kinds, spread over a time."""
    random = Random(seed)
    for number in range(frames):
        line.now_ns = from_ns + (to_ns - from_ns) * number // frames
        camera = random.choice(line.cameras)
        kind, latency_ms = random.random(), random.uniform(10, 90)
        if kind < 0.7:
            line.passed(camera, random.uniform(0, 0.04), latency_ms)
        elif kind < 0.8:
            line.segmented(camera=camera, verdict=Verdict.PASS, score=0.3, latency_ms=latency_ms)
        elif kind < 0.93:
            verdict = random.choice((Verdict.REJECT, Verdict.SCRAP))
            line.segmented(*random.sample(CLASSES, 2), camera=camera, verdict=verdict, latency_ms=latency_ms)
        elif kind < 0.97:
            line.uninspected(random.choice((Reason.DEADLINE, Reason.OVERLOAD)), camera)
        else:
            line.lost(random.randrange(1, 5), camera)


@pytest.fixture
def week(tmp_path: Path) -> Path:
    line = TrendLine(tmp_path / "j.sqlite", ("cam1", "cam2"))
    line.now_ns = NOW_NS - 6 * DAY_NS
    line.start()
    some(line, 3000, line.now_ns, NOW_NS)
    line.sheet()
    line.end()
    line.close()
    return line.path


def one_by_one(path: Path, step_s: int, camera: str | None = None) -> dict[int, Counter[str]]:
    """Frames by point, from the decoded messages."""
    points: dict[int, Counter[str]] = {}
    with JournalReader(path) as reader:
        for row in reader.walk(verdicts_only=True, camera=camera):
            if row.camera == "sheet":
                continue
            packet = row.packet()
            header, body = packet.header, packet.body
            at_ns = header.captured_unix_ns or header.published_unix_ns
            of = points.setdefault(at_ns // 10**9 // step_s * step_s, Counter())
            if isinstance(body, GapBody):
                of["frames"] += body.last - body.first + 1
                continue
            assert isinstance(body, ResultBody)
            of["frames"] += 1
            of[body.verdict.value] += 1
            of[body.reason.value] += 1
            for name, pixels in body.defect_pixels.items():
                of[name] += pixels > 0
    return points


def sums(found: Trend) -> dict[int, Counter[str]]:
    columns: Columns = found.columns
    points = {}
    for number, at_s in enumerate(found.times):
        if columns.frames[number]:
            of = points[at_s] = Counter({"frames": columns.frames[number], "gate_clean": columns.gate_clean[number]})
            of["REJECT"], of["SCRAP"] = columns.rejected[number], columns.scrapped[number]
            for name, counts in columns.classes.items():
                of[name] = counts[number]
    return points


@pytest.mark.parametrize(
    ("days", "step_s", "camera"), [(1, 900, None), (7, 3600, None), (7, 3600, "cam2"), (30, 14_400, None)]
)
def test_counts_are_those_of_the_messages(week: Path, days: int, step_s: int, camera: str | None) -> None:
    found = shown(week, days, camera=camera)
    assert (found.step_s, len(found.times)) == (step_s, days * 86_400 // step_s)
    expected = one_by_one(week, step_s, camera)
    keys = ("frames", "gate_clean", "REJECT", "SCRAP", *CLASSES)
    wanted = {at_s: +Counter({key: of[key] for key in keys}) for at_s, of in expected.items() if at_s >= found.times[0]}
    assert {at_s: +of for at_s, of in sums(found).items()} == wanted
    whole: Counter[str] = sum((of for at_s, of in expected.items() if at_s in wanted), Counter())
    inspected = whole["PASS"] + whole["REJECT"] + whole["SCRAP"]
    assert found.whole.inspected == [inspected]
    assert found.whole.uninspected["result too late"] == [whole["deadline"]]
    assert found.whole.deadline_ms == [100.0]
    assert sum(counts[0] for counts in found.whole.uninspected.values()) == whole["frames"] - inspected
    assert found.cameras == ["cam1", "cam2"]


def test_percentiles_are_near_the_true_ones() -> None:
    random = Random(1)
    latencies = sorted(int(random.lognormvariate(10, 0.6)) for _ in range(5000))
    bins = Counter(map(latency_bin, latencies))
    for share, near in zip((0.0, 0.5, 0.99, 1.0), percentiles(bins, (0.0, 0.5, 0.99, 1.0)), strict=True):
        assert near == pytest.approx(latencies[round(share * 4999)], rel=0.03)
    assert all(
        latency_of(latency_bin(number)) == pytest.approx(number, rel=0.017, abs=0.5) for number in range(0, 100_000, 7)
    )
    assert percentiles({}, (0.5,)) == [None]


def test_only_new_rows_are_counted_the_next_time(week: Path) -> None:
    known, days, _ = counted(week)
    again, more, _ = counted(week, known)
    assert more == {}
    line = TrendLine(week, ("cam1",), epoch="epoch-2")
    some(line, 50, NOW_NS - MINUTE_NS, NOW_NS)
    line.close()
    known, more, _ = counted(week, again)
    for number, day in more.items():
        merge(days[number], day)
    both = trend(days, known, "line1", now_s=NOW_S, days=7)
    assert both.columns == shown(week).columns
    assert len(both.columns.frames) == 168


def test_rows_that_were_deleted_stay_counted_and_those_that_nobody_read_are_missing(week: Path) -> None:
    known, days, _ = counted(week)
    before = trend(days, known, "line1", now_s=NOW_S, days=7).whole.frames
    line = TrendLine(week, ("cam1",), epoch="epoch-1")
    line.keep(100)
    known, more, _ = counted(week, known)
    assert more == {}
    assert trend(days, known, "line1", now_s=NOW_S, days=7).whole.frames == before
    line.now_ns = NOW_NS
    line.skip_to(10_000)
    for _ in range(10):
        line.passed()
    line.keep(5)
    line.close()
    known, more, _ = counted(week, known)
    [day] = more.values()
    [bucket] = day["cam1"].values()
    assert bucket.frames == 5
    assert bucket.missing > 5
    line = TrendLine(week, ("cam1",), epoch="epoch-3")
    line.now_ns = NOW_NS
    line.skip_to(6)
    line.passed()
    line.close()
    [day] = counted(week, known)[1].values()
    assert [bucket.missing for bucket in day["cam1"].values()] == [7]


def test_a_journal_that_takes_the_place_of_another_counts_nothing_twice(week: Path, tmp_path: Path) -> None:
    known, _, _ = counted(week)
    copy = tmp_path / "copy.sqlite"
    with JournalReader(week) as reader:
        sent = [row for row in reader.walk() if row.seq >= 1000]
    line = TrendLine(copy, ("cam1", "cam2"))
    line.now_ns = NOW_NS
    line.again(sent)
    line.passed()
    line.commit()
    line.close()
    known, more, _ = counted(copy, known)
    assert sum(bucket.frames for day in more.values() for of in day.values() for bucket in of.values()) == 1
    assert [mark.kind for mark in known.events.marks] == ["journal"]
    assert counted(copy, known)[0].events == known.events


def test_rows_that_are_deleted_while_they_are_read_are_no_damage(week: Path) -> None:
    line = TrendLine(week, ("cam1",), epoch="for-deleting")
    with BriefReader(week) as reader:
        [page] = reader.pages(*reader.span())
        line.keep(1)
        known = Known()
        reading = Reading(known, "line1", Journal(reader.streams, reader.header), NOW_NS)
        reading.feed(page.rows)
    line.close()
    days = reading.take()
    assert known.altered == 0
    assert sum(bucket.frames for day in days.values() for of in day.values() for bucket in of.values()) > 3000
    assert trend(days, known, "line1", now_s=NOW_S, days=7).whole.deadline_ms == [None]


def test_only_the_line_whose_page_it_is_is_counted(week: Path) -> None:
    before = shown(week).whole
    other = TrendLine(week, ("cam1",), line="line2", epoch="of-another", simulated=True)
    some(other, 40, NOW_NS - MINUTE_NS, NOW_NS)
    other.close()
    with BriefReader(week) as reader:
        assert reader.lines() == ["line1", "line2"]
    assert shown(week).whole == before
    known, days, _ = counted(week, line="line2")
    theirs = trend(days, known, "line2", now_s=NOW_S, days=1)
    assert theirs.simulated == theirs.whole.frames[0] >= 40


def test_changes_and_drift_are_marked(tmp_path: Path) -> None:
    line = TrendLine(tmp_path / "j.sqlite", ("cam1", "cam2"))
    hour = 60 * MINUTE_NS
    began = NOW_NS - 20 * hour
    line.now_ns = began
    line.start()
    line.passed()
    for hours, troubles in (
        (1, [("lens of camera cam1", "dirty_columns")]),
        (2, [("lens of camera cam1", "dirty_columns"), ("light of camera cam2", "lamp_dimming")]),
        (3, [("journal", "journal_failing")]),
    ):
        line.now_ns = began + hours * hour
        line.status(*troubles)
    line.change("bundle demo-2.0 takes over", bundle_of("demo-2.0", "op-2"))
    line.recipe = "thick"
    line.end()
    line.now_ns += hour
    line.start("coil-2")
    line.status(("frames of camera cam1", "drift_gate_score"))
    line.now_ns += hour
    line.passed()
    line.close()
    line = TrendLine(tmp_path / "j.sqlite", ("cam1", "cam2"), epoch="epoch-2", bundle=bundle_of("demo-2.0", "op-2"))
    line.recipe = "thick"
    line.now_ns = began + 8 * hour
    line.start("coil-2")
    line.status()
    line.close()
    found = shown(line.path, 1)
    begun = began // 10**6
    assert [((span.from_ms - begun) / 3.6e6, (span.to_ms or 0 - begun) and ((span.to_ms or 0) - begun) / 3.6e6, span.code) for span in found.spans] == [
        (1, 3, "dirty_columns"), (2, 3, "lamp_dimming"), (4, 5, "drift_gate_score"),
    ]  # fmt: skip
    told = [(mark.kind, mark.text, mark.cameras) for mark in found.marks]
    assert told == [
        ("bundle", "bundle demo-2.0 takes over; bundle demo-1.0 → demo-2.0; operating point op-1 → op-2", ["cam1", "cam2"]),
        ("recipe", "recipe none → thick", ["cam1", "cam2"]),
    ]  # fmt: skip
    assert [span.code for span in shown(line.path, 1, camera="cam2").spans] == ["lamp_dimming"]


def test_what_review_dismissed_can_be_left_out(tmp_path: Path) -> None:
    line = TrendLine(tmp_path / "j.sqlite")
    line.now_ns = NOW_NS - MINUTE_NS
    for _ in range(8):
        line.passed()
    wrong, _right = line.segmented("pitting"), line.segmented("pitting", "scratches")
    line.close()
    known, days, _ = counted(line.path)
    with BriefReader(line.path) as reader:
        settle(known, reader, "line1", {("epoch-1", "cam1", wrong), ("gone", "cam1", 5)})
    found = [trend(days, known, "line1", now_s=NOW_S, days=1, reviewed=reviewed) for reviewed in (False, True)]
    assert [(one.whole.rejected, one.whole.dismissed, one.whole.classes["pitting"]) for one in found] == [
        ([2], [0], [2]),
        ([1], [1], [1]),
    ]
    assert found[0].whole.inspected == found[1].whole.inspected == [10]
    assert any("1 frames that review dismissed" in note for note in found[1].notes)


def test_altered_rows_are_left_out_and_damage_ends_reading(week: Path) -> None:
    whole = shown(week).whole.frames[0]
    line = TrendLine(week, epoch="for-altering")
    line.alter("UPDATE publications SET body = x'7b' WHERE id IN (100, 200)")
    line.alter("UPDATE publications SET captured_unix_ns = 'noon', published_unix_ns = x'00' WHERE id = 300")
    found = shown(week)
    assert whole - 15 < found.whole.frames[0] <= whole - 3
    assert found.notes == ["3 rows of the journal cannot be read and are not counted"]
    line.alter("PRAGMA writable_schema = ON")
    line.alter("DELETE FROM sqlite_master WHERE name = 'publications_seq'")
    line.close()
    known, days, unread = counted(week)
    assert unread.startswith(f"journal {week}: ")
    assert not days
    assert known.last is None


def test_the_table_holds_no_formula(tmp_path: Path) -> None:
    line = TrendLine(
        tmp_path / "j.sqlite", bundle=bundle_of(classes=("=cmd|' /C calc'!A0", "<img src=x onerror=alert(1)>"))
    )
    line.now_ns = NOW_NS - MINUTE_NS
    line.start()
    line.segmented("=cmd|' /C calc'!A0")
    line.close()
    rows = list(csv.reader(io.StringIO(as_csv(shown(line.path, 1)))))
    assert len(rows) == 97
    assert "with =cmd|' /C calc'!A0" in rows[0]
    assert not any(cell.startswith(("=", "+", "@")) for row in rows for cell in row)
