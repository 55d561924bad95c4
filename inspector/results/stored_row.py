"""What readers of the journal get of it: streams, and publications as they were sent."""

from __future__ import annotations

import msgspec

from inspector.protocol.codec import Packet, decode_body, decode_header
from inspector.results.journal_damage import RowError
from inspector.results.journal_rows import as_sent, check_number

FIELDS = "p.id, s.epoch, s.camera, p.seq, p.type, p.frame, p.verdict, p.captured_unix_ns, p.header, p.body, p.blob"
"""Of publications ``p`` and their streams ``s``: what ``row_of`` takes, with ``blob_bytes`` behind it."""


class StreamInfo(msgspec.Struct, frozen=True, kw_only=True):
    """One stream in the journal: a camera in an epoch."""

    epoch: str
    line: str
    camera: str
    simulated: bool
    opened_unix_ns: int
    first_seq: int
    """Oldest publication still in the journal."""
    last_seq: int


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One publication as it was sent."""

    id: int
    """Increases in the order of publication."""
    epoch: str
    camera: str
    seq: int
    type: str
    frame: int | None
    verdict: str | None
    captured_unix_ns: int | None
    header: bytes
    body: bytes
    blob: bytes

    def packet(self) -> Packet:
        """The message, decoded. Raises MalformedError where the file was altered."""
        return decode_body(decode_header(self.header), self.body, self.blob)


def row_of(
    id_: int,
    epoch: str,
    camera: str,
    seq: int,
    kind: str,
    frame: int | None,
    verdict: str | None,
    captured: int | None,
    header: bytes,
    body: bytes,
    blob: bytes | None,
    blob_bytes: int | None,
) -> Row:
    """The row that a query of ``FIELDS`` gives. Raises RowError where the file is damaged and holds something else: SQLite does not enforce the types of its columns."""
    blob = b"" if blob is None else blob
    texts, parts, numbers = (epoch, camera, kind), (header, body, blob), (id_, seq)
    if not (
        all(isinstance(one, str) for one in texts)
        and all(isinstance(one, bytes) for one in parts)
        and all(isinstance(one, int) for one in numbers)
        and all(isinstance(one, (int, type(None))) for one in (frame, captured))
        and isinstance(verdict, (str, type(None)))
    ):
        raise RowError("a row holds values of other types")
    check_number(header, seq)
    return Row(
        id=id_, epoch=epoch, camera=camera, seq=seq, type=kind, frame=frame, verdict=verdict,
        captured_unix_ns=captured, header=header, body=body, blob=as_sent(blob, blob_bytes),
    )  # fmt: skip
