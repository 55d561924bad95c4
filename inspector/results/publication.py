"""A message as it is published and journaled."""

from __future__ import annotations

import msgspec

from inspector.protocol.messages import MessageType


class Publication(msgspec.Struct, frozen=True, kw_only=True):
    """An encoded message, for sending and for the journal."""

    camera: str
    seq: int
    """-1 in a heartbeat and in a repeated start, which have no number."""
    type: MessageType
    run: str | None
    frame: int | None
    verdict: str | None
    captured_unix_ns: int | None
    published_unix_ns: int
    topic: bytes
    header: bytes
    body: bytes
    blob: bytes
    inspected: bool = False
    """Whether it is what was judged of an engine's answer."""

    @property
    def size(self) -> int:
        """Bytes of all parts."""
        return len(self.header) + len(self.body) + len(self.blob)

    def parts(self) -> list[bytes]:
        """The parts of the multipart message."""
        return [self.topic, self.header, self.body, self.blob] if self.blob else [self.topic, self.header, self.body]
