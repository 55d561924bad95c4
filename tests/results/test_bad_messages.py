"""Nothing that comes in at a socket of the line raises in it: it is counted, told once, and dropped, and everybody else is served."""

from __future__ import annotations

import logging
import random
from collections.abc import Callable
from pathlib import Path

import pytest
import zmq
import zmq.auth

from inspector.client.control import ControlClient
from inspector.config.control import ControlConfig
from inspector.protocol.control import ReadStatus
from inspector.protocol.control_messages import LARGEST_READ, LARGEST_REQUEST, Outcome
from inspector.results.bad_messages import BadMessages, Fault
from tests.control.serving import RawClient, Served
from tests.keys import make_keys, owner_of
from tests.results.publishing import Ear, eventually, make_results
from tests.results.zmtp import all_closed, connected, frame, silent

RANDOM = random.Random(4)
NOISE = [RANDOM.randbytes(RANDOM.choice((0, 1, 2, 8, 64, 250, 1000))) for _ in range(60)]
REQUESTS = [
    b"", b"{", b"null", b"[]", b"\xff\xfe", b'{"control":1}', b'{"control":2,"id":"a"}', b'{"control":1,"id":7}', b'{"control":1,"id":""}',
    b'{"control":1,"id":"a","do":{"command":"none"}}', b'{"control":1,"id":"a","do":[]}', b'{"control":1,"id":"\\u0000"}',
    b'{"control":1,"id":"a","expires_ns":1e999}', b'{"control":1,"id":"a","epoch":{}}', b"[" * 5000, b'{"a":' * 2000, b"x" * (LARGEST_REQUEST + 1),
]  # fmt: skip


def errors(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR or record.exc_info]


def test_what_peers_send_to_the_results_is_counted_and_dropped(caplog: pytest.LogCaptureFixture) -> None:
    results = make_results()
    results.start()
    with Ear(results.endpoint) as ear, all_closed(connected(results.endpoint)) as _:
        ear.until("heartbeat")
        bad = [one for one in NOISE if one[:1] not in (b"\0", b"\1")]
        for start in range(0, len(bad), 12):
            peer = connected(results.endpoint)
            with all_closed(peer):
                for one in bad[start : start + 12]:
                    peer.sendall(frame(one, more=bool(len(one) % 3 == 1)))
                peer.sendall(frame(b"the last of a message"))
                expected = start + len(bad[start : start + 12])
                eventually(lambda n=expected: results.snapshot().bad_messages[Fault.MALFORMED] >= n)  # type: ignore[misc]
        for garbage in (b"GET / HTTP/1.1\r\n\r\n", b"\0" * 100, NOISE[-1]):
            with all_closed(silent(results.endpoint)) as _, all_closed(peer := silent(results.endpoint)):
                peer.sendall(garbage)
        ear.until("heartbeat")
    assert results.snapshot().alive
    assert errors(caplog) == []
    told = [record for record in caplog.records if "no subscription" in record.getMessage()]
    assert len(told) == 1, "once for a peer and a minute"
    assert "from 127.0.0.1 is dropped" in told[0].getMessage()
    assert results.close()


def test_a_handshake_that_fails_is_counted_where_keys_are_used(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    results = make_results(keys=make_keys(tmp_path, anna="subscriber"))
    results.start()
    with Ear(results.endpoint):
        eventually(lambda: results.snapshot().bad_messages[Fault.HANDSHAKE])
    assert "results: what came is dropped: the handshake failed" in caplog.text
    assert results.close()


@pytest.mark.parametrize("remote", [False, True], ids=["ipc", "keys"])
def test_what_clients_send_to_the_control_socket_is_counted_and_answered(
    remote: bool, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    keys = make_keys(tmp_path, vera="viewer")
    config = (
        ControlConfig(endpoint=None, remote="tcp://127.0.0.1:*")
        if remote
        else ControlConfig(endpoint=f"ipc://{tmp_path}/c")
    )
    served = Served(config, keys=keys)
    owner = owner_of(tmp_path, "vera") if remote else {}
    with RawClient(served.endpoint, with_keys(tmp_path) if remote else lambda socket: None) as client:
        for one in REQUESTS:
            client.socket.send(one)
            assert client.receive()["outcome"] == "refused"
        for parts in ([b"", b""], [b"a", b"b", b"c"], [b"x"] * 50):
            client.socket.send_multipart(parts)
            assert client.receive()["code"] == "malformed"
        for one in NOISE:
            client.socket.send(one)
            assert client.receive()["outcome"] == "refused"
        client.socket.send(b"x" * (LARGEST_READ + 1))  # closed without a reply; libzmq connects again
        with ControlClient(served.endpoint, **owner) as other:
            assert other.ask(ReadStatus()).outcome is Outcome.DONE
    (counts,) = served.server.bad_messages.values()
    assert counts[Fault.TOO_LARGE] == 1
    assert counts[Fault.MALFORMED] + counts[Fault.TOO_MANY] == len(REQUESTS) - 1 + 3 + len(NOISE)
    assert errors(caplog) == []
    told = [record.getMessage() for record in caplog.records if "is dropped" in record.getMessage()]
    assert len(told) == len([fault for fault in counts.values() if fault]), told
    assert all(("vera 127.0.0.1" if remote else "local") in one for one in told)
    served.server.close()


def with_keys(folder: Path) -> Callable[[zmq.Socket[bytes]], None]:
    def prepare(socket: zmq.Socket[bytes]) -> None:
        socket.curve_publickey, socket.curve_secretkey = zmq.auth.load_certificate(folder / "vera.key_secret")
        socket.curve_serverkey = zmq.auth.load_certificate(folder / "line.key")[0]

    return prepare


def test_a_line_for_each_peer_and_kind(caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    bad = BadMessages("results")
    for peer in ("a", "b"):
        for _ in range(500):
            bad.note(Fault.MALFORMED, peer, "3 bytes")
        bad.note(Fault.TOO_LARGE, peer, "3 GB")
    assert bad.counts[Fault.MALFORMED] == 1000
    assert len(caplog.records) == 4
    monkeypatch.setattr("inspector.results.once_a_minute.INTERVAL_S", 0.0)
    bad.note(Fault.MALFORMED, "a", "3 bytes")
    assert caplog.messages[-1] == "results: what came from a is dropped: 3 bytes (499 more since this was told last)"
