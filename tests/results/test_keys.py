"""Results over TCP: whose key has a role is let in, whoever else comes hears nothing."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import zmq
import zmq.auth

from inspector.client import Subscriber
from inspector.config.keys import KeysConfig
from inspector.errors import UserError
from inspector.protocol.codec import Packet
from inspector.results.peer_limits import Cause
from inspector.results.results import Results
from tests.keys import let_in, make_keys, owner_of
from tests.results.publishing import eventually, hears, make_results


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    """A folder with key pairs of the line, of anna and of bert; only anna is let in."""
    make_keys(tmp_path, "bert", anna="subscriber")
    return tmp_path


def section(keys: Path) -> KeysConfig:
    return KeysConfig(secret_key=str(keys / "line.key_secret"), clients=str(keys / "clients"))


def test_allowed_heard_refused_and_added_later(keys: Path, caplog: pytest.LogCaptureFixture) -> None:
    # Bound to every address: with keys that is allowed.
    results = make_results(results={"endpoint": "tcp://*:*"}, keys=section(keys))
    results.start()
    endpoint = results.endpoint.replace("0.0.0.0", "127.0.0.1")
    with Subscriber(endpoint, **owner_of(keys, "anna")) as anna, Subscriber(endpoint, **owner_of(keys, "bert")) as bert:
        eventually(lambda: results.snapshot().refused)
        assert hears(anna, 5000)
        assert not hears(bert, 1)
    with Subscriber(endpoint, **owner_of(keys, "bert")):
        eventually(lambda: results.snapshot().refused == 2)
    refused = [record for record in caplog.records if "is refused" in record.message]
    assert len(refused) == 1, "once per key, however often its owner tries"
    assert zmq.auth.load_certificate(keys / "bert.key")[0].decode() in refused[0].message
    let_in(keys, "bert", "viewer")
    with Subscriber(endpoint, **owner_of(keys, "bert")) as bert:
        assert hears(bert, 5000), "let in, without a restart of the line, once its key has a role"
    assert results.close()


def plain(endpoint: str, keys: Path) -> Subscriber:
    return Subscriber(endpoint)


def misled(endpoint: str, keys: Path) -> Subscriber:
    return Subscriber(endpoint, server_key=keys / "anna.key", client_key=keys / "anna.key_secret")


def stranger(endpoint: str, keys: Path) -> Subscriber:
    return Subscriber(endpoint, **owner_of(keys, "bert"))


@pytest.mark.parametrize("peer", [plain, misled, stranger])
def test_who_is_not_let_in_hears_nothing_and_nobody_else_notices(
    peer: Callable[[str, Path], Subscriber], keys: Path
) -> None:
    results = make_results(keys=section(keys))
    results.start()
    with Subscriber(results.endpoint, **owner_of(keys, "anna")) as anna, peer(results.endpoint, keys) as other:
        eventually(lambda: results.snapshot().accepted == 2)
        for _ in range(4):
            assert isinstance(anna.receive(5000), Packet)
        assert not hears(other, 1)
        assert results.snapshot().subscriptions == 1
    assert results.close()


def lets_in(results: Results, keys: Path, name: str, timeout_ms: int = 5000) -> bool:
    with Subscriber(results.endpoint, **owner_of(keys, name)) as one:
        return hears(one, timeout_ms)


def test_a_file_that_cannot_be_read_is_skipped_and_the_others_count(
    keys: Path, caplog: pytest.LogCaptureFixture
) -> None:
    results = make_results(keys=section(keys))
    results.start()
    allowed = keys / "clients" / "subscriber"
    (allowed / "broken.key").write_text("no certificate")
    (allowed / "half.key").write_text("public-key\n")
    (allowed / "latin.key").write_bytes(b'public-key = "\xe9\xff"\n')
    (allowed / "mangled.key").write_text(f'public-key = "{"~" * 40}"\n')
    (allowed / "folder.key").mkdir()
    (allowed / "nothing.key").symlink_to("nowhere")
    os.mkfifo(allowed / "pipe.key")
    (allowed / "bert.key").write_bytes((keys / "bert.key").read_bytes())
    assert lets_in(results, keys, "anna")
    assert lets_in(results, keys, "bert")
    (allowed / "bert.key").unlink()
    assert not lets_in(results, keys, "bert", 300), "a key taken out while others cannot be read is out"
    for name in ("broken", "half", "latin", "mangled", "folder", "nothing", "pipe"):
        assert f"{name}.key" in caplog.text
    assert caplog.text.count("this file is skipped") >= 7
    assert results.close()


def test_a_file_written_over_in_place_counts_with_what_it_holds_now(keys: Path) -> None:
    results = make_results(keys=section(keys))
    results.start()
    assert lets_in(results, keys, "anna")
    (keys / "clients" / "subscriber" / "anna.key").write_bytes((keys / "bert.key").read_bytes())
    assert lets_in(results, keys, "bert")
    assert not lets_in(results, keys, "anna", 300)
    assert results.close()


def test_who_is_taken_off_the_list_is_cut_off(keys: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    results = make_results(keys=section(keys))
    results.start()
    (keys / "clients" / "subscriber" / "bert.key").write_bytes((keys / "bert.key").read_bytes())
    with (
        Subscriber(results.endpoint, **owner_of(keys, "anna")) as anna,
        Subscriber(results.endpoint, **owner_of(keys, "bert")) as bert,
    ):
        eventually(lambda: hears(anna, 300) and hears(bert, 300) and results.snapshot().subscriptions == 2)
        (keys / "clients" / "subscriber" / "bert.key").unlink()
        eventually(lambda: results.snapshot().subscriptions == 1)
        eventually(lambda: not hears(bert, 250))
        assert hears(anna, 1000)
    assert "its key may not connect any more" in caplog.text
    assert results.close()


def test_while_the_folder_is_away_nobody_is_let_in_and_nobody_is_turned_away_for_good(
    keys: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("inspector.results.peer_sockets.HANDSHAKE_MS", 200)
    results = make_results(keys=section(keys))
    results.start()
    with Subscriber(results.endpoint, **owner_of(keys, "anna")) as before:
        assert hears(before, 5000)
        (keys / "clients").rename(keys / "away")
        with Subscriber(results.endpoint, **owner_of(keys, "anna")) as anna:
            assert not hears(anna, 700), "longer than it takes until keys are looked at"
            (keys / "away").rename(keys / "clients")
            assert hears(anna, 5000)
        assert results.snapshot().cut_off[Cause.KEY] == 0, "who was there stays"
    assert results.close()


def test_a_refused_client_tries_again_until_its_key_is_there(keys: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("inspector.client.connection._GIVEN_UP_S", 0.1)
    results = make_results(keys=section(keys))
    results.start()
    with Subscriber(results.endpoint, **owner_of(keys, "bert")) as bert:
        assert not hears(bert, 300)
        (keys / "clients" / "subscriber" / "bert.key").write_bytes((keys / "bert.key").read_bytes())
        assert hears(bert, 5000)
    assert results.close()


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda keys: (keys / "line.key_secret").unlink(), r"secret_key: .*line\.key_secret cannot be read"),
        (lambda keys: (keys / "line.key_secret").chmod(0o640), r"secret_key: .*line\.key_secret can be read by others \(mode 0640\); chmod 600"),
        (lambda keys: shutil.copy(keys / "line.key", keys / "line.key_secret"), r"secret_key: .*holds no secret key"),
        (lambda keys: mangle(keys, 1, "~" * 40), r"secret_key: .*holds a key that is no Z85"),
        (lambda keys: mangle(keys, 0, zmq.curve_keypair()[0].decode()), r"secret_key: .*holds a public key that does not"),
        (lambda keys: shutil.rmtree(keys / "clients"), r"clients: there is no folder .*clients"),
        (lambda keys: (keys / "clients").chmod(0o777), r"clients: .* can be written to by others"),
        (lambda keys: (keys / "clients/subscriber").chmod(0o775), r"clients: .*subscriber can be written to by others"),
        (lambda keys: (keys / "clients/subscriber/anna.key").chmod(0o666), r"clients: .*anna\.key can be written to by others"),
        (lambda keys: (keys / "clients/subscriber/half.key").write_text("public-key\n"), r"clients: .*half\.key is damaged"),
    ],
)  # fmt: skip
def test_keys_that_cannot_be_used_are_one_line(keys: Path, spoil: Callable[[Path], object], said: str) -> None:
    spoil(keys)
    with pytest.raises(UserError, match=rf"^keys\.{said}[^\n]*$"):
        make_results(keys=section(keys)).start()


def mangle(keys: Path, which: int, to: str) -> None:
    """Put another text in the place of the line's public (0) or secret (1) key."""
    file = keys / "line.key_secret"
    found = zmq.auth.load_certificate(file)[which]
    assert found is not None
    file.write_text(file.read_text().replace(found.decode(), to))


