"""The pages in a real browser, on a line that publishes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from inspector.frames.outcome import Verdict
from inspector.results.journal_reader import JournalReader
from inspector.view.config import ViewLineConfig
from tests.follow.test_follower import Line
from tests.results.publishing import REJECTED, eventually
from tests.view.chromium import Page, needs_chromium
from tests.view.making import archive_of
from tests.view.serving import configured, serving
from tests.view.test_pages import HOSTILE

pytestmark = needs_chromium


@pytest.fixture
def line() -> Iterator[Line]:
    made = Line()
    yield made
    made.results.close()


def text(selector: str) -> str:
    return f"document.querySelector({selector!r})?.textContent ?? ''"


def test_the_page_of_a_line(tab: Page, line: Line) -> None:
    with serving(configured(line.results.endpoint)) as viewer:
        tab.look(1400, 900, dark=False)
        tab.open(viewer.url)
        tab.until(f"{text('.word')} === 'Inspection starting'")
        line.coil("coil-7")
        tab.until(f"{text('.account')} === 'all 40 frames so far accounted for'")
        assert tab.until("document.querySelector('strip-map').defects.count") == 5
        tab.until("document.querySelectorAll('.reject').length === 2")
        assert "Not inspected 2 (lost by the camera 2)" in tab.js(text(".counts"))
        tab.until(f"({text('.legend')}).endsWith('not inspected 0.013 m in 1 place')")
        tab.until("document.querySelector('strip-map').drawMs > 0")
        assert {address.split("/")[2] for address in tab.requests} == {f"127.0.0.1:{viewer.port}"}
    tab.until("!document.getElementById('alarm').hidden")
    assert tab.js("document.querySelector('line-panel').dataset.old") == "true"
    assert [one for one in tab.errors if "WebSocket" not in one] == []


def test_names_that_are_markup_stay_text(tab: Page, line: Line) -> None:
    defect = msgspec.structs.replace(REJECTED.defects[0], class_name=HOSTILE)
    line.begin(HOSTILE)
    line.see(HOSTILE, msgspec.structs.replace(REJECTED, defects=(defect,), mask=b"", detail=HOSTILE))
    with serving(configured(line.results.endpoint)) as viewer:
        tab.open(viewer.url)
        tab.until(
            "document.querySelectorAll('.reject').length === 1 && document.querySelector('strip-map').defects.count === 1"
        )
        for selector in (".figures", ".legend", ".found"):
            tab.until(f"({text(selector)}).includes({json.dumps(HOSTILE)})")
        assert tab.js("document.images.length") == 0
        assert tab.errors == []


def test_rejects_with_their_pictures_of_the_archive(tab: Page, tmp_path: Path) -> None:
    journal, archive = tmp_path / "journal.sqlite", tmp_path / "archive"
    line = Line(journal=journal)
    try:
        line.coil("coil-7")
        with JournalReader(journal) as reader:
            eventually(lambda: len(list(reader.walk(verdict=Verdict.REJECT))) == 5)
        archive_of(archive, journal)
        lines = (ViewLineConfig(endpoint=line.results.endpoint, journal=str(journal), archive=str(archive)),)
        with serving(configured(lines=lines)) as viewer:
            tab.open(viewer.url)
            tab.until("document.querySelectorAll('.reject').length === 2")
            tab.until(
                "performance.getEntriesByType('resource').filter((one) => one.name.includes('/pictures/')).length === 2"
            )
            assert tab.js(
                "[...document.querySelectorAll('.reject .review')].map((one) => one.getAttribute('href')).sort()"
            ) == [f"/review?line=line1&entry={entry}" for entry in (1, 5)]
            assert tab.errors == []
            tab.js("document.querySelector('page-bar a[href^=\"/coil\"]').click()")
            tab.until("location.pathname === '/coil' && document.body.textContent.includes('coil-7')")
            assert tab.errors == []
    finally:
        line.results.close()


def test_several_lines_and_the_way_to_one(tab: Page, line: Line, tmp_path: Path) -> None:
    lines = (
        ViewLineConfig(name="hot", endpoint=line.results.endpoint),
        ViewLineConfig(name="gone", endpoint=f"ipc://{tmp_path}/x"),
    )
    with serving(configured(lines=lines)) as viewer:
        tab.open(viewer.url)
        line.coil("coil-7")
        tab.until("[...document.querySelectorAll('.account')].some((one) => one.textContent.includes('40 frames'))")
        tab.until(
            "[...document.querySelectorAll('.word')].map((one) => one.textContent).join() === 'Inspection starting,No contact'"
        )
        tab.js("document.querySelector('line-panel .title a').click()")
        tab.until("location.search === '?line=hot' && document.querySelectorAll('.reject').length === 2")
        assert tab.js("document.querySelectorAll('line-panel').length") == 1


def test_light_and_dark(tab: Page, line: Line) -> None:
    ground = "getComputedStyle(document.body).backgroundColor"
    with serving(configured(line.results.endpoint)) as viewer:
        tab.look(1180, 820, dark=True)
        tab.open(viewer.url)
        tab.until("!!document.querySelector('strip-map')")
        dark = tab.js(ground)
        tab.js(
            "dispatchEvent(new KeyboardEvent('keydown', { key: 't' })), dispatchEvent(new KeyboardEvent('keydown', { key: 't' }))"
        )
        assert tab.js("document.documentElement.dataset.theme") == "light"
        assert tab.js(ground) != dark
        assert tab.js("document.documentElement.scrollWidth <= innerWidth")
        tab.js("localStorage.clear()")
