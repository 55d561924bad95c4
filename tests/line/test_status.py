"""The state of the line: what the parts report, and what the line is then."""

from __future__ import annotations

import pytest

from inspector.line.status import LineStatus
from inspector.protocol.messages import LineState
from inspector.results.status import Status


@pytest.fixture
def told() -> list[Status]:
    return []


@pytest.fixture
def status(told: list[Status]) -> LineStatus:
    status = LineStatus(told.append)
    status.engines("a CPU")
    status.enter(LineState.RUNNING, "running", "")
    return status


def test_a_line_is_degraded_while_any_part_is_in_trouble(status: LineStatus, told: list[Status]) -> None:
    status.trouble("inference", "inference_restarting", "killed")
    status.trouble("journal", "journal_failing", "disk full")
    status.well("inference", "inference_ready", "")
    assert status.state is LineState.DEGRADED
    status.note("bundle_ready", "")
    status.well("journal", "journal_recovered", "")
    assert [(one.state.value, one.code) for one in told] == [
        ("running", "running"),
        ("degraded", "inference_restarting"),
        ("degraded", "journal_failing"),
        ("degraded", "inference_ready"),
        ("degraded", "bundle_ready"),
        ("running", "journal_recovered"),
    ]
    assert {one.engines for one in told} == {"a CPU"}


def test_trouble_while_starting_is_remembered_and_told_with_the_start(told: list[Status]) -> None:
    status = LineStatus(told.append)
    status.trouble("journal", "journal_failing", "disk full")
    assert (status.state, told) == (LineState.STARTING, [])
    status.enter(LineState.RUNNING, "running", "")
    assert [(one.state, one.code) for one in told] == [
        (LineState.DEGRADED, "running"),
        (LineState.DEGRADED, "journal_failing"),
    ]


def test_trouble_while_draining_does_not_bring_the_line_back(status: LineStatus, told: list[Status]) -> None:
    status.enter(LineState.DRAINING, "draining", "")
    status.trouble("inference", "inference_restarting", "killed")
    status.enter(LineState.STOPPED, "stopped", "")
    assert [one.state for one in told[1:]] == [LineState.DRAINING, LineState.DRAINING, LineState.STOPPED]
    with pytest.raises(AssertionError, match="cannot go from stopped to running"):
        status.enter(LineState.RUNNING, "running", "")


def test_failures_are_kept_once_per_part(status: LineStatus) -> None:
    status.failed("cameras.top", "unplugged")
    status.failed("cameras.top", "again")
    status.failed("inference", "given up")
    assert status.failures == ["cameras.top: unplugged", "inference: given up"]


def test_nothing_is_published_after_the_stop(status: LineStatus, told: list[Status]) -> None:
    status.enter(LineState.STOPPED, "stopped", "")
    status.trouble("camera top", "camera_failed", "too late")
    assert told[-1].code == "stopped"


def test_a_start_that_fails_ends_with_stopped_and_nothing_after_it(told: list[Status]) -> None:
    status = LineStatus(told.append)
    status.trouble("journal", "journal_failing", "disk full")
    status.enter(LineState.STOPPED, "stopped", "the camera is not there")
    assert [(one.state, one.code) for one in told] == [(LineState.STOPPED, "stopped")]
