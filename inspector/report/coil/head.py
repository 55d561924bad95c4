"""With what a run was inspected, collected from its messages."""

from __future__ import annotations

from inspector.protocol.codec import Packet
from inspector.protocol.messages import EndBody, GapBody, Header, ResultBody, StartBody
from inspector.protocol.settings import Settings
from inspector.report.coil.content import HeadData

_MOST = 20
"""Names of each kind that are kept."""


class HeadCollector:
    """The head data of one run."""

    def __init__(self, run: str) -> None:
        self._run = run
        self._line = ""
        self._simulated = False
        self._began: int | None = None
        self._ended: int | None = None
        self._names: dict[str, dict[str, None]] = {
            name: {} for name in ("recipe", "bundle", "operating_point", "calibration", "flat_field", "software")
        }
        self.told: dict[str, int] = {}
        """Frames that the ``end`` of each camera says there were, those of all epochs together."""

    def feed(self, packet: Packet) -> None:
        """A message, of this run or any other."""
        header, body = packet.header, packet.body
        if header.run != self._run or (self._line and header.line != self._line):
            return
        self._line = header.line
        self._simulated |= header.simulated
        if isinstance(body, Settings):
            self._note("software", body.software)
        if isinstance(body, StartBody) and not body.repeat:
            self._begin(header.published_unix_ns)
        elif isinstance(body, ResultBody | GapBody):
            self._of_frame(header)
        elif isinstance(body, EndBody):
            self._ended = header.published_unix_ns
            self.told[header.camera] = self.told.get(header.camera, 0) + body.frames

    def data(self) -> HeadData:
        """What was collected."""
        names = {kind: tuple(found) for kind, found in self._names.items()}
        return HeadData(
            line=self._line,
            run=self._run,
            recipe=", ".join(names["recipe"]) or None,
            bundles=names["bundle"],
            operating_points=names["operating_point"],
            calibrations=names["calibration"],
            flat_fields=names["flat_field"],
            software=names["software"],
            began_unix_ns=self._began,
            ended_unix_ns=self._ended,
            simulated=self._simulated,
        )

    def _of_frame(self, header: Header) -> None:
        if header.captured_unix_ns is not None:
            self._begin(header.captured_unix_ns)
        for kind in ("recipe", "bundle", "operating_point", "calibration", "flat_field"):
            self._note(kind, getattr(header, kind))

    def _begin(self, unix_ns: int) -> None:
        self._began = unix_ns if self._began is None else min(self._began, unix_ns)

    def _note(self, kind: str, name: str | None) -> None:
        if name and len(self._names[kind]) < _MOST:
            self._names[kind][name] = None
