"""One coil while it is made: messages of the line go in, messages about the coil come out. No socket, no clock."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

import msgspec

from inspector.coil.coil import Coil
from inspector.coil.config import CoilConfig
from inspector.coil.intervals import Stretch, joined, length
from inspector.coil.roll_marks import Told, Watch
from inspector.coil.stitching import View
from inspector.frames.coil import Area, CoilDefect, RollMark, Unknown
from inspector.protocol.codec import Packet
from inspector.protocol.coil import CoilBody, CoilDefectBody, CoilState, MarkState, RollMarkBody
from inspector.protocol.limits import LONGEST_TEXT, MOST_RULES
from inspector.report.coil.content import CoilReport
from inspector.report.coil.make import made, points, seen
from inspector.results.coil_stream import CoilMessage

_BEHIND_MM = 1000.0
"""Roll marks are looked for so far behind the place where the camera that is least far can still fill what it did not see."""
MOST_CLASSES = 64


class Following:
    """One run. For one thread."""

    def __init__(self, run: str, config: CoilConfig) -> None:
        self.run = run
        self._config = config
        self._coil = Coil(run, width_mm=config.width_mm, joining=config.joining)
        self._watch = None if config.roll_marks is None else Watch(config.roll_marks, config.rolls)
        self._marks: dict[int, RollMark] = {}
        self._over: set[int] = set()
        self._waiting: list[CoilDefect] = []
        """Found, and not given to the watch yet."""
        self._unknowns: list[Unknown] = []
        """Those that reach into what the watch does not know yet."""
        self._unseen: list[Stretch] = []
        """All of them along the coil."""
        self._counts: Counter[str] = Counter()
        self._settled_mm: float | None = None
        """Up to this place the watch knows everything."""
        self._missed = 0

    @property
    def ended(self) -> bool:
        """Whether the run is over on every camera."""
        return self._coil.ended

    def feed(self, packet: Packet) -> Iterator[CoilMessage]:
        """A message of the line, of this run or another. Gives what is to be published."""
        return self._found(self._coil.feed(packet))

    def missed(self, count: int) -> None:
        """So many messages of the line did not arrive and could not be recovered."""
        self._missed += count

    def look(self) -> Iterator[CoilMessage]:
        """Look for roll marks in what has come. Gives what is to be published: a mark that goes on once for each look at most."""
        views = [view for view in self._coil.views if view.track.span is not None]
        if self._watch is None or not views:
            return
        settled_mm = min(view.track.reached_mm for view in views) - self._config.joining.back_mm - _BEHIND_MM
        before_mm = self._settled_mm
        if before_mm is None:
            before_mm = min(view.track.span[0] for view in views if view.track.span is not None)
        if settled_mm <= before_mm:
            return
        areas = sorted(
            (area for view in views for area in self._inspected(view, before_mm, settled_mm)), key=lambda a: a.from_mm
        )
        ready = [one for one in self._waiting if one.along_mm <= settled_mm]
        self._waiting = [one for one in self._waiting if one.along_mm > settled_mm]
        self._unknowns = [one for one in self._unknowns if one.area.to_mm > settled_mm]
        self._settled_mm = settled_mm
        yield from self._told(self._watch.feed(points(ready), areas, settled_mm))
        yield from self._told(self._watch.grown())

    def state(self, state: CoilState) -> CoilBody:
        """What is known of the coil now."""
        views = [view for view in self._coil.views if view.track.span is not None]
        spans = [view.track.span for view in views if view.track.span is not None]
        coil = (min(one[0] for one in spans), max(one[1] for one in spans)) if spans else None
        self._unseen = joined(self._unseen)
        return CoilBody(
            state=state,
            length_mm=None if coil is None else coil[1] - coil[0],
            uninspected_mm=length(self._unseen),
            defects=dict(self._counts.most_common(MOST_CLASSES)),
            roll_marks=len(self._marks),
            grade=None,
            why=(),
            complete=None,
            report=None,
        )

    def finish(self) -> Iterator[CoilMessage]:
        """The coil is over. Gives what is still to be published of its defects and roll marks."""
        yield from self._found(self._coil.finish())
        if self._watch is not None:
            yield from self._last_look(self._watch)

    def report(self) -> CoilReport:
        """Of a coil that is over. Takes seconds on a long one; from any thread, once nothing else is asked of this object."""
        marks = None if self._watch is None else self._watch.marks()
        notes = (
            [f"{self._missed} messages of the line did not arrive and could not be recovered"] if self._missed else []
        )
        return made(self._coil.findings, self._config, marks, notes)

    def _found(self, findings: Iterable[CoilDefect | Unknown]) -> Iterator[CoilMessage]:
        for one in findings:
            if isinstance(one, CoilDefect):
                self._counts[one.class_name] += 1
                yield CoilDefectBody(defect=one)
            else:
                self._unseen.append((one.area.from_mm, one.area.to_mm))
            if self._watch is not None:
                (self._waiting if isinstance(one, CoilDefect) else self._unknowns).append(one)  # type: ignore[arg-type]

    def _last_look(self, watch: Watch) -> list[CoilMessage]:
        views = [view for view in self._coil.views if view.track.span is not None]
        first = self._settled_mm
        areas = [
            area
            for view in views
            if view.track.span is not None
            for area in self._inspected(view, view.track.span[0] if first is None else first, view.track.span[1])
        ]
        news = watch.feed(points(self._waiting), sorted(areas, key=lambda area: area.from_mm), first or 0.0)
        bodies = list(self._told([*news, *watch.end()]))
        for one in watch.grown():  # in the last stretch; that they are over says it
            self._marks[one.number] = one.mark
        return bodies + [
            RollMarkBody(state=MarkState.OVER, number=number, mark=mark)
            for number, mark in self._marks.items()
            if number not in self._over
        ]

    def _inspected(self, view: View, from_mm: float, to_mm: float) -> Iterator[Area]:
        return seen(view.face, (view.x_from_mm, view.x_to_mm), (from_mm, to_mm), self._unknowns)

    def _told(self, news: list[Told]) -> Iterator[CoilMessage]:
        for one in news:
            self._marks[one.number] = one.mark
            if one.ended:
                self._over.add(one.number)
            yield RollMarkBody(state=MarkState.OVER if one.ended else MarkState.FOUND, number=one.number, mark=one.mark)


def over(report: CoilReport, last: CoilBody, folder: str | None) -> CoilBody:
    """The last message of a coil: what is known of it at its end, and what its report says."""
    grade = report.grade
    why = () if grade is None else tuple(f"{one.grade}: {one.text}"[:LONGEST_TEXT] for one in grade.why[:MOST_RULES])
    return msgspec.structs.replace(
        last,
        length_mm=report.length_mm,
        uninspected_mm=report.uninspected_mm,
        defects={one.class_name: one.count for one in report.classes[:MOST_CLASSES]},
        roll_marks=len(report.roll_marks),
        grade=None if grade is None else grade.name,
        why=why,
        complete=report.complete,
        report=folder,
    )
