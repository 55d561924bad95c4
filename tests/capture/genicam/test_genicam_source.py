"""The source on real GVSP over loopback: what arrives, and the accounting of what does not."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import pytest

from inspector.capture.genicam import GenicamSource
from inspector.capture.make import make_source
from inspector.capture.source import Arrival
from inspector.config.genicam import GenicamConfig
from inspector.errors import UserError
from inspector.frames.clock import now_ns
from tests.capture.genicam.conftest import IMAGES
from tests.capture.genicam.fake_camera import FakeCamera

pytestmark = pytest.mark.usefixtures("camera_first")


@contextmanager
def opened(config: GenicamConfig, height: int = 64, width: int = 96) -> Iterator[GenicamSource]:
    source = make_source(config, height, width)
    assert isinstance(source, GenicamSource)
    try:
        source.open()
        yield source
    finally:
        source.close()


def at(camera: FakeCamera, **keys: object) -> GenicamConfig:
    return GenicamConfig(address=camera.address, **keys)  # type: ignore[arg-type]


def taken(source: GenicamSource) -> Arrival:
    arrival = source.next()
    assert arrival is not None
    return arrival


def image_of(arrival: Arrival) -> int:
    """Which of ``IMAGES`` it shows, byte for byte."""
    assert arrival.pixels is not None, arrival.error
    return next(index for index, image in enumerate(IMAGES) if np.array_equal(image, arrival.pixels))


def test_received_bytes_are_those_sent_and_numbers_go_on_over_the_wrap(camera: FakeCamera) -> None:
    with FakeCamera(images=IMAGES, rate_hz=1000) as fresh, opened(at(fresh)) as source:
        first = image_of(taken(source))
        for number in range(1, 200):  # its first id is about 65401
            arrival = taken(source)
            assert arrival.number == number
            assert image_of(arrival) == (first + number) % len(IMAGES)
        counters = source.counters()
        assert counters is not None
        assert (counters.received, counters.lost, counters.incomplete) == (200, 0, 0)


def test_frames_carry_the_time_of_their_first_packet_and_the_name_of_the_camera_clock(camera: FakeCamera) -> None:
    with opened(at(camera)) as source:
        arrivals = [taken(source) for _ in range(30)]
        assert source.exposed() is None
        report = source.clock()
        assert source.rate_hz is not None
    captured = [one.captured_ns for one in arrivals]
    assert captured == sorted(captured)
    assert 0 < now_ns() - captured[-1] < 5_000_000_000
    stamps = [one.camera_ns for one in arrivals]
    assert all(one is not None for one in stamps)
    assert {one.camera_clock for one in arrivals} == {"ticks"}
    assert report is not None
    assert (report.name, report.offset_ns, report.in_specification) == ("ticks", None, True)


def test_a_clock_can_be_left_out_or_named(camera: FakeCamera) -> None:
    with opened(at(camera, clock="none")) as source:
        arrival = taken(source)
        assert (arrival.camera_ns, arrival.camera_clock, source.clock()) == (None, "", None)
    with opened(at(camera, clock="ptp")) as source:
        assert taken(source).camera_clock == "ptp"
        report = source.clock()
        assert report is not None
        assert report.in_specification, report.text


def test_lost_packets_make_incomplete_or_missing_frames_and_never_wrong_pixels(camera: FakeCamera) -> None:
    with (
        FakeCamera(images=IMAGES, rate_hz=500) as lossy,
        opened(at(lossy, packet_size=800, frame_retention_ms=20, packet_timeout_ms=5)) as source,
    ):
        first = image_of(taken(source))
        lossy.tell("lost 0.05")
        incomplete, numbers = 0, [0]
        while incomplete < 20 or numbers[-1] < 150:
            arrival = taken(source)
            numbers.append(arrival.number)
            if arrival.pixels is None:
                incomplete += 1
                assert "packets" in arrival.error
            else:
                assert image_of(arrival) == (first + arrival.number) % len(IMAGES)
        counters = source.counters()
    assert counters is not None
    assert numbers == sorted(set(numbers))
    assert counters.lost == numbers[-1] + 1 - len(numbers)
    assert counters.received == len(numbers) - incomplete
    assert counters.incomplete >= incomplete  # more where the packet with the id was lost
    assert counters.missing_packets >= counters.incomplete - counters.lost


def test_an_interruption_ends_next_at_once_and_the_counters_outlive_the_connection(camera: FakeCamera) -> None:
    source = GenicamSource(at(camera), 64, 96)
    for opening in (1, 2):
        source.open()
        assert taken(source).number == 0
        source.interrupt()
        begun_s = time.monotonic()
        assert source.next() is None
        assert time.monotonic() - begun_s < 0.5
        source.close()
        counters = source.counters()
        assert counters is not None
        assert counters.received == opening
    source.close()
    assert source.next() is None


def test_the_rate_of_a_camera_that_is_lost_again_before_it_was_measured_anew_is_that_of_before(
    camera: FakeCamera,
) -> None:
    """What it misses is counted by it."""
    with opened(at(camera)) as source:
        assert source.rate_hz is None
        while source.rate_hz is None:
            taken(source)
        measured_hz = source.rate_hz
        source.close()
        source.open()
        assert source.rate_hz == measured_hz


def test_a_camera_is_found_by_its_serial_and_its_size_is_told(
    camera: FakeCamera, caplog: pytest.LogCaptureFixture
) -> None:
    with opened(GenicamConfig(serial=camera.serial), 256, 1600) as source:
        assert source.frame_size == (64, 96)
        assert image_of(taken(source)) >= 0
    assert "delivers frames of 64x96, and 256x1600 are expected" in caplog.text


def test_an_address_that_is_none_is_refused(camera: FakeCamera) -> None:
    with pytest.raises(UserError, match=r"'10.0.0' is no IPv4 address"):
        GenicamSource(GenicamConfig(address="10.0.0"), 64, 96).open()


FEATURES = [
    ({"ExposureTimeAb": 3}, r"ExposureTimeAb is none of this camera \(close to it: ExposureTimeAbs\)"),
    ({"SensorWidth": 3}, "SensorWidth is read-only; it is 2048"),
    ({"Width": 100_000}, "Width is 100000; expected 1 to 2048"),
    ({"Width": 3.5}, "Width is 3.5; expected a whole number"),
    ({"ExposureTimeAbs": 1e12}, r"ExposureTimeAbs is 1e\+12; expected 10 to 1e\+07"),
    ({"ExposureTimeAbs": "long"}, "ExposureTimeAbs is long; expected a number"),
    ({"PixelFormat": "Mono12"}, "PixelFormat is Mono12; expected one of .*Mono8"),
    ({"AcquisitionStart": 3}, "AcquisitionStart is a command, which has no value"),
]


@pytest.mark.parametrize(("feature", "told"), FEATURES)
def test_a_feature_that_cannot_be_set_is_refused_by_name(
    camera: FakeCamera, feature: dict[str, object], told: str
) -> None:
    source = GenicamSource(at(camera, features=(feature,)), 64, 96)
    with pytest.raises(UserError, match=told):
        source.open()
    source.close()


def test_a_pixel_format_of_colour_becomes_grey_and_its_size_that_of_the_pixels(camera: FakeCamera) -> None:
    with FakeCamera(size=(32, 48)) as colour:
        with opened(at(colour, features=({"PixelFormat": "RGB8"},)), 32, 48) as source:
            pixels = taken(source).pixels
            assert pixels is not None
            assert pixels.shape == (32, 48)
        with opened(at(colour, features=({"PixelFormat": "BayerRG8"},)), 32, 48) as source:
            assert taken(source).pixels is not None
