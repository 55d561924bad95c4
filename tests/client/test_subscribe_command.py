"""``inspector subscribe`` with recovery."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from inspector.cli.event_lines import notice, record
from inspector.client import LinkBack, LinkLost, Missed, NewEpoch, Recovered, SecondPublisher, Stale, StreamKey, Why
from inspector.client.events import Event
from inspector.config.recovery import RecoveryConfig
from tests.cli.in_process import refused, run
from tests.results.publishing import RUN, START, eventually, make_results, make_settled

STREAM = StreamKey("line1", "cam1", "e2")


@pytest.mark.parametrize("recovers", [True, False], ids=["with", "without"])
def test_what_came_before_is_fetched_and_only_what_cannot_be_had_fails(tmp_path: Path, recovers: bool) -> None:
    config = {} if recovers else {"recovery": RecoveryConfig(endpoint=None)}
    results = make_results(journal=tmp_path / "journal.sqlite", results=config)
    results.start()
    results.begin("cam1", RUN, START)
    for frame in range(20):
        results.settled(make_settled(frame))
    eventually(lambda: results.snapshot().published == 21)
    options = ("--since", "epoch", "--heartbeats", "--count", "27" if recovers else "4")  # until some heartbeats came
    shown = run("subscribe", results.endpoint, *options)
    as_json = run("subscribe", results.endpoint, *options, "--json")
    results.close()
    events = [json.loads(line) for line in as_json.out.splitlines()]
    if recovers:
        assert (shown.status, as_json.status) == (0, 0)
        assert shown.out.count("PASS        gate_clean") == 20
        assert "   cam1: fetched 21 messages, seq 0..20\n" in shown.out
        assert "21 of 21 publications received (21 recovered), complete so far" in shown.out
        numbers = [event["header"]["seq"] for event in events if event["event"] == "message"]
        assert [seq for seq in numbers if seq is not None] == list(range(21))
        (recovered,) = (event for event in events if event["event"] == "recovered")
        assert (recovered["first_seq"], recovered["last_seq"]) == (0, 20)
    else:
        assert (shown.status, as_json.status) == (1, 1)
        assert "!! cam1: MISSED 21 messages, seq 0..20 (no recovery: the line has no recovery socket)" in shown.out
        (missed,) = (event for event in events if event["event"] == "missed")
        assert (missed["why"], missed["stream"]["camera"]) == ("no_recovery", "cam1")


def test_options_that_do_not_fit_are_told() -> None:
    assert "--since: found 'yesterday', expected now or epoch" in refused("subscribe", "--since", "yesterday")
    assert "leave out --no-recovery" in refused("subscribe", "--since", "epoch", "--no-recovery")


@pytest.mark.parametrize(
    ("event", "line"),
    [
        (Missed(stream=STREAM, first_seq=3, last_seq=9, why=Why.GONE), "!! cam1: MISSED 7 messages, seq 3..9 (gone)"),
        (Missed(stream=STREAM, first_seq=0, last_seq=9, why=Why.BEFORE_JOINING), "   cam1: joined late; 10 messages, seq 0..9 were sent before"),
        (Recovered(stream=STREAM, first_seq=3, last_seq=9), "   cam1: fetched 7 messages, seq 3..9"),
        (NewEpoch(stream=STREAM, previous_epoch="e1", end_known=True), "!! cam1: the daemon was started again; numbers begin at 0 again"),
        (
            NewEpoch(stream=STREAM, previous_epoch="e1", end_known=False),
            "!! cam1: the daemon was started again; numbers begin at 0 again; whether its last messages before were all received is not known",
        ),
        (SecondPublisher(stream=STREAM, other_epoch="e1"), "!! cam1: TWO PUBLISHERS claim to be this camera of line line1"),
        (Stale(stream=STREAM, silent_ms=700), "!! cam1: STALE, not even a heartbeat for 700 ms"),
        (LinkLost(endpoint="tcp://a:1", detail="it ended"), "!! no connection to tcp://a:1: it ended; it is tried again"),
        (LinkBack(endpoint="tcp://a:1"), "   connected to tcp://a:1 again"),
    ],
)  # fmt: skip
def test_every_event_is_one_line_and_one_object(event: Event, line: str) -> None:
    assert notice(event).plain == line
    assert record(event)["event"] == type(event).__name__.lower()
