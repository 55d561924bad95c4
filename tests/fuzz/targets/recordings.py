"""Recordings: the manifest, the phases, and the index of a camera with its pixels."""

from __future__ import annotations

import zlib
from collections.abc import Iterator

import msgspec
import numpy as np

from engines.errors import FileError
from inspector.errors import UserError
from inspector.recording.manifest import Manifest, RecordedCamera, read_manifest
from inspector.recording.reader import DamagedPixelsError, RecordingReader
from inspector.recording.records import Frame, Lost, NotRecorded, Phase, Place, line_of
from tests.capture.replay_files import encoded
from tests.fuzz.mutation import json_changed
from tests.fuzz.target import MARK, Target, joined, parts_of, promised, require
from tests.fuzz.targets import scratch

_PIXELS = np.arange(24, dtype=np.uint8)


def index(data: bytes) -> None:
    """Phases, index and pixels of a recording; lines get the sum that they should have, unless they say otherwise."""
    phases, records, pixels = (*parts_of(data, 3), b"", b"")[:3]
    folder = scratch.put("recording/recording.json", msgspec.json.encode(_manifest())).parent
    scratch.put("recording/phases.jsonl", _summed(phases))
    scratch.put("recording/cameras/top/index.jsonl", _summed(records))
    for name in ("000.raw", "000.png"):
        scratch.put(f"recording/cameras/top/{name}", pixels)
    with promised(UserError, FileError):
        reader = RecordingReader(folder)
        found = reader.contents("top")
        require(
            found.frames + found.damaged <= data.count(b"\n") + len(data) // (1 << 16) + 2, "more records than lines"
        )
        reader.frame_sizes("top")
        following = 0
        for record in reader.records("top"):
            require(record.frame >= following, "frames out of order")
            following = record.frame + (1 if isinstance(record, Frame) else record.count)
            if isinstance(record, Frame):
                _pixels(reader, record)


def _pixels(reader: RecordingReader, record: Frame) -> None:
    place = record.place
    if place is not None and place.height * place.width > 1 << 20:
        return  # memory for the pixels is taken before they are read
    with promised(DamagedPixelsError):
        read = reader.pixels("top", record)
        if read is not None and place is not None:
            require(read.shape == (place.height, place.width), "pixels of another shape")
            require(zlib.crc32(read.data) == place.crc32, "pixels of another sum")


def _summed(text: bytes) -> bytes:
    """Lines of JSON with their sums before them; a line that begins with ! stays as it is behind that."""
    lines = text.split(b"\n")
    return b"\n".join(
        line[1:] if line[:1] == b"!" else b"%08x %s" % (zlib.crc32(line), line) if line else line for line in lines
    )


def index_seeds() -> Iterator[bytes]:
    """Frames with and without pixels, lost ones, ones that were not recorded."""
    place = Place(file="000.raw", height=2, width=3, crc32=zlib.crc32(_PIXELS[:6].data))
    records = [
        Frame(frame=0, captured_ns=1, phase=1, place=place), Lost(frame=1, count=2, position_um=5),
        Frame(frame=3, captured_ns=4, phase=1, error="cut short", name="a", camera_ns=7, camera_clock="ptp"),
        NotRecorded(frame=4, count=1),
        Frame(frame=5, captured_ns=9, phase=2, place=msgspec.structs.replace(place, offset=6, crc32=zlib.crc32(_PIXELS[6:12].data))),
    ]  # fmt: skip
    phases = [Phase(phase=1, run="r"), Phase(phase=2, run="", paused=True, recipe="thin")]
    yield joined(
        b"".join(line_of(one)[9:] for one in phases), b"".join(line_of(one)[9:] for one in records), _PIXELS.tobytes()
    )
    yield joined(b"", b"!0000 x\n", b"")
    grey = _PIXELS[:6].reshape(2, 3)
    frame = Frame(
        frame=0, captured_ns=1, phase=1, place=Place(file="000.png", height=2, width=3, crc32=zlib.crc32(grey.data))
    )
    yield joined(b"", line_of(frame)[9:], encoded(".png", grey))


def _manifest() -> Manifest:
    camera = RecordedCamera(name="top", source="simulator", height=2, width=3)
    return Manifest(
        line="l", epoch="e", software="s", pixels="raw", cameras=(camera,), begun_unix_ns=1, begun_monotonic_ns=1
    )


def manifest(data: bytes) -> None:
    """The manifest of a recording, and what is said of its cameras."""
    folder = scratch.put("manifest/recording.json", data).parent
    with promised(UserError):
        found = read_manifest(folder)
        require(
            msgspec.json.decode(msgspec.json.encode(found), type=Manifest) == found,
            "a manifest that comes back as another one",
        )
        for name in ("phases.jsonl", "cameras/top/index.jsonl"):
            scratch.put(f"manifest/{name}", b"")
        reader = RecordingReader(folder)
        for name in (None, *reader.cameras)[:2]:
            with promised(UserError, FileError):
                reader.camera(name)


def manifest_seeds() -> Iterator[bytes]:
    """A whole one."""
    yield msgspec.json.encode(_manifest())


_KEYS = tuple(
    dict.fromkeys(
        f'"{key}":'.encode() for kind in (Frame, Lost, Phase, Place) for key in (*kind.__struct_fields__, "kind")
    )
)
_MANIFEST_KEYS = tuple(f'"{key}":'.encode() for kind in (Manifest, RecordedCamera) for key in kind.__struct_fields__)
_JSON = (
    b"null",
    b"{}",
    b"[]",
    b"-1",
    b"1e99",
    b"9" * 25,
    b'"../../x"',
    b'"/etc/passwd"',
    b'"a.png"',
    rb'"\u0000"',
    rb'"\ud800"',
    rb'"\u001b[2J"',
    b"[" * 1500,
)

TARGETS = (
    Target(
        "recording_index",
        index,
        index_seeds,
        (*_KEYS, *_JSON, MARK, b"\n", b"!", b'"lost"', b'"not_recorded"'),
        json_changed,
        longest=1 << 12,
    ),
    Target("recording_manifest", manifest, manifest_seeds, (*_MANIFEST_KEYS, *_JSON), json_changed, longest=1 << 12),
)
