"""The events of a subscriber as lines for a person, and as JSON."""

from __future__ import annotations

from typing import Any

import msgspec
from rich.text import Text

from engines.files.text import brief
from inspector.client import (
    Event,
    LinkBack,
    LinkLost,
    Malformed,
    Missed,
    NewEpoch,
    Packet,
    Recovered,
    SecondPublisher,
    Stale,
)

_LONGEST = 1000
"""Characters that are shown of a text, which may come from a network."""


def notice(event: Event) -> Text:
    """An event that is not a message, as one line."""
    if isinstance(event, Malformed):
        return Text(f"!! MALFORMED  {brief(event.reason, _LONGEST)}", "bold red")
    if isinstance(event, LinkLost):
        return Text(f"!! no connection to {event.endpoint}: {event.detail}; it is tried again", "bold yellow")
    if isinstance(event, LinkBack):
        return Text(f"   connected to {event.endpoint} again", "yellow")
    assert not isinstance(event, Packet), "a message has lines of its own"
    camera = event.stream.camera
    if isinstance(event, NewEpoch):
        end = "" if event.end_known else "; whether its last messages before were all received is not known"
        return Text(f"!! {camera}: the daemon was started again; numbers begin at 0 again{end}", "bold yellow")
    if isinstance(event, SecondPublisher):
        return Text(f"!! {camera}: TWO PUBLISHERS claim to be this camera of line {event.stream.line}", "bold red")
    if isinstance(event, Stale):
        return Text(f"!! {camera}: STALE, not even a heartbeat for {event.silent_ms} ms", "bold red")
    span = f"{event.count} messages, seq {event.first_seq}..{event.last_seq}"
    if isinstance(event, Recovered):
        return Text(f"   {camera}: fetched {span}", "yellow")
    return _missed(event, span)


def _missed(event: Missed, span: str) -> Text:
    if event.before_joining:
        return Text(f"   {event.stream.camera}: joined late; {span} were sent before", "yellow")
    why = brief(f"{event.why.value.replace('_', ' ')}{': ' if event.detail else ''}{event.detail}", _LONGEST)
    return Text(f"!! {event.stream.camera}: MISSED {span} ({why})", "bold red")


def record(event: Event) -> dict[str, Any]:
    """An event as it is shown in JSON."""
    if isinstance(event, Packet):
        return {"event": "message", "header": event.header, "body": event.body, "blob": event.blob or None}
    fields = msgspec.structs.asdict(event)
    if "stream" in fields:
        fields["stream"] = fields["stream"]._asdict()
    if "topic" in fields:
        fields["topic"] = fields["topic"].decode("utf-8", "replace")
    return {"event": type(event).__name__.lower(), **fields}
