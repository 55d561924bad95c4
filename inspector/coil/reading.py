"""Reads the messages of a run: which frames there are, in their order, where each lies on the coil, and what it shows.

What cannot be known is said in ``Reader.notes`` and never guessed.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from inspector.coil.books import Books
from inspector.coil.frame import Frame, Lost
from inspector.coil.head import Heading
from inspector.coil.layout import Layout
from inspector.coil.ordering import InOrder
from inspector.coil.picture import picture_of
from inspector.coil.positions import Positions
from inspector.frames.coil import Face
from inspector.frames.outcome import Reason, Verdict
from inspector.frames.position import PositionSource
from inspector.frames.sheet import SHEET
from inspector.protocol.codec import Packet
from inspector.protocol.messages import ChangeBody, EndBody, GapBody, Header, ResultBody, StartBody

_LAYOUTS_KEPT = 8
"""Of a stream: results of frames that were captured before a ``change`` may follow it."""
NO_SCALE = "their camera has no scale, so that nothing is known of them in mm"
NO_START = "no start is there that says how they lie on the strip"
BAD_MASK = "their masks are damaged, or of another size than their camera's frames"
BOXES = "the results carry no masks, so that defects are joined and measured by their boxes; areas are shared out among those that meet"


@dataclass(slots=True)
class Over:
    """All that is there of a camera was told, for now: its run has ended, or it is started again."""

    camera: str


Event = Frame | Lost | Over


@dataclass(slots=True)
class _Stream:
    """One camera in one epoch."""

    books: Books
    waiting: InOrder[Packet] = field(default_factory=InOrder)
    layouts: list[tuple[tuple[str | None, str | None, str | None], Layout]] = field(default_factory=list)
    before: tuple[int, float] | None = None
    """Number and position of the last frame that is placed."""
    mm_per_frame: float | None = None
    """Where positions are computed from numbers."""


class Reader:
    """The messages of one run, in any order in which a line publishes them."""

    def __init__(self, run: str) -> None:
        self.run = run
        self.line: str | None = None
        """The line whose run it is: the first one of a message of the run."""
        self.notes: Counter[str] = Counter()
        """Why frames could not be placed or used, with their number."""
        self.unplaced: Counter[str] = Counter()
        """Defects of frames that could not be placed, by class."""
        self.masks_missing = False
        """Whether boxes had to stand for regions."""
        self.begun = False
        """Whether the start of the run is there."""
        self.heading = Heading()
        self.faces: dict[str, Face] = {}
        """By camera, which face it sees, where that was said."""
        self.books: list[Books] = []
        """Of each camera, for each time that its run began."""
        self.streams: dict[tuple[str, str], _Stream] = {}
        """By camera and epoch, in order of their first message."""
        self._epochs: dict[str, str] = {}
        self._positions = Positions()
        self._new_layouts: list[tuple[str, Layout]] = []

    def read(self, packet: Packet) -> list[Event]:
        """What is known now and was not before. Messages of other runs and lines only say how far a stream has come."""
        header, body = packet.header, packet.body
        if header.camera == SHEET or self.line not in (None, header.line):
            return []
        # Without a number it may overtake what is being recovered, and knows of verdicts that have not come yet.
        ahead = header.seq is None
        if ahead and (header.run != self.run or not isinstance(body, StartBody)):
            return []
        key = header.camera, header.epoch
        if header.run != self.run:
            stream = self.streams.get(key)
            return [] if stream is None else self._resolved(stream, header)
        self.line = header.line
        self.heading.add(header, body)
        events = [] if key in self.streams else self._changed_epoch(header)
        stream = self.streams[key]
        if isinstance(body, StartBody | ChangeBody):
            self._laid_out(stream, header, body)
            if ahead:
                return events
        elif isinstance(body, ResultBody):
            stream.books.add(body.verdict, body.reason, 1)
            stream.waiting.take(header.frame or 0, 1, packet)
        elif isinstance(body, GapBody):
            count = body.last - body.first + 1
            stream.books.add(body.verdict, body.reason, count)
            stream.waiting.take(body.first, count, packet)
        elif isinstance(body, EndBody):
            stream.books.end = body
            return events + self._flushed(stream)
        return events + self._resolved(stream, header)

    def finish(self) -> list[Event]:
        """Nothing more comes."""
        return [event for stream in self.streams.values() for event in self._flushed(stream)]

    @property
    def ended(self) -> bool:
        """Whether the last stream of every camera has told its end."""
        last = [self.streams[key] for key in self._epochs.items()]
        return bool(last) and all(stream.books.end is not None for stream in last)

    def new_layouts(self) -> list[tuple[str, Layout]]:
        """How the frames of cameras lie on the coil, said since this was asked last."""
        new, self._new_layouts = self._new_layouts, []
        return new

    def _changed_epoch(self, header: Header) -> list[Event]:
        """The daemon was started again: frames that are still open get no verdict any more."""
        before = self._epochs.get(header.camera)
        events = self._flushed(self.streams[header.camera, before]) if before is not None else []
        self._epochs[header.camera] = header.epoch
        self.streams[header.camera, header.epoch] = _Stream(self._new_books(header))
        return events

    def _new_books(self, header: Header) -> Books:
        self.books.append(Books(header.camera, header.epoch))
        return self.books[-1]

    def _laid_out(self, stream: _Stream, header: Header, body: StartBody | ChangeBody) -> None:
        if isinstance(body, StartBody) and not body.repeat:
            self.begun = True
            if stream.books.end is not None:  # a run of this name again
                stream.books = self._new_books(header)
        key = header.operating_point, header.calibration, header.recipe
        layout = Layout(body)
        if body.placement is not None:
            self.faces[header.camera] = body.placement.face
        stream.layouts = [*stream.layouts, (key, layout)][-_LAYOUTS_KEPT:]
        self._new_layouts.append((header.camera, layout))

    def _resolved(self, stream: _Stream, header: Header) -> list[Event]:
        stream.waiting.resolved(header.resolved_through)
        # Of an epoch that is over no further frame comes; what was missed of it may.
        return self._told(stream, everything=self._epochs[header.camera] != header.epoch)

    def _flushed(self, stream: _Stream) -> list[Event]:
        return [*self._told(stream, everything=True), Over(stream.books.camera)]

    def _told(self, stream: _Stream, *, everything: bool) -> list[Event]:
        events: list[Event] = []
        for missing, packet in stream.waiting.ready(everything=everything):
            if missing:
                stream.books.missing += missing
                events.append(Lost(packet.header.camera, missing, None, None, None))
            events.append(self._event(stream, packet))
        return events

    def _event(self, stream: _Stream, packet: Packet) -> Frame | Lost:
        header, body = packet.header, packet.body
        assert isinstance(body, ResultBody | GapBody)
        count = body.last - body.first + 1 if isinstance(body, GapBody) else 1
        layout = _layout_of(stream, header)
        position_mm, why = self._position(layout, header)
        if isinstance(body, GapBody) or body.verdict is Verdict.UNINSPECTED:
            return self._lost(stream, layout, position_mm, header, body.reason, count)
        assert header.frame is not None
        if layout is None or position_mm is None:
            return self._unplaced(header, body, why)
        self._count(stream, header, position_mm)
        return self._frame(packet, body, layout, position_mm)

    def _frame(self, packet: Packet, body: ResultBody, layout: Layout, position_mm: float) -> Frame | Lost:
        header = packet.header
        self.masks_missing |= bool(body.defects) and body.mask is None
        picture = None
        if body.mask is not None or body.defects:
            try:
                picture = picture_of(body, packet.blob, layout)
            except ValueError:
                return self._unplaced(header, body, BAD_MASK)
        return Frame(header.camera, header.frame or 0, layout, position_mm, picture)

    def _position(self, layout: Layout | None, header: Header) -> tuple[float | None, str]:
        if layout is None:
            return None, NO_START
        return (None, NO_SCALE) if layout.edges is None else self._positions.of(header)

    def _unplaced(self, header: Header, body: ResultBody, why: str) -> Lost:
        self.notes[why] += 1
        self.unplaced.update(defect.class_name for defect in body.defects)
        return Lost(header.camera, 1, None, None, None)

    def _lost(
        self,
        stream: _Stream,
        layout: Layout | None,
        position_mm: float | None,
        header: Header,
        reason: Reason,
        count: int,
    ) -> Lost:
        if layout is None or position_mm is None or layout.edges is None:
            return Lost(header.camera, count, reason, None, None)
        length = layout.edges.to_mm - layout.edges.from_mm
        more = (count - 1) * (stream.mm_per_frame or length)
        if count == 1:
            self._count(stream, header, position_mm)
        return Lost(
            header.camera, count, reason, position_mm + layout.edges.from_mm, position_mm + layout.edges.to_mm + more
        )

    @staticmethod
    def _count(stream: _Stream, header: Header, position_mm: float) -> None:
        """Learn how far the strip goes from one frame to the next, where that is a figure of the configuration."""
        number = header.frame or 0
        if header.position_source is PositionSource.FRAME_COUNT and stream.before and number > stream.before[0]:
            stream.mm_per_frame = (position_mm - stream.before[1]) / (number - stream.before[0])
        stream.before = number, position_mm


def _layout_of(stream: _Stream, header: Header) -> Layout | None:
    """The layout that held when the frame was captured: the latest one of the same thresholds, calibration and recipe."""
    if not stream.layouts:
        return None
    if len(stream.layouts) > 1:
        wanted = header.operating_point, header.calibration, header.recipe
        for key, layout in reversed(stream.layouts):
            if key == wanted or (wanted[0] is None and key[1:] == wanted[1:]):
                return layout
    return stream.layouts[-1][1]
