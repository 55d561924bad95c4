"""The options of `inspector archive` that say which entries are wanted."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import TYPE_CHECKING, Annotated

import typer

from inspector.cli.options import Limits, number_option
from inspector.frames.outcome import Verdict

if TYPE_CHECKING:
    from inspector.archive.reader import Filter

_SCORE = Limits(0, 1)
_TIME = "e.g. 2026-11-30T06:00; local time without a zone."

AfterOption = Annotated[
    int | None,
    number_option("--after", Limits(1, 2**62, whole=True), help="Go on behind this entry, as the answer before said."),
]
RunOption = Annotated[str | None, typer.Option(help="Only this run.")]
LineOption = Annotated[str | None, typer.Option(help="Only this line.")]
CameraOption = Annotated[str | None, typer.Option(help="Only this camera.")]
ClassOption = Annotated[
    str | None, typer.Option("--class", help="Only frames with a defect, or a pixel, of this class.")
]
VerdictOption = Annotated[Verdict | None, typer.Option(case_sensitive=False, help="Only this verdict.")]
EvidenceOption = Annotated[
    str | None,
    typer.Option(metavar="CLASS", help="Only this class of evidence: scrap, reject, disagreement, uncertain or clean."),
]
SinceOption = Annotated[str | None, typer.Option(metavar="TIME", help=f"Only captured at this time or later, {_TIME}")]
UntilOption = Annotated[str | None, typer.Option(metavar="TIME", help=f"Only captured before this time, {_TIME}")]
LeastScoreOption = Annotated[
    float | None, number_option("--least-score", _SCORE, help="Only with at least this score of the gate.")
]
MostScoreOption = Annotated[
    float | None, number_option("--most-score", _SCORE, help="Only with at most this score of the gate.")
]
ProtectedOption = Annotated[
    bool | None, typer.Option("--protected/--not-protected", help="Only those that are protected, or are not.")
]
LostOption = Annotated[
    bool | None, typer.Option("--lost/--not-lost", help="Only those whose files are not there any more, or are.")
]
ReviewedOption = Annotated[
    bool | None, typer.Option("--reviewed/--not-reviewed", help="Only those that a person has reviewed, or has not.")
]


def wanted(
    *,
    run: str | None,
    line: str | None,
    camera: str | None,
    class_name: str | None,
    verdict: Verdict | None,
    evidence: str | None,
    since: str | None,
    until: str | None,
    least_score: float | None,
    most_score: float | None,
    protected: bool | None,
    lost: bool | None,
    reviewed: bool | None,
) -> Filter:
    """The conditions. Raises UserError."""
    from engines.files.text import brief
    from inspector.archive.entry import Evidence
    from inspector.archive.reader import Filter
    from inspector.errors import UserError

    known = [one.value for one in Evidence]
    if evidence is not None and evidence not in known:
        raise UserError(f"--evidence: found {brief(evidence, 40)!r}, expected one of {', '.join(known)}")
    return Filter(
        run=run,
        line=line,
        camera=camera,
        class_name=class_name,
        verdict=verdict,
        evidence=None if evidence is None else Evidence(evidence),
        since_unix_ns=_unix_ns("--since", since),
        until_unix_ns=_unix_ns("--until", until),
        least_score=least_score,
        most_score=most_score,
        protected=protected,
        lost=lost,
        reviewed=reviewed,
    )


def _unix_ns(option: str, text: str | None) -> int | None:
    from engines.files.text import brief
    from inspector.errors import UserError

    if text is None:
        return None
    try:
        return round(datetime.fromisoformat(text).astimezone(timezone.utc).timestamp() * 1e6) * 1000
    except (ValueError, OverflowError, OSError):
        raise UserError(f"{option} {brief(text)}: is no time; write it as 2026-11-30 or 2026-11-30T06:00") from None
