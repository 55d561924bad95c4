"""The state of the line: what the parts report, and what the line is then."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import inspector
from inspector.inference.state import State
from inspector.line.health import SIGNALS
from inspector.line.status import LineStatus
from inspector.protocol.messages import WELL, LineState, Signal
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


def test_maintenance_is_told_and_leaves_the_state_as_it_is(status: LineStatus, told: list[Status]) -> None:
    status.maintenance("lamp of camera top", "cpu_fallback", "20 % darker\nthan the reference")
    assert (status.state, status.health.signal) == (LineState.RUNNING, Signal.MAINTENANCE_REQUIRED)
    assert told[-1].health == status.health
    (why,) = status.health.reasons
    assert (why.part, why.code) == ("lamp of camera top", "cpu_fallback")
    assert "\n" not in why.text
    status.trouble("lamp of camera top", "camera_silent", "it went out")
    assert (status.state, status.health.signal) == (LineState.DEGRADED, Signal.FAILURE)
    assert len(status.health.reasons) == 1, "one part has one reason"
    status.well("lamp of camera top", "camera_delivers", "")
    assert (status.state, status.health) == (LineState.RUNNING, WELL)


def test_the_worst_reason_decides_and_few_are_listed(status: LineStatus) -> None:
    for number in range(20):
        status.trouble(f"frames of camera {number}", "bad_frames", "black")
    status.trouble("inference", "inference_restarting", "killed")
    status.trouble("new", "a_code_without_a_category", "?")
    health = status.health
    assert health.signal is Signal.FAILURE
    assert [one.part for one in health.reasons[:3]] == ["inference", "new", "frames of camera 0"]
    assert len(health.reasons) == 16


def test_a_paused_line_is_under_function_check_and_still_tells_what_fails(
    status: LineStatus, told: list[Status]
) -> None:
    status.enter(LineState.PAUSED, "paused", "by the operator")
    assert (status.state, status.health.signal) == (LineState.PAUSED, Signal.FUNCTION_CHECK)
    status.trouble("camera top", "camera_failed", "unplugged")
    assert (told[-1].state, told[-1].health.signal) == (LineState.PAUSED, Signal.FAILURE)
    status.well("camera top", "camera_delivers", "")
    status.enter(LineState.RUNNING, "resumed", "")
    assert told[-1].health == WELL
    status.enter(LineState.PAUSED, "paused", "")
    status.enter(LineState.DRAINING, "draining", "")


def test_the_start_tells_its_progress_and_is_under_function_check(told: list[Status]) -> None:
    status = LineStatus(told.append)
    status.progress("engines_loading", "2 s of at most 120 s")
    assert [(one.state.value, one.code, one.health.signal.value) for one in told] == [
        ("starting", "engines_loading", "function_check")
    ]
    status.enter(LineState.RUNNING, "running", "")
    status.progress("engines_loading", "too late")
    assert told[-1].code == "running"


def test_a_failure_is_a_reason_once(status: LineStatus) -> None:
    status.trouble("camera top", "camera_failed", "camera top: unplugged")
    status.failed("cameras.top", "unplugged")
    status.failed("results", "the publisher failed")
    assert [(one.part, one.code) for one in status.health.reasons] == [
        ("camera top", "camera_failed"),
        ("results", "part_failed"),
    ]


def test_every_code_of_a_trouble_has_the_category_that_the_protocol_says() -> None:
    text = (Path(__file__).parents[2] / "docs/protocol.md").read_text(encoding="utf-8")
    table = re.findall(r"^\| (`[a-z_`, ]+`) \| [^|]+ \| `(\w+)` \| (?:`degraded` )?\|$", text, re.MULTILINE)
    documented = {code: Signal(signal) for codes, signal in table for code in re.findall(r"`(\w+)`", codes)}
    assert documented == SIGNALS
    # What the parts report: the codes of a child that does not answer, and the literals in calls that report a trouble.
    reported = {f"inference_{state.value}" for state in State if state not in (State.READY, State.STOPPED)}
    call = r"(?:\.(?:trouble|maintenance)\([^()]*?|Condition\(|_enter\(CameraState\.\w+, False, |changed\(\s*False, )"
    choice = r"code = (?=\"\w+\" if on )|code = \"\w+\" if well else "
    pattern = rf'(?:{call}|{choice})"([a-z]+_[a-z_]+)"'
    for path in (Path(inspector.__file__).parent / "line", Path(inspector.__file__).parent / "results"):
        for file in path.glob("*.py"):
            reported |= set(re.findall(pattern, file.read_text(encoding="utf-8")))
    assert {
        "camera_failed",
        "camera_silent",
        "camera_reconnecting",
        "camera_clock",
        "bad_frames",
        "journal_failing",
        "peers_cut_off",
    } <= reported
    assert reported <= set(SIGNALS), "a code without a category"
