"""The collector's thread: an error with one sheet does not cost others their verdict, and the run has its end."""

from __future__ import annotations

import queue

from msgspec.structs import replace

from inspector.config.sheets import SheetsConfig
from inspector.frames.outcome import BundleIdentity, Settled, Verdict
from inspector.frames.size import FrameSize
from inspector.sheets.collector import SheetCollector
from tests.sheets.test_gathering import settled

BUNDLE = BundleIdentity(bundle="b", operating_point="p", classes=("dark", "bright"), size=FrameSize(50, 100))


class Told:
    """What a collector publishes."""

    def __init__(self) -> None:
        self.heard: queue.Queue[tuple[int, int, Verdict] | str] = queue.Queue()

    def sheet(self, settled: Settled) -> None:
        """Number, how many, verdict."""
        self.heard.put((settled.meta.frame, settled.count, settled.outcome.verdict))

    def end_sheets(self, run: str) -> None:
        """Name of the run."""
        self.heard.put(run)


def test_a_sheet_with_an_error_is_uninspected_and_the_others_have_their_verdict() -> None:
    told = Told()
    collector = SheetCollector(SheetsConfig(by="frame", deadline_ms=None), ("a", "b"), told, 10)
    collector.start()
    collector.begun("coil")
    for number, counted in enumerate([(1, 2), (1,), (1, 2)]):  # the second of them has too few classes
        for camera, pixels in (("a", (1, 2)), ("b", counted)):
            frame = settled(camera, number)
            collector.add(
                replace(frame, outcome=replace(frame.outcome, pixels=pixels, defect_pixels=pixels, bundle=BUNDLE))
            )
    collector.ended("a", "coil")
    collector.ended("b", "coil")
    heard = [told.heard.get(timeout=10) for _ in range(4)]
    collector.close(10)
    assert heard == [(0, 1, Verdict.PASS), (1, 1, Verdict.UNINSPECTED), (2, 1, Verdict.PASS), "coil"]
    assert sum(collector.settled.values()) == 3
