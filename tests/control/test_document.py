"""``docs/control.md`` is the contract: its examples are requests and replies, and its tables are what the code does."""

from __future__ import annotations

import json
import re
from pathlib import Path

import msgspec
import pytest

from inspector.control import limits
from inspector.protocol.control import NEEDS, SLOW, WITHOUT_JOURNAL, AnyCommand, Reload
from inspector.protocol.control_messages import UNDECIDED, decode_reply, decode_request, name_of
from inspector.protocol.line_report import LineReport
from tests.control.serving import RawClient, served

DOCUMENT = (Path(__file__).parents[2] / "docs" / "control.md").read_text(encoding="utf-8")
BY_NAME = {str(command.__struct_config__.tag): command for command in NEEDS}


def blocks(language: str) -> list[str]:
    """The code blocks of a language."""
    return re.findall(rf"^```{language}\n(.*?)^```", DOCUMENT, flags=re.MULTILINE | re.DOTALL)


def test_the_envelopes_are_as_shown() -> None:
    request, reply = blocks("json")
    asked = decode_request(request.encode())
    assert asked.do is not None
    assert name_of(asked.do) == "run start"
    answer = decode_reply(reply.encode())
    assert answer.id == asked.id
    assert list(json.loads(reply)) == list(msgspec.to_builtins(answer)), "every key, in this order"


def test_every_command_has_an_example() -> None:
    (text,) = blocks("text")
    shown = [pair.splitlines() for pair in text.strip().split("\n\n")]
    commands = [msgspec.json.decode(do, type=AnyCommand) for do, _ in shown]  # type: ignore[arg-type]
    assert [name_of(command) for command in commands] == list(BY_NAME)
    for (_, result), command in zip(shown, commands, strict=True):
        found = json.loads(result)
        if name_of(command) == "status":
            report = msgspec.convert(found, LineReport, strict=True)
            assert json.loads(msgspec.json.encode(report)) == found
        documented = set(re.findall(r'"(\w+)"', (type(command).__doc__ or "").partition("``{")[2]))
        assert documented <= set(re.findall(r'"(\w+)"', result)), name_of(command)


def test_roles_and_kinds_are_as_in_the_table() -> None:
    rows = re.findall(r"^\| `([a-z ]+)` \| (viewer|operator|engineer)([a-z, ]*) \|", DOCUMENT, flags=re.MULTILINE)
    assert [name for name, *_ in rows] == list(BY_NAME)
    for name, role, kinds in rows:
        command = BY_NAME[name]
        assert NEEDS[command].value == role
        assert ("slow" in kinds) == (command in SLOW), name
        assert ("safe" in kinds) == (command in WITHOUT_JOURNAL and role != "viewer"), name
    assert Reload in SLOW


def test_codes_and_limits_are_as_told() -> None:
    codes = re.findall(
        r"^\| `([a-z_]+)` \| .* \| .*\|$", DOCUMENT.split("## Refusals")[1].split("## Clients")[0], flags=re.M
    )
    assert set(codes) - {"code"} == UNDECIDED
    for value, words in (
        (limits.MOST_CONNECTIONS, "{} on each socket"),
        (limits.REQUESTS_AT_ONCE, "{} at once, then 20 a second"),
        (limits.LOOKS_WAITING, "{} that look, 64 quick ones, 4 slow ones"),
        (limits.REPLIES_WAITING, "| {}; further ones are dropped"),
        (limits.REMEMBERED, "the last {} commands"),
        (limits.REFUSALS_A_MINUTE, "at most {} a minute"),
        (limits.TOO_MANY_AT_ONCE, "{} further ones close it"),
    ):
        assert words.format(value) in DOCUMENT
    assert (limits.QUICK_WAITING, limits.SLOW_WAITING, limits.REQUESTS_PER_S) == (64, 4, 20)
    assert (limits.PEERS.burst_bytes, limits.PEERS.bytes_per_s) == (256 << 10, 32 << 10)


def test_the_program_in_it_works(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with served(tmp_path) as one:
        one.perform.result = {"state": "running"}
        (program,) = blocks("python")
        exec(program.replace("ipc:///run/inspector/hot-strip-1/control", one.endpoint), scope := {})
        scope["socket"].context.destroy(linger=0)
        with RawClient(one.endpoint) as client:
            assert client.ask("status")["outcome"] == "done"
    assert capsys.readouterr().out.splitlines() == ["done  {'state': 'running'}", "running"]
