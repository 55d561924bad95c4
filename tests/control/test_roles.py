"""Over TCP the key decides who may do what."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import zmq
import zmq.auth

from inspector.client.control import ControlClient, KeyRefused, NoAnswer
from inspector.config.control import ControlConfig
from inspector.config.keys import KeysConfig
from inspector.control.server import ControlServer
from inspector.errors import UserError
from inspector.protocol.control import NEEDS, Log, Pause, ReadStatus, RecipePrepare, Role, RunStart
from inspector.protocol.control_messages import Outcome
from tests.control.serving import EPOCH, RawClient, Served
from tests.keys import make_keys
from tests.results.publishing import eventually

OWNERS = {"vera": "viewer", "otto": "operator", "emma": "engineer"}


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    """Key pairs of the line, of one client for each role, of a subscriber and of a stranger."""
    make_keys(tmp_path, "stranger", suse="subscriber", **OWNERS)
    return tmp_path


REMOTE = ControlConfig(endpoint=None, remote="tcp://127.0.0.1:*")


def section(keys: Path) -> KeysConfig:
    return KeysConfig(secret_key=str(keys / "line.key_secret"), clients=str(keys / "clients"))


@pytest.fixture
def one(keys: Path) -> Iterator[Served]:
    served = Served(REMOTE, keys=section(keys))
    yield served
    served.perform.go_on.set()
    served.server.close()


@pytest.fixture
def client(keys: Path, one: Served) -> Callable[..., ControlClient]:
    def made(name: str, timeout_s: float = 5.0, **options: str) -> ControlClient:
        return ControlClient(
            one.endpoint,
            server_key=keys / "line.key",
            client_key=keys / f"{name}.key_secret",
            timeout_s=timeout_s,
            **options,
        )

    return made


def test_each_role_may_do_what_the_one_before_may(one: Served, client: Callable[..., ControlClient]) -> None:
    asked = {Role.VIEWER: ReadStatus(), Role.OPERATOR: Pause(), Role.ENGINEER: Log(level="debug")}
    for rank, (name, role) in enumerate(OWNERS.items()):
        with client(name, on_behalf_of="anna") as mine:
            for needed, command in enumerate(asked.values()):
                reply = mine.ask(command)
                assert (reply.outcome is Outcome.DONE) == (rank >= needed)
                if rank < needed:
                    assert (reply.code, reply.text) == (
                        "role",
                        f"{('status', 'pause', 'log')[needed]} needs the role {list(asked)[needed].value}; {name} has {role}",
                    )
    eventually(lambda: len(one.journal.records) == 9)
    assert {(record.who, record.role, record.on_behalf_of) for record in one.journal.records} == {
        (name, role, "anna") for name, role in OWNERS.items()
    }
    assert sorted(command for command, outcome in one.commands() if outcome == "refused") == ["log", "log", "pause"]
    assert set(NEEDS.values()) == set(Role) - {Role.SUBSCRIBER}


def test_a_stranger_is_refused_and_journaled(
    one: Served, keys: Path, client: Callable[..., ControlClient], caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(2):
        with client("stranger") as stranger, pytest.raises(KeyRefused, match="inspector keys allow"):
            stranger.ask(ReadStatus())
    public = zmq.auth.load_certificate(keys / "stranger.key")[0].decode()
    eventually(lambda: one.commands() == [("connect", "refused")])
    (record,) = one.journal.records
    assert (record.who, record.public_key) == ("unknown", public)
    assert len([line for line in caplog.messages if public in line]) == 1


def wrong_server(socket: zmq.Socket[bytes], keys: Path) -> None:
    socket.curve_publickey, socket.curve_secretkey = zmq.auth.load_certificate(keys / "emma.key_secret")
    socket.curve_serverkey = zmq.auth.load_certificate(keys / "vera.key")[0]


@pytest.mark.parametrize("prepare", [lambda socket, keys: None, wrong_server])
def test_without_keys_or_with_those_of_another_line_nobody_answers(
    one: Served, keys: Path, client: Callable[..., ControlClient], prepare: Callable[[zmq.Socket[bytes], Path], None]
) -> None:
    with RawClient(one.endpoint, lambda socket: prepare(socket, keys)) as other, client("vera") as vera:
        other.send("status")
        for _ in range(5):
            assert vera.ask(ReadStatus()).outcome is Outcome.DONE
        assert not other.socket.poll(200)
    assert {record.who for record in one.journal.records} == {"vera"}


def test_a_subscriber_is_not_let_in(
    one: Served, client: Callable[..., ControlClient], caplog: pytest.LogCaptureFixture
) -> None:
    with client("suse") as suse, pytest.raises(KeyRefused):
        suse.hello()
    eventually(lambda: one.commands() == [("connect", "refused")])
    assert (one.journal.records[0].who, one.journal.records[0].role) == ("suse", "subscriber")
    assert "suse has the role subscriber, and this socket needs viewer" in caplog.text
    with client("vera") as vera:
        assert vera.ask(ReadStatus()).outcome is Outcome.DONE


def use_until_cut_off(client: ControlClient) -> None:
    while client.ask(ReadStatus()).outcome is Outcome.DONE:
        pass


def test_a_key_is_let_in_and_revoked_without_a_restart(
    one: Served, keys: Path, client: Callable[..., ControlClient]
) -> None:
    with client("emma") as emma:
        assert emma.ask(Log(level="debug")).outcome is Outcome.DONE
        (keys / "clients" / "engineer" / "emma.key").unlink()
        with pytest.raises((KeyRefused, NoAnswer)):
            use_until_cut_off(emma)
    with client("stranger") as stranger, pytest.raises(KeyRefused):
        stranger.hello()
    shutil.rmtree(keys / "clients" / "engineer")
    (keys / "clients" / "engineer").mkdir()
    shutil.copy(keys / "stranger.key", keys / "clients" / "engineer" / "guest.key")
    with client("stranger") as guest:
        assert guest.ask(Log(level="debug")).outcome is Outcome.DONE
    assert one.journal.records[-1].who == "guest"


def test_another_role_counts_without_a_restart(one: Served, keys: Path, client: Callable[..., ControlClient]) -> None:
    with client("vera") as vera:
        assert vera.ask(Pause()).code == "role"
        (keys / "clients" / "viewer" / "vera.key").rename(keys / "clients" / "operator" / "vera.key")
        eventually(lambda: vera.ask(Pause()).outcome is Outcome.DONE)


def test_an_id_belongs_to_its_client(one: Served, keys: Path) -> None:
    def use_key(name: str) -> Callable[[zmq.Socket[bytes]], None]:
        def prepare(socket: zmq.Socket[bytes]) -> None:
            socket.curve_publickey, socket.curve_secretkey = zmq.auth.load_certificate(keys / f"{name}.key_secret")
            socket.curve_serverkey = zmq.auth.load_certificate(keys / "line.key")[0]

        return prepare

    with RawClient(one.endpoint, use_key("emma")) as emma, RawClient(one.endpoint, use_key("otto")) as otto:
        assert emma.ask("pause", id="1")["repeated"] is False
        assert otto.ask("resume", id="1")["outcome"] == "done"
        assert emma.ask("pause", id="1")["repeated"] is True


def test_the_client_asks_again_with_the_same_id(one: Served, client: Callable[..., ControlClient]) -> None:
    with client("emma", timeout_s=1.5) as emma:
        one.perform.go_on.clear()
        with pytest.raises(NoAnswer, match="still at it"):
            emma.ask(RecipePrepare(recipe="r"), longest_s=0.3)
        one.perform.go_on.set()
        assert emma.ask(RunStart(run="coil-1")).outcome is Outcome.DONE
    eventually(lambda: len(one.perform.done) == 2)


def test_who_is_not_there_does_not_answer(tmp_path: Path) -> None:
    with pytest.raises(NoAnswer, match="there is no socket"):
        ControlClient(f"ipc://{tmp_path}/control")
    with pytest.raises(UserError, match="needs keys"):
        ControlClient("tcp://127.0.0.1:1")


def test_a_secret_key_that_others_can_read_is_refused(
    keys: Path, one: Served, client: Callable[..., ControlClient], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("emma", "line"):
        (keys / f"{name}.key_secret").chmod(0o640)
    with pytest.raises(UserError, match="chmod 600"):
        client("emma")
    server = ControlServer(REMOTE, "line1", EPOCH, one.perform, keys=section(keys))
    with pytest.raises(UserError, match=r"^keys\.secret_key: .* can be read by others"):
        server.start()
    assert server.endpoints == []
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(keys))
    server.start()
    server.close()


def test_without_keys_no_commands_are_taken_over_tcp() -> None:
    server = ControlServer(REMOTE, "line1", EPOCH, lambda one, caller: {})
    with pytest.raises(UserError, match=r"^control\.remote: [^\n]* needs keys"):
        server.start()
    assert server.endpoints == []
