"""Frames as a camera sends them, packet by packet: for formats, chunks and ids that Aravis' fake camera does not have."""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterable
from types import TracebackType
from typing import Any

_GVCP_PORT = 3956
_STREAM_PORT, _PACKET_SIZE = 0x0D00, 0x0D04
_LEADER, _TRAILER, _DATA = 1, 2, 3
IMAGE, IMAGE_WITH_CHUNKS = 0x0001, 0x4001
MONO8 = 0x01080001


class Sender:
    """Sends to the stream that somebody has opened from the camera at ``address``, in its place."""

    def __init__(self, address: str) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind((address, 0))
        self._socket.settimeout(5)
        self._to = ("127.0.0.1", self._register(address, _STREAM_PORT) & 0xFFFF)
        self._packet_size = self._register(address, _PACKET_SIZE) & 0xFFFF

    def __enter__(self) -> Sender:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._socket.close()

    def frame(
        self, frame_id: int, payload: bytes, height: int, width: int, pixel_format: int = MONO8, **leader: Any
    ) -> None:
        """Send a frame: leader, data, trailer; ``leader`` as of ``packets``."""
        self.send(self.packets(frame_id, payload, height, width, pixel_format, **leader))

    def send(self, packets: Iterable[bytes]) -> None:
        """Send packets as they are."""
        for packet in packets:
            self._socket.sendto(packet, self._to)

    def packets(
        self,
        frame_id: int,
        payload: bytes,
        height: int,
        width: int,
        pixel_format: int = MONO8,
        *,
        payload_type: int = IMAGE,
        padding: int = 0,
        wide: bool = False,
        stamp: int = 1000,
    ) -> list[bytes]:
        """Those of a frame: leader, data, trailer. ``wide``: with an id of 64 bits; ``stamp``: the camera's time."""
        leader = struct.pack("!HHQIIIIIHH", 0, payload_type, stamp, pixel_format, width, height, 0, 0, padding, 0)
        overhead = 20 + 8 + (20 if wide else 8)
        size = self._packet_size - overhead
        blocks = [payload[start : start + size] for start in range(0, len(payload), size)]
        trailer = struct.pack("!HHI", 0, payload_type, height)
        kinds = [_LEADER, *[_DATA] * len(blocks), _TRAILER]
        bodies = enumerate(zip(kinds, [leader, *blocks, trailer], strict=True))
        return [_header(frame_id, kind, number, wide) + body for number, (kind, body) in bodies]

    def _register(self, address: str, register: int) -> int:
        self._socket.sendto(struct.pack("!BBHHHI", 0x42, 0x01, 0x0080, 4, 1, register), (address, _GVCP_PORT))
        value: int = struct.unpack_from("!I", self._socket.recv(64), 8)[0]
        return value


def _header(frame_id: int, kind: int, number: int, wide: bool) -> bytes:
    if wide:
        return struct.pack("!HHIQI", 0, 0, (0x80 | kind) << 24, frame_id, number)
    return struct.pack("!HHI", 0, frame_id, kind << 24 | number)


def chunk(chunk_id: int, data: bytes) -> bytes:
    """A chunk as it lies in a payload: what it is stands behind it."""
    return data + struct.pack("!II", chunk_id, len(data))
