"""Reads and checks a configuration file; each error is one line with the key, what was found and what was expected."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec

from engines.errors import FileError
from engines.files.paths import resolve_paths
from engines.files.reading import read_regular_text
from engines.files.typed import typed
from engines.files.yaml_text import MOST_BYTES, parse_yaml
from inspector.config.addresses import ADD_KEYS, check_reach
from inspector.config.camera import CameraConfig
from inspector.config.genicam import GenicamConfig
from inspector.config.read_scale import read_calibrated_scale
from inspector.config.recipe import RecipeConfig, with_scale
from inspector.config.recording import RecordedSource
from inspector.config.recovery import ENDPOINT as RECOVERY_ENDPOINT
from inspector.config.recovery import recovery_address
from inspector.config.sheets import SheetsConfig
from inspector.config.simulator import SimulatorConfig
from inspector.config.tree import LineConfig
from inspector.config.verdicts import Scale
from inspector.errors import UserError

_ALL_KEYS = "`inspector config schema` lists all"


def load_config(path: Path, *, calibrated: bool = True) -> LineConfig:
    """The configuration in ``path``, checked against the tree; with the scales that it names as files, unless ``calibrated`` is False.

    Paths in it are relative to its folder (the bundle, which may be a name, is found by `engines.bundle.find_bundle`).
    Raises UserError naming the file, the key, what was found and what was expected.
    """
    try:
        text = read_regular_text(path, MOST_BYTES)
    except FileError as error:
        raise UserError(
            f"{error}; give an existing line configuration; `inspector config example` prints one"
        ) from None
    try:
        config = resolve_paths(parse_config(text, str(path)), path.parent, str(path))
    except FileError as error:
        raise UserError(str(error)) from None
    return with_scale_files(config) if calibrated else config


def with_scale_files(config: LineConfig) -> LineConfig:
    """The configuration with the scale of each camera that names a file of it. Raises UserError naming the key."""
    cameras = []
    for camera in config.cameras:
        with _named(f"cameras.{camera.name}.scale_file"):
            calibrated = msgspec.structs.replace(camera, scale=_read_scale(camera.scale_file, camera.scale))
        try:
            cameras.append(with_scale(camera, calibrated))
        except ValueError as error:
            raise UserError(str(error)) from None
    return msgspec.structs.replace(config, cameras=tuple(cameras))


def _read_scale(file: str | None, given: Scale | None) -> Scale | None:
    return given if file is None else read_calibrated_scale(file)


@contextmanager
def _named(key: str) -> Iterator[None]:
    """Errors of what is read begin with the key that names it."""
    try:
        yield
    except UserError as error:
        raise UserError(f"{key}: {error}") from None


def parse_config(text: str, origin: str) -> LineConfig:
    """The configuration in a YAML text; ``origin`` names it in errors. Raises UserError."""
    try:
        config = typed(parse_yaml(text, origin), LineConfig, origin, "configuration", keys_are_in=_ALL_KEYS)
    except FileError as error:
        raise UserError(str(error)) from None
    _check_whole(config, origin)
    return config


def _check_whole(config: LineConfig, origin: str) -> None:
    """Checks that concern more than one field. Raises UserError."""
    counts = Counter(camera.name for camera in config.cameras)
    twice = sorted(name for name, count in counts.items() if count > 1)
    if twice:
        raise UserError(f"{origin}: cameras: the name {twice[0]!r} is used twice; each camera needs its own")
    for camera in config.cameras:
        _check_travel(camera, f"{origin}: cameras.{camera.name}")
        _check_strip(camera, f"{origin}: cameras.{camera.name}")
    _check_packet_sockets(config.cameras, f"{origin}: cameras")
    for name, what in (("sheet", "whole sheets"), ("coil", "a coil")):
        if name in counts:
            raise UserError(
                f"{origin}: cameras: the name {name!r} is that of the stream of {what}; give the camera another one"
            )
    if config.sheets is not None:
        _check_sheets(config.sheets, config, f"{origin}: sheets")
    _check_sockets(config, origin)
    if config.archive.path is not None and not config.ring.observer_slots:
        raise UserError(
            f"{origin}: archive.path: the archive needs slots for observers, and ring.observer_slots is 0; set it to 2 or more"
        )
    if config.overload == "wait" and config.deadline_ms is not None:
        raise UserError(
            f"{origin}: overload: wait lets frames wait without limit, but deadline_ms is {config.deadline_ms:g}; "
            "set deadline_ms: null for an offline run, or another overload policy"
        )


def _check_sockets(config: LineConfig, origin: str) -> None:
    """No socket that strangers could reach is without keys, and none that takes commands over TCP."""
    keys = config.keys is not None
    remote = config.control.remote
    try:
        check_reach(config.results.endpoint, "results.endpoint", keys=keys)
        recovery = recovery_address(config.results.endpoint, config.results.recovery)
        if recovery is not None:
            check_reach(recovery, RECOVERY_ENDPOINT, keys=keys)
        if remote is not None:
            check_reach(remote, "control.remote", keys=True)
    except ValueError as error:
        raise UserError(f"{origin}: {error}") from None
    if remote is not None and not keys:
        raise UserError(
            f"{origin}: control.remote: {remote} takes commands from whoever can reach it, and the line has no keys; add `{ADD_KEYS}` "
            "(docs/keys.md), or leave control.remote out: control.endpoint is for programs on this machine"
        )


def _check_packet_sockets(cameras: tuple[CameraConfig, ...], where: str) -> None:
    sources = {one.name: one.source for one in cameras if isinstance(one.source, GenicamConfig)}
    asking = [name for name, source in sources.items() if source.packet_socket]
    if asking and len(sources) > 1:
        raise UserError(
            f"{where}.{asking[0]}.source: packet_socket is true, and the line has {len(sources)} cameras of kind genicam: while one is opened such a "
            "socket takes frames of the others; leave it out"
        )


def _check_travel(camera: CameraConfig, where: str) -> None:
    scan = camera.line_scan
    if scan is not None and camera.travel_um_per_frame is not None:
        raise UserError(f"{where}: line_scan and travel_um_per_frame both say how far the sheet moves; leave one out")
    if scan is not None and scan.overlap_lines >= scan.lines:
        raise UserError(
            f"{where}.line_scan: overlap_lines is {scan.overlap_lines}; expected less than lines, which is {scan.lines}"
        )


def _check_strip(camera: CameraConfig, where: str) -> None:
    """A simulated strip is drawn in mm, so the camera must say what a frame is of it."""
    if not isinstance(camera.source, SimulatorConfig) or camera.source.strip is None:
        return
    if not _has_scale(camera) or camera.um_per_frame is None:
        missing = "travel_um_per_frame or line_scan" if _has_scale(camera) else "scale"
        raise UserError(f"{where}: has a simulated strip, which is drawn in mm, and no {missing}; give it one")


def _check_sheets(sheets: SheetsConfig, config: LineConfig, where: str) -> None:
    known = {camera.name: camera for camera in config.cameras}
    chosen = sheets.cameras or tuple(known)
    if unknown := sorted(set(chosen) - set(known)):
        raise UserError(f"{where}.cameras: the line has no camera {unknown[0]!r}; its cameras: {', '.join(known)}")
    if len(set(chosen)) < len(chosen):
        raise UserError(f"{where}.cameras: a camera is named twice")
    if (sheets.length_mm is not None) != (sheets.by == "length"):
        found = (
            "no length_mm, and `by: length` needs it" if sheets.by == "length" else f"length_mm, and by: {sheets.by}"
        )
        raise UserError(f"{where}: found {found}; give length_mm with `by: length`, and only there")
    if sheets.by == "length" and (unplaced := [name for name in chosen if not _knows_positions(known[name])]):
        raise UserError(
            f"{where}: camera {unplaced[0]} has no positions, and sheets by length need them; give it travel_um_per_frame, line_scan or encoder"
        )
    # A recipe may give one.
    if (
        sheets.by == "length"
        and config.recipes is None
        and (bare := [name for name in chosen if not _has_scale(known[name])])
    ):
        raise UserError(
            f"{where}: camera {bare[0]} has no scale, and sheets by length need one; give it scale or scale_file"
        )
    if sheets.length_mm is not None and 2 * sheets.unseen_mm >= sheets.length_mm:
        raise UserError(
            f"{where}: unseen_mm is {sheets.unseen_mm:g}, and a sheet of {sheets.length_mm:g} mm could pass unseen; expected less than half of length_mm"
        )
    if sheets.frames_per_part is not None and sheets.by != "part":
        raise UserError(f"{where}: frames_per_part is for `by: part`; found by: {sheets.by}")
    if len(chosen) > 1 and (without := [name for name in chosen if known[name].placement is None]):
        raise UserError(
            f"{where}: camera {without[0]} has no placement; say where on the strip each of several cameras looks "
            "(cameras[].placement), or defects in their overlap would be counted wrongly"
        )


def _has_scale(camera: CameraConfig) -> bool:
    return camera.scale is not None or camera.scale_file is not None


def _knows_positions(camera: CameraConfig) -> bool:
    """A recording has those of the line that was recorded."""
    given = (camera.encoder, camera.line_scan, camera.travel_um_per_frame)
    return isinstance(camera.source, RecordedSource) or any(one is not None for one in given)


def load_recipe(folder: Path, name: str, *, calibrated: bool = True) -> RecipeConfig:
    """The recipe ``name`` in ``folder``, a file ``name.yaml``; paths in it are relative to the folder. Raises UserError."""
    path = folder / f"{name}.yaml"
    try:
        recipe = typed(parse_yaml(read_regular_text(path, MOST_BYTES), str(path)), RecipeConfig, str(path), "recipe")
        recipe = resolve_paths(recipe, folder, str(path))
    except FileError as error:
        raise UserError(str(error)) from None
    return with_recipe_scales(recipe, str(path)) if calibrated else recipe


def with_recipe_scales(recipe: RecipeConfig, origin: str) -> RecipeConfig:
    """The recipe with the scales that it names as files. Raises UserError naming the key."""
    cameras = []
    for camera in recipe.cameras:
        with _named(f"{origin}: cameras.{camera.name}.scale_file"):
            cameras.append(msgspec.structs.replace(camera, scale=_read_scale(camera.scale_file, camera.scale)))
    return msgspec.structs.replace(recipe, cameras=tuple(cameras))


def config_schema() -> dict[str, Any]:
    """JSON Schema (draft 2020-12) of the whole tree."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **msgspec.json.schema(LineConfig)}
