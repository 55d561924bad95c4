"""``inspector simulate``: simulated sheets with their truth, as files, for training or inspection."""

from __future__ import annotations

import csv
import multiprocessing
import os
import signal
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import resource_tracker
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from engines.files.looking import entries, is_there
from engines.files.reading import first_line
from engines.files.text import brief
from engines.files.writing import output_folder, text_output, write_bytes, write_text
from inspector.cli.options import MOST_PROCESSES, Limits, limits_of, number_option, read_number
from inspector.cli.output import console, tell
from inspector.config.simulator import SEVERSTAL_CLASS_MIX, SimulatorConfig
from inspector.errors import UserError

JPEG_QUALITY = 92
"""Close to the real frames' own compression."""

TABLE = "frames.csv"
"""Read back by what opens a data set, so names stay as they are."""
COLUMNS = ("file", "mask", "classes", "look_alikes")
FOLDERS = ("images", "masks")

_SIDE_PX = Limits(32, 16384, whole=True)
_MOST_SHEETS = 10_000_000
_CHUNK = 16
"""Sheets that a worker renders at a time."""
_DEFAULT_MIX = ",".join(map(str, SEVERSTAL_CLASS_MIX))
_Row = tuple[str, str, str, str]
_Chunk = tuple[bytes, int, int, int, int, Path]
"""Configuration as JSON, height and width (px), first number, number after the last, folder."""


def simulate(
    out: Annotated[Path, typer.Argument(metavar="OUT", help="Directory to write to; created where missing.")],
    frames: Annotated[
        int, number_option("--frames", Limits(1, _MOST_SHEETS, whole=True), help="Number of sheets.")
    ] = 100,
    seed: Annotated[
        int,
        number_option("--seed", limits_of(SimulatorConfig, "seed"), help="Seed: the same seed gives the same sheets."),
    ] = 1,
    first: Annotated[
        int, number_option("--first", Limits(0, 1_000_000_000, whole=True), help="Number of the first sheet.")
    ] = 0,
    height: Annotated[int, number_option("--height", _SIDE_PX, help="Rows of a frame.")] = 256,
    width: Annotated[int, number_option("--width", _SIDE_PX, help="Columns of a frame.")] = 1600,
    defect_rate: Annotated[
        float,
        number_option(
            "--defect-rate", limits_of(SimulatorConfig, "defect_rate"), help="Share of sheets with a defect."
        ),
    ] = 0.5,
    class_mix: Annotated[
        str, typer.Option(help="Weights of pitting, inclusion, scratches and corrosion, separated by commas.")
    ] = _DEFAULT_MIX,
    look_alike_rate: Annotated[
        float,
        number_option(
            "--look-alike-rate",
            limits_of(SimulatorConfig, "look_alike_rate"),
            help="Share of sheets with a harmless mark that resembles a defect.",
        ),
    ] = 0.6,
    workers: Annotated[
        int | None,
        number_option(
            "--workers", Limits(1, MOST_PROCESSES, whole=True), help="Processes that render. Default: one per core."
        ),
    ] = None,
) -> None:
    """Render simulated steel sheets with exact truth.

    Writes OUT/images/NNNNNN.jpg (8-bit grey), OUT/masks/NNNNNN.png (bit k set where class k is: 1 pitting, 2 inclusion,
    4 scratches, 8 corrosion) and OUT/frames.csv (file, mask, classes, look_alikes; several joined by "|", main class first). Sheets that an
    earlier call wrote are replaced; a folder that holds other frames is refused.
    """
    from rich.progress import Progress

    config = SimulatorConfig(
        seed=seed, defect_rate=defect_rate, class_mix=_read_mix(class_mix), look_alike_rate=look_alike_rate
    )
    _begin_folder(out)
    encoded = msgspec.json.encode(config)
    chunks = [
        (encoded, height, width, start, min(start + _CHUNK, first + frames), out)
        for start in range(first, first + frames, _CHUNK)
    ]
    count = min(workers or os.cpu_count() or 1, len(chunks))
    context = multiprocessing.get_context("spawn")
    with text_output(out / TABLE) as table, ProcessPoolExecutor(count, mp_context=context) as pool:
        writer = csv.writer(table, lineterminator="\n")
        writer.writerow(COLUMNS)
        try:
            rendered = _started(pool, chunks)
            with Progress(console=console(stderr=True), transient=True) as progress:
                task = progress.add_task("Rendering sheets", total=frames)
                for rows in rendered:
                    writer.writerows(rows)
                    progress.advance(task, len(rows))
        except BaseException:  # Ctrl-C too: else the pool would first render all other sheets
            pool.shutdown(cancel_futures=True)
            raise
    tell(f"{frames} sheets in {out}", err=True)


def _begin_folder(out: Path) -> None:
    """Make the folders, and a table that still names no sheet. Raises UserError where there are frames that are not of an earlier call."""
    table = output_folder(out) / TABLE
    if is_there(table):
        if first_line(table) != ",".join(COLUMNS):
            raise UserError(f"{table}: was not written by inspector simulate; name another folder")
    elif found := next((one for folder in FOLDERS for one in entries(out / folder)), None):
        raise UserError(f"{found}: was not written by inspector simulate; name another folder")
    for folder in FOLDERS:
        output_folder(out / folder)
    write_text(table, ",".join(COLUMNS) + "\n")


def _started(pool: ProcessPoolExecutor, chunks: list[_Chunk]) -> Iterator[list[_Row]]:
    """The rows of each chunk, in order. The workers are started here with SIGINT blocked: Ctrl-C reaches every process of the terminal,
    and would make each worker print an error of its own. To be called while no other thread runs, which could take the signal."""
    resource_tracker.ensure_running()  # its start would unblock the signal
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        return pool.map(_render_chunk, chunks)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _read_mix(text: str) -> tuple[float, float, float, float]:
    expected = "four weights of 0 or more, not all 0, such as 1,1,1,1"
    mix = [read_number("--class-mix", part, Limits(0, 1e9), expected) for part in text.split(",")]
    if len(mix) != 4 or sum(mix) <= 0:
        raise UserError(f"--class-mix: found {brief(text, 40)!r}, expected {expected}")
    return (mix[0], mix[1], mix[2], mix[3])


def _render_chunk(work: _Chunk) -> list[_Row]:
    """Render and write some sheets; their rows of the table. Runs in a worker process."""
    import cv2

    from inspector.capture.simulator import CLASS_NAMES, SheetRenderer

    encoded, height, width, start, stop, out = work
    cv2.setNumThreads(1)  # the processes already share the cores
    renderer = SheetRenderer(msgspec.json.decode(encoded, type=SimulatorConfig), height, width)
    rows: list[_Row] = []
    for index in range(start, stop):
        sheet = renderer.render(index)
        image, mask = f"images/{index:06d}.jpg", f"masks/{index:06d}.png"
        _, jpeg = cv2.imencode(".jpg", sheet.frame, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
        write_bytes(out / image, jpeg.tobytes())
        _, png = cv2.imencode(".png", sheet.mask)
        write_bytes(out / mask, png.tobytes())
        rows.append((image, mask, "|".join(CLASS_NAMES[k] for k in sheet.classes), "|".join(sheet.look_alikes)))
    return rows
