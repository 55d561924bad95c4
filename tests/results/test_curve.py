"""CURVE: who is on the list is let in, who is not hears nothing."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import zmq.auth

from inspector.client import Subscriber
from inspector.config.results import CurveConfig
from inspector.errors import UserError
from inspector.results.results import Results
from tests.results.publishing import eventually, hears, make_results


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    """A folder with key pairs of the line, of anna and of bert; only anna is on the list."""
    (tmp_path / "allowed").mkdir()
    for name in ("line", "anna", "bert"):
        zmq.auth.create_certificates(tmp_path, name)
    (tmp_path / "allowed" / "anna.key").write_bytes((tmp_path / "anna.key").read_bytes())
    return tmp_path


def curve(keys: Path) -> CurveConfig:
    return CurveConfig(secret_key=str(keys / "line.key_secret"), allowed_clients=str(keys / "allowed"))


def test_allowed_heard_refused_and_added_later(keys: Path, caplog: pytest.LogCaptureFixture) -> None:
    # Bound to every address: with CURVE that is allowed.
    results = make_results(results={"endpoint": "tcp://*:*", "curve": curve(keys)})
    results.start()
    endpoint = results.endpoint.replace("0.0.0.0", "127.0.0.1")
    with Subscriber(endpoint, server_key=keys / "line.key", client_key=keys / "anna.key_secret") as anna:
        assert hears(anna, 5000)
    with Subscriber(endpoint, server_key=keys / "line.key", client_key=keys / "bert.key_secret") as bert:
        assert not hears(bert, 700)
    with Subscriber(endpoint, server_key=keys / "line.key", client_key=keys / "bert.key_secret") as bert:
        assert not hears(bert, 300)
    refused = [record for record in caplog.records if "is refused" in record.message]
    assert len(refused) == 1, "once per key, however often its owner tries"
    assert zmq.auth.load_certificate(keys / "bert.key")[0].decode() in refused[0].message
    (keys / "allowed" / "bert.key").write_bytes((keys / "bert.key").read_bytes())
    with Subscriber(endpoint, server_key=keys / "line.key", client_key=keys / "bert.key_secret") as bert:
        assert hears(bert, 5000), "let in, without a restart of the line, once the key is on the list"
    with Subscriber(endpoint) as plain:
        assert not hears(plain, 500), "a client without CURVE hears nothing"
    with Subscriber(endpoint, server_key=keys / "anna.key", client_key=keys / "anna.key_secret") as misled:
        assert not hears(misled, 500), "a client that expects another line hears nothing"
    assert results.close()


def lets_in(results: Results, keys: Path, name: str, timeout_ms: int = 5000) -> bool:
    with Subscriber(results.endpoint, server_key=keys / "line.key", client_key=keys / f"{name}.key_secret") as one:
        return hears(one, timeout_ms)


def test_a_file_that_cannot_be_read_is_skipped_and_the_others_count(
    keys: Path, caplog: pytest.LogCaptureFixture
) -> None:
    results = make_results(results={"curve": curve(keys)})
    results.start()
    allowed = keys / "allowed"
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
    results = make_results(results={"curve": curve(keys)})
    results.start()
    assert lets_in(results, keys, "anna")
    (keys / "allowed" / "anna.key").write_bytes((keys / "bert.key").read_bytes())
    assert lets_in(results, keys, "bert")
    assert not lets_in(results, keys, "anna", 300)
    assert results.close()


def test_who_is_taken_off_the_list_is_cut_off(keys: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    results = make_results(results={"curve": curve(keys)})
    results.start()
    (keys / "allowed" / "bert.key").write_bytes((keys / "bert.key").read_bytes())
    with (
        Subscriber(results.endpoint, server_key=keys / "line.key", client_key=keys / "anna.key_secret") as anna,
        Subscriber(results.endpoint, server_key=keys / "line.key", client_key=keys / "bert.key_secret") as bert,
    ):
        eventually(lambda: hears(anna, 300) and hears(bert, 300) and results.snapshot().subscriptions == 2)
        (keys / "allowed" / "bert.key").unlink()
        eventually(lambda: results.snapshot().subscriptions == 1)
        eventually(lambda: not hears(bert, 250))
        assert hears(anna, 1000)
    assert "its key is not on the list any more" in caplog.text
    assert results.close()


def test_while_the_folder_is_away_nobody_is_let_in_and_nobody_is_turned_away_for_good(
    keys: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("inspector.results.peer_sockets.HANDSHAKE_MS", 200)
    results = make_results(results={"curve": curve(keys)})
    results.start()
    (keys / "allowed").rename(keys / "away")
    with Subscriber(results.endpoint, server_key=keys / "line.key", client_key=keys / "anna.key_secret") as anna:
        assert not hears(anna, 300)
        (keys / "away").rename(keys / "allowed")
        assert hears(anna, 5000)
    assert results.close()


def test_a_refused_client_tries_again_until_its_key_is_there(keys: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("inspector.client.connection._GIVEN_UP_S", 0.1)
    results = make_results(results={"curve": curve(keys)})
    results.start()
    with Subscriber(results.endpoint, server_key=keys / "line.key", client_key=keys / "bert.key_secret") as bert:
        assert not hears(bert, 300)
        (keys / "allowed" / "bert.key").write_bytes((keys / "bert.key").read_bytes())
        assert hears(bert, 5000)
    assert results.close()


def test_a_secret_key_that_others_can_read_is_told(keys: Path, caplog: pytest.LogCaptureFixture) -> None:
    for mode, told in ((0o644, True), (0o600, False)):
        caplog.clear()
        (keys / "line.key_secret").chmod(mode)
        results = make_results(results={"curve": curve(keys)})
        results.start()
        assert results.close()
        assert ("line.key_secret can be read by others (mode 0644); chmod 600" in caplog.text) is told


@pytest.mark.parametrize(
    ("secret", "allowed", "said"),
    [
        ("none.key_secret", "allowed", r"results\.curve\.secret_key: .*none\.key_secret cannot be read"),
        ("line.key", "allowed", r"results\.curve\.secret_key: .*line\.key holds no secret key"),
        ("line.key_secret", "nowhere", r"results\.curve\.allowed_clients: .*nowhere cannot be read"),
        (
            "line.key_secret",
            "line.key",
            r"results\.curve\.allowed_clients: .*line\.key cannot be read: Not a directory",
        ),
        ("line.key_secret", "damaged", r"results\.curve\.allowed_clients: .*damaged/half\.key is damaged"),
        (
            "mangled.key_secret",
            "allowed",
            r"results\.curve\.secret_key: .*mangled\.key_secret holds a key that is no Z85",
        ),
        (
            "mixed.key_secret",
            "allowed",
            r"results\.curve\.secret_key: .*mixed\.key_secret holds a public key that does not",
        ),
    ],
)
def test_keys_that_cannot_be_used_are_named(keys: Path, secret: str, allowed: str, said: str) -> None:
    text = (keys / "line.key_secret").read_text()
    public, private = (key.decode() for key in zmq.auth.load_certificate(keys / "line.key_secret") if key)
    (keys / "mangled.key_secret").write_text(text.replace(private, "~" * 40))
    (keys / "mixed.key_secret").write_text(
        text.replace(public, zmq.auth.load_certificate(keys / "anna.key")[0].decode())
    )
    (keys / "damaged").mkdir()
    (keys / "damaged" / "half.key").write_text("public-key\n")
    config = CurveConfig(secret_key=str(keys / secret), allowed_clients=str(keys / allowed))
    with pytest.raises(UserError, match=said):
        make_results(results={"curve": config}).start()


def test_a_client_names_its_own_key_files(keys: Path) -> None:
    with pytest.raises(UserError, match="needs both"):
        Subscriber("tcp://127.0.0.1:1", server_key=keys / "line.key")
    with pytest.raises(UserError, match="holds no secret key"):
        Subscriber("tcp://127.0.0.1:1", server_key=keys / "line.key", client_key=keys / "anna.key")
    with pytest.raises(UserError, match="cannot be read"):
        Subscriber("tcp://127.0.0.1:1", server_key=keys / "x.key", client_key=keys / "anna.key_secret")
