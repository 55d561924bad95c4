"""Section ``archive``: which frames are kept as pictures, with what was found on them, and how much of the disk that may take."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from engines.files.paths import FilePath
from inspector.config.section import AtLeastOne, Section

ImageFormat = Literal["png", "webp", "jpeg"]
Extent = Literal["frame", "crop"]

Mib = Annotated[int, Meta(ge=1, le=2**31)]


class KeptConfig(Section, frozen=True, kw_only=True):
    """How the frames of one class of evidence are kept."""

    keep: Annotated[bool, Meta(description="Whether such frames are kept.")] = True
    image: Annotated[
        Extent,
        Meta(
            description="frame: all of it. crop: the smallest box around all of its defects, and the margin; all of it where there is none."
        ),
    ] = "frame"
    margin_px: Annotated[int, Meta(description="Pixels around the defects of a crop.", ge=0, le=4096)] = 32
    format: Annotated[
        ImageFormat,
        Meta(
            description="png and webp keep every pixel as it was judged; jpeg does not. At 256 x 1600 they take about 2.5, 90 and 0.6 ms of a "
            "core, and 215, 190 and 90 KiB."
        ),
    ] = "png"
    quality: Annotated[int, Meta(description="Of jpeg.", ge=1, le=100)] = 92
    quota_mib: Annotated[
        Mib,
        Meta(description="The class takes no more than this of the disk, MiB; the oldest and least worth go first."),
    ] = 8192


class UncertainConfig(KeptConfig, frozen=True, kw_only=True):
    """Frames near a threshold."""

    near: Annotated[
        float,
        Meta(
            description="A frame is uncertain where it was passed and the gate's score is no further than this from its threshold, or the "
            "highest probability of a class from the threshold of its masks.",
            gt=0,
            le=0.5,
        ),
    ] = 0.05


class CleanConfig(KeptConfig, frozen=True, kw_only=True):
    """Some of all other frames that were passed."""

    share: Annotated[
        float,
        Meta(description="Share of the passed frames, chosen by their number. 0: none.", ge=0, le=1),
    ] = 0.001


class ArchiveConfig(Section, frozen=True, kw_only=True):
    """The archive of defects: pictures with verdict, mask and scores, see `docs/archive.md`. A process of its own writes it; frames that it cannot
    take are left out and counted."""

    path: Annotated[
        FilePath | None,
        Meta(description="Folder of the archive, relative to this file; made where it is missing. Null: no archive."),
    ] = None
    scrap: KeptConfig = KeptConfig()
    reject: KeptConfig = KeptConfig()
    disagreement: Annotated[
        KeptConfig, Meta(description="Frames on which a shadow bundle says otherwise than the active one.")
    ] = KeptConfig()
    uncertain: UncertainConfig = UncertainConfig()
    clean: CleanConfig = CleanConfig()
    thumbnail_px: Annotated[
        int, Meta(description="Longer side of the small picture of each frame.", ge=16, le=1024)
    ] = 400
    leases: Annotated[
        Annotated[int, Meta(ge=1, le=65_536)] | None,
        Meta(
            description="Most slots of `ring.observer_slots` that it holds at a time, until their pixels are copied. Null: half of them."
        ),
    ] = None
    memory_mib: Annotated[
        int, Meta(description="Memory for frames that wait to be encoded and written, MiB.", ge=1, le=65_536)
    ] = 64
    quota_mib: Annotated[Mib, Meta(description="All classes together take no more than this of the disk, MiB.")] = 32768
    free_mib: Annotated[
        AtLeastOne,
        Meta(description="The oldest and least worth go before less than this is free on the disk, MiB.", le=2**31),
    ] = 1024
    warn_days: Annotated[
        float,
        Meta(
            description="The health says (maintenance required) when a quota will be filled within so many days at the present rate. 0: never.",
            ge=0,
            le=365,
        ),
    ] = 7.0

    def kept(self, evidence: str) -> KeptConfig:
        """How frames of that class of evidence are kept (``inspector.archive.entry.Evidence``)."""
        section: KeptConfig = getattr(self, evidence)
        return section

    def most_leases(self, observer_slots: int) -> int:
        """How many slots it holds at most, of so many; 0 where observers have none."""
        return min(observer_slots, self.leases or max(1, observer_slots // 2))
