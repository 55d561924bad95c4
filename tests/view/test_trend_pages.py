"""The addresses of trends, and what is kept of a journal: by the real worker, on journals that are deleted, damaged, shared and replaced meanwhile."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from inspector.errors import UserError
from inspector.view.config import ViewLineConfig
from inspector.view.trends.desk import Held, TrendDesk
from inspector.view.trends.routes import trend_routes
from inspector.view.trends.state import FILE, TrendState
from inspector.view.work import BusyError, result_of
from inspector.view.worker import Progress
from tests.view.coil_app import Line, Pages, served
from tests.view.serving import configured, serving
from tests.view.trending import TrendLine

MINUTE_NS = 60 * 10**9
WAIT_S = 50.0


def journal_of(path: Path, frames: int = 200, epoch: str = "epoch-1", line: str = "line1") -> Path:
    """Frames of the last hours, every tenth a reject."""
    made = TrendLine(path, epoch=epoch, line=line)
    made.now_ns = time.time_ns() - frames * MINUTE_NS
    made.start()
    for number in range(frames):
        made.now_ns += MINUTE_NS
        if number % 10:
            made.passed()
        else:
            made.segmented("pitting")
    made.close()
    return path


def held_of(desk: TrendDesk, journal: Path, line: str = "line1", wait_s: float = WAIT_S) -> Held:
    held = asyncio.run(desk.get(journal, line, None, wait_s))
    assert isinstance(held, Held)
    return held


@pytest.fixture
def pages(tmp_path: Path) -> Iterator[Pages]:
    journal = journal_of(tmp_path / "j.sqlite")
    shared = journal_of(journal_of(tmp_path / "shared.sqlite", line="line1"), epoch="other", line="line2")
    lines = [
        Line(journal=journal), Line(id="bare"), Line(id="none", journal=tmp_path / "none.sqlite"),
        Line(id="shared", journal=shared), Line(id="named", name="line2", journal=shared), Line(id="heard", journal=shared),
    ]  # fmt: skip
    desk = TrendDesk(least_age_s=0.0, rest=0.0)
    with served(trend_routes(lines, {"heard": "line1"}.get, desk)) as serving_:
        yield serving_


def asked(pages: Pages, path: str, status: int = 200) -> dict[str, object]:
    answer = pages.get(path)
    assert answer.status == status, answer.body
    assert answer.headers["cache-control"] == "no-store"
    return dict(json.loads(answer.body))


def test_numbers_of_a_line(pages: Pages, tmp_path: Path) -> None:
    found = asked(pages, "/api/lines/line1/trends?days=1")
    whole = found["whole"]
    assert isinstance(whole, dict)
    assert (whole["frames"], whole["rejected"], whole["gate_clean"]) == ([200], [20], [180])
    assert (found["trouble"], found["notes"], found["simulated"]) == ("", [], 0)
    table = pages.get("/api/lines/line1/trends.csv?days=1")
    assert table.headers["content-disposition"] == 'attachment; filename="trends-1-days.csv"'
    assert table.body.startswith(b"from (UTC),frames,inspected,")
    journal_of(tmp_path / "j.sqlite", 30, epoch="epoch-2")
    whole = asked(pages, "/api/lines/line1/trends?days=1")["whole"]
    assert isinstance(whole, dict)
    assert whole["frames"] == [230]


def test_a_journal_that_vanishes_or_is_damaged_leaves_what_was_known(pages: Pages, tmp_path: Path) -> None:
    before = asked(pages, "/api/lines/line1/trends")
    path = tmp_path / "j.sqlite"
    kept = path.read_bytes()
    path.unlink()
    after = asked(pages, "/api/lines/line1/trends")
    assert str(after["trouble"]).startswith(f"journal {path}: there is no such file")
    assert (after["whole"], after["read_s"]) == (before["whole"], before["read_s"])
    path.write_bytes(b"no journal" * 1000)
    after = asked(pages, "/api/lines/line1/trends")
    assert "is not an SQLite file" in str(after["trouble"])
    assert after["whole"] == before["whole"]
    path.write_bytes(kept)
    after = asked(pages, "/api/lines/line1/trends")
    assert (after["trouble"], after["whole"]) == ("", before["whole"])


def test_what_cannot_be_had_is_one_line(pages: Pages, tmp_path: Path) -> None:
    for path, status, said in (
        ("nowhere/trends", 404, "there is no such line"),
        ("bare/trends", 404, "the line has no journal"),
        ("none/trends", 502, "there is no such file"),
        ("shared/trends", 404, "the journal holds the lines line1, line2"),
        ("line1/trends?days=0", 400, "from 1 to 30"),
        ("line1/trends?days=%D9%A3", 400, "from 1 to 30"),
        ("line1/trends.csv?days=1e9", 400, "from 1 to 30"),
    ):
        told = str(asked(pages, f"/api/lines/{path}", status)["error"])
        assert said in told
        assert "\n" not in told


def test_a_line_is_known_by_what_it_publishes_or_by_its_name(pages: Pages) -> None:
    assert [asked(pages, f"/api/lines/{line}/trends?days=1")["line"] for line in ("heard", "named")] == [
        "line1",
        "line2",
    ]


def test_what_is_kept_is_there_for_the_next_viewer(tmp_path: Path) -> None:
    journal = journal_of(tmp_path / "j.sqlite")
    state = TrendState(tmp_path / "state")
    held = held_of(TrendDesk(state), journal)
    with pytest.raises(UserError, match=r"state: .* is written by this process already"):
        TrendState(tmp_path / "state")
    state.close()
    journal.unlink()
    state = TrendState(tmp_path / "state")
    desk = TrendDesk(state)
    again = held_of(desk, journal)
    assert (again.known, again.days) == (held.known, held.days)
    assert "there is no such file" in again.trouble
    assert asyncio.run(desk.lines(journal)) == ["line1"]
    state.close()
    (tmp_path / "state" / FILE).write_bytes(b"SQLite format 3\0" + b"\xff" * 5000)
    state = TrendState(tmp_path / "state")
    with pytest.raises(UserError, match="there is no such file"):
        held_of(TrendDesk(state), journal)
    journal_of(journal)
    assert held_of(TrendDesk(state), journal).days.keys() == held.days.keys()
    state.close()


def test_a_damaged_file_that_cannot_be_removed_is_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    journal, file = journal_of(tmp_path / "j.sqlite"), tmp_path / FILE
    state = TrendState(tmp_path)
    held_of(TrendDesk(state), journal)
    state.close()
    content = file.read_bytes()
    file.write_bytes(content[:4096] + b"\xff" * (len(content) - 4096))
    state = TrendState(tmp_path)
    beside = file.with_name(f"{FILE}-shm")
    beside.unlink()
    beside.mkdir()
    assert held_of(TrendDesk(state), journal).days
    state.close()
    assert "kept in memory only" in caplog.text
    file.write_bytes(b"SQLite format 3\0" + b"\xff" * 5000)
    with pytest.raises(UserError, match=r"state: .* is damaged and cannot be removed"):
        TrendState(tmp_path)


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match=r"state: .*file/state cannot be made"):
        TrendState(tmp_path / "file" / "state")


def test_what_nobody_waits_for_is_given_up_and_many_share_one_reading(tmp_path: Path) -> None:
    journal = journal_of(tmp_path / "j.sqlite")

    async def ask() -> None:
        desk = TrendDesk(nobody_waits_s=0.01)
        assert isinstance(await desk.get(journal, "line1", None, 0.0), Progress)
        [work] = desk._shop.works.values()
        with pytest.raises(asyncio.CancelledError):
            await work.task
        with pytest.raises(BusyError):
            result_of(work)
        held = await asyncio.gather(*(desk.get(journal, "line1", None, WAIT_S) for _ in range(5)))
        assert all(one is held[0] for one in held)
        assert await desk.get(journal, "line1", None, 0.0) is held[0]

    asyncio.run(ask())


def test_the_viewer_shows_them_and_keeps_them(tmp_path: Path) -> None:
    journal = journal_of(tmp_path / "j.sqlite")
    line = ViewLineConfig(endpoint=f"ipc://{tmp_path / 'nobody'}", journal=str(journal))
    with serving(configured(lines=(line,), state=str(tmp_path / "state"))) as viewer:
        pages = Pages(viewer.port)
        assert b"trends.js" in pages.get("/trends?line=line1").body
        whole = asked(pages, "/api/lines/line1/trends?days=30")["whole"]
        assert isinstance(whole, dict)
        assert whole["frames"] == [200]
        assert pages.get("/static/uPlot.LICENSE").status == 404
    assert (tmp_path / "state" / FILE).exists()
    TrendState(tmp_path / "state").close()
