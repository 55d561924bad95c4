"""From the answers to the configuration of the line."""

from __future__ import annotations

from pathlib import Path

from inspector.cli.new_line.asking import Answers
from inspector.cli.new_line.server_keys import ServerKeys
from inspector.cli.new_line.service_paths import ServicePlaces
from inspector.config.camera import CameraConfig, SourceConfig
from inspector.config.genicam import GenicamConfig
from inspector.config.inference import InferenceConfig
from inspector.config.journal import JournalConfig
from inspector.config.keys import KeysConfig
from inspector.config.replay import ReplayConfig
from inspector.config.results import ResultsConfig
from inspector.config.simulator import SimulatorConfig
from inspector.config.tree import LineConfig
from inspector.errors import UserError

CAMERA = "top"
"""Name of the camera; a line has one here, and others are added to the file."""

_IMPLIED = {"frames": "replay", "device": "genicam"}
"""The kind of camera that an answer is for."""


def line_configuration(answers: Answers, file: Path, service: ServicePlaces | None = None) -> LineConfig:
    """The configuration for ``file``, which ``service`` reads where that is given; what is not asked has its default. Raises UserError for answers that exclude each other."""
    line: str = answers["line"]
    source = _source(answers)
    bundle: str = answers["bundle"]
    inference = InferenceConfig(allow_cpu=answers["engines"] == "cpu")
    camera = CameraConfig(name=CAMERA, source=source, scale=answers["scale"])
    deadline_ms: float = answers["deadline_ms"]
    endpoint, needs_keys = answers["results"]
    keys = ServerKeys.of(file)
    secret = keys.written(keys.secret) if service is None else service.credential(keys.secret)
    config = KeysConfig(secret_key=secret, clients=keys.written(keys.clients)) if needs_keys else None
    return LineConfig(
        line=line,
        bundle=bundle,
        cameras=(camera,),
        deadline_ms=deadline_ms,
        inference=inference,
        results=ResultsConfig(endpoint=endpoint),
        journal=_journal(answers),
        keys=config,
    )


def _source(answers: Answers) -> SourceConfig:
    kind = next((kind for name, kind in _IMPLIED.items() if answers.given(name)), None)
    if kind is None or answers.given("camera"):
        kind = answers["camera"]
    for name, takes in _IMPLIED.items():
        if answers.given(name) and kind != takes:
            raise UserError(
                f"--{name}: is for --camera {takes}, and this is {kind}; leave out --{name}, or give --camera {takes}"
            )
    if kind == "genicam":
        if answers.given("rate"):
            raise UserError("--rate: a camera has its own rate, set among its features; leave out --rate")
        camera: GenicamConfig = answers["device"]
        return camera
    if kind == "replay":
        return ReplayConfig(path=answers["frames"], rate_hz=answers["rate"])
    return SimulatorConfig(rate_hz=answers["rate"])


def _journal(answers: Answers) -> JournalConfig:
    path: str | None = answers["journal"]
    if path is not None:
        return JournalConfig(path=path, keep_days=answers["keep_days"])
    if answers.given("keep_days"):
        raise UserError("--keep-days: there is no journal to keep; leave out --keep-days, or name a file in --journal")
    return JournalConfig(path=None)
