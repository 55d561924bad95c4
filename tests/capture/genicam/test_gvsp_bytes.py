"""What Aravis' fake camera lacks, sent packet by packet to the stream that the source opened from it."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from inspector.capture.genicam import GenicamSource
from inspector.capture.genicam.library import Library
from inspector.capture.pixel_formats import pixel_format
from inspector.capture.source import Arrival, CameraLostError
from inspector.config.genicam import GenicamConfig
from inspector.errors import UserError
from tests.capture.genicam import gvsp
from tests.capture.genicam.fake_camera import FakeCamera

pytestmark = pytest.mark.usefixtures("camera_first")

SILENT = ({"PixelFormat": "Mono16"}, {"TriggerMode": True}, {"TriggerSource": "Software"})
"""The fake camera sends nothing itself, and the buffers have 2 bytes a pixel."""


@pytest.fixture(scope="module")
def quiet(aravis: Library, tmp_path_factory: pytest.TempPathFactory) -> Iterator[FakeCamera]:
    """A camera that waits for a trigger, and says that it has chunks."""
    description = tmp_path_factory.mktemp("genicam") / "camera.xml"
    with FakeCamera() as plain:
        description.write_text(with_chunks(aravis, plain), encoding="utf-8")
    with FakeCamera(description=Path(description)) as one:
        yield one


def with_chunks(aravis: Library, camera: FakeCamera) -> str:
    """The fake camera's own description, with two chunks."""
    from inspector.capture.genicam.device import Device

    device = Device(aravis, camera.address)
    text = device.description()
    device.close()
    nodes = "".join(
        f'<IntReg Name="{name}"><Address>0x0</Address><Length>{length}</Length><AccessMode>RO</AccessMode><pPort>{name}Port</pPort>'
        f"<Sign>Signed</Sign><Endianess>BigEndian</Endianess></IntReg>"
        f'<Port Name="{name}Port"><ChunkID>{number:x}</ChunkID></Port>'
        for name, length, number in (("ChunkEncoderValue", 4, 0x1201), ("ChunkCounterValue", 8, 0x1202))
    )
    return text.replace("</RegisterDescription>", nodes + "</RegisterDescription>")


@contextmanager
def opened(camera: FakeCamera, **keys: object) -> Iterator[tuple[GenicamSource, gvsp.Sender]]:
    config = GenicamConfig(address=camera.address, features=SILENT, packet_socket=False, **keys)  # type: ignore[arg-type]
    source = GenicamSource(config, 64, 96)
    try:
        source.open()
        with gvsp.Sender(camera.address) as sender:
            yield source, sender
    finally:
        source.close()


def taken(source: GenicamSource) -> Arrival:
    arrival = source.next()
    assert arrival is not None
    return arrival


@pytest.mark.parametrize("code", [0x01080001, 0x010C0006, 0x010C0047, 0x010A0046, 0x010C0004, 0x01080009, 0x01100007])
def test_packed_and_bayer_formats_arrive_byte_by_byte(quiet: FakeCamera, code: int) -> None:
    found = pixel_format(code)
    sent = np.random.default_rng(code).integers(0, 256, found.frame_bytes(64, 96), dtype=np.uint8)
    with opened(quiet) as (source, sender):
        sender.frame(1, sent.tobytes(), 64, 96, code)
        arrival = taken(source)
        assert arrival.pixels is not None, arrival.error
        assert np.array_equal(arrival.pixels, found.grey(sent, 64, 96))


def test_ids_of_64_bits_and_lost_frames_are_numbered(quiet: FakeCamera) -> None:
    image = bytes(64 * 96)
    with opened(quiet) as (source, sender):
        numbers = []
        for frame_id in (65534, 65535, 65536, 65540, 2**33):
            sender.frame(frame_id, image, 64, 96, wide=True)
            numbers.append(taken(source).number)
        assert numbers == [0, 1, 2, 6, 2**33 - 65534]
        counters = source.counters()
        assert counters is not None
        assert counters.lost == 2**33 - 65534 + 1 - 5


def test_ids_of_16_bits_go_from_65535_to_1_and_never_back(quiet: FakeCamera) -> None:
    image = bytes(64 * 96)
    with opened(quiet) as (source, sender):
        numbers = []
        for frame_id in (65533, 65535, 1, 4):
            sender.frame(frame_id, image, 64, 96)
            numbers.append(taken(source).number)
        assert numbers == [0, 2, 3, 6]
        sender.frame(60_000, image, 64, 96)
        with pytest.raises(CameraLostError, match="counts its frames anew"):
            source.next()


def test_a_format_that_cannot_be_read_is_a_frame_without_pixels(quiet: FakeCamera) -> None:
    with opened(quiet) as (source, sender):
        sender.frame(1, bytes(2 * 64 * 96), 64, 96, 0x0210001F)
        arrival = taken(source)
        assert arrival.pixels is None
        assert "0x0210001f cannot be read" in arrival.error
        sender.frame(2, bytes(64 * 96), 64, 96)
        assert taken(source).pixels is not None


def test_chunks_bring_the_encoder_and_the_part(quiet: FakeCamera) -> None:
    image = np.arange(64 * 96, dtype=np.uint32).astype(np.uint8)
    payload = (
        gvsp.chunk(0, image.tobytes())
        + gvsp.chunk(0x1201, struct.pack("!i", -7))
        + gvsp.chunk(0x1202, struct.pack("!q", 4711))
    )
    with opened(quiet, encoder_chunk="ChunkEncoderValue", part_chunk="ChunkCounterValue") as (source, sender):
        sender.frame(1, payload, 64, 96, payload_type=gvsp.IMAGE_WITH_CHUNKS)
        arrival = taken(source)
        assert (arrival.encoder, arrival.part) == (-7, "4711")
        assert arrival.pixels is not None, arrival.error
        assert np.array_equal(arrival.pixels.ravel(), image)
        sender.frame(2, image.tobytes(), 64, 96)
        arrival = taken(source)
        assert (arrival.encoder, arrival.part) == (None, "")


def test_a_chunk_that_the_camera_does_not_have_is_refused(quiet: FakeCamera) -> None:
    with (
        pytest.raises(UserError, match="has no ChunkLineCount, which encoder_chunk names"),
        opened(quiet, encoder_chunk="ChunkLineCount"),
    ):
        pass
