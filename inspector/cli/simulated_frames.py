"""Renders simulated frames in processes of their own and writes them with their truth."""

from __future__ import annotations

import csv
import multiprocessing
import os
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import resource_tracker
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from engines.files.looking import entries, is_there
from engines.files.reading import first_line
from engines.files.writing import output_folder, text_output, write_bytes, write_text
from inspector.cli.output import console
from inspector.config.simulator import SimulatorConfig
from inspector.errors import UserError

if TYPE_CHECKING:
    from inspector.capture.simulator import Sheet, StripTruth, StripView

JPEG_QUALITY = 92
"""Close to the real frames' own compression."""

TABLE = "frames.csv"
"""Read back by what opens a data set, so names stay as they are."""
COLUMNS = ("file", "mask", "classes", "look_alikes")
FOLDERS = ("images", "masks")
STRIP = "strip.json"

_CHUNK = 16
"""Frames that a worker renders at a time."""
_Row = tuple[str, str, str, str]


@dataclass(frozen=True)
class Job:
    """What is to be rendered."""

    source: SimulatorConfig
    height: int
    width: int
    """Of a frame, px."""
    of_camera: bool
    """Whether frames are those of the camera: sheets of its pool with what is on the strip, as a worn station sees them. Else each is a new sheet."""
    view: StripView | None = None
    """Of the camera, where it has a strip."""


_Work = tuple[Job, tuple[int, ...], Path]


def write_frames(out: Path, job: Job, numbers: range, workers: int | None) -> None:
    """Write frames and their truth to ``out``; ``workers`` processes render, None: one for each core."""
    from rich.progress import Progress

    _begin_folder(out)
    work = [(job, tuple(numbers[at : at + _CHUNK]), out) for at in range(0, len(numbers), _CHUNK)]
    count = max(1, min(workers or os.cpu_count() or 1, len(work)))
    context = multiprocessing.get_context("spawn")
    with text_output(out / TABLE) as table, ProcessPoolExecutor(count, mp_context=context) as pool:
        writer = csv.writer(table, lineterminator="\n")
        writer.writerow(COLUMNS)
        try:
            rendered = _started(pool, work)
            with Progress(console=console(stderr=True), transient=True) as progress:
                task = progress.add_task("Rendering sheets", total=len(numbers))
                for rows in rendered:
                    writer.writerows(rows)
                    progress.advance(task, len(rows))
        except BaseException:  # Ctrl-C too: else the pool would first render all other sheets
            pool.shutdown(cancel_futures=True)
            raise


def write_strip(out: Path, truth: StripTruth) -> None:
    """Write what lies on the strip beside the frames."""
    write_bytes(out / STRIP, msgspec.json.format(msgspec.json.encode(truth), indent=1) + b"\n")


def _begin_folder(out: Path) -> None:
    """Make the folders, and a table that still names no sheet. Raises UserError where there are frames that are not of an earlier call."""
    table = output_folder(out) / TABLE
    if is_there(table):
        if first_line(table) != ",".join(COLUMNS):
            raise UserError(f"{table}: was not written by inspector simulate; name another folder")
        (out / STRIP).unlink(missing_ok=True)  # of frames that are replaced
    elif found := next((one for folder in FOLDERS for one in entries(out / folder)), None):
        raise UserError(f"{found}: was not written by inspector simulate; name another folder")
    elif is_there(out / STRIP):
        raise UserError(f"{out / STRIP}: was not written by inspector simulate; name another folder")
    for folder in FOLDERS:
        output_folder(out / folder)
    write_text(table, ",".join(COLUMNS) + "\n")


def _started(pool: ProcessPoolExecutor, work: list[_Work]) -> Iterator[list[_Row]]:
    """The rows of each chunk, in order. The workers are started here with SIGINT blocked: Ctrl-C reaches every process of the terminal,
    and would make each worker print an error of its own. To be called while no other thread runs, which could take the signal."""
    resource_tracker.ensure_running()  # its start would unblock the signal
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        return pool.map(_render_chunk, work)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _sheets(job: Job) -> Callable[[int], Sheet]:
    """What renders a frame by its number."""
    from inspector.capture.simulator import Sheet, SheetRenderer, SimulatorTruth
    from inspector.capture.simulator.wear import Wear

    if not job.of_camera:
        return SheetRenderer(job.source, job.height, job.width).render
    truth, wear = (
        SimulatorTruth(job.source, job.height, job.width, view=job.view),
        Wear(job.source, job.height, job.width),
    )

    def delivered(number: int) -> Sheet:
        sheet = truth.sheet(number)
        return Sheet(wear(number, sheet.frame), sheet.mask, sheet.classes, sheet.look_alikes)

    return delivered


def _render_chunk(work: _Work) -> list[_Row]:
    """Render and write some sheets; their rows of the table. Runs in a worker process."""
    import cv2

    from inspector.capture.simulator import CLASS_NAMES

    job, numbers, out = work
    cv2.setNumThreads(1)  # the processes already share the cores
    render = _sheets(job)
    rows: list[_Row] = []
    for index in numbers:
        sheet = render(index)
        image, mask = f"images/{index:06d}.jpg", f"masks/{index:06d}.png"
        _, jpeg = cv2.imencode(".jpg", sheet.frame, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
        write_bytes(out / image, jpeg.tobytes())
        _, png = cv2.imencode(".png", sheet.mask)
        write_bytes(out / mask, png.tobytes())
        rows.append((image, mask, "|".join(CLASS_NAMES[k] for k in sheet.classes), "|".join(sheet.look_alikes)))
    return rows
