"""The header of a message, which says where it belongs: stream, run, frame and times, and the bundle that its body speaks of."""

from __future__ import annotations

from inspector.frames.meta import FrameMeta
from inspector.frames.outcome import BundleIdentity
from inspector.protocol.limits import LONGEST_WORD
from inspector.protocol.messages import Header, MessageType
from inspector.protocol.values import PROTOCOL
from inspector.results.identity import Identity, StartInfo
from inspector.results.message_parts import encodable


def make_header(
    identity: Identity,
    camera: str,
    kind: MessageType,
    clocks: tuple[int, int],
    *,
    seq: int | None,
    run: str | None,
    bundle: BundleIdentity | None,
    meta: FrameMeta | None,
    info: StartInfo | None,
    resolved_through: int,
    durable: bool,
) -> Header:
    """``clocks``: Unix time and monotonic time, ns. ``meta`` is that of the frame, None in a message about none; ``info`` is what holds now."""
    # One offset for all times of a message, so that their differences stay those of the monotonic clock.
    published, now = clocks
    offset = published - now
    return Header(
        protocol=PROTOCOL,
        type=kind,
        line=identity.line,
        camera=camera,
        epoch=identity.epoch,
        run=_word(run),
        recipe=_word(meta.recipe if meta is not None else info.recipe if info else None),
        part=_word(meta.part[:LONGEST_WORD]) if meta is not None else None,
        seq=seq,
        frame=None if meta is None else meta.frame,
        position_um=None if meta is None else meta.position_um,
        captured_unix_ns=None if meta is None else meta.captured_ns + offset,
        deadline_unix_ns=None
        if meta is None or meta.deadline_ns is None or kind is MessageType.GAP
        else meta.deadline_ns + offset,
        published_unix_ns=published,
        resolved_through=resolved_through,
        bundle=_word(bundle.bundle) if bundle else None,
        operating_point=_word(bundle.operating_point) if bundle else None,
        calibration=_word(meta.calibration if meta is not None else info.calibration if info else None),
        simulated=identity.simulated,
        travel_um=None if meta is None else meta.travel_um,
        position_source=None if meta is None else meta.position_source,
        encoder=None if meta is None else meta.encoder,
        camera_ns=None if meta is None else meta.camera_ns,
        camera_clock=_word(meta.camera_clock) if meta is not None else None,
        flat_field=_word(meta.flat_field) if meta is not None else None,
        durable=durable,
    )


def _word(text: str | None) -> str | None:
    """As it can be sent, so that no verdict is lost to a character of a name; None for an empty text."""
    return (text if text.isascii() else encodable(text)) if text else None
