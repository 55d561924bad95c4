"""The counts of a shadow session on one camera beside one active bundle, and the row that the journal keeps of them."""

from __future__ import annotations

import msgspec

from inspector.protocol.shadow_report import ClassCounts, SampleCounts, ShadowAnswer
from inspector.results.shadow_record import Comparison

Verdicts = dict[str, dict[str, int]]


class Counts:
    """Grows with each frame; has no lock of its own."""

    def __init__(self, camera: str, active_bundle: str, share: float) -> None:
        self.camera = camera
        self.active_bundle = active_bundle
        self.compared = self.agreed = 0
        self.verdicts: Verdicts = {}
        self.classes: dict[str, ClassCounts] = {}
        self.sample = SampleCounts(share=share)

    def compare(self, active: ShadowAnswer, shadow: ShadowAnswer, *, agreed: bool) -> None:
        """Count a frame that both have answered."""
        self.compared += 1
        self.agreed += agreed
        self.sample.late += active.late
        if active.let_through != shadow.let_through:
            _add(self.sample.gate, "active" if active.let_through else "shadow")
        _add(self.verdicts.setdefault(active.verdict, {}), shadow.verdict)
        for name in {*active.defects, *shadow.defects, *active.pixels, *shadow.pixels}:
            self._count_class(name, active, shadow)

    def skip(self, why: str) -> None:
        """Count a chosen frame that the shadow is not shown."""
        _add(self.sample.skipped, why)

    def unanswered(self, who: str, why: str) -> None:
        """Count a frame without an answer of one of the two."""
        _add(self.sample.unanswered, f"{who} {why}")

    def row(self, epoch: str, shadow_bundle: str, started_unix_ns: int) -> Comparison:
        """The counts so far, for the journal."""
        return Comparison(
            epoch=epoch,
            camera=self.camera,
            shadow_bundle=shadow_bundle,
            active_bundle=self.active_bundle,
            started_unix_ns=started_unix_ns,
            compared=self.compared,
            agreed=self.agreed,
            pairs=msgspec.json.encode(self.verdicts),
            classes=msgspec.json.encode(self.classes),
            sample=msgspec.json.encode(self.sample),
        )

    def _count_class(self, name: str, active: ShadowAnswer, shadow: ShadowAnswer) -> None:
        one = self.classes.setdefault(name, ClassCounts())
        one.active += name in active.defects
        one.shadow += name in shadow.defects
        one.both += name in active.defects and name in shadow.defects
        if active.let_through and shadow.let_through:
            marked = active.pixels.get(name, 0), shadow.pixels.get(name, 0)
            one.active_px += marked[0]
            one.shadow_px += marked[1]
            one.smaller_px += min(marked)
            one.larger_px += max(marked)


def _add(counts: dict[str, int], key: str) -> None:
    counts[key] = counts.get(key, 0) + 1
