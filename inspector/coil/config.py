"""What is known of a line's coils, and how they are judged: sections of `coil.yaml`. ``docs/coil.md`` describes it."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from engines.files.names import Name
from engines.files.paths import FilePath
from inspector.coil.grading_config import GradingConfig
from inspector.coil.joining import JoiningConfig
from inspector.config.keys import KeysConfig
from inspector.config.results import Endpoint
from inspector.config.section import AtLeastOne, Section


class RollConfig(Section, frozen=True, kw_only=True):
    """A roll that touches the strip. A mark on it is pressed into the strip once a turn."""

    name: Annotated[Name, Meta(description="The roll's name, e.g. `F5 work roll top`.")]
    circumference_mm: Annotated[
        Annotated[float, Meta(ge=50, le=50_000)],
        Meta(description="Circumference, mm: pi times the diameter after the last grinding."),
    ]
    elongation: Annotated[
        Annotated[float, Meta(ge=0.1, le=100)],
        Meta(
            description="By how much the strip is longer at the camera than where it leaves the roll: the strip's speed at the camera divided by "
            "its speed after the roll. 1: nothing rolls it thinner in between."
        ),
    ] = 1.0
    marks: Annotated[
        Annotated[AtLeastOne, Meta(le=16)],
        Meta(
            description="Up to so many marks, evenly spaced on the circumference, are thought of: with 2, half of the period fits the roll too."
        ),
    ] = 1
    tolerance_percent: Annotated[
        Annotated[float, Meta(gt=0, le=10)],
        Meta(description="A period fits the roll when it differs from what is expected by at most so much, %."),
    ] = 1.0


class RollMarksConfig(Section, frozen=True, kw_only=True):
    """How defects that repeat along the strip are searched."""

    classes: Annotated[
        tuple[Annotated[str, Meta(min_length=1, max_length=200)], ...],
        Meta(max_length=64, description="Classes of defects that are searched; empty: all of them."),
    ] = ()
    false_alarms_per_coil: Annotated[
        Annotated[float, Meta(ge=1e-9, le=0.5)],
        Meta(
            description="How often a coil without a roll mark may be said to have one, at most: 0.01 is one coil of a hundred."
        ),
    ] = 0.01
    period_from_mm: Annotated[
        Annotated[float, Meta(ge=50, le=100_000)], Meta(description="The shortest period that is searched, mm.")
    ] = 200.0
    period_to_mm: Annotated[
        Annotated[float, Meta(ge=50, le=100_000)], Meta(description="The longest period that is searched, mm.")
    ] = 25_000.0
    band_mm: Annotated[
        Annotated[float, Meta(ge=2, le=1000)],
        Meta(
            description="The marks of a roll lie in a band along the strip that is so wide, mm. Half of it may be scatter: bands overlap by half."
        ),
    ] = 30.0
    position_mm: Annotated[
        Annotated[float, Meta(ge=0.5, le=100)],
        Meta(
            description="Standard deviation of a mark's place along the strip, mm: how well a mask gives its centre, and positions are counted. "
            "Periods below 30 times as much are not found."
        ),
    ] = 5.0
    drift_percent: Annotated[
        Annotated[float, Meta(ge=0, le=5)],
        Meta(
            description="By how much the period changes over 100 m of strip, %: elongation and the slip of the encoder."
        ),
    ] = 0.05
    together_mm: Annotated[
        Annotated[float, Meta(ge=0, le=1000)],
        Meta(
            description="Defects that follow each other by at most so much along the strip are one, mm. A row of them that is longer than three "
            "times as much is no mark of a roll and left out."
        ),
    ] = 30.0
    least_marks: Annotated[
        Annotated[int, Meta(ge=3, le=1000)], Meta(description="At least so many marks have to be found.")
    ] = 5
    missed_in_row: Annotated[
        Annotated[int, Meta(ge=1, le=200)],
        Meta(description="Followed no further after so many turns in a row in which nothing was found."),
    ] = 20


class CoilReportConfig(Section, frozen=True, kw_only=True):
    """The report that is written when a run ends."""

    folder: Annotated[
        FilePath, Meta(description="Folder for the reports; each is a folder in it, named after its run.")
    ]
    archive: Annotated[
        FilePath | None, Meta(description="The line's defect archive, for pictures of the largest defects. Null: none.")
    ] = None
    fonts: Annotated[
        tuple[FilePath, ...],
        Meta(
            max_length=16,
            description="TrueType fonts (`*.ttf`) of the PDF that are asked for each character before those of the machine.",
        ),
    ] = ()


class FollowConfig(Section, frozen=True, kw_only=True):
    """How `inspector coil follow` reads the line, and where it publishes."""

    endpoint: Annotated[
        Endpoint, Meta(description="Address of the line's publisher: tcp://HOST:PORT or ipc://PATH.")
    ] = "tcp://127.0.0.1:5550"
    server_key: Annotated[
        FilePath | None, Meta(description="The line's public key file (`*.key`); null: no CURVE.")
    ] = None
    client_key: Annotated[
        FilePath | None, Meta(description="The follower's own secret key file (`*.key_secret`, 0600).")
    ] = None
    publish: Annotated[
        Endpoint,
        Meta(
            description="Address to publish on: tcp://ADDRESS:PORT (port *: a free one) or ipc://PATH. Any other than loopback or ipc needs `keys`."
        ),
    ] = "tcp://127.0.0.1:5555"
    keys: KeysConfig | None = None
    every_s: Annotated[
        Annotated[float, Meta(ge=0.1, le=3600)],
        Meta(description="Time between two messages that say how far the coil is, s."),
    ] = 2.0
    settle_s: Annotated[
        Annotated[float, Meta(ge=0, le=3600)],
        Meta(
            description="A run that has ended is over when nothing came of it for so long, s: a line that is started again may go on with it."
        ),
    ] = 5.0


class CoilConfig(Section, frozen=True, kw_only=True):
    """The coils of a line: `coil.yaml`."""

    width_mm: Annotated[
        Annotated[float, Meta(gt=0, le=1e6)] | None,
        Meta(description="Width of the strip, mm. Null: not known, and with it the distance to the far edge."),
    ] = None
    joining: JoiningConfig = JoiningConfig()
    rolls: Annotated[
        tuple[RollConfig, ...],
        Meta(
            max_length=200, description="Rolls that may mark the strip. Periods that fit one of them are told sooner."
        ),
    ] = ()
    roll_marks: Annotated[
        RollMarksConfig | None, Meta(description="How roll marks are searched. Null: they are not.")
    ] = RollMarksConfig()
    grading: Annotated[GradingConfig | None, Meta(description="The plant's grades. Null: no grade.")] = None
    follow: FollowConfig = FollowConfig()
    report: Annotated[
        CoilReportConfig | None, Meta(description="Written when a run ends. Null: `inspector coil report` only.")
    ] = None
