"""The recovery socket: its address, who may ask, and that nobody who asks badly, too much or without reading costs anybody else anything."""

from __future__ import annotations

import json
import os
import socket
from contextlib import closing, suppress
from pathlib import Path

import msgspec
import pytest
import zmq

from inspector.config.keys import KeysConfig
from inspector.config.recovery import RecoveryConfig, recovery_address
from inspector.errors import UserError
from inspector.protocol.keys import read_key_file
from inspector.protocol.recovery import LARGEST_REQUEST, decode_answer
from inspector.protocol.recovery import Outcome as Told
from inspector.results.peer_limits import Cause
from inspector.results.recovery.address import told
from inspector.results.results import Results
from tests.keys import let_in, make_keys
from tests.results.publishing import REJECTED, Ear, eventually, make_identity, make_results, make_settled
from tests.results.recovery.asking import Asker, address_of, numbers
from tests.results.recovery.test_get import publish, stored


@pytest.mark.parametrize(
    ("results", "configured", "bound"),
    [
        ("tcp://127.0.0.1:5550", "auto", "tcp://127.0.0.1:5551"),
        ("tcp://*:5550", "auto", "tcp://*:5551"),
        ("tcp://[::1]:5550", "auto", "tcp://[::1]:5551"),
        ("tcp://127.0.0.1:*", "auto", "tcp://127.0.0.1:*"),
        ("ipc:///run/line/results", "auto", "ipc:///run/line/results.recovery"),
        ("tcp://127.0.0.1:5550", "ipc:///run/x", "ipc:///run/x"),
        ("tcp://127.0.0.1:5550", None, None),
    ],
)
def test_where_it_is(results: str, configured: str | None, bound: str | None) -> None:
    assert recovery_address(results, RecoveryConfig(endpoint=configured)) == bound


def test_no_port_is_behind_the_last_one() -> None:
    with pytest.raises(UserError, match=r"results\.recovery\.endpoint: auto .* 65535 is the last one; name an address"):
        make_results(results={"endpoint": "tcp://127.0.0.1:65535"}).start()


@pytest.mark.parametrize(
    ("results", "bound", "said"),
    [
        ("tcp://*:5550", "tcp://0.0.0.0:5551", "tcp://*:5551"),
        ("tcp://192.168.1.4:5550", "tcp://192.168.1.4:5551", "tcp://*:5551"),
        ("tcp://localhost:5550", "tcp://127.0.0.1:5551", "tcp://*:5551"),
        ("tcp://127.0.0.1:5550", "tcp://192.168.1.4:5551", "tcp://192.168.1.4:5551"),
        ("ipc:///run/r", "tcp://0.0.0.0:5551", "tcp://127.0.0.1:5551"),
        ("ipc:///run/r", "ipc:///run/r.recovery", "ipc:///run/r.recovery"),
    ],
)
def test_what_heartbeats_say_of_it(results: str, bound: str, said: str) -> None:
    assert told(results, bound) == said


def test_over_ipc_with_a_plain_request_socket(tmp_path: Path) -> None:
    """REQ sends an empty part first, and gets one back."""
    identity = make_identity()
    results = make_results(identity, tmp_path / "j.sqlite", results={"endpoint": f"ipc://{tmp_path}/r"})
    results.start()
    with Ear(results.endpoint) as ear:
        address = ear.packet().body.recovery  # type: ignore[union-attr]
    assert address == f"ipc://{tmp_path}/r.recovery"
    publish(results, 3)
    with zmq.Context() as context, context.socket(zmq.REQ) as plain:
        plain.connect(address)
        do = {"request": "get", "line": "line1", "camera": "cam1", "epoch": identity.epoch, "from": 0, "to": 2}
        eventually(lambda: results.snapshot().published == 3)
        plain.send(json.dumps({"recovery": 1, "id": "x", "do": do}).encode())
        assert plain.poll(5000)
        assert numbers(decode_answer(plain.recv_multipart())) == [0, 1, 2]
    assert results.close()
    assert not (tmp_path / "r.recovery").exists()


def test_no_socket_where_none_is_wanted(tmp_path: Path) -> None:
    results = make_results(results={"recovery": RecoveryConfig(endpoint=None)})
    results.start()
    with Ear(results.endpoint) as ear:
        assert ear.packet().body.recovery is None  # type: ignore[union-attr]
    assert results.snapshot().recovery is None
    assert results.close()


