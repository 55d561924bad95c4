"""What happened on a line over days, from its messages: changes of what frames are inspected with, and times in which a camera drifted."""

from __future__ import annotations

import msgspec

from inspector.frames.sheet import SHEET
from inspector.protocol.codec import Packet
from inspector.protocol.limits import MOST_REASONS
from inspector.protocol.messages import ChangeBody, StartBody, StatusBody

DRIFT = ("drift_", "dead_columns", "dirty_columns", "lamp_dimming")
"""How the codes of what is marked begin."""
MOST = 2000
"""Marks, and spans, that are kept; the newest."""
_SAME_MS = 60_000
"""What several cameras say of within this time is one mark."""


class Mark(msgspec.Struct):
    """Something changed."""

    at_ms: int
    """Unix time."""
    kind: str
    """bundle, operating_point, recipe, change or journal: the first of these that changed."""
    text: str
    cameras: list[str]
    """Empty: of the whole line."""


class Span(msgspec.Struct):
    """A trouble, as long as the line says that there is one."""

    from_ms: int
    to_ms: int | None
    """None: it goes on."""
    code: str
    part: str
    """Which part of which camera."""
    text: str


class SetUp(msgspec.Struct):
    """What the frames of a camera are inspected with."""

    bundle: str | None
    operating_point: str | None
    recipe: str | None


class Events(msgspec.Struct):
    """Those of a line. It can be kept, and gone on with."""

    marks: list[Mark] = msgspec.field(default_factory=list)
    spans: list[Span] = msgspec.field(default_factory=list)
    setups: dict[str, SetUp] = msgspec.field(default_factory=dict)
    """By camera, as it was said last."""
    classes: list[str] = msgspec.field(default_factory=list)
    """In the order of the bundles' bits, so that they have the same colours everywhere."""
    epoch: str = ""
    heard_ms: int = 0
    """When the line said something last."""

    def feed(self, packet: Packet) -> None:
        """A start, a change or a status message."""
        header, body = packet.header, packet.body
        at_ms = header.published_unix_ns // 10**6
        if header.epoch != self.epoch:
            self._close_all(self.heard_ms or at_ms)  # a line that is started again says anew what is wrong
            self.epoch = header.epoch
        self.heard_ms = at_ms
        if isinstance(body, StatusBody):
            self._status(at_ms, body)
        elif isinstance(body, StartBody | ChangeBody) and header.camera != SHEET:
            self.classes += [name for name in body.classes if name not in self.classes]
            setup = SetUp(header.bundle, header.operating_point, header.recipe)
            before = self.setups.get(header.camera)
            self.setups[header.camera] = setup
            told = _changes(before, setup)
            if isinstance(body, ChangeBody):
                self.mark(
                    at_ms,
                    told[0][0] if told else "change",
                    "; ".join([body.why, *(text for _, text in told)]),
                    header.camera,
                )
            elif told:
                self.mark(at_ms, told[0][0], "; ".join(text for _, text in told), header.camera)

    def mark(self, at_ms: int, kind: str, text: str, camera: str | None = None) -> None:
        """Something changed, on a camera or the whole line."""
        for one in reversed(self.marks[-8:]):
            if (
                camera
                and one.kind == kind
                and one.text == text
                and abs(at_ms - one.at_ms) <= _SAME_MS
                and camera not in one.cameras
            ):
                one.cameras.append(camera)
                return
        self.marks.append(Mark(at_ms, kind, text, [camera] if camera else []))
        del self.marks[:-MOST]

    def forget(self, before_ms: int) -> None:
        """Drop what was over before this time."""
        self.marks = [one for one in self.marks if one.at_ms >= before_ms]
        self.spans = [one for one in self.spans if one.to_ms is None or one.to_ms >= before_ms]

    def _status(self, at_ms: int, body: StatusBody) -> None:
        reasons = {(one.part, one.code): one.text for one in body.health.reasons if one.code.startswith(DRIFT)}
        is_all = len(body.health.reasons) < MOST_REASONS
        for span in self.spans:
            if span.to_ms is None and reasons.pop((span.part, span.code), None) is None and is_all:
                span.to_ms = at_ms
        self.spans += [Span(at_ms, None, code, part, text) for (part, code), text in reasons.items()]
        del self.spans[:-MOST]

    def _close_all(self, at_ms: int) -> None:
        for span in self.spans:
            if span.to_ms is None:
                span.to_ms = at_ms


def _changes(before: SetUp | None, now: SetUp) -> list[tuple[str, str]]:
    """Kind and words of each; nothing where it is the first that is known."""
    if before is None:
        return []
    kinds = (
        ("bundle", "bundle", before.bundle, now.bundle),
        ("operating_point", "operating point", before.operating_point, now.operating_point),
        ("recipe", "recipe", before.recipe, now.recipe),
    )
    return [(kind, f"{name} {was or 'none'} → {is_ or 'none'}") for kind, name, was, is_ in kinds if was != is_]
