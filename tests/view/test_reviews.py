"""Reviewing through the server: what is answered, to whom, and what is refused."""

from __future__ import annotations

import http.client
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from inspector.archive.reader import Archive
from inspector.archive.store import Store
from inspector.view.app import Viewer
from inspector.view.config import ViewConfig, ViewLineConfig
from tests.archive.making import add, add_two_defects, make_clean, make_facts
from tests.view.serving import serving

AT = "/api/lines/line1/review"


class Answer(NamedTuple):
    status: int
    told: Any


def archive_in(folder: Path) -> Path:
    """1: two defects, 2: a crack, 3: clean."""
    with Store(folder / "archive") as store:
        add_two_defects(store, 1)
        add(store, make_facts(2))
        add(store, make_clean(3))
    return folder / "archive"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return archive_in(tmp_path)


def configured(root: Path, anyone: Any = "quality") -> ViewConfig:
    lines = (
        ViewLineConfig(endpoint="ipc:///nowhere/line1", archive=str(root)),
        ViewLineConfig(endpoint="ipc:///nowhere/line2"),
    )
    return ViewConfig(listen="127.0.0.1:0", lines=lines, anyone=anyone)


@pytest.fixture
def viewer(root: Path) -> Iterator[Viewer]:
    with serving(configured(root)) as made:
        yield made


