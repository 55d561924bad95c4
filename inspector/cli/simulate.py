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

from inspector.config.simulator import SEVERSTAL_CLASS_MIX, SimulatorConfig
from inspector.errors import UserError

JPEG_QUALITY = 92
"""Close to the real frames' own compression."""

_CHUNK = 16
"""Sheets that a worker renders at a time."""
_DEFAULT_MIX = ",".join(map(str, SEVERSTAL_CLASS_MIX))
_Row = tuple[str, str, str, str]
_Chunk = tuple[bytes, int, int, int, int, Path]
"""Configuration as JSON, height and width (px), first number, number after the last, folder."""


def simulate(
    out: Annotated[Path, typer.Argument(metavar="OUT", help="Directory to write to; created where missing.")],
    frames: Annotated[int, typer.Option(help="Number of sheets.", min=1)] = 100,
    seed: Annotated[int, typer.Option(help="Seed: the same seed gives the same sheets.", min=0)] = 1,
    first: Annotated[int, typer.Option(help="Number of the first sheet.", min=0)] = 0,
    height: Annotated[int, typer.Option(help="Rows of a frame.", min=32, max=16384)] = 256,
    width: Annotated[int, typer.Option(help="Columns of a frame.", min=32, max=16384)] = 1600,
    defect_rate: Annotated[float, typer.Option(help="Share of sheets with a defect.", min=0, max=1)] = 0.5,
    class_mix: Annotated[
        str, typer.Option(help="Weights of pitting, inclusion, scratches and corrosion, separated by commas.")
    ] = _DEFAULT_MIX,
    look_alike_rate: Annotated[
        float, typer.Option(help="Share of sheets with a harmless mark that resembles a defect.", min=0, max=1)
    ] = 0.6,
    workers: Annotated[int | None, typer.Option(help="Processes that render. Default: one per core.", min=1)] = None,
) -> None:
    """Render simulated steel sheets with exact truth.

    Writes OUT/images/NNNNNN.jpg (8-bit grey), OUT/masks/NNNNNN.png (bit k set where class k is: 1 pitting, 2 inclusion,
    4 scratches, 8 corrosion) and OUT/frames.csv (file, mask, classes, look_alikes; several joined by "|", main class first).
    """
    from rich.console import Console
    from rich.progress import Progress

    config = SimulatorConfig(
        seed=seed, defect_rate=defect_rate, class_mix=_read_mix(class_mix), look_alike_rate=look_alike_rate
    )
    for folder in ("images", "masks"):
        (out / folder).mkdir(parents=True, exist_ok=True)
    encoded = msgspec.json.encode(config)
    chunks = [
        (encoded, height, width, start, min(start + _CHUNK, first + frames), out)
        for start in range(first, first + frames, _CHUNK)
    ]
    console = Console(stderr=True)
    count = min(workers or os.cpu_count() or 1, len(chunks))
    context = multiprocessing.get_context("spawn")
    with (
        (out / "frames.csv").open("w", newline="", encoding="utf-8") as table,
        ProcessPoolExecutor(count, mp_context=context) as pool,
    ):
        writer = csv.writer(table)
        writer.writerow(("file", "mask", "classes", "look_alikes"))
        try:
            rendered = _started(pool, chunks)
            with Progress(console=console, transient=True) as progress:
                task = progress.add_task("Rendering sheets", total=frames)
                for rows in rendered:
                    writer.writerows(rows)
                    progress.advance(task, len(rows))
        except BaseException:  # Ctrl-C too: else the pool would first render all other sheets
            pool.shutdown(cancel_futures=True)
            raise
    console.print(f"{frames} sheets in {out}", highlight=False)


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
    try:
        mix = tuple(float(part) for part in text.split(","))
    except ValueError:
        mix = ()
    if len(mix) != 4 or min(mix) < 0 or sum(mix) <= 0:
        raise UserError(f"--class-mix: found {text!r}, expected four weights of 0 or more such as 1,1,1,1")
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
        (out / image).write_bytes(jpeg.tobytes())
        _, png = cv2.imencode(".png", sheet.mask)
        (out / mask).write_bytes(png.tobytes())
        rows.append((image, mask, "|".join(CLASS_NAMES[k] for k in sheet.classes), "|".join(sheet.look_alikes)))
    return rows
