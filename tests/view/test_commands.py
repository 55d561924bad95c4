"""Commands from pages to a real line, under the name of a person: what is done, what is refused by whom, what happens once."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engines.bundle import Bundle
from inspector.errors import UserError
from inspector.protocol.control import NEEDS
from inspector.protocol.control_messages import decode_reply
from inspector.protocol.messages import LineState
from inspector.view.answers import RefusedError
from inspector.view.commands.line import _told
from inspector.view.commands.routes import RIGHT_FOR, _read
from inspector.view.config import ViewLineConfig
from inspector.view.load import parse_view
from tests.control.serving import served
from tests.results.publishing import eventually
from tests.view.commanding import Commanded, Desk, desk


@pytest.fixture(scope="module")
def line(tiny_bundle: Bundle, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Commanded]:
    made = Commanded(tmp_path_factory.mktemp("line"), tiny_bundle)
    yield made
    made.close()


@pytest.fixture(scope="module")
def asked(line: Commanded, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    nowhere = tmp_path_factory.mktemp("nowhere")
    lines = [
        line.shown(),
        line.shown("vera", name="vera", control=line.remote, journal=None),
        ViewLineConfig(name="gone", endpoint=f"ipc://{nowhere}/r", control=f"ipc://{nowhere}/c"),
        ViewLineConfig(name="deaf", endpoint=f"ipc://{nowhere}/r"),
    ]
    with desk(*lines) as made:
        yield made


def state(line: Commanded) -> LineState:
    return line.line.status.state


def offer(asked: Desk, who: str = "Emma", line: str = "line1") -> dict[str, Any]:
    status, told = asked.ask(f"{line}/commands", who)
    assert status == 200, told
    assert isinstance(told, dict)
    return told


def test_the_line_is_paused_and_resumed_under_the_name_of_the_person(line: Commanded, asked: Desk) -> None:
    assert asked.told("pause", why="roll change")["result"] == {"paused": True}
    assert state(line) is LineState.PAUSED
    assert (offer(asked)["now"]["paused"], offer(asked)["now"]["state"]) == (True, "paused")
    assert asked.told("resume")["outcome"] == "done"
    assert state(line) is LineState.RUNNING
    paused, resumed = (one for one in line.commands() if one.command in ("pause", "resume"))
    assert (paused.command, json.loads(paused.arguments), paused.outcome) == ("pause", {"why": "roll change"}, "done")
    assert {(one.who, one.on_behalf_of, one.role) for one in (paused, resumed)} == {("local", "Anna Weber", "engineer")}
    newest, before = offer(asked, "Victor")["last"][:2]
    assert (newest["command"], before["command"], before["arguments"]) == ("resume", "pause", {"why": "roll change"})
    assert (before["on_behalf_of"], before["who"], before["outcome"]) == ("Anna Weber", "local", "done")


def test_a_run_with_a_recipe(line: Commanded, asked: Desk) -> None:
    now = offer(asked)["now"]
    assert (now["recipes"], now["prepared"], now["run"]) == (["thin"], None, "coil-1")
    refused = asked.told("run start", run="coil-2", recipe="thin", seen={"run": "coil-1"})
    assert (refused["outcome"], refused["code"]) == ("refused", "not_prepared")
    assert asked.told("recipe prepare", recipe="thin")["result"]["recipe"] == "thin"
    assert offer(asked)["now"]["prepared"] == "thin"
    begun = asked.told("run start", run="coil-2", recipe="thin", seen={"run": "coil-1"})
    assert (begun["outcome"], begun["result"]["run"]) == ("done", "coil-2")
    other = asked.told("run end", seen={"run": "coil-1"})
    assert (other["outcome"], other["code"]) == ("refused", "changed")
    assert other["text"].startswith("the run is coil-2 by now, and was coil-1 on the page; nothing was done")
    assert asked.told("run end", seen={"run": "coil-2"})["result"] == {"ended": "coil-2"}
    assert offer(asked)["now"]["run"] is None
    back = asked.told("bundle rollback", "Emma", seen={"bundle": line.line.inference.active.identity.bundle})
    assert (back["outcome"], back["text"]) == (
        "refused",
        "there is no bundle to go back to: no other one was active since the line started",
    )


def test_what_only_looks_is_told_and_is_not_among_the_last(asked: Desk) -> None:
    (bundle,) = asked.told("bundle list", "Victor")["result"]["bundles"]
    assert (bundle["role"], bundle["state"]) == ("active", "ready")
    assert asked.told("shadow report", "Victor")["text"].startswith("no shadow has run since the line started")
    assert not {one["command"] for one in offer(asked)["last"]} & {"bundle list", "shadow report", "status"}


ARGUMENTS: dict[str, dict[str, Any]] = {
    "run start": {"run": "x", "seen": {"run": None}}, "run end": {"seen": {"run": None}}, "recipe prepare": {"recipe": "x"},
    "bundle rollback": {"seen": {"bundle": None}},
}  # fmt: skip


def test_each_person_is_offered_what_they_may_do_and_refused_the_rest(line: Commanded, asked: Desk) -> None:
    looks = {"bundle list", "shadow report"}
    operates = looks | {"pause", "resume", "run start", "run end", "recipe prepare"}
    may = {"Victor": looks, "Quinn": looks, "Anna Weber": operates, "Emma": operates | {"bundle rollback"}}
    assert may["Emma"] == set(RIGHT_FOR)
    before = len(line.commands())
    for who, offered in may.items():
        assert set(offer(asked, who)["commands"]) == offered
        for command in set(RIGHT_FOR) - offered:
            status, told = asked.give(command, who, **ARGUMENTS.get(command, {}))
            assert status == 403
            assert told["error"].startswith("this needs the role ")
            assert f"; you are {who}, " in told["error"]
    assert asked.ask("line1/commands", "nobody")[0] == 403
    assert asked.give("bundle list", "nobody")[0] == 403
    assert len(line.commands()) == before, "the line was not asked"


def test_the_line_refuses_what_the_key_of_the_viewer_may_not(asked: Desk) -> None:
    told = asked.told("pause", line="vera")
    assert (told["outcome"], told["code"], told["text"]) == (
        "refused",
        "role",
        "pause needs the role operator; vera has viewer",
    )
    assert asked.told("bundle list", line="vera")["outcome"] == "done"
    (last,) = offer(asked, line="vera")["last"]
    assert (last["command"], last["on_behalf_of"], last["who"], last["outcome"]) == (
        "pause",
        "Anna Weber",
        "",
        "refused",
    )


def test_a_line_that_is_not_there_or_takes_no_commands(asked: Desk) -> None:
    told = asked.told("pause", line="gone")
    assert (told["outcome"], told["code"]) == ("refused", "no_answer")
    assert told["text"].startswith("nothing was done: there is no socket ")
    assert offer(asked, line="gone")["now"]["why"].startswith("there is no socket ")
    for path, error in {"deaf": "the line takes no commands from here", "none": "there is no such line"}.items():
        status, answer = asked.ask(f"{path}/commands")
        assert (status, answer["error"].startswith(error)) == (404, True)
        assert asked.give("pause", line=path)[0] == 404
    assert asked.ask("line1/commands/none")[0] == 404


def test_the_same_id_is_done_once(line: Commanded, asked: Desk) -> None:
    def post(who: str, **body: Any) -> tuple[int, Any]:
        return asked.ask("line1/commands", who, json.dumps({"id": "once", **body}).encode())

    answers = []
    threads = [threading.Thread(target=lambda: answers.append(post("Anna Weber", command="pause"))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [status for status, _ in answers] == [200] * 4
    assert len({json.dumps(told) for _, told in answers}) == 1
    assert post("Anna Weber", command="resume")[0] == 409
    assert post("Emma", command="pause")[0] == 409, "it was another person's"
    assert len([one for one in line.commands() if one.request_id == "once"]) == 1
    with desk(line.shown()) as later:  # a viewer that was started again
        status, told = later.ask("line1/commands", "Anna Weber", b'{"id": "once", "command": "pause"}')
        assert (status, told["told"]["outcome"]) == (200, "done")
    assert len([one for one in line.commands() if one.request_id == "once"]) == 1
    asked.told("resume")


@pytest.mark.parametrize(
    "body",
    [
        b"", b"{", b"[]", b"null", b"\xff", b"[" * 60_000, b'{"a":' * 10_000, b'{"command": "pause"}', b'{"id": "x"}',
        b'{"id": "x", "command": "reload"}', b'{"id": "x", "command": "drain"}', b'{"id": "x", "command": ["pause"]}',
        b'{"id": "x y", "command": "pause"}', b'{"id": 1, "command": "pause"}', b'{"id": "x", "command": "pause", "why": 1}',
        b'{"id": "x", "command": "pause", "whom": ""}', b'{"id": "x", "command": "run start", "run": "../x", "seen": {"run": null}}',
        b'{"id": "x", "command": "run start", "seen": {"run": null}}', b'{"id": "x", "command": "run end"}',
        b'{"id": "x", "command": "run end", "seen": {"run": 1}}', b'{"id": "x", "command": "run end", "seen": []}',
    ],
)  # fmt: skip
def test_what_is_no_command_is_refused_in_one_line(line: Commanded, asked: Desk, body: bytes) -> None:
    before = len(line.commands())
    status, told = asked.ask("line1/commands", "Emma", body)
    assert status == 400
    assert told["error"]
    assert "\n" not in told["error"]
    assert len(told["error"]) < 350
    assert len(line.commands()) == before


def test_what_is_too_large_or_no_json_or_forged(asked: Desk) -> None:
    pause = b'{"id": "x", "command": "pause"}'
    assert asked.ask("line1/commands", "Emma", pause + b" " * (64 << 10))[0] == 413
    assert asked.ask("line1/commands", "Emma", pause, **{"content-type": "text/plain"})[0] == 415
    assert asked.ask("line1/commands", "Emma", pause, **{"x-csrf-token": "guessed"})[0] == 403
    assert asked.ask("line1/commands", "Emma", pause, origin="http://example.org")[0] == 403


TEXT = st.text('aB1._-/ "\n\x00\u202e\ud800', max_size=80)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=6,
)
COMMAND = st.sampled_from([*RIGHT_FOR, "drain"]) | JSON


@settings(max_examples=100)
@given(
    st.fixed_dictionaries(
        {}, optional={"command": COMMAND, **dict.fromkeys(("id", "run", "recipe", "why", "seen"), JSON)}
    )
)
def test_anything_is_a_command_or_one_line(content: dict[str, Any]) -> None:
    try:
        command, beside = _read(content)
    except RefusedError as error:
        refused = error
    else:
        assert type(command) in NEEDS
        assert beside.id
        return
    assert refused.status == 400
    assert refused.text.isprintable()


def test_a_slow_command_goes_on_beside_the_page_and_the_line_can_be_paused(tmp_path: Path) -> None:
    with (
        served(tmp_path) as one,
        desk(ViewLineConfig(endpoint=f"ipc://{tmp_path}/r", control=one.endpoint), wait_s=0.05) as asked,
    ):
        status, first = asked.give("recipe prepare", recipe="a")
        assert (status, first["told"]) == (202, None)
        assert one.perform.begun.acquire(timeout=5)
        eventually(lambda: asked.told("pause")["outcome"] == "done")
        (under_way,) = offer(asked)["under_way"]
        assert (under_way["id"], under_way["by"], under_way["arguments"]) == (
            first["id"],
            "Anna Weber",
            {"recipe": "a"},
        )
        assert asked.give("recipe prepare", recipe="b")[0] == 202
        status, told = asked.give("recipe prepare", recipe="c")
        assert (status, told["error"]) == (
            503,
            "too many commands are under way at this line; give it again when one is done",
        )
        path = f"line1/commands/{first['id']}"
        assert asked.ask(path)[0] == 202
        one.perform.go_on.set()
        eventually(lambda: asked.ask(path)[0] == 200)
        assert asked.ask(path)[1]["told"]["outcome"] == "done"
        eventually(lambda: offer(asked)["under_way"] == [])
        last = offer(asked)["last"]
        assert sorted(one["arguments"].get("recipe", "") for one in last if one["command"] == "recipe prepare") == [
            "a",
            "b",
        ]


def test_a_daemon_that_ends_meanwhile(tmp_path: Path) -> None:
    with (
        served(tmp_path) as one,
        desk(ViewLineConfig(endpoint=f"ipc://{tmp_path}/r", control=one.endpoint), wait_s=0.05) as asked,
    ):
        path = f"line1/commands/{asked.give('recipe prepare', recipe='a')[1]['id']}"
        assert one.perform.begun.acquire(timeout=5)
        one.server.close(0.1)
        eventually(lambda: asked.ask(path)[0] == 200)
        told = asked.ask(path)[1]["told"]
        assert (told["outcome"], told["code"]) == ("failed", "stopping")
        assert "whether it was done is not known" in told["text"]


def test_a_daemon_that_was_started_again_meanwhile() -> None:
    reply = {
        "id": "x",
        "line": "t",
        "epoch": "e",
        "monotonic_ns": 1,
        "unix_ns": 1,
        "outcome": "refused",
        "text": "this is for another start",
    }
    told = _told(decode_reply(json.dumps({**reply, "code": "other_epoch"}).encode()))
    assert (told.outcome, told.text) == (
        "unknown",
        "the line was started again meanwhile; whether it was done is not known",
    )


@pytest.mark.parametrize("result", [None, {}, {"comparisons": None}, {"comparisons": [1, {"frames": [1]}]}])
def test_a_line_that_answers_with_anything_is_told_in_one_line(result: dict[str, Any] | None) -> None:
    reply = {"id": "x", "line": "t", "epoch": "e", "monotonic_ns": 1, "unix_ns": 1, "outcome": "done", "code": "done"}
    told = _told(decode_reply(json.dumps({**reply, "text": "a\n\x1b[2J" + "x" * 10_000, "result": result}).encode()))
    assert len(told.text) == 1000
    assert told.text.isprintable()
    assert "frames" not in json.dumps(told.result)


def test_what_a_page_says_it_saw_is_told_in_one_line(line: Commanded, asked: Desk) -> None:
    told = asked.told("run end", seen={"run": "a\nb" + "x" * 60_000})
    assert told["code"] == "changed"
    assert told["text"].isprintable()
    assert len(told["text"]) < 300


def test_commands_over_tcp_need_keys() -> None:
    with pytest.raises(
        UserError, match=r"^view\.yaml: lines\[0\]\.control: commands over TCP need server_key and client_key"
    ):
        parse_view("lines: [{control: tcp://line1:5560}]", "view.yaml")