@pytest.fixture(scope="module")
def untouched(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return archive_in(tmp_path_factory.mktemp("untouched"))


@pytest.fixture(scope="module")
def refusing(untouched: Path) -> Iterator[Viewer]:
    """A viewer for requests that change nothing."""
    with serving(configured(untouched)) as made:
        yield made


def get(viewer: Viewer, path: str) -> Answer:
    connection = http.client.HTTPConnection("127.0.0.1", viewer.port, timeout=10)
    connection.request("GET", path)
    answer = connection.getresponse()
    content = answer.read()
    connection.close()
    return Answer(answer.status, json.loads(content) if content.startswith(b"{") else content)


def post(viewer: Viewer, path: str, body: object, **headers: str) -> Answer:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    sent = {
        "Content-Type": "application/json",
        "Origin": f"http://127.0.0.1:{viewer.port}",
        "x-csrf-token": get(viewer, "/api/me").told["csrf"],
    }
    connection = http.client.HTTPConnection("127.0.0.1", viewer.port, timeout=10)
    connection.request("POST", path, content, sent | headers)
    answer = connection.getresponse()
    told = answer.read()
    connection.close()
    return Answer(answer.status, json.loads(told) if told.startswith(b"{") else told)


def test_what_waits_is_listed_and_leaves_the_list_when_it_is_reviewed(viewer: Viewer) -> None:
    queue = get(viewer, f"{AT}?kind=reject&limit=1").told
    assert [one["id"] for one in queue["entries"]] == [2]
    assert (queue["counts"]["reject"], queue["counts"]["clean"], queue["reviewed"]) == (2, 1, 0)
    assert [one["id"] for one in get(viewer, f"{AT}?kind=reject&after=2").told["entries"]] == [1]
    item = get(viewer, f"{AT}/1").told
    assert (item["classes"], item["size_px"], item["box_px"]) == (["crack", "scale"], [64, 96], None)
    assert item["defects"][1] == {"class": "scale", "box_px": [25, 25, 20, 10], "area_px": 200, "score": 0.9}
    assert (item["review"], item["history"]) == (None, [])
    assert get(viewer, f"/api/lines/line1/pictures/{item['shown']['picture']}").status == 200
    judged = [{"defect": 0, "says": "false_alarm"}, {"defect": 1, "says": "other_class", "class_name": "crack"}]
    missed = [{"class_name": "scale", "box_px": [70, 40, 20, 10]}]
    asked = {"base": 0, "says": "corrected", "judgements": judged, "missed": missed, "note": "Ätzfleck \N{MICRO SIGN}"}
    made = post(viewer, f"{AT}/1", asked)
    assert made.status == 200
    review = made.told["review"]
    assert (review["author"], review["revision"], review["note"]) == ("local", 1, "Ätzfleck \N{MICRO SIGN}")
    assert (review["truth"]["classes"], review["truth"]["located"]) == (["crack", "scale"], False)
    item = get(viewer, f"{AT}/1").told
    assert (item["review"], item["history"]) == (review, [review])
    queue = get(viewer, f"{AT}?kind=reject").told
    assert ([one["id"] for one in queue["entries"]], queue["counts"]["reject"], queue["reviewed"]) == ([2], 1, 1)
    assert post(viewer, f"{AT}/1", {"base": 1, "says": "undone"}).status == 200
    item = get(viewer, f"{AT}/1").told
    assert (item["review"], len(item["history"])) == (None, 2)


def test_who_comes_second_is_told_what_is_there(viewer: Viewer) -> None:
    first = post(viewer, f"{AT}/2", {"base": 0, "says": "right"})
    second = post(viewer, f"{AT}/2", {"base": 0, "says": "false_alarm"})
    assert second.status == 409
    assert "is at revision 1, by local" in second.told["error"]
    assert second.told["review"] == first.told["review"]
    nothing = post(viewer, f"{AT}/3", {"base": 4, "says": "right"})
    assert (nothing.status, nothing.told["review"]) == (409, None)


def test_who_may_only_look_may_not_review(root: Path) -> None:
    for role in ("viewer", "operator"):
        with serving(configured(root, role)) as viewer:
            assert get(viewer, f"{AT}/2").status == 200
            refused = post(viewer, f"{AT}/2", {"base": 0, "says": "right"})
            assert refused.status == 403
            assert "this needs the role quality or engineer" in refused.told["error"]
    with serving(configured(root, None)) as viewer:
        assert get(viewer, AT).status == 403
        assert get(viewer, f"{AT}/2").status == 403
    with Archive(root) as archive:
        assert archive.reviews(2) == ()


@pytest.mark.parametrize(
    ("asked", "status", "expected"),
    [
        (b"{" * 30, 400, "not what was expected"),
        (b"\xff\xfe", 400, "not what was expected"),
        ([], 400, "not what was expected"),
        ({"base": -1, "says": "right"}, 400, "not what was expected"),
        ({"base": 0, "says": "perhaps"}, 400, "not what was expected"),
        ({"base": 0, "says": "right", "judgments": []}, 400, "unknown field `judgments`"),
        ({"base": 0, "says": "corrected", "judgements": [{"defect": 7, "says": "right"}]}, 400, "has no defect 7"),
        (
            {"base": 0, "says": "corrected", "missed": [{"class_name": "x", "box_px": [0, 0, 1, 1]}]},
            400,
            "found class 'x'",
        ),
        ({"base": 0, "says": "right", "note": "a\x00b"}, 400, "control character U+0000"),
        ({"base": 0, "says": "right", "note": "x" * 70_000}, 413, "more than 64 KiB"),
    ],
)
def test_what_cannot_be_kept_is_refused_in_one_line(
    asked: object, status: int, expected: str, refusing: Viewer, untouched: Path
) -> None:
    refused = post(refusing, f"{AT}/2", asked)
    assert refused.status == status
    assert expected in refused.told["error"]
    assert "\n" not in refused.told["error"]
    assert not (untouched / "reviews").exists()


@pytest.mark.parametrize(
    "path",
    [
        f"{AT}/99", f"{AT}/9223372036854775808", f"{AT}/{'9' * 40}", f"{AT}/..%2f..%2fetc%2fpasswd", f"{AT}/-1", f"{AT}/2/../../..",
        "/api/lines/line9/review", "/api/lines/line2/review", "/api/lines/line2/review/1", "/api/lines/..%2f/review/1",
    ],
)  # fmt: skip
def test_there_is_nothing_elsewhere(path: str, refusing: Viewer) -> None:
    assert get(refusing, path).status == 404
    if path != "/api/lines/line9/review" and not path.endswith("line2/review"):
        assert post(refusing, path, {"base": 0, "says": "right"}).status == 404


@pytest.mark.parametrize("query", ["kind=nice", "after=0", "after=x", "limit=101", "limit=-1", f"after={'9' * 30}"])
def test_a_list_that_cannot_be_is_refused(query: str, refusing: Viewer) -> None:
    refused = get(refusing, f"{AT}?{query}")
    assert refused.status == 400
    assert "expected" in refused.told["error"]


def test_an_archive_that_vanishes_is_told_and_found_again(viewer: Viewer, root: Path) -> None:
    away = root.with_name("away")
    root.rename(away)
    for answer in (
        get(viewer, AT), get(viewer, f"{AT}/2"), post(viewer, f"{AT}/2", {"base": 0, "says": "right"}),
    ):  # fmt: skip
        assert answer.status == 502
        assert str(root) in answer.told["error"]
    assert not root.exists(), "nothing is made in its place"
    away.rename(root)
    assert post(viewer, f"{AT}/2", {"base": 0, "says": "right"}).status == 200
    shutil.rmtree(root / "masks")
    refused = post(viewer, f"{AT}/1", {"base": 0, "says": "right"})
    assert refused.status == 502
    assert "cannot be read" in refused.told["error"]
