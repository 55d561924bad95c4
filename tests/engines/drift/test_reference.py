"""The reference: made of frames, written into the operating point and read back."""

from __future__ import annotations

from pathlib import Path

import msgspec
import numpy as np
import pytest

from engines.drift.build import LEAST_FRAMES, ReferenceBuilder
from engines.drift.look import look
from engines.drift.reference import Reference
from engines.errors import BundleError
from engines.operating_point import OperatingPoint, read_operating_point, write_operating_point
from tests.engines.drift.test_look import textured

POINT = OperatingPoint(gate_threshold=0.5, mask_thresholds={"a": 0.5})


def made(frames: int, weights: list[float] | None = None) -> Reference | None:
    builder = ReferenceBuilder()
    for number in range(frames):
        seen = look(textured(seed=number))
        assert seen is not None
        builder.add(seen, number / frames)
    return builder.reference(0.5, weights)


def test_an_operating_point_is_read_back_with_its_references(tmp_path: Path) -> None:
    reference = made(50)
    point = msgspec.structs.replace(POINT, reference=reference, camera_references={"left": made(60)})
    write_operating_point(point, tmp_path / "point.yaml")
    assert read_operating_point(tmp_path / "point.yaml", ["a"]) == point
    assert point.id == POINT.id, "a reference changes no answer"
    assert point.reference_of("left") != point.reference_of("right") == reference
    assert len((tmp_path / "point.yaml").read_text().splitlines()) < 250


def test_a_file_without_a_reference_is_read_and_written_as_before(tmp_path: Path) -> None:
    write_operating_point(POINT, tmp_path / "point.yaml")
    assert "reference" not in (tmp_path / "point.yaml").read_text()
    assert read_operating_point(tmp_path / "point.yaml", ["a"]).reference_of("any") is None


@pytest.mark.parametrize(
    ("before", "after", "problem"),
    [
        ("frames: 50", "frames: 0", "frames"),
        ("gate_score:", "gate_scores:", "gate_scores"),
        ("    edges: [", "    edges: [7.0, ", "edges"),
    ],
)
def test_a_reference_that_cannot_be_is_one_line(before: str, after: str, problem: str, tmp_path: Path) -> None:
    place = tmp_path / "point.yaml"
    write_operating_point(msgspec.structs.replace(POINT, reference=made(50)), place)
    place.write_text(place.read_text().replace(before, after, 1))
    with pytest.raises(BundleError, match=problem) as error:
        read_operating_point(place, ["a"])
    assert "\n" not in str(error.value)


def test_few_frames_make_no_reference() -> None:
    assert made(LEAST_FRAMES - 1) is None
    assert made(LEAST_FRAMES) is not None
    assert made(LEAST_FRAMES, [1.0] + [1e-6] * (LEAST_FRAMES - 1)) is None, "one frame has all the weight"


def test_weights_decide_the_shares() -> None:
    """The upper half of the scores counts a tenth."""
    reference = made(200, [1.0] * 100 + [1 / 9] * 100)
    assert reference is not None
    above = sum(
        share
        for edge, share in zip((*reference.gate_score.edges, 1.0), reference.gate_score.shares, strict=True)
        if edge > 0.5
    )
    assert above == pytest.approx(0.1, abs=0.01)
    assert reference.frames == 200
    assert reference.equal_frames == pytest.approx(122, abs=1)
    assert np.sum(reference.brightness.shares) == pytest.approx(1, abs=1e-4)
