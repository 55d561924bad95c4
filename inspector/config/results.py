"""Section ``results``: where verdicts are published, to whom, and how much is kept for a slow subscriber."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from engines.files.paths import PathRule, path_key
from inspector.config.recovery import RecoveryConfig
from inspector.config.section import Section

Endpoint = Annotated[str, path_key(PathRule(prefix="ipc://", other="@*"))]


class ResultsConfig(Section, frozen=True, kw_only=True):
    """The publisher. ``docs/protocol.md`` describes what it sends."""

    endpoint: Annotated[
        Endpoint,
        Meta(
            description="ZeroMQ address to bind: tcp://ADDRESS:PORT (port *: a free one) or ipc://PATH, the path relative to this file. "
            "Any address other than loopback or ipc needs `keys`.",
        ),
    ] = "tcp://127.0.0.1:5550"
    masks: Annotated[bool, Meta(description="Send the defect mask with each frame that has one.")] = True
    heartbeat_ms: Annotated[int, Meta(description="Time between two heartbeats.", ge=100, le=250)] = 200
    send_mib: Annotated[
        int,
        Meta(
            description="MiB that may wait for one subscriber, or 8 times the longest message where that is more; a subscriber that is further "
            "behind is disconnected. Most messages have a few KiB; a mask full of noise has up to 8 bytes per pixel.",
            ge=1,
            le=65_536,
        ),
    ] = 128
    max_connections: Annotated[
        int,
        Meta(
            description="Most connections at once; beyond them, first those that have subscribed to nothing are cut off. "
            "The limit of open files (`ulimit -n`) may allow fewer.",
            ge=1,
            le=10_000,
        ),
    ] = 256
    linger_ms: Annotated[
        int,
        Meta(
            description="When stopping: longest time to wait for subscribers to read what is queued for them.",
            ge=0,
            le=500,
        ),
    ] = 250
    wait_for_subscribers: Annotated[
        int, Meta(description="Do not start capturing before this many subscriptions have arrived.", ge=0)
    ] = 0
    wait_timeout_s: Annotated[
        float, Meta(description="The start fails when the subscriptions have not arrived within this time.", gt=0)
    ] = 30.0
    recovery: RecoveryConfig = RecoveryConfig()
