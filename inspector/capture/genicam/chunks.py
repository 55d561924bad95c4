"""What a camera sends beside the pixels of a frame: the count of an encoder, the number of a trigger."""

from __future__ import annotations

from inspector.capture.genicam.device import Device
from inspector.capture.genicam.library import AravisError
from inspector.errors import UserError


class Chunks:
    """Reads the chunks of a frame that the configuration names."""

    def __init__(self, device: Device, encoder: str | None, part: str | None) -> None:
        """``encoder`` and ``part``: names of the chunks. Raises UserError where the camera does not have one."""
        self._library = device.library
        self._encoder, self._part = encoder, part
        for key, name in (("encoder_chunk", encoder), ("part_chunk", part)):
            if name is not None and not device.library.arv_device_get_feature(device.device, name.encode()):
                raise UserError(
                    f"the camera {device.name} has no {name}, which {key} names; set ChunkModeActive, ChunkSelector and ChunkEnable among its "
                    "features; `inspector camera features` lists its chunks"
                )
        wanted = encoder is not None or part is not None
        self._parser: int | None = device.library.arv_device_create_chunk_parser(device.device) if wanted else None

    def of(self, buffer: int) -> tuple[int | None, str]:
        """Count of the encoder and id of the part in a whole buffer; None and empty where they are not in it."""
        if self._parser is None or not self._library.arv_buffer_has_chunks(buffer):
            return None, ""
        part = self._read(buffer, self._part)
        return self._read(buffer, self._encoder), "" if part is None else str(part)

    def close(self) -> None:
        """May be called twice."""
        parser, self._parser = self._parser, None
        self._library.release(parser)

    def _read(self, buffer: int, name: str | None) -> int | None:
        if name is None:
            return None
        try:
            return int(self._library.arv_chunk_parser_get_integer_value(self._parser, buffer, name.encode()))
        except AravisError:
            return None
