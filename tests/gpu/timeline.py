"""The streams of a running cascade as a picture: one lane each, time to the right."""

from __future__ import annotations

import itertools
import queue
import threading
import time
from pathlib import Path
from typing import Any

from engines.bundle import Bundle
from engines.runtime.cuda.engines import CudaEngines
from inspector.bench.mix import Mix
from inspector.frames.ring import FrameRing
from inspector.frames.size import FrameSize
from inspector.inference.cascade import Cascade
from inspector.inference.messages import Forced, InferenceResults, Stop, Work, WorkItem
from inspector.inference.pace import Pace
from inspector.inference.worker import Loop, Planes

Span = tuple[str, float, float]
LANES = ("upload", "gate", "gate download", "segmenter", "segmenter download")
COLOURS = ("#4c78a8", "#54a24b", "#9ecae9", "#e45756", "#f2a7a5")


def run_cascade(engines: CudaEngines, bundle: Bundle, pool: Any, frames: int, share: float) -> list[Span]:
    """Run the child's own loop in this process, over ring memory, and give what ran when: lane, begin and end in ms."""
    size = FrameSize(bundle.height, bundle.width)
    ring = FrameRing(len(pool), size)
    planes = Planes(ring.frames, ring.masks(), size)
    for slot, frame in enumerate(pool):
        planes.frames.view((slot, 0), size)[...] = frame
    engines.adopt(planes.frames.array, planes.masks.array)
    mail: queue.SimpleQueue[Any] = queue.SimpleQueue()
    free: queue.SimpleQueue[int] = queue.SimpleQueue()
    for slot in range(len(pool)):
        free.put(slot)
    finished = threading.Semaphore(0)

    def report(message: Any) -> bool:
        for result in message.results if isinstance(message, InferenceResults) else ():
            free.put(result.slot)
            finished.release()
        return True

    mix = Mix(share)
    decisions = [Forced.LET_THROUGH if one else Forced.CLEAN for one in mix.let_through(mix.whole(frames))]

    def feed() -> None:
        for decision in decisions:
            mail.put(Work([WorkItem(free.get(timeout=60), 0, decision)]))
        for _ in decisions:
            finished.acquire(timeout=60)
        mail.put(Stop())

    feeder = threading.Thread(target=feed)
    feeder.start()
    batch = engines.gate.max_batch
    limits = bundle.operating_point.thresholds(bundle.classes)
    Loop(
        Cascade(0.5, batch, batch, 0, 2_000_000),
        engines,
        planes,
        mail,
        report,
        limits,
        Pace(3 * batch, any_batch=False),
    ).run()
    feeder.join()
    time.sleep(0.1)
    assert engines.trace is not None
    return engines.trace.spans


def overlap_share(spans: list[Span]) -> dict[str, float]:
    """Of the time in which anything ran: the share with two lanes at once, and each lane's own."""
    edges = sorted({edge for _, begin, end in spans for edge in (begin, end)})
    busy = double = 0.0
    lanes = dict.fromkeys(LANES, 0.0)
    for left, right in itertools.pairwise(edges):
        running = {lane for lane, begin, end in spans if begin < right and end > left}
        busy += (right - left) * bool(running)
        double += (right - left) * (len(running) > 1)
        for lane in running:
            lanes[lane] += right - left
    return {"two lanes or more": double / busy, **{lane: value / busy for lane, value in lanes.items()}}


def write_picture(spans: list[Span], path: Path, title: str, milliseconds: float) -> None:
    """The middle ``milliseconds`` of the run, as SVG."""
    middle = sorted(begin for _, begin, _ in spans)[len(spans) // 2]
    left, width, row = 150, 1000, 34
    scale = (width - left - 10) / milliseconds
    height = 50 + row * len(LANES) + 30
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="sans-serif" font-size="13">',
        f'<rect width="{width}" height="{height}" fill="#ffffff"/><text x="10" y="22" font-size="15">{title}</text>',
    ]
    for n, lane in enumerate(LANES):
        y = 40 + n * row
        parts.append(f'<text x="10" y="{y + 18}">{lane}</text>')
        for name, begin, end in spans:
            x, x_end = (begin - middle) * scale, (end - middle) * scale
            if name == lane and x_end > 0 and x < width - left - 10:
                x, x_end = max(x, 0), min(x_end, width - left - 10)
                parts.append(
                    f'<rect x="{left + x:.1f}" y="{y + 3}" width="{max(x_end - x, 0.5):.1f}" height="{row - 10}" '
                    f'fill="{COLOURS[n]}" stroke="#ffffff" stroke-width="0.4"/>'
                )
    y = 40 + row * len(LANES)
    parts.append(f'<line x1="{left}" x2="{width - 10}" y1="{y}" y2="{y}" stroke="#333333"/>')
    for tick in range(6):
        x = left + tick * (width - left - 10) / 5
        anchor = "end" if tick == 5 else "middle"
        label = f"{tick * milliseconds / 5:.1f} ms"
        parts.append(f'<text x="{x:.0f}" y="{y + 18}" text-anchor="{anchor}">{label}</text>')
    parts.append("</svg>")
    path.write_text("\n".join(parts), encoding="utf-8")
