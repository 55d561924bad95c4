"""A reference for the drift watch of recorded frames without labels: of a line, or of one of its cameras, in good order."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from engines.bundle import Bundle
from engines.drift.build import LEAST_FRAMES, ReferenceBuilder
from engines.drift.look import Look, look
from engines.drift.reference import Reference
from engines.images.blank import blank
from engines.images.blank_limits import DEFAULT_LIMITS
from engines.runtime.load import load_engines
from engines.runtime.runner import GateRequest, SynchronousRunner
from inspector.capture.source import FrameSource
from inspector.errors import UserError

Progress = Callable[[int], None]
"""Called with the number of frames done."""


def reference_of(bundle: Bundle, frames: FrameSource, precision: str, progress: Progress) -> tuple[Reference, int]:
    """The reference of all frames that ``frames`` delivers, and how many of them were left out because they cannot be read or show nothing.

    The gate runs on the CPU. Raises BundleError or EngineError, what opening ``frames`` raises, and UserError where they are too few."""
    loaded = load_engines(bundle, runtime="openvino", precision=precision)
    builder = ReferenceBuilder()
    looks: list[Look] = []
    left_out = 0

    def requests() -> Iterator[GateRequest]:
        nonlocal left_out
        while (arrival := frames.next()) is not None:
            pixels = arrival.pixels
            seen = None if pixels is None or blank(pixels, DEFAULT_LIMITS) else look(pixels)
            if pixels is None or seen is None:
                left_out += 1
                continue
            looks.append(seen)
            yield GateRequest([pixels], arrival.name or f"frame {arrival.number}")

    try:
        frames.open()
        runner = SynchronousRunner(loaded.engines, thresholds=bundle.operating_point.thresholds(bundle.classes))
        for done, output in enumerate(runner.in_order(requests())):
            builder.add(looks[done]._replace(columns=looks[done].columns[:0]), float(output.scores[0]))
            progress(done + 1)
    finally:
        frames.close()
        loaded.engines.close()
    made = builder.reference(bundle.operating_point.gate_threshold)
    if made is None:
        raise UserError(
            f"{len(builder)} frames can be used and {left_out} cannot; a reference needs {LEAST_FRAMES} or more, better 1000 of several coils"
        )
    return made, left_out
