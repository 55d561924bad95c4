"""One run on the map while it is made: where its frames lie, what nobody inspected, and a box for each defect of each frame.

The messages are read as the coil is (``inspector.coil.reading``), but masks are not decoded and nothing is joined: a scratch is on the map with each frame
that shows it, at once, and not only when it is over.
"""

from __future__ import annotations

import math
from collections import Counter

import msgspec

from inspector.coil.books import Books
from inspector.coil.frame import Frame, Lost
from inspector.coil.reading import Over, Reader
from inspector.coil.track import Track
from inspector.frames.coil import Area, Face, Unknown
from inspector.frames.outcome import Defect
from inspector.protocol.codec import Packet
from inspector.protocol.messages import ResultBody
from inspector.view.live.boxes import Boxes

MOST_HOLES = 1000
"""Stretches of a camera that were not inspected; of more, neighbours are shown as one, the oldest first."""
MOST_CLASSES = 64
MOST_OF_A_FRAME = 200
"""Boxes of one frame, the largest."""
_MOST_WAITING = 500
"""Frames whose defects wait for their place: a line has few under way, and of a frame without a place they would wait for ever."""
_NEARBY_MM = 1.0
OTHER = "other"


class Reach(msgspec.Struct, frozen=True):
    """What one camera sees across the strip, and how far it has come along it, mm."""

    camera: str
    face: Face
    x_from_mm: float
    x_to_mm: float
    from_mm: float
    to_mm: float


class Strip:
    """The run that is shown. For one thread at a time."""

    def __init__(self, run: str, generation: int) -> None:
        self.run = run
        self.boxes = Boxes(generation)
        self.classes: list[str] = []
        """In the order of their numbers in the boxes."""
        self.defects: Counter[str] = Counter()
        """Of single frames, by class, on the map or not."""
        self.epochs: set[str] = set()
        self.changed = 0
        """Rises with every change of what was not inspected."""
        self._reader = Reader(run)
        self._tracks: dict[str, Track] = {}
        self._sights: dict[str, tuple[Face, float, float]] = {}
        self._waiting: dict[tuple[str, int], tuple[Defect, ...]] = {}

    @property
    def books(self) -> list[Books]:
        """What was counted, by camera and epoch."""
        return [stream.books for stream in self._reader.streams.values()]

    @property
    def ended(self) -> bool:
        """Whether the run is over on every camera."""
        return self._reader.ended

    @property
    def begun(self) -> bool:
        """Whether the start of the run is there."""
        return self._reader.begun

    @property
    def notes(self) -> list[str]:
        """Why frames have no place, a line each."""
        return [f"{count:,} frames are not on the map: {why}" for why, count in self._reader.notes.most_common(4)]

    @property
    def reaches(self) -> list[Reach]:
        """Of the cameras that have a place."""
        return [
            Reach(camera, *self._sights[camera], *track.span)
            for camera, track in self._tracks.items()
            if track.span is not None
        ]

    @property
    def unknowns(self) -> list[Unknown]:
        """Stretches that were passed and that nobody inspected, as far as is known."""
        return [
            Unknown(
                area=Area(face=face, from_mm=begin, to_mm=end, x_from_mm=x_from_mm, x_to_mm=x_to_mm),
                reason=hole.reason,
                frames=hole.frames,
            )
            for camera, track in self._tracks.items()
            for face, x_from_mm, x_to_mm in [self._sights[camera]]
            for hole in track.holes
            if track.span is not None
            for begin, end in [(max(hole.from_mm, track.span[0]), min(hole.to_mm, track.span[1]))]
            if end - begin > _NEARBY_MM
        ]

    def feed(self, packet: Packet) -> None:
        """A message of any run of the line, in the order of publication."""
        header, body = packet.header, packet.body
        if header.run == self.run:
            self.epochs.add(header.epoch)
            if isinstance(body, ResultBody) and (body.defects or body.mask is not None):
                self.defects.update(defect.class_name for defect in body.defects)
                if body.defects:
                    self._waiting[header.camera, header.frame or 0] = body.defects[:MOST_OF_A_FRAME]
                    if len(self._waiting) > _MOST_WAITING:
                        del self._waiting[next(iter(self._waiting))]
                packet = Packet(header, msgspec.structs.replace(body, defects=(), mask=None))
        for event in self._reader.read(packet):
            if not isinstance(event, Over):
                self._happened(event)

    def _happened(self, event: Frame | Lost) -> None:
        for camera, layout in self._reader.new_layouts():
            if (edges := layout.edges) is not None:
                self._sights[camera] = layout.face, edges.x_from_mm, edges.x_to_mm
            for name in layout.settings.classes:  # in the bundle's order, so that a class has one colour on every coil
                self._number(name)
        if isinstance(event, Frame):
            self._seen(event)
        elif event.camera in self._sights:
            self._track(event.camera).lose(event.count, event.reason, event.from_mm, event.to_mm)
            self.changed += 1

    def _seen(self, frame: Frame) -> None:
        track = self._track(frame.camera)
        fresh = track.see(frame.from_mm, frame.to_mm, _NEARBY_MM, _NEARBY_MM / 10)
        if any(math.isfinite(hole.from_mm) for one in fresh for hole in (one.left,) if hole is not None):
            self.changed += 1
            _bounded(track)
        defects = self._waiting.pop((frame.camera, frame.number), ())
        face = 0 if frame.layout.face == "top" else 1
        for defect in defects:
            along, across = frame.layout.box(*defect.bbox_px)
            self.boxes.add(
                frame.along_mm(along.start),
                frame.x_mm(across.start),
                (along.stop - along.start) * frame.layout.mm_per_line,
                (across.stop - across.start) * frame.layout.mm_per_column,
                self._number(defect.class_name),
                face,
            )

    def _track(self, camera: str) -> Track:
        return self._tracks.setdefault(camera, Track())

    def _number(self, class_name: str) -> int:
        if class_name not in self.classes:
            if len(self.classes) >= MOST_CLASSES:
                return self.classes.index(OTHER)
            self.classes.append(class_name if len(self.classes) < MOST_CLASSES - 1 else OTHER)
        return self.classes.index(class_name) if class_name in self.classes else self.classes.index(OTHER)


def _bounded(track: Track) -> None:
    """Where there are too many holes, show the two oldest and what lies between them as one: as not inspected, never as clean."""
    while len(track.holes) > MOST_HOLES:
        first, second = track.holes[1], track.holes[2]
        second.from_mm = first.from_mm
        second.lost += first.lost
        del track.holes[1]
