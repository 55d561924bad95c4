"""The decoder that a recording's configuration asks for."""

from __future__ import annotations

from engines.images.decoder import Decoder
from inspector.config.replay import ReplayConfig


def recording_decoder(config: ReplayConfig, height: int | None, width: int | None) -> Decoder:
    """Decodes the files of a recording of ``height`` x ``width`` px, None: of any size: for the line, its report and the library alike."""
    return Decoder(height, width, config.white_level, config.raw)
