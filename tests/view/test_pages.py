"""What pages are sent of running lines."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from inspector.frames.outcome import Outcome, Reason, Verdict
from inspector.protocol.messages import Health, HealthReason, LineState, Signal
from inspector.results.status import Status
from inspector.view.config import ViewLineConfig
from tests.follow.test_follower import FRAME_MM, Line, following
from tests.follow.test_follower import configured as coils
from tests.results.publishing import REJECTED
from tests.view.serving import Page, configured, serving

HOSTILE = '"><img src=x onerror=alert(1)>\u202e'


@pytest.fixture
def line() -> Iterator[Line]:
    made = Line()
    yield made
    made.results.close()


def test_a_page_shows_a_coil_while_it_is_made(line: Line) -> None:
    with serving(configured(line.results.endpoint)) as viewer, Page(viewer) as page:
        page.until(lambda page: page.line("now")["state"] == "starting")
        line.coil("coil-7")
        page.until(lambda page: page.line("run")["verdicts"] == {"PASS": 33, "REJECT": 5, "UNINSPECTED": 2})
        page.until(lambda page: len(page.boxes[0]) == 5 and page.line("strip")["boxes"] == 5)
        account = page.line("run")["account"]
        assert account == {"level": "well", "text": "all 40 frames so far accounted for", "frames": 40}
        page.until(lambda page: len(page.line("holes")) == 1)
        hole = page.line("holes")[0]
        assert (hole["why"], hole["face"], hole["frames"]) == ("lost by the camera", "top", 2)
        assert (hole["from_mm"], hole["to_mm"]) == pytest.approx((20 * FRAME_MM, 22 * FRAME_MM))
        strip = page.line("strip")
        assert [strip["classes"][kind] for kind in page.kinds[0]] == ["scratches"] * 5
        assert strip["cameras"][0]["to_mm"] == pytest.approx(40 * FRAME_MM)
        along, across, length, width = page.boxes[0][0]
        assert (along, across, length, width) == pytest.approx((3 * FRAME_MM + 2.0, 0.8, 1.2, 0.8))
        page.until(lambda page: [one["frame"] for one in page.line("rejects")] == [7, 3])
        assert page.line("rejects")[0]["outlines"][0][0] == "scratches"
        line.end("coil-7")
        page.until(lambda page: page.line("run")["ended"])
        assert page.line("run")["account"]["text"].startswith("all 40 frames accounted for, as the line's own totals")


def test_a_page_that_is_opened_later_is_told_all_of_it(line: Line) -> None:
    line.coil("coil-7")
    with serving(configured(line.results.endpoint)) as viewer:
        for _ in range(2):
            with Page(viewer) as page:
                page.until(lambda page: len(page.boxes[0]) == 5 and page.line("run")["account"]["frames"] == 40)


def test_only_so_much_of_before_is_fetched_as_is_wanted(line: Line) -> None:
    line.coil("coil-7")
    with serving(configured(line.results.endpoint, history=10)) as viewer, Page(viewer) as page:
        page.until(lambda page: page.line("run")["account"]["frames"] == 10)
        assert page.line("run")["account"]["level"] == "open"
        page.until(lambda page: page.line("strip")["cameras"][0]["to_mm"] == pytest.approx(40 * FRAME_MM))


def test_why_the_line_is_not_well_is_told_in_its_own_words(line: Line) -> None:
    reason = HealthReason(
        part="camera cam1", code="dirty_columns", text="clean the lens", signal=Signal.MAINTENANCE_REQUIRED
    )
    health = Health(signal=Signal.MAINTENANCE_REQUIRED, reasons=(reason,))
    with serving(configured(line.results.endpoint)) as viewer, Page(viewer) as page:
        line.results.status(Status(state=LineState.RUNNING, code="dirty_columns", text="clean the lens", health=health))
        page.until(lambda page: page.line("now")["signal"] == "maintenance_required")
        now = page.line("now")
        assert (now["state_text"], now["signal_text"]) == ("Inspection running", "Maintenance required")
        assert now["reasons"][0]["text"] == "clean the lens"
        assert page.line("log")[0]["text"] == "clean the lens"


def test_a_line_that_falls_silent_is_not_shown_as_running(line: Line) -> None:
    with serving(configured(line.results.endpoint)) as viewer, Page(viewer) as page:
        page.until(lambda page: page.line("now")["silent"] is False)
        line.results.close()
        page.until(lambda page: page.line("now")["silent"])


def test_a_line_that_is_started_again_is_shown_under_the_open_page(tmp_path: Path) -> None:
    endpoint = f"ipc://{tmp_path}/line"
    line = Line(endpoint)
    line.coil("coil-7")
    with serving(configured(endpoint)) as viewer, Page(viewer) as page:
        page.until(lambda page: len(page.boxes[0]) == 5)
        line.results.close()
        page.until(lambda page: page.line("now")["silent"])
        again = Line(endpoint)
        try:
            again.coil("coil-7")
            again.coil("coil-8")
            page.until(lambda page: page.line("run")["run"] == "coil-8" and page.line("run")["account"]["frames"] == 40)
            page.until(lambda page: len(page.boxes[0]) == 5)
            assert not page.line("now")["silent"]
            assert "the line was started again" in [one["text"] for one in page.line("log")]
        finally:
            again.results.close()


def test_a_slow_page_gets_the_latest_only_and_is_told_that_it_is_behind(line: Line) -> None:
    with serving(configured(line.results.endpoint)) as viewer, Page(viewer) as page:
        page.until(lambda page: page.line("now")["state"] == "starting")
        taken = page.confirm_nothing()
        line.coil("coil-7")
        line.coil("coil-8")
        page.socket.send(str(taken))
        page.take()
        assert page.behind_ms[-1] >= 500
        page.until(lambda page: page.line("run")["account"]["frames"] == 40 and page.line("run")["run"] == "coil-8")
        page.until(lambda page: len(page.boxes[0]) == 5)
        assert page.behind_ms[-1] == 0


def test_several_lines_are_on_one_page_and_one_that_is_not_there_hides_none(line: Line) -> None:
    lines = (
        ViewLineConfig(name="hot", endpoint=line.results.endpoint),
        ViewLineConfig(name="gone", endpoint="tcp://127.0.0.1:9"),
    )
    with serving(configured(lines=lines)) as viewer, Page(viewer) as page:
        line.coil("coil-7")
        page.until(lambda page: page.line("run", "hot")["account"]["frames"] == 40)
        page.until(lambda page: len(page.boxes[0]) == 5)
        assert page.line("now", "gone")["silent"]
        assert page.line("now", "gone")["state"] is None


def test_names_that_are_markup_arrive_as_they_are(line: Line) -> None:
    defect = msgspec.structs.replace(REJECTED.defects[0], class_name=HOSTILE)
    line.begin(HOSTILE)
    line.see(HOSTILE, msgspec.structs.replace(REJECTED, defects=(defect,), mask=b"", detail=HOSTILE))
    line.see(HOSTILE, Outcome(verdict=Verdict.UNINSPECTED, reason=Reason.BAD_FRAME, detail=HOSTILE))
    with serving(configured(line.results.endpoint)) as viewer, Page(viewer) as page:
        page.until(lambda page: len(page.boxes[0]) == 1 and page.line("run")["account"]["frames"] == 2)
        assert page.line("run")["run"] == HOSTILE
        page.until(lambda page: page.line("strip")["classes"][-1] == HOSTILE)
        page.until(lambda page: [one["detail"] for one in page.line("rejects")] == [HOSTILE])


def test_grade_and_roll_marks_come_from_what_follows_the_coil(line: Line, tmp_path: Path) -> None:
    with following(coils(line, tmp_path)) as follower:
        lines = (ViewLineConfig(endpoint=line.results.endpoint, coil=f"ipc://{tmp_path}/coil"),)
        with serving(configured(lines=lines)) as viewer, Page(viewer) as page:
            line.coil("coil-7")
            page.until(lambda page: follower.endpoint and page.line("run")["account"]["frames"] == 40)
            line.end("coil-7")
            page.until(lambda page: page.line("run")["coil"]["grade"] == "B")
