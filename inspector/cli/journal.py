"""``inspector journal``: show or export the content of the journal."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TextIO

import typer

from inspector.cli.options import Limits, number_option
from inspector.cli.output import console, escaped, tell
from inspector.frames.outcome import Verdict

if TYPE_CHECKING:
    from inspector.protocol.codec import Packet
    from inspector.results.stored_row import Row

app = typer.Typer(no_args_is_help=True, help="Show or export the content of the journal, also while the daemon runs.")

JournalArgument = Annotated[Path, typer.Argument(metavar="FILE", help="File of the journal, as in journal.path.")]
CameraOption = Annotated[str | None, typer.Option(help="Only this camera.")]
LineOption = Annotated[str | None, typer.Option(help="Only this line.")]

COLUMNS = (
    "line", "camera", "epoch", "run", "simulated", "seq", "type", "frame", "frames", "captured", "published",
    "position_um", "verdict", "reason", "gate_score", "latency_us", "defects", "classes", "defect_px", "name", "detail",
)  # fmt: skip


class Form(str, Enum):
    """How rows are written."""

    CSV = "csv"
    JSONL = "jsonl"


@app.command()
def tail(
    journal: JournalArgument = Path("journal.sqlite"),
    count: Annotated[
        int, number_option("--count", Limits(1, 1_000_000_000, whole=True), "-n", help="How many rows.")
    ] = 20,
    line: LineOption = None,
    camera: CameraOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object per row.")] = False,
) -> None:
    """Show the last publications."""
    from inspector.cli.result_lines import line_of
    from inspector.results.journal_reader import JournalReader

    printer = console()
    with JournalReader(journal) as reader, _hinting("`inspector journal export` writes the rows before the damage"):
        for row in reader.tail(count, line=line, camera=camera):
            packet = _packet(row)
            if as_json:
                tell(_json_line(row))
            else:
                printer.print(line_of(packet), soft_wrap=True)


@app.command()
def export(
    journal: JournalArgument = Path("journal.sqlite"),
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="File to write. Default: standard output.")
    ] = None,
    form: Annotated[
        Form, typer.Option("--format", "-f", help="csv: one row per verdict. jsonl: header and body of every message.")
    ] = Form.CSV,
    run: Annotated[str | None, typer.Option(help="Only this run.")] = None,
    epoch: Annotated[str | None, typer.Option(help="Only this epoch (one start of the daemon), or `last`.")] = None,
    line: LineOption = None,
    camera: CameraOption = None,
    verdict: Annotated[Verdict | None, typer.Option(case_sensitive=False, help="Only this verdict.")] = None,
) -> None:
    """Write verdicts as CSV, or all messages as JSON lines.

    The CSV is for a spreadsheet: a text that would be a formula there (it begins with = + - @) has a ' before it, and control characters are
    replaced. The JSON lines hold every name as it is.
    """
    import csv

    from inspector.errors import UserError
    from inspector.results.journal_reader import JournalReader

    with JournalReader(journal) as reader, _opened(output, journal) as file:
        if epoch == "last":
            epoch = (reader.epochs() or [""])[-1]
        rows = reader.walk(
            epoch=epoch, run=run, line=line, camera=camera, verdict=verdict, verdicts_only=form is Form.CSV
        )
        lines = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        if form is Form.CSV:
            lines.writeheader()
        written, failure = 0, ""
        try:
            for row in rows:
                packet = _packet(row)
                if form is Form.CSV:
                    lines.writerow(_csv_row(packet))
                else:
                    file.write(_json_line(row) + "\n")
                written += 1
        except UserError as error:
            failure = str(error)  # raised when the file is closed: what was written is kept
    if failure:
        raise UserError(f"{failure}; {written} rows were written")


@contextmanager
def _hinting(hint: str) -> Iterator[None]:
    """Add a hint to the error of a journal that cannot be read."""
    from inspector.errors import UserError
    from inspector.results.journal_reader import UnreadableError

    try:
        yield
    except UnreadableError as error:
        raise UserError(f"{error}; {hint}") from None


@contextmanager
def _opened(output: Path | None, journal: Path) -> Iterator[TextIO]:
    from engines.files.writing import text_output

    if output is None:
        yield sys.stdout
        return
    inputs = {
        "the journal that is read": journal,
        **{
            f"part of the journal that is read ({end})": journal.with_name(journal.name + end)
            for end in ("-wal", "-shm")
        },
    }
    with text_output(output, inputs, "--output") as file:
        yield file


def _packet(row: Row) -> Packet:
    from inspector.errors import UserError
    from inspector.protocol.codec import MalformedError

    try:
        return row.packet()
    except MalformedError as error:
        raise UserError(f"journal: row {row.id} has been altered: {error}") from None


def _json_line(row: Row) -> str:
    """Header and body as they were sent, what could steer a terminal written as escapes; the mask in base64."""
    import base64

    header, body = (escaped(part.decode("utf-8", "replace")) for part in (row.header, row.body))
    blob = f'"{base64.b64encode(row.blob).decode()}"' if row.blob else "null"
    return f'{{"header":{header},"body":{body},"blob":{blob}}}'


def _csv_row(packet: Packet) -> dict[str, object]:
    from engines.files.text import spreadsheet_cell
    from inspector.cli.result_lines import iso_time
    from inspector.protocol.messages import GapBody, ResultBody

    header, body = packet.header, packet.body
    fields: dict[str, object] = {
        "line": header.line,
        "camera": header.camera,
        "epoch": header.epoch,
        "run": header.run,
        "simulated": int(header.simulated),
        "seq": header.seq,
        "type": header.type.value,
        "frame": header.frame,
        "captured": "" if header.captured_unix_ns is None else iso_time(header.captured_unix_ns),
        "published": iso_time(header.published_unix_ns),
        "position_um": header.position_um,
    }
    if isinstance(body, GapBody):
        fields |= {"frames": body.last - body.first + 1, "verdict": body.verdict.value, "reason": body.reason.value}
        fields["detail"] = body.detail
    elif isinstance(body, ResultBody):
        fields |= {
            "frames": 1,
            "verdict": body.verdict.value,
            "reason": body.reason.value,
            "gate_score": body.gate_score,
            "latency_us": body.latency_us,
            "defects": len(body.defects),
            "classes": " ".join(sorted({defect.class_name for defect in body.defects})),
            "defect_px": sum(defect.area_px for defect in body.defects),
            "name": body.name,
            "detail": body.detail,
        }
    return {name: spreadsheet_cell(value) if isinstance(value, str) else value for name, value in fields.items()}
