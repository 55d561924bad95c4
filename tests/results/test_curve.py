"""CURVE: who is on the list is let in, who is not hears nothing."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
import zmq.auth

from inspector.client import Subscriber
from inspector.config.results import CurveConfig
from inspector.errors import UserError
from tests.results.publishing import eventually, make_results


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
        assert anna.receive(5000) is not None
    with Subscriber(endpoint, server_key=keys / "line.key", client_key=keys / "bert.key_secret") as bert:
        assert bert.receive(700) is None
    with Subscriber(endpoint, server_key=keys / "line.key", client_key=keys / "bert.key_secret") as bert:
        assert bert.receive(300) is None
    refused = [record for record in caplog.records if "is refused" in record.message]
    assert len(refused) == 1, "once per key, however often its owner tries"
    assert zmq.auth.load_certificate(keys / "bert.key")[0].decode() in refused[0].message
    time.sleep(0.02)
    (keys / "allowed" / "bert.key").write_bytes((keys / "bert.key").read_bytes())
    with Subscriber(endpoint, server_key=keys / "line.key", client_key=keys / "bert.key_secret") as bert:
        assert bert.receive(5000) is not None, "let in, without a restart of the line, once the key is on the list"
    with Subscriber(endpoint) as plain:
        assert plain.receive(500) is None, "a client without CURVE hears nothing"
    with Subscriber(endpoint, server_key=keys / "anna.key", client_key=keys / "anna.key_secret") as misled:
        assert misled.receive(500) is None, "a client that expects another line hears nothing"
    assert results.close()


def test_a_list_that_becomes_unreadable_stays_as_it_was(keys: Path, caplog: pytest.LogCaptureFixture) -> None:
    results = make_results(results={"curve": curve(keys)})
    results.start()
    time.sleep(0.02)
    (keys / "allowed" / "broken.key").write_text("no certificate")
    with Subscriber(results.endpoint, server_key=keys / "line.key", client_key=keys / "anna.key_secret") as anna:
        assert anna.receive(5000) is not None
    eventually(lambda: "the list stays as it was" in caplog.text)
    results.close()


@pytest.mark.parametrize(
    ("secret", "allowed", "said"),
    [
        ("none.key_secret", "allowed", r"results\.curve\.secret_key: .*none\.key_secret cannot be read"),
        ("line.key", "allowed", r"results\.curve\.secret_key: .*line\.key holds no secret key"),
        ("line.key_secret", "nowhere", r"results\.curve\.allowed_clients: .*nowhere cannot be read"),
    ],
)
def test_keys_that_cannot_be_used_are_named(keys: Path, secret: str, allowed: str, said: str) -> None:
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
