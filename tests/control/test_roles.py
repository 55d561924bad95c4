"""Over TCP the key decides who may do what."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import zmq
import zmq.auth

from inspector.client.control import ControlClient, KeyRefused, NoAnswer
from inspector.config.control import ControlConfig, RemoteControl
from inspector.control.server import ControlServer
from inspector.errors import UserError
from inspector.protocol.control import NEEDS, Log, Pause, ReadStatus, RecipePrepare, Role, RunStart
from inspector.protocol.control_messages import Outcome
from tests.control.serving import EPOCH, RawClient, Served
from tests.results.publishing import eventually

OWNERS = {"vera": "viewer", "otto": "operator", "emma": "engineer"}


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    """Key pairs of the line, of one client for each role, and of a stranger."""
    for name in ("line", *OWNERS, "stranger"):
        zmq.auth.create_certificates(tmp_path, name)
        (tmp_path / f"{name}.key_secret").chmod(0o600)
    for name, role in OWNERS.items():
        (tmp_path / "clients" / role).mkdir(parents=True)
        shutil.copy(tmp_path / f"{name}.key", tmp_path / "clients" / role)
    return tmp_path


def remote(keys: Path) -> RemoteControl:
    return RemoteControl(
        endpoint="tcp://127.0.0.1:*", secret_key=str(keys / "line.key_secret"), clients=str(keys / "clients")
    )


@pytest.fixture
def one(keys: Path) -> Iterator[Served]:
    served = Served(ControlConfig(endpoint=None, remote=remote(keys)))
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
                        f"{('status', 'pause', 'log')[needed]} needs the role {list(Role)[needed].value}; {name} has {role}",
                    )
    eventually(lambda: len(one.journal.records) == 9)
    assert {(record.who, record.role, record.on_behalf_of) for record in one.journal.records} == {
        (name, role, "anna") for name, role in OWNERS.items()
    }
    assert sorted(command for command, outcome in one.commands() if outcome == "refused") == ["log", "log", "pause"]
    assert set(NEEDS.values()) == set(Role)


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
    with RawClient(one.endpoint) as plain:
        plain.send("status")
        assert not plain.socket.poll(300), "a client without CURVE hears nothing"


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
    server = ControlServer(ControlConfig(endpoint=None, remote=remote(keys)), "line1", EPOCH, one.perform)
    with pytest.raises(UserError, match=r"^control\.remote\.secret_key: .* can be read by others"):
        server.start()
    assert server.endpoints == []
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(keys))
    server.start()
    server.close()


@pytest.mark.parametrize(
    ("spoil", "error"),
    [
        (lambda keys: shutil.rmtree(keys / "clients"), "there is no folder"),
        (lambda keys: (keys / "clients").chmod(0o777), "can be written to by others"),
        (lambda keys: (keys / "clients" / "engineer").chmod(0o770), "can be written to by others"),
        (lambda keys: (keys / "clients" / "engineer" / "emma.key").chmod(0o666), "can be written to by others"),
        (lambda keys: (keys / "clients" / "engineer" / "emma.key").write_text("no key"), "holds no public key"),
        (lambda keys: (keys / "line.key_secret").unlink(), "cannot be read"),
    ],
)
def test_keys_that_cannot_be_used_are_one_line(keys: Path, spoil: Callable[[Path], object], error: str) -> None:
    spoil(keys)
    server = ControlServer(ControlConfig(endpoint=None, remote=remote(keys)), "line1", EPOCH, lambda one, caller: {})
    with pytest.raises(UserError, match=rf"^control\.remote\.[^\n]*{error}[^\n]*$"):
        server.start()
