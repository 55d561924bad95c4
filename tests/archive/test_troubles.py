"""What the archive tells a person, and when it no longer does."""

from __future__ import annotations

import pytest

from inspector.archive.entry import Evidence
from inspector.archive.messages import ClassStanding, Standing
from inspector.archive.troubles import CALM_S, SETTLED_S, Troubles


class Told:
    """Troubles on a clock of the test's, and what was reported."""

    def __init__(self) -> None:
        self.now_s = 100.0
        self.reports: list[tuple[bool, str, str]] = []
        self.troubles = Troubles("a", 7.0, self._report, lambda: self.now_s)

    def _report(self, part: str, well: bool, code: str, text: str) -> None:
        assert part == "archive"
        self.reports.append((well, code, text))

    def codes(self) -> list[str]:
        """What was reported since the last call, after another look."""
        if (news := self.troubles.news()) is not None:
            self.troubles.tell(news)
        found, self.reports = [code for _, code, _ in self.reports], []
        return found


def standing(days: float | None, whole: float | None = None) -> Standing:
    return Standing({"reject": ClassStanding(10, 1000, days)}, whole)


def test_the_worst_is_told_once_and_what_is_behind_it_afterwards() -> None:
    told = Told()
    assert told.codes() == []
    told.troubles.left_out(Evidence.REJECT)
    assert told.codes() == ["archive_skipping"]
    told.troubles.left_out(Evidence.REJECT)
    assert told.codes() == []
    told.troubles.failing("its process exited with code 1")
    told.troubles.full(Evidence.REJECT, "its disk is full")
    assert told.codes() == ["archive_failing"]
    assert told.troubles.error == "its process exited with code 1"
    told.troubles.written(Evidence.REJECT)
    assert (told.codes(), told.troubles.error) == ([], "")
    told.now_s += SETTLED_S
    assert told.codes() == ["archive_skipping"]
    told.now_s += CALM_S
    assert told.codes() == ["archive_well"]


def test_what_fails_and_works_in_turn_is_told_once() -> None:
    told = Told()
    for _ in range(5):
        told.troubles.failing("the disk refuses")
        assert told.codes() in (["archive_failing"], [])
        told.troubles.written(Evidence.REJECT)
        assert told.codes() == []
        told.now_s += SETTLED_S / 2
    told.now_s += SETTLED_S
    assert told.codes() == ["archive_well"]


def test_a_class_without_room_is_told_while_others_are_archived() -> None:
    told = Told()
    told.troubles.full(Evidence.CLEAN, "quota of clean: nothing else may go")
    assert told.codes() == ["archive_full"]
    told.troubles.written(Evidence.REJECT)
    told.now_s += 2 * SETTLED_S
    assert told.codes() == []
    told.troubles.written(Evidence.CLEAN)
    assert told.codes() == ["archive_well"]


def test_what_was_left_out_is_counted_anew_after_a_calm(caplog: pytest.LogCaptureFixture) -> None:
    told = Told()
    told.troubles.left_out(Evidence.SCRAP)
    told.now_s += CALM_S + 1
    told.troubles.left_out(Evidence.REJECT)
    assert told.codes() == ["archive_skipping"]
    assert "left out so far: 1 reject; verdicts are given as before" in caplog.text


@pytest.mark.parametrize(
    ("days", "whole", "text"),
    [
        (3.2, None, "the quota of reject is full in 3 days"),
        (0.5, 2.0, "the quota of reject is full in 12 h"),
        (None, 0.01, "the archive is full in 14 min"),
        (7.5, 8.0, ""),
        (0.0, None, ""),
        (None, None, ""),
    ],
)
def test_days_ahead_a_quota_is_said_to_be_filled(days: float | None, whole: float | None, text: str) -> None:
    """Once it is full, the oldest are deleted for good, and nobody has to do anything."""
    told = Told()
    told.troubles.standing(standing(days, whole))
    news = told.troubles.news()
    assert (news is None) if not text else (news is not None and news[0] == "archive_filling" and text in news[1])
    told.troubles.standing(standing(None))
    assert told.codes() == (["archive_well"] if text else [])
