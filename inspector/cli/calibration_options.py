"""Options shared by the commands that calibrate a bundle or measure one by folds, and the request made from them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from inspector.cli.options import Limits, number_option, read_number

if TYPE_CHECKING:
    from calibration.thresholds.calibrate import CalibrationRequest
    from calibration.thresholds.miss_rate_target import Method

FoldsOption = Annotated[
    Path | None,
    typer.Option(
        help="For few frames, instead of --part: folder with the fold models (bundles fold-0, fold-1...), each trained without the fold of "
        "the split that has its name, on which it is run."
    ),
]
_SHARE = Limits(0, 1, above=True, below=True)
MissRateOption = Annotated[
    float, number_option("--miss-rate", _SHARE, help="Largest share of defective frames that the gate may lose.")
]
ConfidenceOption = Annotated[
    float, number_option("--confidence", _SHARE, help="Confidence of the miss rate's bound (method exact).")
]
MethodOption = Annotated[
    str, typer.Option(help="exact: Clopper-Pearson bound with confidence; conformal: holds on average only.")
]
MetricOption = Annotated[
    str, typer.Option(help="Figure that the mask thresholds maximize: balanced, kaggle, pixel or recall.")
]
AreasOption = Annotated[str | None, typer.Option(help="Minimum areas to try, px, e.g. 1,100,400.")]


def require_precision(precision: str) -> None:
    """Raise UserError for an arithmetic that no runtime has."""
    from inspector.errors import UserError

    if precision not in ("auto", "f32", "bf16"):
        raise UserError(f"--precision: {precision!r} is not known; use auto, f32 or bf16")


def calibration_request(
    miss_rate: float,
    confidence: float,
    method: str,
    metric: str,
    *,
    by_size: bool = False,
    size_cap_px: int = 1,
    false_defects: float = 0.1,
) -> CalibrationRequest:
    """The request for these options. Raises UserError for a value that is not possible."""
    from calibration.thresholds.calibrate import CalibrationRequest
    from calibration.thresholds.mask_thresholds import METRICS
    from calibration.thresholds.miss_rate_target import MissRateTarget
    from inspector.errors import UserError

    if metric not in METRICS:
        raise UserError(f"--metric: {metric!r} is not known; use one of {', '.join(METRICS)}")
    try:
        target = MissRateTarget(miss_rate, confidence, cast("Method", method), by_size, size_cap_px)
    except ValueError as error:
        raise UserError(f"--miss-rate, --confidence or --method: {error}") from None
    return CalibrationRequest(target, metric, false_defects)


def thresholds(text: str | None) -> list[float]:
    """The mask thresholds of --thresholds, in increasing order; empty where it was not given. Raises UserError."""
    return _numbers("--thresholds", text, _SHARE, "numbers between 0 and 1, as 0.3,0.5,0.7")


def areas_px(text: str | None) -> list[int]:
    """The areas of --areas, px, in increasing order; empty where it was not given. Raises UserError."""
    limits = Limits(0, 2**32, whole=True)
    return [int(one) for one in _numbers("--areas", text, limits, "whole numbers of pixels, as 1,100,400")]


def _numbers(option: str, text: str | None, limits: Limits, expected: str) -> list[float]:
    return sorted({read_number(option, part, limits, expected) for part in text.split(",")}) if text else []
