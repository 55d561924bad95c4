"""The trends page in a browser: what is drawn, what a person can do there, and that nothing of a line's names becomes markup."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from inspector.frames.outcome import Reason
from inspector.view.trends.desk import TrendDesk
from inspector.view.trends.routes import trend_routes
from tests.view.chromium import Page, needs_chromium
from tests.view.coil_app import Line, Pages, served
from tests.view.trending import TrendLine, bundle_of

pytestmark = needs_chromium
EVIL = "<img src=x onerror=alert(1)>"
HOUR_NS = 3600 * 10**9
TEXT = "document.body.innerText"
DRAWN = "document.querySelectorAll('trend-chart canvas').length === 7"
READY = f"{DRAWN} && document.getElementById('message').textContent === ''"


def written(path: Path) -> Path:
    line = TrendLine(path, ("top", "bottom"), bundle=bundle_of(EVIL, classes=(EVIL, "scratches")), simulated=True)
    line.now_ns = time.time_ns() - 30 * HOUR_NS
    line.start()
    for hour in range(30):
        line.now_ns += HOUR_NS
        if hour == 10:
            line.status((f"lens {EVIL} of camera top", "dirty_columns"))
        if hour == 20:
            line.change(f"{EVIL} takes over", bundle_of("demo-2.0", "op-2", (EVIL, "scratches")))
        for number in range(40):
            if number % 8 == 0:
                line.segmented(EVIL, camera="top")
            elif number % 20 == 1:
                line.uninspected(Reason.DEADLINE, "bottom")
            else:
                line.passed(line.cameras[number % 2])
    line.close()
    return path


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("trends")
    written(made / "j.sqlite")
    old = TrendLine(made / "old.sqlite")
    old.now_ns = time.time_ns() - 60 * 24 * HOUR_NS
    old.passed()
    old.close()
    return made


@pytest.fixture(scope="module")
def pages(folder: Path) -> Iterator[Pages]:
    lines = [
        Line(journal=folder / "j.sqlite", archive=folder), Line(id="old", journal=folder / "old.sqlite"), Line(id="bare"),
    ]  # fmt: skip
    with served(trend_routes(lines, desk=TrendDesk(least_age_s=0.0, rest=0.0)), lines) as serving:
        yield serving


@pytest.fixture
def trends(pages: Pages, browser: Page) -> Iterator[Page]:
    browser.errors.clear()
    browser.requests.clear()
    browser.open(f"http://127.0.0.1:{pages.port}/trends?line=line1&days=7")
    browser.until(READY)
    yield browser
    assert browser.errors == []
    hosts = {address.split("/")[2] for address in browser.requests if address.startswith("http")}
    assert hosts == {f"127.0.0.1:{pages.port}"}


def chart(number: int) -> str:
    return f"document.querySelectorAll('trend-chart')[{number}]"


def test_figures_charts_and_what_changed_are_shown_and_names_stay_text(trends: Page) -> None:
    words = trends.js(TEXT)
    assert "13.16 %" in words  # rejected, % of the inspected
    assert EVIL in words
    assert f"{EVIL} takes over; bundle {EVIL} → demo-2.0" in words
    assert "Known since" in words
    assert trends.js("document.querySelectorAll('img').length") == 0
    assert trends.js("document.querySelector('#simulated').innerText") == "simulated"
    # Something is drawn in each chart, in the colours of its lines.
    drawn = trends.js(
        "[...document.querySelectorAll('trend-chart')].map((one) => { const canvas = one.querySelector('canvas');"
        " const data = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;"
        " const colours = new Set(); for (let at = 0; at < data.length; at += 4) colours.add(data[at] << 16 | data[at + 1] << 8 | data[at + 2]);"
        " return one.chart.lines.every((line) => line.numbers.every((value) => !value) || colours.has(parseInt(line.colour.slice(1), 16))); })"
    )
    assert drawn == [True] * 7


def test_keys_and_fingers_move_through_the_times_of_all_charts(trends: Page) -> None:
    trends.js(f"{chart(0)}.querySelector('.plot').focus()")
    trends.key("End")
    trends.key("ArrowLeft")
    values = [f"{chart(number)}.querySelector('.keys b').textContent" for number in (0, 4)]
    assert trends.until(f"{values[0]}.endsWith(' %') && {values[0]}") == trends.js(values[0])
    assert trends.js(values[1]).endswith(" ms")
    first = trends.js(f"{chart(4)}.plot.cursor.idx")
    assert first == trends.js(f"{chart(0)}.plot.cursor.idx") == 166
    trends.key("Home")
    # The first that is shown: the journal is younger than what was asked for.
    begin = trends.js(f"[{chart(4)}.plot.cursor.idx, {chart(4)}.time.first_s - {chart(4)}.plot.scales.x.min]")
    assert 0 < begin[0] < 166
    assert 0 <= begin[1] < 3600
    trends.send("Emulation.setTouchEmulationEnabled", enabled=True)
    try:
        x, y = trends.js(
            f"(() => {{ const box = {chart(0)}.plot.over.getBoundingClientRect(); return [box.left + box.width - 20, box.top + 20]; }})()"
        )
        trends.touch("touchStart", (x, y))
        trends.until(f"{chart(4)}.plot.cursor.idx > 160")
        trends.touch("touchEnd")
    finally:
        trends.send("Emulation.setTouchEmulationEnabled", enabled=False)


def test_a_line_can_be_hidden_and_numbers_are_in_a_table(trends: Page) -> None:
    trends.js(f"{chart(0)}.querySelector('.keys button').click()")
    assert trends.js(f"{chart(0)}.plot.series[1].show") is False
    assert trends.js(f"{chart(0)}.querySelector('.keys button').getAttribute('aria-pressed')") == "false"
    trends.js("document.dispatchEvent(new CustomEvent('theme'))")
    assert trends.js(f"{chart(0)}.plot.series[1].show") is False
    trends.js(f"{chart(1)}.querySelector('summary').click()")
    trends.until(f"{chart(1)}.querySelectorAll('tbody tr').length === 168")
    assert trends.js(f"{chart(1)}.querySelector('thead').innerText").split("\t")[1] == EVIL
    assert trends.js("document.getElementById('csv').getAttribute('href')") == "/api/lines/line1/trends.csv?days=7"


def test_range_camera_and_review_are_in_the_address(trends: Page) -> None:
    trends.js("document.querySelector('[data-days=\"1\"]').click()")
    trends.until(f"{chart(0)}.time.times.length === 96")
    trends.js(
        "(() => { const select = document.getElementById('camera'); select.value = 'bottom'; select.dispatchEvent(new Event('change')); })()"
    )
    trends.until("document.querySelector('#figures dd').textContent === '480'")
    trends.js("document.getElementById('reviewed').click()")
    trends.until(f"{TEXT}.includes('left out because review')")
    assert trends.js("location.search") == "?line=line1&days=1&camera=bottom&reviewed=1"


def test_a_journal_that_vanishes_leaves_what_is_shown_with_a_line(trends: Page, folder: Path) -> None:
    away = folder / "away.sqlite"
    (folder / "j.sqlite").rename(away)
    try:
        trends.js("document.querySelector('[data-days=\"30\"]').click()")
        trends.until(f"{TEXT}.includes('there is no such file')")
        assert trends.js("document.getElementById('message').className") == "bad"
        trends.until(f"{DRAWN} && {chart(0)}.time.times.length === 180")
        assert "what is shown was read" in trends.js(TEXT)
    finally:
        away.rename(folder / "j.sqlite")


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("old", "No frames in the last 7 days: the newest that the journal holds"),
        ("nowhere", "there is no line nowhere"),
    ],
)
def test_why_nothing_is_shown_is_said(pages: Pages, browser: Page, line: str, said: str) -> None:
    browser.open(f"http://127.0.0.1:{pages.port}/trends?line={line}")
    browser.until(f"{TEXT}.includes({said!r})")
    assert browser.js("document.getElementById('main').hidden") is True