def test_a_client_names_its_own_key_files(keys: Path) -> None:
    with pytest.raises(UserError, match="needs both"):
        Subscriber("tcp://127.0.0.1:1", server_key=keys / "line.key")
    with pytest.raises(UserError, match="holds no secret key"):
        Subscriber("tcp://127.0.0.1:1", server_key=keys / "line.key", client_key=keys / "anna.key")
    (keys / "anna.key_secret").chmod(0o644)
    with pytest.raises(UserError, match="can be read by others"):
        Subscriber("tcp://127.0.0.1:1", **owner_of(keys, "anna"))
    with pytest.raises(UserError, match="cannot be read"):
        Subscriber("tcp://127.0.0.1:1", server_key=keys / "x.key", client_key=keys / "anna.key_secret")


@pytest.mark.parametrize("which", ["clients", "clients/subscriber"])
def test_a_folder_that_others_may_write_to_since_the_start_gives_nobody_a_role(
    which: str, keys: Path, caplog: pytest.LogCaptureFixture
) -> None:
    results = make_results(keys=section(keys))
    results.start()
    assert lets_in(results, keys, "anna")
    (keys / which).chmod(0o775)
    (keys / "clients/subscriber/bert.key").write_bytes((keys / "bert.key").read_bytes())
    assert not lets_in(results, keys, "bert", 300), "anybody could have put it there"
    assert f"chmod go-w {keys / which}" in caplog.text
    (keys / which).chmod(0o755)
    assert lets_in(results, keys, "anna")
    assert results.close()
