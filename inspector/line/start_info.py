"""What is published at the start of an epoch and of a run."""

from __future__ import annotations

import uuid
from datetime import datetime, timezone

import msgspec

from engines.bundle import Bundle
from inspector.capture.make import is_software, source_kind
from inspector.config.camera import CameraConfig
from inspector.config.sheets import SheetsConfig
from inspector.config.tree import LineConfig
from inspector.line.setup import Setup
from inspector.protocol.settings import SheetSettings, Thresholds
from inspector.results.identity import Identity, StartInfo
from inspector.verdicts.wording import rule_in_words


def new_epoch(config: LineConfig) -> Identity:
    """Identity of a new epoch of the line, with a new UUID."""
    software = any(is_software(camera.source) for camera in config.cameras)
    return Identity(
        line=config.line,
        cameras=tuple(camera.name for camera in config.cameras),
        epoch=str(uuid.uuid4()),
        sheets=config.sheets is not None,
        simulated=config.simulated or software,
    )


def captures_during_start(config: LineConfig) -> bool:
    """Whether cameras are read before the engines are ready. A recording would lose its first frames by it."""
    if config.capture_during_start is not None:
        return config.capture_during_start
    return not any(is_software(camera.source) for camera in config.cameras)


def first_run(config: LineConfig, epoch: str) -> str:
    """Name of the run that begins with the epoch; unique, also where the clock goes back or is the same at every start."""
    return config.run or f"{datetime.now(timezone.utc):%Y%m%dT%H%M%SZ}-{epoch[:6]}"


def sheets_info(config: LineConfig, sheets: SheetsConfig, info: StartInfo, setup: Setup) -> StartInfo:
    """What subscribers need to read the verdicts of sheets under ``setup``; ``info`` is that of one of their cameras."""
    cameras = sheets.cameras or tuple(camera.name for camera in config.cameras)
    fits, bundle = setup.judges.fits, setup.dispatcher.bundle
    return msgspec.structs.replace(
        info,
        thresholds_void=any(fits.thresholds_void(camera, bundle) for camera in cameras),
        calibration=None,
        scale_mm_per_px=None,
        placement=None,
        deadline_ms=sheets.deadline_ms,
        source="sheets",
        sheets=SheetSettings(by=sheets.by, length_mm=sheets.length_mm, cameras=cameras),
    )


def start_info(config: LineConfig, camera: CameraConfig, setup: Setup) -> StartInfo:
    """What subscribers need to read the results of a camera under ``setup``."""
    scale, fits = setup.judges.scales[camera.name], setup.judges.fits
    preparation = fits.of(camera.name)
    return StartInfo(
        bundle=setup.dispatcher.identity,
        size=preparation.judged,
        thresholds=_thresholds(setup.dispatcher.bundle),
        fitted=preparation.fit.fitted,
        thresholds_void=fits.thresholds_void(camera.name, setup.dispatcher.bundle),
        calibration=setup.calibrations.get(camera.name),
        recipe=setup.recipe,
        scale_mm_per_px=(scale.mm_per_px_x, scale.mm_per_px_y) if scale else None,
        placement=setup.judges.placement(camera.name),
        rules=tuple(rule_in_words(rule) for rule in setup.judges.rules.rules),
        deadline_ms=config.deadline_ms,
        source=source_kind(camera.source),
    )


def _thresholds(bundle: Bundle) -> Thresholds:
    point, names = bundle.operating_point, bundle.classes
    return Thresholds(
        gate=point.gate_threshold,
        mask=dict(zip(names, point.thresholds(names), strict=True)),
        minimum_area_px=dict(zip(names, point.minimum_areas(names), strict=True)),
    )
