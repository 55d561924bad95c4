"""Options shared by the commands that calibrate a bundle or measure one by folds, and the request made from them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

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
MissRateOption = Annotated[float, typer.Option(help="Largest share of defective frames that the gate may lose.")]
ConfidenceOption = Annotated[float, typer.Option(help="Confidence of the miss rate's bound (method exact).")]
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


def numbers(option: str, text: str | None) -> list[float]:
    """The numbers of an option, in increasing order. Raises UserError."""
    from inspector.errors import UserError

    try:
        return sorted({float(part) for part in text.split(",")}) if text else []
    except ValueError:
        raise UserError(f"{option}: {text!r} is not a list of numbers; write them as 0.3,0.5,0.7") from None
