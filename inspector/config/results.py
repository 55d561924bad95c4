"""Section ``results``: where verdicts are published, to whom, and how much memory a slow subscriber may cost."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from inspector.config.section import Section


class CurveConfig(Section, frozen=True, kw_only=True):
    """CURVE keys (made by ``zmq.auth.create_certificates``). Needed wherever the endpoint is more than loopback or ipc."""

    secret_key: Annotated[
        str,
        Meta(description="File with the publisher's key pair (`*.key_secret`), relative to this file.", min_length=1),
    ]
    allowed_clients: Annotated[
        str,
        Meta(
            description="Directory with one public `*.key` file per subscriber let in, relative to this file; read anew when it changes.",
            min_length=1,
        ),
    ]


class ResultsConfig(Section, frozen=True, kw_only=True):
    """The publisher. ``docs/protocol.md`` describes what it sends."""

    endpoint: Annotated[
        str,
        Meta(
            description="ZeroMQ address to bind: tcp://ADDRESS:PORT (port * takes a free one) or ipc://PATH. "
            "Anything but loopback or ipc needs `curve`.",
            min_length=1,
        ),
    ] = "tcp://127.0.0.1:5550"
    masks: Annotated[bool, Meta(description="Send the defect mask with each frame that has one.")] = True
    heartbeat_ms: Annotated[int, Meta(description="Time between two heartbeats.", ge=100, le=250)] = 200
    send_hwm: Annotated[
        int,
        Meta(
            description="Messages held for one slow subscriber; further ones are dropped for it alone. "
            "Most are a few KiB; a mask that is all noise has up to 8 bytes a pixel.",
            ge=10,
            le=1_000_000,
        ),
    ] = 2000
    linger_ms: Annotated[
        int,
        Meta(
            description="When stopping, longest to wait for subscribers to take what is queued for them.", ge=0, le=500
        ),
    ] = 250
    wait_for_subscribers: Annotated[
        int, Meta(description="Do not start capturing before this many subscriptions have arrived.", ge=0)
    ] = 0
    wait_timeout_s: Annotated[
        float, Meta(description="Give up starting when the subscriptions have not arrived in this time.", gt=0)
    ] = 30.0
    curve: Annotated[
        CurveConfig | None, Meta(description="Encryption and the allow-list. Null: none, loopback or ipc only.")
    ] = None
