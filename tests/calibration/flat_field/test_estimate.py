"""A flat field of rendered frames: it evens out lamp, lens and sensor, finds bad pixels, and refuses frames that can give none."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from calibration.flat_field.estimate import Estimate, Wanted, estimate, with_figures
from calibration.flat_field.picture import write_picture
from engines.errors import DataError
from engines.flat_field import correct
from engines.images.frame_files import FrameFiles
from tests.calibration.flat_field.sensor import DEAD, HOT, Frame, Sensor, write_frames


def made(sensor: Sensor, frames: int = 24, **wanted: object) -> Estimate:
    size = (sensor.height, sensor.width)
    asked = Wanted("top", **wanted)  # type: ignore[arg-type]
    return estimate(sensor.frames(0, frames), sensor.frames(1, frames), size, asked)


def test_a_vignette_is_removed() -> None:
    sensor = Sensor(seed=2)
    found = made(sensor)
    assert found.before.deviation > 0.15
    assert found.after.deviation < 0.008  # what the noise of six held-out frames leaves, 24 frames averaged
    assert found.after.deviation < found.before.deviation / 20
    assert found.file.card.target == pytest.approx(found.white_mean, abs=0.1)


def test_a_sheet_of_one_grey_is_even_afterwards() -> None:
    """Of another grey than white: the response is a line."""
    sensor = Sensor(seed=3)
    found = made(sensor, target=180.0)
    frame = np.mean([corrected(found, sensor.frame(0.4)) for _ in range(40)], axis=0)
    assert frame.mean() == pytest.approx(0.4 * 180, rel=0.01)
    assert frame.std() / frame.mean() < 0.01


def corrected(found: Estimate, frame: Frame) -> Frame:
    out = np.empty_like(frame)
    correct(frame, found.file.offset, found.file.gain, out)
    return out


def test_dead_and_hot_pixels_are_found_and_dead_ones_stay_as_they_are() -> None:
    sensor = Sensor(seed=4, dead=DEAD, hot=HOT)
    found = made(sensor)
    assert {tuple(place) for place in found.figures["dead_at"]} == set(DEAD)
    assert {tuple(place) for place in found.figures["hot_at"]} == set(HOT)
    assert found.figures["saturated"] == 0
    frame = sensor.frame(1)
    changed = corrected(found, frame)
    for x, y in DEAD:
        assert changed[y, x] == frame[y, x]
    for x, y in HOT:
        assert changed[y, x] == pytest.approx(found.file.card.target, abs=8)


def test_saturated_pixels_are_found() -> None:
    """Pixels with too much gain; a sheet that is overexposed as a whole is refused."""
    sensor = Sensor(seed=5)
    bright = [(20, 30), (21, 30), (150, 3)]
    for x, y in bright:
        sensor.response[y, x] = 400 / sensor.exposure / sensor.light[y, x]
    found = made(sensor)
    assert found.figures["saturated"] == len(bright)
    assert all(found.bad.saturated[y, x] for x, y in bright)
    assert found.figures["dead"] == 0


def test_of_a_line_camera_each_column_is_corrected() -> None:
    sensor = Sensor(seed=6, line_scan=True, dead=((120, 0),))
    sensor.response[:, 120] = 0
    found = made(sensor, per_column=True)
    assert found.file.gain.shape == (1, sensor.width)
    assert found.figures["dead_at"] == [[120]]
    assert found.after.deviation < 0.01 < found.before.deviation


def test_the_card_says_how_it_was_made() -> None:
    card = with_figures(made(Sensor(seed=7), camera_serial="17")).card
    assert (card.camera_serial, card.made["white_frames"]) == ("17", 24)
    assert card.made["deviation_after"] < card.made["deviation_before"]


def brighter(frames: list[Frame]) -> list[Frame]:
    return [np.clip(frame.astype(int) * 4, 0, 255).astype(np.uint8) for frame in frames]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda dark, white: (dark[:7], white), "dark: 7 frames are too few; at least 8"),
        (lambda dark, white: (dark, white[:2]), "white: 2 frames are too few"),
        (lambda dark, white: (white, dark), r"dark: these frames \(mean grey .*\) are no darker than the white ones \(3\.0\); exchange"),
        (lambda dark, white: (dark, brighter(dark)), "white: these frames are only .* grey levels above the dark ones"),
        (lambda dark, white: (dark, brighter(white)), r"white: .*% of the pixels are saturated"),
        (lambda dark, white: (dark, [*white, white[0][:, 1:]]), r"white: frame 10 has \[80, 199\] pixels, the first one"),
        (lambda dark, white: (dark, [masked(frame) for frame in white]), "do not answer to light"),
    ],
)  # fmt: skip
def test_frames_that_give_no_flat_field_are_refused(
    change: Callable[..., tuple[list[Frame], list[Frame]]], told: str
) -> None:
    sensor = Sensor(seed=8)
    dark, white = change(sensor.frames(0, 10), sensor.frames(1, 10))
    with pytest.raises(DataError, match=told):
        estimate(dark, white, (sensor.height, sensor.width), Wanted("top"))


def masked(frame: Frame) -> Frame:
    """A tape over a tenth of the lens."""
    covered = frame.copy()
    covered[:, :20] = 3
    return covered


def test_more_gain_than_there_is_is_refused() -> None:
    sensor = Sensor(seed=9)
    sensor.light[:, :30] *= 0.12
    with pytest.raises(
        DataError, match=r"would need a gain of up to .* and the largest is 16\.0; light the edges better"
    ):
        made(sensor, target=255.0)


def test_frames_are_read_from_files(tmp_path: Path) -> None:
    frames = Sensor(seed=10).frames(1, 3)
    write_frames(str(tmp_path), frames)
    found = FrameFiles(sorted(tmp_path.iterdir()))
    assert (len(found), found.size) == (3, (80, 200))
    np.testing.assert_array_equal(found[1], frames[1])
    (tmp_path / "torn.png").write_bytes((tmp_path / "000.png").read_bytes()[:500])
    with pytest.raises(DataError, match=r"torn\.png: .*; leave it out"):
        _ = FrameFiles([tmp_path / "000.png", tmp_path / "torn.png"])[1]


def test_the_picture_shows_before_and_after(tmp_path: Path) -> None:
    write_picture(made(Sensor(seed=11, dead=DEAD)), tmp_path / "white.png")
    picture = cv2.imread(str(tmp_path / "white.png"))
    assert picture is not None
    before, after = picture[31:109, 5:195], picture[149:227, 5:195]
    assert before.std() > 5 * after.std() > 0
