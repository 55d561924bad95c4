"""The root of the configuration: one line with its cameras."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from engines.files.names import Name
from engines.files.paths import FilePath, PathRule, path_key
from inspector.config.archive import ArchiveConfig
from inspector.config.camera import CameraConfig
from inspector.config.control import ControlConfig
from inspector.config.drift import DriftConfig
from inspector.config.inference import InferenceConfig
from inspector.config.journal import JournalConfig
from inspector.config.keys import KeysConfig
from inspector.config.metrics import MetricsConfig
from inspector.config.recording import RecordingConfig
from inspector.config.results import ResultsConfig
from inspector.config.ring import RingConfig
from inspector.config.section import Section
from inspector.config.sheets import SheetsConfig
from inspector.config.verdicts import VerdictsConfig

BundlePath = Annotated[str, path_key(PathRule(or_name=True))]
OverloadPolicy = Literal["drop_oldest", "drop_newest", "wait"]


class LineConfig(Section, frozen=True, kw_only=True):
    """One line: its cameras share the ring, the engines, the journal and the sockets."""

    line: Annotated[Name, Meta(description="Name of the line; part of every topic. One daemon on a machine has it.")]
    run: Annotated[
        Name | None,
        Meta(description="Name of the run (coil, batch). Null: the start time in UTC and the beginning of the epoch."),
    ] = None
    bundle: Annotated[
        BundlePath,
        Meta(description="Model bundle: a directory, relative to this file, or the name of an included one."),
    ] = "demo"
    bundle_signers: Annotated[
        FilePath | None,
        Meta(
            description="File with those who may release bundles (allowed signers of ssh-keygen), relative to this file: a bundle that none of "
            "them has signed (`inspector bundle sign`) is refused. Null: bundles need no signature."
        ),
    ] = None
    recipes: Annotated[
        FilePath | None,
        Meta(
            description="Folder with the recipes that a run may begin with, a YAML file each, relative to this file. Null: there are none."
        ),
    ] = None
    cameras: Annotated[tuple[CameraConfig, ...], Meta(description="One or more cameras.", min_length=1, max_length=256)]
    simulated: Annotated[
        bool,
        Meta(
            description="Mark every message as simulated, so that no controller acts on it. Always true for replay and simulator."
        ),
    ] = False
    deadline_ms: Annotated[
        Annotated[float, Meta(gt=0, le=3_600_000)] | None,
        Meta(
            description="Longest time from capture to verdict; then the frame is UNINSPECTED. Null: no deadline (offline only)."
        ),
    ] = 100.0
    overload: Annotated[
        OverloadPolicy,
        Meta(
            description="When the ring is full: drop the oldest waiting frame, the newest, or make the camera wait (offline only)."
        ),
    ] = "drop_oldest"
    capture_during_start: Annotated[
        bool | None,
        Meta(
            description="Whether cameras are read while the engines load; these frames are UNINSPECTED (engine_starting). False: the line "
            "begins with the first frame that can be inspected. Null: true, but false where a camera is a replay or a simulator."
        ),
    ] = None
    drain_timeout_s: Annotated[
        float,
        Meta(
            description="When stopping: longest time to wait for open frames before they become UNINSPECTED.",
            ge=0,
            le=1,
        ),
    ] = 0.5
    ring: RingConfig = RingConfig()
    inference: InferenceConfig = InferenceConfig()
    verdicts: VerdictsConfig = VerdictsConfig()
    results: ResultsConfig = ResultsConfig()
    journal: JournalConfig = JournalConfig()
    metrics: MetricsConfig = MetricsConfig()
    control: ControlConfig = ControlConfig()
    keys: Annotated[
        KeysConfig | None,
        Meta(
            description="Keys for every TCP socket of the line. Null: none, and then TCP on loopback only, and no `control.remote`."
        ),
    ] = None
    drift: DriftConfig = DriftConfig()
    recording: RecordingConfig = RecordingConfig()
    archive: ArchiveConfig = ArchiveConfig()
    sheets: Annotated[
        SheetsConfig | None, Meta(description="Verdicts of whole sheets, beside those of frames. Null: none.")
    ] = None
