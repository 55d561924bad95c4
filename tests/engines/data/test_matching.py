"""Which label is whose: only what can be meant in one way."""

from __future__ import annotations

import pytest

from engines.data.matching import Labels, last_part, place_of, require_match
from engines.errors import DataError


def labels(*names: str) -> Labels[str]:
    return Labels((name, name) for name in names)


@pytest.mark.parametrize(
    ("label", "frame"),
    [
        ("a.jpg", "a.png"),
        ("a", "a.png"),
        ("train_images\\a.jpg", "a.jpg"),
        ("D:\\set\\train_images\\a.jpg", "a.jpg"),
        ("./images/kos01/a.jpg", "kos01/a.png"),
        ("coil1.0007", "coil1.0007.png"),
        ("a.b.jpg", "a.b.png"),
        ("\udcff.jpg", "\udcff.png"),
    ],
)
def test_the_last_part_counts_as_far_as_folders_agree(label: str, frame: str) -> None:
    assert labels(label, "z.jpg").find(frame) == (label,)
    assert last_part(label) == place_of(label).stem + (".jpg" if label.endswith(".jpg") else "")


def test_other_frames_are_not_meant() -> None:
    some = labels("kos01/a.jpg", "7", "A.jpg")
    assert some.find("kos02/a.jpg") == some.find("0007.jpg") == some.find("coil1.0008.jpg") == ()
    assert some.find("a.jpg", "kos02/a.jpg") == ()
    assert some.find("a.jpg", "kos01/a.jpg") == ("kos01/a.jpg",)
    twice = Labels([("a.jpg", 1), ("./a.jpg", 2)])
    assert twice.find("a.png") == (1, 2)


def test_what_may_be_meant_twice_is_refused() -> None:
    with pytest.raises(DataError, match=r"a\.jpg: 1/a\.jpg and 2/a\.jpg may both be meant"):
        labels("1/a.jpg", "2/a.jpg").find("a.jpg")
    with pytest.raises(DataError, match=r"1/a\.jpg: a\.jpg may be this frame or another"):
        labels("a.jpg").find("1/a.jpg")
    assert labels("a.jpg", "a.png").find("a.png") == ("a.png",)
    assert labels("a.jpg", "x/a.jpg").find("a.png", "a.png") == ("a.jpg",)


def told(some: Labels[str], *frames: str) -> str:
    return require_match(some.compare([(one, "") for one in frames]), "t.csv", "frames", "frames", len(frames))


def test_labels_of_no_frame_are_refused_and_those_of_some_noted() -> None:
    assert told(labels("a", "b"), "a.png", "b.png", "c.png") == ""
    assert (
        told(labels("a", "x\\b", "y"), "a.png")
        == "t.csv: 2 of its 3 frames are not among the 1 frames, the first: x\\b"
    )
    assert told(labels(), "a.png") == ""
    with pytest.raises(DataError, match=r"t\.csv: none of its 2 frames is among the 2 frames, the first: x; write"):
        told(labels("x", "y"), "a.png", "b.png")
    with pytest.raises(DataError, match=r"t\.csv: says 7, but the frame is called 0007\.jpg \(and 1 more like it\)"):
        told(labels("7", "8", "1000"), "0007.jpg", "0008.jpg", "1000.jpg")
    with pytest.raises(DataError, match=r"says A, but the frame is called a\.png"):
        told(labels("A", "b"), "a.png", "b.png")
    # Names of one length, such as hexadecimal ones, are different where their zeros stand elsewhere.
    assert "1 of its 2 frames" in told(labels("1a01b", "x"), "01a1b.png", "x.png")
    assert told(labels("1/a", "2/a"), "a.png") == ""  # told where the frame is labelled
