"""The page of reviews in a browser, from the queue to the review in the archive."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import msgspec
import pytest

from inspector.archive.reader import Archive
from inspector.archive.review import Proposal, Review
from inspector.archive.reviewing import review
from inspector.archive.store import Store
from inspector.view.access.people import RoleName
from inspector.view.app import Viewer
from inspector.view.config import ViewConfig, ViewLineConfig
from tests.archive.making import SIZE, add, add_two_defects, make_clean, make_defect, make_facts, mask, pixels, png
from tests.results.publishing import eventually
from tests.view.chromium import Page, needs_chromium
from tests.view.serving import serving

pytestmark = needs_chromium
EVIL = "<img src=x onerror=alert(1)>'\""
TEXT = "document.body.innerText"
READY = "document.getElementById('view').painted && document.getElementById('view').painted === document.getElementById('view').images"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("reviews") / "archive"


@pytest.fixture(scope="module")
def viewer(folder: Path) -> Iterator[Viewer]:
    with serving(configured(folder, "quality")) as made:
        yield made


@pytest.fixture
def root(folder: Path) -> Path:
    """1: two defects, 2 and 3: a crack, 4: clean."""
    shutil.rmtree(folder, ignore_errors=True)
    with Store(folder) as store:
        add_two_defects(store, 1)
        add(store, make_facts(2))
        add(store, make_facts(3))
        add(store, make_clean(4))
    return folder


def configured(folder: Path, role: RoleName) -> ViewConfig:
    lines = (ViewLineConfig(endpoint="ipc:///nowhere/line1", archive=str(folder)),)
    return ViewConfig(listen="127.0.0.1:0", lines=lines, anyone=role)


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


@pytest.fixture
def tab(browser: Page) -> Iterator[Page]:
    """Nothing may be said on the console but that a request was refused, and nothing asked of another host."""
    browser.errors.clear()
    browser.requests.clear()
    yield browser
    browser.until("!document.getElementById('mine')?.innerText.includes('on its way')")
    browser.open("about:blank#left")  # before the viewer is gone
    assert [one for one in browser.errors if "Failed to load resource" not in one] == []
    hosts = {urlsplit(one).hostname for one in browser.requests if one.startswith("http")}
    assert hosts == {"127.0.0.1"}
    assert len({urlsplit(one).port for one in browser.requests if one.startswith("http")}) == 1


def reviewing(tab: Page, viewer: Viewer, root: Path, query: str = "&kind=reject") -> Reviewing:
    """The page, opened."""
    tab.open(f"{viewer.url}review?line=line1{query}")
    return Reviewing(tab, root)


def test_from_the_queue_to_reviews_in_the_archive_by_keys(tab: Page, viewer: Viewer, root: Path) -> None:
    page = reviewing(tab, viewer, root)
    page.at("top 3")
    assert tab.js("document.querySelector('#queues [aria-pressed=true]').innerText") == "Rejected 3 left"
    tab.until(
        "performance.getEntriesByType('resource').filter((one) => one.name.includes('.picture')).length === 3"
    )  # those of the next frames too
    tab.key("r")
    page.at("top 2")
    tab.key("f")
    page.at("top 1")
    tab.key("x")  # the first
    tab.key("ArrowRight")
    tab.key("1")  # a scale, which is a crack
    assert "was scale" in tab.js(TEXT)
    tab.key("r")
    tab.until(f"{TEXT}.includes('All done') && {TEXT}.includes('No rejected frame waits')")
    tab.until("document.getElementById('queues').innerText.includes('3 reviewed, 3 of them here')")
    assert (page.kept(3).says, page.kept(2).says, page.kept(1).says) == ("right", "false_alarm", "corrected")
    assert [(one.defect, one.says, one.class_name) for one in page.kept(1).judgements] == [
        (0, "false_alarm", None),
        (1, "other_class", "crack"),
    ]
    assert page.kept(1).author == "local"
    assert tab.errors == []


def test_a_missed_defect_is_drawn_by_mouse_and_by_keys(tab: Page, viewer: Viewer, root: Path) -> None:
    page = reviewing(tab, viewer, root, "&kind=clean")
    page.at("top 4")
    tab.key("m")
    page.drag((60, 30), (80, 50))
    tab.key("r")
    assert "Say the class of each box" in tab.js(TEXT)
    tab.key("2")
    tab.key("m")
    for key in ("ArrowLeft", "ArrowUp", "Enter", "1"):
        tab.key(key)
    tab.js("document.getElementById('note').focus()")
    for key in "rf µ":  # typed, not judged
        tab.key(key)
    tab.key("Enter")
    tab.key("r")
    kept = page.kept(4)
    assert (kept.says, kept.note, [one.class_name for one in kept.missed]) == (
        "corrected",
        "rf µ",
        ["scale", "crack"],
    )
    assert kept.missed[0].box_px == pytest.approx((60, 30, 20, 20), abs=1)
    x, y, width, height = kept.missed[1].box_px
    assert (x + width / 2, y + height / 2) == pytest.approx((SIZE[1] / 2 - 1, SIZE[0] / 2 - 1), abs=1)


def test_what_is_passed_over_and_what_comes_later_is_shown(tab: Page, viewer: Viewer, root: Path) -> None:
    page = reviewing(tab, viewer, root, "&kind=clean")
    page.at("top 4")
    tab.key("n")
    tab.until(f"{TEXT}.includes('1 left over')")
    tab.key("n")
    page.at("top 4")
    tab.key("r")
    tab.until(f"{TEXT}.includes('All done')")
    with Store(root) as store:
        add(store, make_clean(5))
    tab.key("n")
    page.at("top 5")
    assert page.kept(4).says == "right"


def test_zoom_moves_and_contrast(tab: Page, viewer: Viewer, root: Path) -> None:
    page = reviewing(tab, viewer, root)
    page.at("top 3")
    view = "document.getElementById('view').view"
    whole = tab.js(view)
    tab.key("+")
    closer = tab.js(view)
    assert closer["scale"] == pytest.approx(whole["scale"] * 1.5)
    x, y = page.place(48, 32)
    tab.mouse("mouseWheel", x, y, deltaX=0, deltaY=-300)
    tab.until(f"{view}.scale > {closer['scale']}")
    assert page.place(48, 32) == pytest.approx((x, y), abs=1)
    page.drag((48, 32), (53, 35))
    assert page.place(48, 32) != pytest.approx((x, y), abs=1)
    tab.key("0")
    assert tab.js(view) == whole
    colours = (
        "(() => { const canvas = document.querySelector('#view canvas'); const data = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;"
        " let [least, most, colour] = [255, 0, 0]; for (let at = 0; at < data.length; at += 4) { if (data[at] !== data[at + 2]) colour += 1;"
        " else if (data[at] > 0) { least = Math.min(least, data[at]); most = Math.max(most, data[at]); } } return [most - least, colour > 100]; })()"
    )
    tab.until(f"{colours}[0] > 200 && {colours}[1]")  # greys from 90 to 119, stretched; the outline of the crack
    tab.key("b")
    tab.key(" ")
    tab.until(f"{colours}[0] < 40 && !{colours}[1]")


def test_by_touch(tab: Page, viewer: Viewer, root: Path) -> None:
    tab.look(1180, 820, dark=False, touch=True)
    tab.send("Emulation.setTouchEmulationEnabled", enabled=True)
    try:
        page = reviewing(tab, viewer, root, "&kind=clean")
        page.at("top 4")
        small = (
            "[...document.querySelectorAll('button')].filter((one) => one.offsetParent && one.offsetHeight < 40).length"
        )
        assert tab.js(small) == 0
        tab.js("document.getElementById('missed').click()")
        start, end = page.place(20, 10), page.place(40, 30)
        tab.touch("touchStart", start)
        tab.touch("touchMove", ((start[0] + end[0]) / 2, (start[1] + end[1]) / 2))
        tab.touch("touchMove", end)
        tab.touch("touchEnd")
        tab.until("document.querySelectorAll('#defect-rows button').length === 1")
        tab.js("document.querySelector('#classes button').click()")
        scale = tab.js("document.getElementById('view').view.scale")
        tab.touch("touchStart", start, end)
        tab.touch("touchMove", (start[0] - 40, start[1]), (end[0] + 40, end[1]))
        tab.touch("touchEnd")
        assert tab.js("document.getElementById('view').view.scale") > scale
        tab.js("document.getElementById('right').click()")
        assert page.kept(4).missed[0].box_px == pytest.approx((20, 10, 20, 20), abs=1)
    finally:
        tab.send("Emulation.setTouchEmulationEnabled", enabled=False)
        tab.look(1400, 900)


def test_a_review_is_taken_back_and_a_key_that_is_held_judges_one_frame(tab: Page, viewer: Viewer, root: Path) -> None:
    page = reviewing(tab, viewer, root)
    page.at("top 3")
    tab.send("Input.dispatchKeyEvent", type="keyDown", key="r", text="r")
    page.at("top 2")
    tab.send("Input.dispatchKeyEvent", type="keyDown", key="r", text="r", autoRepeat=True)
    assert tab.js("document.title").startswith("top 2")
    tab.key("z")
    page.at("top 3")
    assert page.kept(3, 2).says == "undone"
    tab.until("document.getElementById('history').innerText.includes('taken back')")
    tab.key("f")
    page.at("top 2")
    assert page.kept(3, 3).says == "false_alarm"
    tab.key("p")
    page.at("top 3")
    tab.until("document.getElementById('undo').innerText.startsWith('Take this review back')")
    tab.js("document.getElementById('undo').click()")
    assert page.kept(3, 4).says == "undone"
    assert page.reviews(2) == ()


def test_what_was_taken_back_elsewhere_can_be_reviewed(tab: Page, viewer: Viewer, root: Path) -> None:
    for base, says in enumerate(("right", "undone")):
        review(root, 4, Proposal(base=base, says=says), author="Anna")
    page = reviewing(tab, viewer, root, "&kind=clean")
    page.at("top 4")
    tab.key("r")
    assert page.kept(4, 3).says == "right"


def test_who_was_faster_is_told_and_nothing_is_overwritten(tab: Page, viewer: Viewer, root: Path) -> None:
    page = reviewing(tab, viewer, root)
    page.at("top 3")
    review(root, 3, Proposal(base=0, says="right", note="edge"), author="Anna")
    tab.key("f")
    told = tab.until("document.getElementById('conflict').open && document.getElementById('conflict').innerText")
    assert "Anna judged this frame meanwhile" in told
    assert "right: “edge”" in told
    assert "What you said was not kept: false alarm" in told
    tab.key("f")  # meant for the next frame
    tab.key("k")
    page.at("top 2")
    assert [one.author for one in page.reviews(3)] == ["Anna"]
    assert page.reviews(2) == ()
    review(root, 2, Proposal(base=0, says="right"), author="Anna")
    tab.key("f")
    tab.until("document.getElementById('conflict').open")
    tab.key("l")
    page.at("top 2")
    tab.until("document.getElementById('history').innerText.includes('Anna')")
    tab.key("f")
    assert [(one.author, one.says) for one in (page.kept(2, 1), page.kept(2, 2))] == [
        ("Anna", "right"),
        ("local", "false_alarm"),
    ]


def test_who_may_only_look_sees_the_queue_and_no_buttons(tab: Page, viewer: Viewer, root: Path) -> None:
    with serving(configured(root, "viewer")) as looking:
        page = reviewing(tab, looking, root)
        page.at("top 3")
        assert "Reviewing needs the role quality or engineer" in tab.js(TEXT)
        for key in ("r", "f", "m", "x", "z"):
            tab.key(key)
        assert tab.js("document.title").startswith("top 3")
        assert tab.js(
            "[...document.querySelectorAll('[data-key=r], [data-key=f], [data-key=z]')].every((one) => one.offsetParent === null)"
        )
        tab.key("n")
        page.at("top 2")
        assert all(page.reviews(entry) == () for entry in (1, 2, 3))
        tab.open("about:blank#left")


def test_a_viewer_that_is_started_again_under_the_page_keeps_the_next_review(
    tab: Page, viewer: Viewer, root: Path
) -> None:
    with serving(configured(root, "quality")) as first:
        page = reviewing(tab, first, root)
        page.at("top 3")
        tab.key("r")
        page.at("top 2")
        page.kept(3)
        tab.until("!document.getElementById('mine').innerText.includes('on its way')")
        again = msgspec.structs.replace(configured(root, "quality"), listen=f"127.0.0.1:{first.port}")
    with serving(again):
        tab.key("f")
        assert page.kept(2).says == "false_alarm"
        page.at("top 1")
        assert tab.js("document.getElementById('refused').hidden")
        tab.key("r")
        assert page.kept(1).says == "right"
        tab.until("!document.getElementById('mine').innerText.includes('on its way')")
        tab.open("about:blank#left")


def test_an_archive_that_vanishes_loses_no_review(tab: Page, viewer: Viewer, root: Path) -> None:
    page = reviewing(tab, viewer, root)
    page.at("top 3")
    tab.until("performance.getEntriesByType('resource').filter((one) => one.name.includes('.picture')).length === 3")
    away = root.with_name("away")
    root.rename(away)
    tab.key("x")
    tab.key("r")
    assert "holds no archive" in tab.until(
        "document.title.startsWith('top 3') && document.getElementById('refused').innerText"
    )
    assert tab.js("document.querySelector('#defect-rows .change').innerText") == "false alarm"  # as it was left
    tab.until("!document.getElementById('message').hidden")
    tab.key("n")
    page.at("top 2")
    tab.js(
        "document.getElementById('note').focus(), document.getElementById('right').click()"
    )  # a comment is begun on the next frame
    tab.until("document.getElementById('refused').innerText.includes('comes back when your comment is done')")
    assert tab.js("document.title").startswith("top 1")
    tab.key("Enter")
    page.at("top 2")
    tab.key("p")
    page.at("top 3")
    away.rename(root)
    tab.until("document.getElementById('message').hidden")
    tab.key("r")
    assert page.kept(3).says == "false_alarm"
    page.at("top 2")
    assert "Not kept" in tab.js("document.getElementById('refused').innerText")
    tab.key("r")
    assert page.kept(2).says == "right"
    page.at("top 1")


def test_a_frame_whose_picture_is_gone_cannot_be_judged(tab: Page, viewer: Viewer, root: Path) -> None:
    with Archive(root) as archive:
        entry = archive.get(3)
    assert entry is not None
    (root / entry.image.path).unlink()
    tab.send("Network.clearBrowserCache")
    page = reviewing(tab, viewer, root, "&kind=reject&entry=3")
    tab.until(f"{TEXT}.includes('The picture cannot be shown')")
    tab.key("r")
    tab.until(f"{TEXT}.includes('Its picture is not shown yet')")
    tab.key("n")
    page.at("top 2")
    assert page.reviews(3) == ()


def test_names_are_text_and_never_markup(tab: Page, viewer: Viewer, root: Path) -> None:
    shutil.rmtree(root)
    with Store(root) as store:
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
    page = reviewing(tab, viewer, root)
    page.at("top 1")
    assert "<b>x</b>" in tab.js(TEXT)
    assert EVIL in tab.js("document.getElementById('defect-rows').innerText")
    assert tab.js("document.images.length + document.querySelectorAll('#work b *').length") == 0
    tab.key("r")
    assert page.kept(1).says == "right"
    assert tab.errors == []


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("&kind=reject&entry=99", "archive has no entry 99"),
        ("&kind=scrap", "No scrapped frame waits"),
        ("&kind=x&entry=a%2f..", "Entry a/.. cannot"),
    ],
)
def test_what_is_not_there_is_one_line(tab: Page, viewer: Viewer, root: Path, query: str, words: str) -> None:
    reviewing(tab, viewer, root, query)
    tab.until(
        f"{TEXT}.includes({words!r}) && (document.title !== 'Review' || !document.getElementById('empty').hidden)"
    )


def test_a_frame_that_its_address_names_is_the_first(tab: Page, viewer: Viewer, root: Path) -> None:
    page = reviewing(tab, viewer, root, "&entry=2")
    page.at("top 2")
    tab.key("r")
    page.at("top 3")  # the newest of its kind
    assert tab.js("new URLSearchParams(location.search).get('entry')") == "3"
    assert page.kept(2).says == "right"
