"""Which camera of a configuration a caller means."""

from __future__ import annotations

from inspector.config.camera import CameraConfig
from inspector.config.tree import LineConfig
from inspector.errors import UserError


def choose_camera(config: LineConfig, name: str | None, option: str, example: str) -> CameraConfig:
    """The camera of that name, or the only one. ``option`` is what the caller calls the choice, ``example`` how to write it, up to the name.

    Raises UserError where there is none of that name, and where there are several and none is named."""
    names = [camera.name for camera in config.cameras]
    if name is None and len(names) > 1:
        raise UserError(
            f"{option}: the configuration has {len(names)} ({', '.join(names)}); name one, {example.format(names[0])}"
        )
    for camera in config.cameras:
        if name in (None, camera.name):
            return camera
    raise UserError(f"{option}: the configuration has none named {name!r}; expected one of {', '.join(names)}")
