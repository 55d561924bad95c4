"""Checks whether a line's rules can be applied to a bundle's classes and a camera's scale, and the scale to its frames."""

from __future__ import annotations

from collections.abc import Sequence

from inspector.config.calibrated_scale import CalibratedScale
from inspector.config.verdicts import NEEDS_SCALE, Scale, VerdictsConfig
from inspector.errors import UserError
from inspector.frames.size import FrameSize


def check_rules(config: VerdictsConfig, class_names: Sequence[str], scale: Scale | None) -> None:
    """Check that the bundle has every class the rules name, and that the camera has a scale where a rule needs one.

    Raises UserError naming the key.
    """
    for number, rule in enumerate(config.rules):
        key = f"verdicts.rules[{number}]"
        if rule.class_name is not None and rule.class_name not in class_names:
            raise UserError(f"{key}.class: {rule.class_name!r} is not a class of the bundle ({', '.join(class_names)})")
        for limit in NEEDS_SCALE:
            if getattr(rule, limit) is not None and scale is None:
                raise UserError(
                    f"{key}.{limit}: {getattr(rule, limit):g} needs the size of a pixel, but the camera has no scale; "
                    "set mm_per_px_x and mm_per_px_y in its scale, or give the limit in px"
                )


def check_scale(camera: str, scale: Scale | None, size: FrameSize) -> None:
    """Check that the scale of a camera, where it was measured, is for frames of that size. Raises UserError naming the key."""
    if isinstance(scale, CalibratedScale) and (problem := scale.size_problem(*size)):
        raise UserError(f"cameras.{camera}.scale_file: {problem}")
