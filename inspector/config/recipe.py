"""A recipe: what the sheets of one product are inspected with. It replaces keys of the line's configuration while its runs are on."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from engines.files.names import Name
from engines.files.paths import FilePath
from inspector.config.calibrated_scale import CalibratedScale
from inspector.config.camera import CameraConfig
from inspector.config.section import Section
from inspector.config.serial import serial_of
from inspector.config.tree import BundlePath, LineConfig
from inspector.config.verdicts import MOST_RULES, Rule, Scale


class CameraRecipe(Section, frozen=True, kw_only=True):
    """What the product changes for one camera."""

    name: Annotated[Name, Meta(description="Name of the camera in the line's configuration.")]
    scale: Annotated[Scale | None, Meta(description="Millimetres per pixel. Null: that of `scale_file`.")] = None
    scale_file: Annotated[
        FilePath | None,
        Meta(
            description="Scale and distortion of the lens, as `inspector calibrate scale` writes them, relative to this file, in place of "
            "`scale`."
        ),
    ] = None

    def __post_init__(self) -> None:
        """Raises ValueError for no scale, or for two."""
        if self.scale_file is None and self.scale is None:
            raise ValueError("neither scale nor scale_file is given; give one of them")
        if self.scale_file is not None and self.scale is not None and not isinstance(self.scale, CalibratedScale):
            raise ValueError("scale and scale_file are both given; leave one of them out")


class RecipeConfig(Section, frozen=True, kw_only=True):
    """A file in the folder `recipes` of the line; its name without `.yaml` is the recipe's. What it does not give is the line's."""

    description: Annotated[str, Meta(description="For people.", max_length=1000)] = ""
    bundle: Annotated[
        BundlePath | None,
        Meta(description="Model bundle: a directory, relative to this file, or the name of an included one."),
    ] = None
    operating_point: Annotated[
        FilePath | None,
        Meta(
            description="Thresholds, as `inspector calibrate thresholds` writes them, relative to this file. Null: the bundle's own."
        ),
    ] = None
    rules: Annotated[
        Annotated[tuple[Rule, ...], Meta(min_length=1, max_length=MOST_RULES)] | None,
        Meta(description="As `verdicts.rules` of the line."),
    ] = None
    cameras: Annotated[tuple[CameraRecipe, ...], Meta(description="Cameras with a scale of their own.")] = ()


def with_recipe(config: LineConfig, recipe: RecipeConfig) -> LineConfig:
    """The line's configuration as it is with the recipe. Raises ValueError for a camera that the line does not have."""
    recipes = {camera.name: camera for camera in recipe.cameras}
    unknown = sorted(set(recipes) - {camera.name for camera in config.cameras})
    if unknown:
        raise ValueError(f"cameras: the line has no camera {unknown[0]!r}")
    replace = msgspec.structs.replace
    return replace(
        config,
        bundle=recipe.bundle or config.bundle,
        verdicts=replace(config.verdicts, rules=recipe.rules) if recipe.rules else config.verdicts,
        cameras=tuple(with_scale(one, recipes.get(one.name, one)) for one in config.cameras),
    )


def with_scale(camera: CameraConfig, other: CameraConfig | CameraRecipe) -> CameraConfig:
    """The camera with the scale of another one of that name, or of a recipe. Raises ValueError where it is that of another device."""
    if isinstance(other.scale, CalibratedScale) and (problem := other.scale.problem_of(serial_of(camera.source))):
        raise ValueError(f"cameras.{camera.name}.scale_file: {problem}")
    return msgspec.structs.replace(camera, scale=other.scale, scale_file=other.scale_file)
