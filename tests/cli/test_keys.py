"""`inspector keys`: who may give commands over TCP."""

from __future__ import annotations

import json
import os
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
import zmq.auth

from inspector.protocol.keys import read_secret_key_file
from tests.cli.in_process import refused, run


@pytest.fixture
def made(tmp_path: Path) -> Path:
    """A folder with the key pairs of panel and mes."""
    for name in ("panel", "mes"):
        assert run("keys", "new", name, "--folder", tmp_path).status == 0
    return tmp_path


def shown(folder: Path) -> dict[str, str]:
    """Roles by name."""
    ended = run("keys", "show", "--clients", folder / "clients", "--json")
    assert ended.status == 0
    return {client["name"]: client["role"] for client in json.loads(ended.out)["clients"]}


def test_a_new_key_pair_is_for_its_owner_alone(made: Path) -> None:
    public, secret = read_secret_key_file(made / "panel.key_secret")
    assert stat.S_IMODE((made / "panel.key_secret").stat().st_mode) == 0o600
    assert zmq.auth.load_certificate(made / "panel.key") == (public, None)
    assert secret not in (made / "panel.key").read_bytes()
    assert "is there already" in refused("keys", "new", "panel", "--folder", made)
    assert read_secret_key_file(made / "panel.key_secret") == (public, secret)
    assert sorted(path.name for path in made.iterdir()) == [
        "mes.key",
        "mes.key_secret",
        "panel.key",
        "panel.key_secret",
    ]


@pytest.fixture
def others_may_write() -> Iterator[None]:
    """The umask of a machine on which each user has a group of their own."""
    before = os.umask(0o002)
    yield
    os.umask(before)


@pytest.mark.usefixtures("others_may_write")
def test_a_client_is_let_in_changed_and_revoked(made: Path) -> None:
    clients = ("--clients", made / "clients")
    absent = f"nobody: {made / 'clients'} is not there yet; `inspector keys allow` makes it\n"
    assert run("keys", "show", *clients).out == absent
    assert (
        run("keys", "allow", made / "panel.key", "--role", "operator", *clients).out
        == "panel may connect as operator\n"
    )
    assert run("keys", "allow", made / "mes.key", "--role", "viewer", "--name", "mes-2", *clients).status == 0
    assert shown(made) == {"panel": "operator", "mes-2": "viewer"}
    file = made / "clients" / "operator" / "panel.key"
    assert [stat.S_IMODE(path.stat().st_mode) for path in (file, file.parent, file.parent.parent)] == [
        0o644,
        0o755,
        0o755,
    ]
    assert zmq.auth.load_certificate(file) == zmq.auth.load_certificate(made / "panel.key")
    assert run("keys", "allow", made / "panel.key", "--role", "engineer", *clients).status == 0
    assert shown(made) == {"panel": "engineer", "mes-2": "viewer"}
    assert "is the name of another key" in refused(
        "keys", "allow", made / "mes.key", "--role", "viewer", "--name", "panel", *clients
    )
    assert run("keys", "revoke", "panel", *clients).status == 0
    assert shown(made) == {"mes-2": "viewer"}
    assert "no such client" in refused("keys", "revoke", "panel", *clients)


def test_who_is_revoked_has_no_role_left_under_another_name(made: Path) -> None:
    """Files may be copied by hand, too."""
    clients = ("--clients", made / "clients")
    assert run("keys", "allow", made / "panel.key", "--role", "operator", *clients).status == 0
    assert run("keys", "allow", made / "mes.key", "--role", "viewer", *clients).status == 0
    shutil.copy(made / "panel.key", made / "clients" / "viewer" / "hall 2.key")
    ended = run("keys", "revoke", "panel", *clients)
    assert ended.out == "panel may not connect any more\n"
    assert "viewer/hall 2.key held the same key" in ended.err
    assert shown(made) == {"mes": "viewer"}
    shutil.copy(made / "panel.key", made / "clients" / "viewer" / "hall 3.key")
    assert run("keys", "revoke", "hall 3", *clients).status == 0, "by the name that `keys show` lists"
    assert shown(made) == {"mes": "viewer"}


def test_a_file_that_cannot_be_used_is_named(made: Path) -> None:
    assert run("keys", "allow", made / "mes.key", "--role", "viewer", "--clients", made / "clients").status == 0
    (made / "clients" / "viewer" / "broken.key").write_text("nothing")
    ended = run("keys", "show", "--clients", made / "clients")
    assert (ended.status, "broken.key holds no public key" in ended.err, "mes" in ended.out) == (1, True, True)


def test_a_mistake_is_one_line(made: Path) -> None:
    clients = ("--clients", made / "clients")
    assert "holds a secret key" in refused("keys", "allow", made / "mes.key_secret", "--role", "viewer", *clients)
    assert "expected subscriber, viewer, operator or engineer" in refused(
        "keys", "allow", made / "mes.key", "--role", "root", *clients
    )
    assert "cannot be read" in refused("keys", "allow", made / "none.key", "--role", "viewer", *clients)
    assert "no such client" in refused("keys", "revoke", "../mes", *clients)
    assert "cannot be a client's name" in refused("keys", "new", "a/b", "--folder", made)
    assert "give either --config" in refused("keys", "show")
    line = made / "line.yaml"
    line.write_text("line: t\ncameras: [{name: top, source: {kind: simulator}}]\n")
    assert "has no keys" in refused("keys", "show", "-c", line)
    line.write_text(
        "line: t\ncameras: [{name: top, source: {kind: simulator}}]\nkeys: {secret_key: s, clients: clients}\n"
    )
    assert run("keys", "allow", made / "mes.key", "--role", "viewer", "-c", line).status == 0
    assert shown(made) == {"mes": "viewer"}
