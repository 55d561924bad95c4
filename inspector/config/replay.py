"""The replay camera: which recorded frames, in what pixel format, how fast."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from engines.files.paths import FilePath, PathRule, path_key
from engines.images.raw_format import RawType
from inspector.config.section import Section

FilesPath = Annotated[str, path_key(PathRule(pattern=True))]
Pixels = Annotated[int, Meta(ge=1)]
WhiteLevel = Annotated[int, Meta(ge=1, le=65535)]
Hertz = Annotated[float, Meta(gt=0)]


class RawFormat(Section, frozen=True, kw_only=True):
    """Pixel format of raw files (``.raw``): rows from the top, one grey value per pixel."""

    dtype: Annotated[
        RawType, Meta(description="Type of a pixel: uint8, uint16 (little-endian) or uint16_be (big-endian).")
    ]
    height: Annotated[Pixels | None, Meta(description="Rows. Null: the height of the line's frames.")] = None
    width: Annotated[Pixels | None, Meta(description="Columns. Null: the width of the line's frames.")] = None
    skip_bytes: Annotated[int, Meta(description="Bytes of a header before the first pixel.", ge=0)] = 0


class ReplayConfig(Section, frozen=True, kw_only=True, tag_field="kind", tag="replay"):
    """A camera that delivers recorded frames: JPEG, PNG, WebP, BMP, TIFF, PGM/PPM or raw."""

    path: Annotated[
        FilesPath | tuple[FilePath, ...],
        Meta(
            description="A directory (its image files in natural order, frame2 before frame10), a glob (`**` for "
            "folders below; a folder is searched once, however many links lead to it), a list file (.txt, one name a "
            "line; .csv, with or without headings, of which one column names files; relative to the list or to images/, "
            "train_images/ or test_images/ beside it; each file once), one image file, or a YAML list of files. Names of "
            "other programs (a leading dot, @eaDir, __MACOSX) are left out, a link to nothing is an UNINSPECTED frame. "
            "Relative to this file."
        ),
    ]
    rate_hz: Annotated[
        Hertz | None,
        Meta(
            description="Frames per second; frames for which the line is too slow are lost and counted, as with a real "
            "camera. Null: as fast as the line takes them, without loss."
        ),
    ] = None
    loop: Annotated[bool, Meta(description="Start again after the last file; frame numbers continue.")] = False
    decode_threads: Annotated[int, Meta(description="Threads that read and decode frames in advance.", ge=1, le=64)] = 2
    backlog: Annotated[
        int,
        Meta(
            description="Frames the camera buffers while the line is busy; older ones are overwritten.", ge=0, le=4096
        ),
    ] = 8
    white_level: Annotated[
        WhiteLevel | None,
        Meta(
            description="The value that becomes 255 where pixels have more than 8 bits: 255 x value / white_level, rounded, at "
            "most 255. 4095 for 12-bit data in the low bits. Null: what the file states (maxval of a PGM, the depth of a packed "
            "TIFF), else 65535."
        ),
    ] = None
    raw: Annotated[RawFormat | None, Meta(description="Pixel format of .raw files; needed where there are any.")] = None
