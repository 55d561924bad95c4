"""Many frames that fail for few reasons are told as few kinds."""

from __future__ import annotations

from inspector.frames.outcome import Reason
from inspector.frames.uninspected import MOST_KINDS, Uninspected


def test_each_kind_is_told_once_with_its_first_case_and_its_count() -> None:
    seen = Uninspected()
    for number in range(5):
        name = f"part{number}.jpg"
        seen.add(Reason.BAD_FRAME, f"{name}: is {500 + number}x9 pixels", camera="top", frame=number, name=name)
    assert [str(kind) for kind in seen.new()] == ["bad_frame 5: is 500x9 pixels; the first: part0.jpg"]
    seen.add(Reason.BAD_FRAME, "gone.jpg: does not exist", camera="top", frame=5, name="gone.jpg")
    seen.add(Reason.CAMERA_LOST, "the camera lost 1,000 frames", camera="top", frame=6, frames=1000)
    assert [kind.frames for kind in seen.new()] == [1, 1000]
    assert seen.new() == []
    assert [str(kind) for kind in seen.kinds()] == [
        "camera_lost 1,000: the camera lost 1,000 frames; the first: frame 6 of camera top",
        "bad_frame 5: is 500x9 pixels; the first: part0.jpg",
        "bad_frame 1: does not exist; the first: gone.jpg",
    ]
    assert "bundle" in seen.kinds()[1].remedy


def test_a_flood_of_different_details_is_bounded() -> None:
    seen = Uninspected()
    for number in range(500):
        seen.add(Reason.INTERNAL, "x" * number, camera="top", frame=number)
    seen.add(Reason.DEADLINE, "", camera="top", frame=500)
    kinds = seen.kinds()
    assert len(kinds) <= MOST_KINDS + 1
    assert sum(kind.frames for kind in kinds) == 501
    assert str(kinds[-1]) == "deadline 1: the first: frame 500 of camera top"
