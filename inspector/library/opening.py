"""Makes an inspector from a bundle and, optionally, a line's configuration, whose rules it applies."""

from __future__ import annotations

import os
from pathlib import Path

import msgspec

from engines.bundle import Bundle, find_bundle, read_bundle
from engines.images.decoder import Decoder
from inspector.capture.frame_check import FrameCheck
from inspector.capture.preparation import Preparation, preparation_of
from inspector.capture.replay.decoding import recording_decoder
from inspector.config.choice import choose_camera
from inspector.config.frame_check import FrameCheckConfig
from inspector.config.inference import InferenceConfig
from inspector.config.load import load_config
from inspector.config.positions import PlacementConfig
from inspector.config.replay import ReplayConfig
from inspector.config.tree import LineConfig
from inspector.config.verdicts import Scale, VerdictsConfig
from inspector.errors import UserError
from inspector.frames.size import FrameSize
from inspector.inference.identity import identity_of
from inspector.library.inspector import Inspector
from inspector.verdicts.judge import Judge
from inspector.verdicts.places import Places
from inspector.verdicts.rule_check import check_rules, check_scale

INCLUDED = "demo"


def open_inspector(
    bundle: str | os.PathLike[str] | None,
    config: LineConfig | str | os.PathLike[str] | None,
    camera: str | None,
) -> Inspector:
    """See ``inspector.open``."""
    if config is None:
        if camera is not None:
            raise UserError(f"camera: {camera!r} is a camera of a configuration; give that too, config='line.yaml'")
        model = _read(bundle or INCLUDED)
        plain = Preparation(FrameSize(model.height, model.width))
        return _inspector(model, InferenceConfig(), VerdictsConfig(), FrameCheckConfig(), None, None, plain)
    home = None
    if not isinstance(config, LineConfig):
        home = Path(config).parent
        config = load_config(Path(config))
    chosen = choose_camera(config, camera, "camera", "camera={!r}")
    model = _read(config.bundle, home) if bundle is None else _read(bundle)
    if chosen.fit.mode != "refuse":
        raise UserError(
            f"cameras.{chosen.name}.fit: mode {chosen.fit.mode}: inspector.open takes frames of the bundle's size only; "
            "`inspector replay --config` fits others"
        )
    recording = chosen.source if isinstance(chosen.source, ReplayConfig) else None
    size = FrameSize(model.height, model.width)
    check_scale(chosen.name, chosen.scale, size)
    preparation = preparation_of(chosen, size)
    return _inspector(
        model,
        config.inference,
        config.verdicts,
        chosen.frame_check,
        chosen.scale,
        recording,
        preparation,
        chosen.placement,
    )


def _read(bundle: str | os.PathLike[str], relative_to: Path | None = None) -> Bundle:
    return read_bundle(find_bundle(os.fspath(bundle), relative_to))


def _inspector(
    bundle: Bundle,
    inference: InferenceConfig,
    verdicts: VerdictsConfig,
    frame_check: FrameCheckConfig,
    scale: Scale | None,
    recording: ReplayConfig | None,
    preparation: Preparation,
    placement: PlacementConfig | None = None,
) -> Inspector:
    check_rules(verdicts, bundle.classes, scale)
    minimum_areas = bundle.operating_point.minimum_areas(bundle.classes)
    size = FrameSize(bundle.height, bundle.width)
    places = Places(placement or PlacementConfig(), verdicts, size, scale, preparation.fit.fitted)
    judge = Judge(verdicts, identity_of(bundle), minimum_areas, scale, places=places)
    decoder = Decoder(bundle.height, bundle.width)
    if recording is not None:
        decoder = recording_decoder(recording, bundle.height, bundle.width)
    # There is no deadline here, so a slow CPU is better than an error.
    return Inspector(
        bundle, msgspec.structs.replace(inference, allow_cpu=True), FrameCheck(frame_check), judge, decoder, preparation
    )
