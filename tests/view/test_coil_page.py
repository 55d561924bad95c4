"""The coil page in a browser: what is on the map, and what a person can do there."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from inspector.view.coils.routes import coil_routes
from tests.results.publishing import eventually
from tests.view.chromium import Page, needs_chromium
from tests.view.coil_app import Line, Pages, served
from tests.view.making import CAMERA, JournaledLine, archive_of, journal_of, run_of

pytestmark = needs_chromium
EVIL = "<img src=x onerror=alert(1)>/../'\""
MAP = "document.getElementById('map')"
TEXT = "document.body.innerText"


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pages]:
    folder = tmp_path_factory.mktemp("page")
    journal = journal_of(folder / "j.sqlite", "coil-1", EVIL)
    config = folder / "coil.yaml"
    config.write_text("width_mm: 10\ngrading: {grades: [{name: A, limits: [{most: 3}]}], otherwise: C}\n")
    line = Line(journal=journal, archive=archive_of(folder / "archive", journal))
    unscaled = JournaledLine(folder / "unscaled.sqlite", (replace(CAMERA, scaled=False),), epoch="e")
    run_of(unscaled, "coil-2")
    unscaled.close()
    lines = [line, Line(id="bare"), Line(id="unscaled", journal=folder / "unscaled.sqlite")]
    with served(coil_routes(lines, {"line1": config})) as serving:
        yield serving


@pytest.fixture(scope="module")
def browser(chromium: Page) -> Page:
    chromium.empty()
    chromium.look(1600, 1000)
    return chromium


@pytest.fixture
def coil(pages: Pages, browser: Page) -> Iterator[Page]:
    browser.errors.clear()
    browser.requests.clear()
    browser.open(f"http://127.0.0.1:{pages.port}/coil?line=line1&run=coil-1")
    browser.until(f"{MAP}.defects.count > 0 && {MAP}.drawMs > 0")
    yield browser
    assert browser.errors == []


def place_of(page: Page, index: int) -> tuple[float, float]:
    """Where a defect is drawn, in the window."""
    x, y = page.js(
        f"(() => {{ const map = {MAP}; const box = map.boxOf({index}, map.drawn); const at = map.getBoundingClientRect();"
        "const ratio = map.layout.ratio; return [at.left + (map.layout.left + (box.left + box.right) / 2) / ratio,"
        " at.top + (map.layout.top + (box.top + box.bottom) / 2) / ratio]; })()"
    )
    return float(x), float(y)


def test_a_click_on_a_defect_shows_its_facts_and_picture(coil: Page) -> None:
    longest = coil.js(f"Array.from({MAP}.defects.length.subarray(0, {MAP}.defects.count)).indexOf(36)")
    coil.click(*place_of(coil, longest))
    coil.until("document.querySelector('#facts h2').textContent === 'scratches'")
    words = coil.js("document.getElementById('facts').innerText")
    assert "REJECT (defect)" in words
    assert "passes below 0.5" in words
    assert "a, frame 1" in words
    assert coil.js("document.querySelector('#facts a').getAttribute('href')").startswith("/review?line=line1&entry=")
    # The picture is grey steel, and the outline of the scratch has the colour of its class.
    coil.until(
        "(() => { const canvas = document.querySelector('#facts canvas'); const data = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;"
        " let grey = 0, colour = 0; for (let at = 0; at < data.length; at += 4) { if (data[at] === 140 && data[at + 1] === 140) grey += 1;"
        " if (data[at] !== data[at + 1]) colour += 1; } return grey > 100 && colour > 20; })()"
    )


def test_nothing_is_asked_of_another_host(coil: Page, pages: Pages) -> None:
    hosts = {address.split("/")[2] for address in coil.requests if address.startswith("http")}
    assert hosts == {f"127.0.0.1:{pages.port}"}


def test_filters_by_class_size_and_verdict(coil: Page) -> None:
    shown = f"Array.from({MAP}.defects.shown.subarray(0, {MAP}.defects.count)).reduce((sum, one) => sum + one, 0)"
    assert coil.js(shown) == 5
    coil.js("document.querySelector('#classes input').click()")  # pitting
    assert coil.js(shown) == 1
    coil.js("document.querySelector('#classes input').click()")
    coil.js(
        "(() => { const least = document.getElementById('least'); least.value = '5'; least.dispatchEvent(new Event('input')); })()"
    )
    assert coil.js(shown) == 1
    assert "1 of 5 shown" in coil.js(TEXT)
    coil.js("document.querySelector('#verdicts input').click()")
    assert coil.js(shown) == 0


def test_wheel_drag_keys_and_minimap_move_the_view(coil: Page) -> None:
    view = f"[{MAP}.view.from, {MAP}.view.to]"
    first = coil.js(view)
    box = coil.js(
        f"(() => {{ const box = {MAP}.getBoundingClientRect(); return [box.left, box.top, box.width, box.height]; }})()"
    )
    x, y = box[0] + box[2] * 0.5, box[1] + 100
    coil.mouse("mouseWheel", x, y, deltaX=0, deltaY=-400)
    closer = coil.until(f"{MAP}.view.to - {MAP}.view.from < {first[1] - first[0] - 20} && {view}")
    coil.mouse("mousePressed", x, y)
    for step in range(1, 5):
        coil.mouse("mouseMoved", x + 40 * step, y)
    coil.mouse("mouseReleased", x + 160, y)
    moved = coil.js(view)
    assert moved[0] < closer[0]
    assert moved[1] - moved[0] == pytest.approx(closer[1] - closer[0])
    coil.click(box[0] + box[2] - 30, box[1] + box[3] - 12)  # the end of the minimap
    assert coil.js(view)[1] == first[1]
    coil.js(f"{MAP}.focus()")
    coil.key("Home")
    assert coil.js(view)[0] == first[0]
    coil.key("0")
    assert coil.js(view) == first
    coil.key("n")
    assert coil.js(f"{MAP}.chosen") == 0
    coil.key("n")
    coil.key("p")
    coil.until("document.querySelector('#facts h2').textContent === 'pitting'")


def test_two_fingers_zoom(coil: Page) -> None:
    coil.send("Emulation.setTouchEmulationEnabled", enabled=True)
    try:
        box = coil.js(
            f"(() => {{ const box = {MAP}.getBoundingClientRect(); return [box.left, box.top, box.width, box.height]; }})()"
        )
        y, middle = box[1] + 100, box[0] + box[2] / 2
        before = coil.js(f"{MAP}.view.to - {MAP}.view.from")
        coil.touch("touchStart", (middle - 50, y), (middle + 50, y))
        coil.touch("touchMove", (middle - 100, y), (middle + 100, y))
        coil.touch("touchEnd")
        assert coil.js(f"{MAP}.view.to - {MAP}.view.from") == pytest.approx(max(50, before / 2), rel=0.05)
    finally:
        coil.send("Emulation.setTouchEmulationEnabled", enabled=False)


def test_a_line_of_the_period_is_dragged(coil: Page) -> None:
    coil.js("document.getElementById('period-on').click()")
    coil.js(f"{MAP}.setCursor({{period_mm: 24, origin_mm: 3}})")
    coil.until(f"{MAP}.drawn !== undefined")
    at = f"(along) => {{ const map = {MAP}; return map.getBoundingClientRect().left + (map.layout.left + (along - map.drawn.from) / (map.drawn.to - map.drawn.from) * map.drawn.width) / map.layout.ratio; }}"
    second, target = coil.js(f"[51, 63].map({at})")
    y = coil.js(f"{MAP}.getBoundingClientRect().top + 60")
    coil.mouse("mousePressed", second, y)
    coil.mouse("mouseMoved", target, y)
    coil.mouse("mouseReleased", target, y)
    assert coil.js(f"{MAP}.cursor.period_mm") == pytest.approx(30, abs=0.3)
    assert float(coil.js("document.getElementById('period').value")) == pytest.approx(30, abs=0.3)


def test_what_was_not_inspected_is_hatched_and_never_like_clean_steel(coil: Page) -> None:
    # Until the map is drawn anew after a change of its size, its pixels are of no colour.
    colours = coil.until(
        f"(() => {{ const map = {MAP}; const context = map.canvas.getContext('2d'); const lane = map.drawn.lanes[0];"
        "const x = Math.round(map.layout.left + (78 - map.drawn.from) / (map.drawn.to - map.drawn.from) * map.drawn.width);"
        "const data = context.getImageData(x, map.layout.top + lane.top + 5, 6, 12).data; const seen = new Set();"
        "for (let at = 0; at < data.length; at += 4) seen.add(`#${[0, 1, 2].map((k) => data[at + k].toString(16).padStart(2, '0')).join('')}`);"
        "return seen.size === 2 ? [...seen].concat(map.theme.steel) : null; })()"
    )
    assert colours[-1] not in colours[:-1]


def test_the_report_is_saved_by_one_button(coil: Page, tmp_path: Path) -> None:
    coil.send("Browser.setDownloadBehavior", behavior="allow", downloadPath=str(tmp_path))
    coil.js("document.getElementById('report').click()")
    coil.until("document.getElementById('message').textContent === 'The report is saved.'")
    eventually(lambda: [one.name for one in tmp_path.iterdir()] == ["coil-1.html"])
    assert "Grade C" in (tmp_path / "coil-1.html").read_text()


def test_a_coil_without_places_has_no_map_that_looks_clean(pages: Pages, browser: Page) -> None:
    browser.open(f"http://127.0.0.1:{pages.port}/coil?line=unscaled&run=coil-2")
    browser.until("document.getElementById('message').textContent.startsWith('No frame has a place')")
    assert browser.js(f"{MAP}.hidden")
    browser.until(f"{TEXT}.includes('camera has no scale')")


def test_names_are_text_and_never_markup(pages: Pages, browser: Page) -> None:
    browser.errors.clear()
    browser.open(f"http://127.0.0.1:{pages.port}/coil?line=line1")
    browser.until("document.querySelectorAll('#run-rows a').length === 2")
    assert browser.js("document.querySelector('#run-rows a').textContent") == EVIL
    assert browser.js("document.images.length") == 0
    browser.js("document.querySelector('#run-rows a').click()")
    browser.until(
        f"document.readyState === 'complete' && document.getElementById('map') && {MAP}.drawMs > 0 && {MAP}.defects.count > 0"
    )
    assert browser.js("document.getElementById('title').textContent") == EVIL
    assert browser.errors == []


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("", "names no line"),
        ("?line=bare", "no journal"),
        ("?line=line1&run=other", "holds nothing of a run other"),
        ("?line=line1&id=..%2f..", "the viewer has no such address"),
    ],
)
def test_what_cannot_be_shown_is_one_line(pages: Pages, browser: Page, query: str, words: str) -> None:
    browser.open(f"http://127.0.0.1:{pages.port}/coil{query}")
    assert words in browser.until(
        "document.getElementById('message').className === 'bad' && document.getElementById('message').textContent"
    )


def test_two_hundred_thousand_defects_are_all_drawn(coil: Page, tmp_path: Path) -> None:
    """None is averaged away: each of them has pixels of its class, whatever the zoom; those out of view cost nothing."""
    told = coil.js(
        f"""(() => {{
          const map = {MAP}; const count = 200_000; const draw = (n) => Float32Array.from({{length: count}}, (_, k) => ((k * n) % count) / count);
          const along = draw(1), across = draw(7919);
          map.setCoil({{from_mm: 0, to_mm: 2e6, x_from_mm: 0, x_to_mm: 1500, faces: ['top', 'bottom'], width_mm: 1500}});
          map.setFilter(null); map.setMarks([]); map.setUnknown([]);
          map.setDefects({{x: along.map((one) => one * 2e6), y: across.map((one) => one * 1490), length: new Float32Array(count).fill(10), width: new Float32Array(count).fill(5),
            kind: new Uint8Array(count).map((_, k) => (k === 100_000 ? 3 : 0)), face: new Uint8Array(count).map((_, k) => k % 2)}}, ['a', 'b', 'c', 'd']);
          map.showAll();
          const all = [0, 1, 2, 3, 4].map(() => map.draw()).sort((a, b) => a - b)[2];
          const context = map.canvas.getContext('2d'); const plot = map.drawn; const box = map.boxOf(100_000, plot);
          const pixel = context.getImageData(Math.round(map.layout.left + (box.left + box.right) / 2), Math.round(map.layout.top + (box.top + box.bottom) / 2), 1, 1).data;
          map.setView(1e6, 1.01e6);
          const few = [0, 1, 2, 3, 4].map(() => map.draw()).sort((a, b) => a - b)[2];
          return {{all, few, count: map.defects.count, rare: [...pixel].slice(0, 3), colour: map.colourOf(3)}};
        }})()"""
    )
    assert told["count"] == 200_000
    assert "#" + "".join(f"{one:02x}" for one in told["rare"]) == told["colour"]
    assert told["few"] < told["all"]