def test_two_lines_with_neighbouring_ports_are_told_so() -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as probe:
        port = probe.getsockname()[1]
    first = make_results(results={"endpoint": f"tcp://127.0.0.1:{port}"})
    first.start()
    for beside, key in ((port + 1, "results.endpoint"), (port - 1, "results.recovery.endpoint")):
        second = make_results(results={"endpoint": f"tcp://127.0.0.1:{beside}"})
        with pytest.raises(
            UserError, match=f"^{key}: tcp://127.0.0.1:{max(port, beside)} .*keep the ports of two lines apart by 2"
        ):
            second.start()
        assert second.close()
    assert first.close()


STREAMS = b'{"recovery":1,"id":"x","do":{"request":"streams"}}'


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    make_keys(tmp_path, "bert", anna="subscriber", clara="viewer")
    return tmp_path


def curve(keys: Path, name: str, server: str = "line") -> dict[int, int | bytes]:
    pair = read_key_file(keys / f"{name}.key_secret")
    assert pair.secret is not None
    return {
        zmq.CURVE_SERVERKEY: read_key_file(keys / f"{server}.key").public,
        zmq.CURVE_PUBLICKEY: pair.public,
        zmq.CURVE_SECRETKEY: pair.secret,
    }


def test_with_keys_only_who_may_hear_the_results_may_ask(keys: Path, tmp_path: Path) -> None:
    identity = make_identity()
    section = KeysConfig(secret_key=str(keys / "line.key_secret"), clients=str(keys / "clients"))
    results = make_results(identity, tmp_path / "j.sqlite", results={"endpoint": "tcp://*:*"}, keys=section)
    results.start()
    address = address_of(results).replace("0.0.0.0", "127.0.0.1")
    publish(results, 3)
    eventually(lambda: stored(results))
    for name in ("anna", "clara"):
        with Asker(address, identity, curve(keys, name)) as asker:
            assert numbers(asker.get(0, 2)) == [0, 1, 2]
    with (
        Asker(address, identity) as plain,
        Asker(address, identity, curve(keys, "bert")) as stranger,
        Asker(address, identity, curve(keys, "anna", server="clara")) as misled,
        Asker(address, identity, curve(keys, "anna")) as revoked,
    ):
        assert numbers(revoked.get(0, 0)) == [0]
        for one in (plain, stranger, misled):
            with suppress(zmq.Again):  # one that was refused already has nowhere to send to
                one.socket.send(STREAMS, zmq.NOBLOCK)
        eventually(
            lambda: (state := results.snapshot().recovery) and state.refused and sum(state.bad_messages.values()) >= 2,
            20,
        )
        (keys / "clients" / "subscriber" / "anna.key").unlink()
        eventually(lambda: (state := results.snapshot().recovery) and state.cut_off[Cause.KEY], 20)
        with suppress(zmq.Again):
            revoked.socket.send(STREAMS, zmq.NOBLOCK)
        let_in(keys, "bert", "subscriber")
        with Asker(address, identity, curve(keys, "bert")) as bert:
            assert numbers(bert.get(1, 1)) == [1]
        assert not any(one.socket.poll(0) for one in (plain, stranger, misled, revoked))
    assert results.close()


def counted(results: Results) -> dict[str, int]:
    state = results.snapshot().recovery
    assert state is not None
    return {fault.value: count for fault, count in state.bad_messages.items() if count}


@pytest.mark.filterwarnings("error")
def test_what_cannot_be_read_gets_no_reply_and_harms_nobody(tmp_path: Path) -> None:
    identity = make_identity()
    results = make_results(identity, tmp_path / "j.sqlite")
    results.start()
    publish(results, 5)
    with Asker(address_of(results), identity) as bad, Asker(address_of(results), identity) as good:
        for message in (
            [b""],
            [b"\xff\xfe"],
            [b"{}"],
            [b"[" * 4000],
            [b"{", b"}"],
            [b"a"] * 50,
            [b'{"recovery":2,"id":7}'],
        ):
            bad.socket.send_multipart(message)
        bad.socket.send(b"x" * (LARGEST_REQUEST + 1))
        eventually(lambda: counted(results) == {"malformed": 7, "too_large": 1})
        assert numbers(good.get(0, 4)) == [0, 1, 2, 3, 4]
        assert not bad.socket.poll(0)
        # Where the id can be read, whoever wrote the client is told what is wrong.
        bad.socket.send(b'{"recovery":1,"id":"mine","do":{"request":"get","lien":"line1"}}')
        reply = bad.receive().reply
        assert (reply.id, reply.outcome) == ("mine", Told.REFUSED)
        assert "lien" in reply.text
        bad.socket.send(b"x" * 100_000)  # so large that the connection ends; it comes again by itself
        assert numbers(good.get(0, 4)) == [0, 1, 2, 3, 4]
        assert numbers(bad.get(0, 4)) == [0, 1, 2, 3, 4]
    assert results.close()


