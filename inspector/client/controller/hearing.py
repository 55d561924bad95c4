"""Which messages count: of this line and its covering cameras, of the one epoch that speaks, not simulated, and not silent for long."""

from __future__ import annotations

from collections import deque

from inspector.client.controller.clock import MILLISECOND_NS, Bounds
from inspector.client.controller.config import ControllerConfig
from inspector.frames.outcome import Reason, Verdict
from inspector.protocol.codec import Packet
from inspector.protocol.messages import GapBody, Header, ResultBody, SheetBody
from inspector.protocol.values import PROTOCOL

_PASS_REASONS = (Reason.GATE_CLEAN, Reason.NO_DEFECT)
_RETIRED = 64


class Hearing:
    """What is heard of the line. Times are monotonic ns."""

    def __init__(self, config: ControllerConfig) -> None:
        self._line, self._trial = config.line, config.trial
        self._cameras = tuple(one.name for one in config.cameras)
        self._silent_ns = round(config.silent_ms * MILLISECOND_NS)
        self._wants_told = config.control is not None
        self._heard: dict[str, int] = {}
        self._made_of: set[str] = set()
        self._retired: deque[str] = deque(maxlen=_RETIRED)
        self._simulated = False
        self.epoch: str | None = None
        self.told_epoch: str | None = None
        """The epoch that the control socket told last; None: it was not asked, or did not answer."""

    def counts(self, header: Header) -> bool:
        """Whether a message is of this line and a covering camera, and of real sheets."""
        if header.protocol != PROTOCOL or header.line != self._line or header.camera not in self._cameras:
            return False
        self._simulated = header.simulated
        return self._trial or not header.simulated

    def made_of(self, body: SheetBody) -> None:
        """A sheet of the line says of which cameras it is made."""
        self._made_of.update(one.camera for one in body.frames)
        self._made_of.update(body.missing)

    def places(self, header: Header) -> bool:
        """Whether a message that does not count says where the strip is: it is of a camera of which the sheets that count are made."""
        ours = header.protocol == PROTOCOL and header.line == self._line and header.camera in self._made_of
        return ours and header.epoch == self.epoch and (self._trial or not header.simulated)

    def changes(self, epoch: str) -> bool:
        """Whether another start of the daemon speaks than before."""
        return self.epoch is not None and epoch != self.epoch

    def retired(self, epoch: str) -> bool:
        """Whether it spoke before the present one: then two daemons claim the line."""
        return epoch in self._retired

    def adopt(self, epoch: str) -> None:
        """Listen to this one from now on."""
        if self.epoch is not None and self.epoch != epoch:
            self._retired.append(self.epoch)
        if self.epoch != epoch:
            self._heard.clear()
            self._made_of.clear()
        self.epoch = epoch

    def heard(self, camera: str, now: int) -> None:
        """A message of this camera came."""
        self._heard[camera] = now

    def silence(self, now: int) -> str:
        """Why what was heard cannot be relied on now; empty: it can."""
        if self._simulated and not self._trial:
            return "the line's results are simulated"
        if self.epoch is None:
            return "nothing was heard of the line"
        for camera in self._cameras:
            since = self._heard.get(camera)
            if since is None or now - since > self._silent_ns:
                return f"nothing was heard of {camera} for {self._silent_ns / MILLISECOND_NS:.0f} ms"
        if self._wants_told and self.told_epoch != self.epoch:
            return "the control socket does not confirm the epoch of the results"
        return ""


def passes(packet: Packet, now: int, bounds: Bounds | None, deadline_known: bool) -> bool:
    """Whether a message is an explicit PASS in time. ``deadline_known``: the bounds come from exchanges, so that the deadline in the header can
    be compared."""
    body, deadline = packet.body, packet.header.deadline_unix_ns
    if not isinstance(body, ResultBody) or body.verdict is not Verdict.PASS or body.reason not in _PASS_REASONS:
        return False
    if isinstance(body, SheetBody) and (body.missing or any(one.verdict is not Verdict.PASS for one in body.frames)):
        return False
    if deadline_known and deadline is not None:
        return bounds is not None and now + bounds.most <= deadline
    return True


def frames_of(packet: Packet, most: int) -> range:
    """The frames that a message gives a verdict; of a long gap the last ones."""
    body, first = packet.body, packet.header.frame or 0
    if isinstance(body, GapBody):
        return range(max(body.first, body.last + 1 - most), body.last + 1)
    return range(first, first + 1)
