"""Keys for an ipc address, on which a line uses none: said at once and in one line, because libzmq would try for ever and say nothing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from inspector.client import AsyncSubscriber, Subscriber
from inspector.client.control import ControlClient
from inspector.errors import UserError
from tests.cli.in_process import run
from tests.client.controller.messages import TREE

IPC = "ipc:///run/somewhere/line"


@pytest.fixture
def keys(tmp_path: Path) -> dict[str, Path]:
    return {"server_key": tmp_path / "line.key", "client_key": tmp_path / "me.key_secret"}


@pytest.mark.parametrize("made", [Subscriber, AsyncSubscriber, ControlClient])
def test_a_client_with_keys_for_ipc_is_refused(made: Callable[..., object], keys: dict[str, Path]) -> None:
    for given in (keys, {"server_key": keys["server_key"]}, {"client_key": keys["client_key"]}):
        with pytest.raises(UserError, match=r"keys, which are for tcp://.*leave both keys out"):
            made(IPC, **given)


@pytest.mark.parametrize(
    "words",
    [["subscribe", IPC, "--client-key"], ["ctl", "--endpoint", IPC, "--key"], ["status", "--endpoint", IPC, "--key"]],
)
def test_the_commands_say_it(words: list[str], tmp_path: Path) -> None:
    *first, option = words
    tail = ["status"] if first[0] == "ctl" else []
    said = run(*first, "--server-key", str(tmp_path / "a.key"), option, str(tmp_path / "b.key_secret"), *tail)
    assert said.status == 2
    assert "leave both keys out" in said.err
    assert said.err.count("\n") == 1


@pytest.mark.parametrize("section", ["results", "control"])
def test_a_controllers_configuration_says_it(section: str, tmp_path: Path) -> None:
    file = tmp_path / "gate.yaml"
    file.write_text(
        yaml.safe_dump({**TREE, section: {"endpoint": IPC, "server_key": "a.key", "client_key": "b.key_secret"}})
    )
    for command in (["check"], ["check", "--offline"], ["run"]):
        said = run("controller", *command, "-c", str(file))
        assert said.status == 2
        assert f"{section}: found keys for {IPC}" in said.err
        assert said.err.count("\n") == 1
