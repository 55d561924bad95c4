"""Subscribes to a line's results and reports whether anything was missed."""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import zmq

from inspector.client.completeness import Completeness, OutOfOrderError
from inspector.client.connection import Connection
from inspector.client.events import Event, Malformed, Missed, NewEpoch, Stale, StreamKey
from inspector.errors import UserError
from inspector.protocol.codec import TOPIC_ROOT, MalformedError, Packet, decode
from inspector.protocol.keys import KeyFileError, read_key_file, read_secret_key_file
from inspector.protocol.messages import HeartbeatBody, LineState

_LONGEST_HEARTBEAT_MS = 250
_HEARTBEATS_TO_STALE = 3
_STREAMS_KEPT = 256
_LONGEST_PREFIX = 200
"""Bytes. The longest topic has 142, and the publisher disconnects whoever asks for more than this."""


class Subscriber(AbstractContextManager["Subscriber"]):
    """A context manager and iterator that yields the messages of a line and, between them, events (``inspector.client.events``).

    It does not raise for data of a faulty publisher, but yields ``Malformed``. To be used by one thread at a time.
    """

    def __init__(
        self,
        endpoint: str,
        prefix: str = f"{TOPIC_ROOT}/",
        *,
        timeout_ms: int | None = None,
        server_key: Path | None = None,
        client_key: Path | None = None,
        receive_hwm: int = 16,
        largest_part_bytes: int = 16 << 20,
    ) -> None:
        """``prefix``: what the topics begin with, ``v1/<line>/`` or ``v1/<line>/<camera>/``; with a longer one messages
        seem to be missing. ``timeout_ms``: iteration ends when nothing comes for this long. ``server_key`` and ``client_key``:
        the publisher's public certificate (``*.key``) and one's own secret one (``*.key_secret``), where it uses CURVE.

        At most ``receive_hwm`` messages wait here, of parts of at most ``largest_part_bytes`` bytes, so that a faulty publisher does
        not use up the memory; further messages wait with the publisher (``results.send_mib``). A mask of noise has up to 8 bytes
        a pixel; a publisher that sends a larger part is disconnected, and connected again after 3 s.

        Raises UserError for an endpoint or a key that cannot be used.
        """
        self.malformed = 0
        """How many messages could not be decoded."""
        self.streams: dict[StreamKey, Completeness] = {}
        """What arrived of each stream; of more than 256 streams the oldest are removed."""
        self._timeout_ms = timeout_ms
        self._pending: deque[Event] = deque()
        self._heard_s: dict[StreamKey, float | None] = {}
        """When the last message of each stream came, s; None once ``Stale`` was reported."""
        self._interval_ms = _LONGEST_HEARTBEAT_MS
        self._context = zmq.Context()
        self._connection: Connection | None = None
        self._socket: zmq.Socket[bytes] = self._context.socket(zmq.SUB)
        try:
            self._socket.setsockopt(zmq.RCVHWM, receive_hwm)
            self._socket.setsockopt(zmq.MAXMSGSIZE, largest_part_bytes)
            self._use_keys(server_key, client_key)
            self._connect(endpoint, prefix)
        except BaseException:
            self.close()
            raise

    def __exit__(self, *_: object) -> None:
        self.close()

    def __iter__(self) -> Iterator[Event]:
        while (event := self.receive(self._timeout_ms)) is not None:
            yield event

    def close(self) -> None:
        """Disconnect."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None
        self._context.destroy(linger=0)

    def receive(self, timeout_ms: int | None = None) -> Event | None:
        """The next message or event; None when nothing came for ``timeout_ms``."""
        until_s = math.inf if timeout_ms is None else time.monotonic() + timeout_ms / 1000
        while not self._pending:
            left_s = max(0.0, until_s - time.monotonic())
            # Only when no message waits: a slow reader must not report the publisher as stale.
            if self._socket.poll(math.ceil(1000 * min(left_s, self._interval_ms / 1000))):
                self._take(self._socket.recv_multipart(zmq.NOBLOCK))
            else:
                self._look_for_silence()
                if self._connection is not None:
                    self._connection.look()
                if not self._pending and time.monotonic() >= until_s:
                    return None
        return self._pending.popleft()

    def _use_keys(self, server_key: Path | None, client_key: Path | None) -> None:
        if (server_key is None) != (client_key is None):
            raise UserError("CURVE needs both the publisher's public key file and your own secret key file")
        if server_key is None or client_key is None:
            return
        try:
            server = read_key_file(server_key).public
            public, secret = read_secret_key_file(client_key)
        except KeyFileError as error:
            raise UserError(f"key file {error}") from None
        self._socket.setsockopt(zmq.CURVE_SERVERKEY, server)
        self._socket.setsockopt(zmq.CURVE_PUBLICKEY, public)
        self._socket.setsockopt(zmq.CURVE_SECRETKEY, secret)

    def _connect(self, endpoint: str, prefix: str) -> None:
        socket = self._socket
        socket.setsockopt(zmq.RECONNECT_IVL_MAX, 2000)
        # Detects within about 15 s that the publisher's machine is unreachable, and connects again.
        for option, value in ((zmq.TCP_KEEPALIVE, 1), (zmq.TCP_KEEPALIVE_IDLE, 5), (zmq.TCP_KEEPALIVE_INTVL, 3),
                              (zmq.TCP_KEEPALIVE_CNT, 3)):  # fmt: skip
            socket.setsockopt(option, value)
        if "[" in endpoint:
            socket.setsockopt(zmq.IPV6, 1)
        topic = prefix.encode("utf-8", "replace")
        if len(topic) > _LONGEST_PREFIX:
            raise UserError(
                f"prefix {prefix[:40]!r}...: no topic begins with {len(topic)} bytes; expected v1/<line>/<camera>/"
            )
        try:
            socket.setsockopt(zmq.SUBSCRIBE, topic)
            self._connection = Connection(self._context, socket, endpoint)
        except (zmq.ZMQError, UnicodeError) as error:
            reason = getattr(error, "strerror", None) or "no text that UTF-8 can encode"
            raise UserError(
                f"endpoint {endpoint!r}: {reason}; expected tcp://ADDRESS:PORT or ipc://PATH, as in results.endpoint"
            ) from None

    def _take(self, parts: list[bytes]) -> None:
        """Decode a message and count it in its stream."""
        try:
            packet = decode(parts)
            missing = self._stream(packet).take(packet)
        except (MalformedError, OutOfOrderError) as error:
            self.malformed += 1
            self._pending.append(Malformed(reason=str(error), topic=parts[0]))
            return
        stream = _key(packet)
        if packet.header.seq is None and not isinstance(
            packet.body, HeartbeatBody
        ):  # repeated: says nothing of what was missed
            self._pending.append(packet)
            return
        if missing is not None:
            before = stream not in self._heard_s
            self._pending.append(
                Missed(stream=stream, first_seq=missing[0], last_seq=missing[1], before_joining=before)
            )
        self._heard_s[stream] = time.monotonic()
        if isinstance(packet.body, HeartbeatBody):
            self._interval_ms = min(packet.body.interval_ms, 10 * _LONGEST_HEARTBEAT_MS)
        self._pending.append(packet)

    def _stream(self, packet: Packet) -> Completeness:
        stream = _key(packet)
        if stream not in self.streams:
            others = [key for key in self.streams if key[:2] == stream[:2]]
            if others:
                self._pending.append(NewEpoch(stream=stream, previous_epoch=others[-1].epoch))
                self._heard_s.pop(others[-1], None)
            if len(self.streams) >= _STREAMS_KEPT:
                forgotten = next(iter(self.streams))
                del self.streams[forgotten]
                self._heard_s.pop(forgotten, None)
            self.streams[stream] = Completeness(stream)
        return self.streams[stream]

    def _look_for_silence(self) -> None:
        now_s = time.monotonic()
        for stream, heard_s in self._heard_s.items():
            if heard_s is None or now_s - heard_s < _HEARTBEATS_TO_STALE * self._interval_ms / 1000:
                continue
            self._heard_s[stream] = None
            if self.streams[stream].state is not LineState.STOPPED:
                self._pending.append(Stale(stream=stream, silent_ms=round(1000 * (now_s - heard_s))))


def _key(packet: Packet) -> StreamKey:
    return StreamKey(packet.header.line, packet.header.camera, packet.header.epoch)
