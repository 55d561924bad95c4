"""The page of reviews in a browser, from the queue to the review in the archive."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from inspector.archive.reader import Archive
from inspector.archive.review import Proposal, Review
from inspector.archive.reviewing import review
from inspector.archive.store import Store
from inspector.view.config import ViewConfig, ViewLineConfig
from tests.archive.making import SIZE, add, add_two_defects, make_clean, make_defect, make_facts, mask, pixels, png
from tests.results.publishing import eventually
from tests.view.chromium import Page, browsing, needs_chromium
from tests.view.serving import serving

pytestmark = needs_chromium
EVIL = "<img src=x onerror=alert(1)>'\""
TEXT = "document.body.innerText"
READY = "document.getElementById('view').painted && document.getElementById('view').painted === document.getElementById('view').images"


@pytest.fixture(scope="module")
def browser() -> Iterator[Page]:
    with browsing() as made:
        made.look(1400, 900)
        yield made


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """1: two defects, 2 and 3: a crack, 4: clean."""
    with Store(tmp_path / "archive") as store:
        add_two_defects(store, 1)
        add(store, make_facts(2))
        add(store, make_facts(3))
        add(store, make_clean(4))
    return tmp_path / "archive"


class Reviewing:
    """The page of an archive, and what the archive has of it."""

    def __init__(self, tab: Page, root: Path) -> None:
        self.tab, self._root = tab, root

    def at(self, camera_frame: str) -> None:
        """Wait until this frame is shown."""
        self.tab.until(f"document.title.startsWith({camera_frame!r}) && {READY}")

    def reviews(self, entry: int) -> tuple[Review, ...]:
        with Archive(self._root) as archive:
            return archive.reviews(entry)

    def kept(self, entry: int, revision: int = 1) -> Review:
        """The review with this revision, when it is there."""
        eventually(lambda: len(self.reviews(entry)) >= revision)
        return self.reviews(entry)[revision - 1]

    def place(self, x: float, y: float) -> tuple[float, float]:
        """In the window, of a place on the frame."""
        told = self.tab.js(
            f"(() => {{ const view = document.getElementById('view'); const box = view.getBoundingClientRect(); return [box.left + ({x} - view.view.x) * view.view.scale,"
            f" box.top + ({y} - view.view.y) * view.view.scale]; }})()"
        )
        return float(told[0]), float(told[1])

    def drag(self, *corners: tuple[float, float]) -> None:
        """From one place on the frame to another."""
        (x, y), (to_x, to_y) = (self.place(*one) for one in corners)
        self.tab.mouse("mousePressed", x, y)
        self.tab.mouse("mouseMoved", (x + to_x) / 2, (y + to_y) / 2)
        self.tab.mouse("mouseMoved", to_x, to_y)
        self.tab.mouse("mouseReleased", to_x, to_y)


@contextmanager
def reviewing(
    tab: Page, root: Path, query: str = "&kind=reject", role: Any = "quality", **line: Any
) -> Iterator[Reviewing]:
    """The page, opened. Nothing may be said on the console but that a request was refused."""
    lines = (ViewLineConfig(endpoint="ipc:///nowhere/line1", archive=str(root), **line),)
    with serving(ViewConfig(listen="127.0.0.1:0", lines=lines, anyone=role)) as viewer:
        tab.errors.clear()
        tab.requests.clear()
        tab.open(f"{viewer.url}review?line=line1{query}")
        yield Reviewing(tab, root)
        assert {one.split("/")[2] for one in tab.requests if one.startswith("http")} == {f"127.0.0.1:{viewer.port}"}
        tab.until("!document.getElementById('mine').innerText.includes('on its way')")
        tab.open("about:blank#left")  # before the viewer is gone
    assert [one for one in tab.errors if "Failed to load resource" not in one] == []


def test_from_the_queue_to_reviews_in_the_archive_by_keys(browser: Page, root: Path) -> None:
    with reviewing(browser, root) as page:
        page.at("top 3")
        assert browser.js("document.querySelector('#queues [aria-pressed=true]').innerText") == "Rejected 3 left"
        browser.until(
            "performance.getEntriesByType('resource').filter((one) => one.name.includes('.picture')).length === 3"
        )  # those of the next frames too
        browser.key("r")
        page.at("top 2")
        browser.key("f")
        page.at("top 1")
        browser.key("x")  # the first
        browser.key("ArrowRight")
        browser.key("1")  # a scale, which is a crack
        assert "was scale" in browser.js(TEXT)
        browser.key("r")
        browser.until(f"{TEXT}.includes('All done') && {TEXT}.includes('No rejected frame waits')")
        browser.until("document.getElementById('queues').innerText.includes('3 reviewed, 3 of them here')")
        assert (page.kept(3).says, page.kept(2).says, page.kept(1).says) == ("right", "false_alarm", "corrected")
        assert [(one.defect, one.says, one.class_name) for one in page.kept(1).judgements] == [
            (0, "false_alarm", None),
            (1, "other_class", "crack"),
        ]
        assert page.kept(1).author == "local"
        assert browser.errors == []


def test_a_missed_defect_is_drawn_by_mouse_and_by_keys(browser: Page, root: Path) -> None:
    with reviewing(browser, root, "&kind=clean") as page:
        page.at("top 4")
        browser.key("m")
        page.drag((60, 30), (80, 50))
        browser.key("r")
        assert "Say the class of each box" in browser.js(TEXT)
        browser.key("2")
        browser.key("m")
        for key in ("ArrowLeft", "ArrowUp", "Enter", "1"):
            browser.key(key)
        browser.js("document.getElementById('note').focus()")
        for key in "rf µ":  # typed, not judged
            browser.key(key)
        browser.key("Enter")
        browser.key("r")
        kept = page.kept(4)
        assert (kept.says, kept.note, [one.class_name for one in kept.missed]) == (
            "corrected",
            "rf µ",
            ["scale", "crack"],
        )
        assert kept.missed[0].box_px == pytest.approx((60, 30, 20, 20), abs=1)
        x, y, width, height = kept.missed[1].box_px
        assert (x + width / 2, y + height / 2) == pytest.approx((SIZE[1] / 2 - 1, SIZE[0] / 2 - 1), abs=1)


def test_what_is_passed_over_and_what_comes_later_is_shown(browser: Page, root: Path) -> None:
    with reviewing(browser, root, "&kind=clean") as page:
        page.at("top 4")
        browser.key("n")
        browser.until(f"{TEXT}.includes('1 left over')")
        browser.key("n")
        page.at("top 4")
        browser.key("r")
        browser.until(f"{TEXT}.includes('All done')")
        with Store(root) as store:
            add(store, make_clean(5))
        browser.key("n")
        page.at("top 5")
        assert page.kept(4).says == "right"


def test_zoom_moves_and_contrast(browser: Page, root: Path) -> None:
    with reviewing(browser, root) as page:
        page.at("top 3")
        view = "document.getElementById('view').view"
        whole = browser.js(view)
        browser.key("+")
        closer = browser.js(view)
        assert closer["scale"] == pytest.approx(whole["scale"] * 1.5)
        x, y = page.place(48, 32)
        browser.mouse("mouseWheel", x, y, deltaX=0, deltaY=-300)
        browser.until(f"{view}.scale > {closer['scale']}")
        assert page.place(48, 32) == pytest.approx((x, y), abs=1)
        page.drag((48, 32), (53, 35))
        assert page.place(48, 32) != pytest.approx((x, y), abs=1)
        browser.key("0")
        assert browser.js(view) == whole
        colours = (
            "(() => { const canvas = document.querySelector('#view canvas'); const data = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;"
            " let [least, most, colour] = [255, 0, 0]; for (let at = 0; at < data.length; at += 4) { if (data[at] !== data[at + 2]) colour += 1;"
            " else if (data[at] > 0) { least = Math.min(least, data[at]); most = Math.max(most, data[at]); } } return [most - least, colour > 100]; })()"
        )
        browser.until(
            f"{colours}[0] > 200 && {colours}[1]"
        )  # greys from 90 to 119, stretched; the outline of the crack
        browser.key("b")
        browser.key(" ")
        browser.until(f"{colours}[0] < 40 && !{colours}[1]")


def test_by_touch(browser: Page, root: Path) -> None:
    browser.look(1180, 820, dark=False, touch=True)
    browser.send("Emulation.setTouchEmulationEnabled", enabled=True)
    try:
        with reviewing(browser, root, "&kind=clean") as page:
            page.at("top 4")
            small = "[...document.querySelectorAll('button')].filter((one) => one.offsetParent && one.offsetHeight < 40).length"
            assert browser.js(small) == 0
            browser.js("document.getElementById('missed').click()")
            start, end = page.place(20, 10), page.place(40, 30)
            browser.touch("touchStart", start)
            browser.touch("touchMove", ((start[0] + end[0]) / 2, (start[1] + end[1]) / 2))
            browser.touch("touchMove", end)
            browser.touch("touchEnd")
            browser.until("document.querySelectorAll('#defect-rows button').length === 1")
            browser.js("document.querySelector('#classes button').click()")
            scale = browser.js("document.getElementById('view').view.scale")
            browser.touch("touchStart", start, end)
            browser.touch("touchMove", (start[0] - 40, start[1]), (end[0] + 40, end[1]))
            browser.touch("touchEnd")
            assert browser.js("document.getElementById('view').view.scale") > scale
            browser.js("document.getElementById('right').click()")
            assert page.kept(4).missed[0].box_px == pytest.approx((20, 10, 20, 20), abs=1)
    finally:
        browser.send("Emulation.setTouchEmulationEnabled", enabled=False)
        browser.look(1400, 900)


def test_a_review_is_taken_back_and_a_key_that_is_held_judges_one_frame(browser: Page, root: Path) -> None:
    with reviewing(browser, root) as page:
        page.at("top 3")
        browser.send("Input.dispatchKeyEvent", type="keyDown", key="r", text="r")
        page.at("top 2")
        browser.send("Input.dispatchKeyEvent", type="keyDown", key="r", text="r", autoRepeat=True)
        assert browser.js("document.title").startswith("top 2")
        browser.key("z")
        page.at("top 3")
        assert page.kept(3, 2).says == "undone"
        browser.until("document.getElementById('history').innerText.includes('taken back')")
        browser.key("f")
        page.at("top 2")
        assert page.kept(3, 3).says == "false_alarm"
        browser.key("p")
        page.at("top 3")
        browser.until("document.getElementById('undo').innerText.startsWith('Take this review back')")
        browser.js("document.getElementById('undo').click()")
        assert page.kept(3, 4).says == "undone"
        assert page.reviews(2) == ()


def test_what_was_taken_back_elsewhere_can_be_reviewed(browser: Page, root: Path) -> None:
    for base, says in enumerate(("right", "undone")):
        review(root, 4, Proposal(base=base, says=says), author="Anna")
    with reviewing(browser, root, "&kind=clean") as page:
        page.at("top 4")
        browser.key("r")
        assert page.kept(4, 3).says == "right"


def test_who_was_faster_is_told_and_nothing_is_overwritten(browser: Page, root: Path) -> None:
    with reviewing(browser, root) as page:
        page.at("top 3")
        review(root, 3, Proposal(base=0, says="right", note="edge"), author="Anna")
        browser.key("f")
        told = browser.until(
            "document.getElementById('conflict').open && document.getElementById('conflict').innerText"
        )
        assert "Anna judged this frame meanwhile" in told
        assert "right: “edge”" in told
        assert "What you said was not kept: false alarm" in told
        browser.key("f")  # meant for the next frame
        browser.key("k")
        page.at("top 2")
        assert [one.author for one in page.reviews(3)] == ["Anna"]
        assert page.reviews(2) == ()
        review(root, 2, Proposal(base=0, says="right"), author="Anna")
        browser.key("f")
        browser.until("document.getElementById('conflict').open")
        browser.key("l")
        page.at("top 2")
        browser.until("document.getElementById('history').innerText.includes('Anna')")
        browser.key("f")
        assert [(one.author, one.says) for one in (page.kept(2, 1), page.kept(2, 2))] == [
            ("Anna", "right"),
            ("local", "false_alarm"),
        ]


def test_who_may_only_look_sees_the_queue_and_no_buttons(browser: Page, root: Path) -> None:
    with reviewing(browser, root, role="viewer") as page:
        page.at("top 3")
        assert "Reviewing needs the role quality or engineer" in browser.js(TEXT)
        for key in ("r", "f", "m", "x", "z"):
            browser.key(key)
        assert browser.js("document.title").startswith("top 3")
        assert browser.js(
            "[...document.querySelectorAll('[data-key=r], [data-key=f], [data-key=z]')].every((one) => one.offsetParent === null)"
        )
        browser.key("n")
        page.at("top 2")
        assert all(page.reviews(entry) == () for entry in (1, 2, 3))


def test_an_archive_that_vanishes_loses_no_review(browser: Page, root: Path) -> None:
    with reviewing(browser, root) as page:
        page.at("top 3")
        browser.until(
            "performance.getEntriesByType('resource').filter((one) => one.name.includes('.picture')).length === 3"
        )
        away = root.with_name("away")
        root.rename(away)
        browser.key("x")
        browser.key("r")
        assert "holds no archive" in browser.until(
            "document.title.startsWith('top 3') && document.getElementById('refused').innerText"
        )
        assert browser.js("document.querySelector('#defect-rows .change').innerText") == "false alarm"  # as it was left
        browser.until("!document.getElementById('message').hidden")
        browser.key("n")
        page.at("top 2")
        browser.js(
            "document.getElementById('note').focus(), document.getElementById('right').click()"
        )  # a comment is begun on the next frame
        browser.until("document.getElementById('refused').innerText.includes('comes back when your comment is done')")
        assert browser.js("document.title").startswith("top 1")
        browser.key("Enter")
        page.at("top 2")
        browser.key("p")
        page.at("top 3")
        away.rename(root)
        browser.until("document.getElementById('message').hidden")
        browser.key("r")
        assert page.kept(3).says == "false_alarm"
        page.at("top 2")
        assert "Not kept" in browser.js("document.getElementById('refused').innerText")
        browser.key("r")
        assert page.kept(2).says == "right"
        page.at("top 1")


def test_a_frame_whose_picture_is_gone_cannot_be_judged(browser: Page, root: Path) -> None:
    with Archive(root) as archive:
        entry = archive.get(3)
    assert entry is not None
    (root / entry.image.path).unlink()
    with reviewing(browser, root, "&kind=reject&entry=3") as page:
        browser.until(f"{TEXT}.includes('The picture cannot be shown')")
        browser.key("r")
        browser.until(f"{TEXT}.includes('Its picture is not shown yet')")
        browser.key("n")
        page.at("top 2")
        assert page.reviews(3) == ()


def test_names_are_text_and_never_markup(browser: Page, tmp_path: Path) -> None:
    with Store(tmp_path / "archive") as store:
        defects = (make_defect(class_name=EVIL),)
        facts = make_facts(
            1,
            run="<b>x</b>",
            bits=(EVIL,),
            classes=(EVIL,),
            defects=defects,
            pixels={EVIL: 200},
            defect_pixels={EVIL: 200},
        )
        store.add(facts, png(pixels()), png(mask()), None)
    with reviewing(browser, tmp_path / "archive") as page:
        page.at("top 1")
        assert "<b>x</b>" in browser.js(TEXT)
        assert EVIL in browser.js("document.getElementById('defect-rows').innerText")
        assert browser.js("document.images.length + document.querySelectorAll('#work b *').length") == 0
        browser.key("r")
        assert page.kept(1).says == "right"
        assert browser.errors == []


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("&kind=reject&entry=99", "archive has no entry 99"),
        ("&kind=scrap", "No scrapped frame waits"),
        ("&kind=x&entry=a%2f..", "Entry a/.. cannot"),
    ],
)
def test_what_is_not_there_is_one_line(browser: Page, root: Path, query: str, words: str) -> None:
    with reviewing(browser, root, query):
        browser.until(
            f"{TEXT}.includes({words!r}) && (document.title !== 'Review' || !document.getElementById('empty').hidden)"
        )


def test_a_frame_that_its_address_names_is_the_first(browser: Page, root: Path) -> None:
    with reviewing(browser, root, "&entry=2") as page:
        page.at("top 2")
        browser.key("r")
        page.at("top 3")  # the newest of its kind
        assert browser.js("new URLSearchParams(location.search).get('entry')") == "3"
        assert page.kept(2).says == "right"