def test_more_than_a_connection_may_have_waiting_is_busy(tmp_path: Path) -> None:
    identity = make_identity()
    results = make_results(
        identity, tmp_path / "j.sqlite", results={"recovery": RecoveryConfig(publications_per_s=1000)}
    )
    results.start()
    publish(results, 500)
    eventually(lambda: stored(results))
    with Asker(address_of(results), identity) as greedy, Asker(address_of(results), identity) as modest:
        for _ in range(30):
            greedy.send(request="get", line="line1", camera="cam1", epoch=identity.epoch, **{"from": 0, "to": 99})
        assert numbers(modest.get(3, 5)) == [3, 4, 5], "it is its turn after one request of the other"
        replies = [greedy.receive().reply for _ in range(30)]
        busy = [reply for reply in replies if reply.outcome is Told.BUSY]
        assert 15 <= len(busy) <= 21
        assert all(reply.retry_ms and not reply.publications for reply in busy)
    assert results.close()


def test_a_flood_costs_the_live_stream_nothing(tmp_path: Path) -> None:
    """Each of several connections asks for all there is, and for what is nowhere, as often as it can, and reads nothing of it."""
    identity = make_identity()
    results = make_results(identity, tmp_path / "j.sqlite", commit_interval_ms=1)
    results.start()
    publish(results, 2000)
    eventually(lambda: stored(results))
    everything = {"line": "line1", "camera": "cam1", "epoch": identity.epoch, "from": 0, "to": 10**9}
    askers = [Asker(address_of(results), identity) for _ in range(6)]
    try:
        with Ear(results.endpoint) as ear:
            ear.packet()
            for n in range(300):
                for asker in askers:
                    asker.send(request="get", **everything)
                    asker.send(request="find", run="nowhere")
                    asker.socket.send(b"rubbish")
                if n % 10 == 0:
                    results.settled(make_settled(2000 + n))
                    assert ear.until("result", 1.0)[-1].header.frame == 2000 + n
            state = results.snapshot().recovery
            assert state is not None
            assert state.waiting <= 6 * 10
            eventually(lambda: (now := results.snapshot().recovery) and now.cut_off[Cause.FLOOD])
        with Asker(address_of(results), identity) as modest:
            assert numbers(modest.get(0, 3)) == [0, 1, 2, 3]
    finally:
        for asker in askers:
            asker.__exit__()
    assert results.close()


def test_who_reads_nothing_gets_no_more_and_is_cut_off_while_the_others_are_served(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("inspector.results.recovery.lane.LONGEST_UNREAD_S", 0.5)
    identity = make_identity()
    results = make_results(identity, tmp_path / "j.sqlite", results={"recovery": RecoveryConfig(memory_mib=1)})
    results.start()
    noise = msgspec.structs.replace(REJECTED, mask=os.urandom(1_000_000))
    for frame in range(12):
        results.settled(make_settled(frame, noise))
    eventually(lambda: stored(results), 20)
    few = {zmq.RCVHWM: 1, zmq.RCVBUF: 1 << 14}
    with Asker(address_of(results), identity, few) as stuck, Asker(address_of(results), identity) as other:
        for first in (0, 3, 6, 9, 0, 3, 6, 9, 0):
            numbers_of = {"from": first, "to": first + 2}
            stuck.send(request="get", line="line1", camera="cam1", epoch=identity.epoch, **numbers_of)
        eventually(lambda: (state := results.snapshot().recovery) and state.publications >= 3)
        assert numbers(other.get(0, 2)) == [0, 1, 2]
        assert numbers(other.get(9, 11)) == [9, 10, 11]
        state = results.snapshot().recovery
        assert state is not None
        assert state.waiting > 0, "its further requests wait until it has read"
        assert state.publications < 9 * 3 + 6
        eventually(lambda: (now := results.snapshot().recovery) and now.cut_off[Cause.SLOW])
        assert numbers(other.get(3, 5)) == [3, 4, 5]
    assert results.close()
