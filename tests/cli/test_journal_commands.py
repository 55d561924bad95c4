"""``inspector journal commands`` as a user calls it."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path

import pytest

from tests.cli.in_process import refused, run
from tests.results.publishing import make_identity
from tests.results.recording import make_command
from tests.results.test_journal import make_journal

STEERING = "\x1b[2J\u202emes"
SECOND = 1_000_000_000


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    made = make_journal(tmp_path / "j.sqlite", make_identity())
    made.open()
    for one in (
        make_command(0),
        make_command(5 * SECOND, who=STEERING, on_behalf_of="", command="log", arguments=b'{"level":"debug","x":"\x1b[2J"}'),
        make_command(9 * SECOND, command="reload", arguments=b"{}", outcome="refused", answer=b"\xff no JSON", diff=b'[{"key":"rules"}]'),
    ):  # fmt: skip
        assert made.record_command(one, 5)
    assert made.close(5)
    return tmp_path / "j.sqlite"


def test_the_table_says_who_what_when_and_the_result(journal: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    ended = run("journal", "commands", journal)
    assert ended.status == 0
    when = datetime.fromtimestamp(make_command().received_unix_ns // SECOND).isoformat(" ")
    rows = [line for line in ended.out.splitlines() if when[:-1] in line]
    assert len(rows) == 3
    assert "mes (operator) for M. Huber" in rows[0]
    assert 'run start {"run":"coil-7"}' in rows[0]
    assert 'done {"run":"coil-7","recipe":null}' in rows[0]
    assert 'reload [{"key":"rules"}]' in rows[2]
    assert "refused \ufffd no JSON" in rows[2]
    assert "\x1b" not in ended.out
    assert "\u202e" not in ended.out


def test_json_has_every_field_in_printable_ascii(journal: Path) -> None:
    ended = run("journal", "commands", journal, "--json", "-n", "2", "--since", "2027-01-15T08:00:05+00:00")
    lines = [json.loads(line) for line in ended.out.splitlines()]
    assert ended.out.isascii()
    assert [one["who"] for one in lines] == [STEERING, "mes"]
    assert lines[0]["arguments"] == '{"level":"debug","x":"\x1b[2J"}', "it is no JSON, so it is given as text"
    assert (lines[1]["arguments"], lines[1]["answer"], lines[1]["diff"]) == ({}, "\ufffd no JSON", [{"key": "rules"}])
    assert lines[1]["received_unix_ns"] == make_command(9 * SECOND).received_unix_ns


def test_nothing_and_nonsense(journal: Path, tmp_path: Path) -> None:
    assert run("journal", "commands", journal, "--since", "2030-01-01").out == "no commands\n"
    assert "--since yesterday: is no time" in refused("journal", "commands", journal, "--since", "yesterday")
    assert "there is no such file" in refused("journal", "commands", tmp_path / "none")
