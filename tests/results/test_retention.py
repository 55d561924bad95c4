"""Retention by age counts elapsed time. The clocks are set by the test, so that days pass at once and the wall clock does what it likes."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from inspector.config.journal import JournalConfig
from inspector.results.clock_watch import ClockWatch
from inspector.results.journal_schema import open_for_writing
from inspector.results.record_tables import store
from inspector.results.retention import Retention
from tests.results.recording import make_command, make_comparison, make_disagreement

HOUR, DAY = 3600.0, 86_400.0
TODAY = 1.8e9
"""Unix time, s."""
YEARS = 10 * 365 * DAY


class Plant:
    """A journal that is kept for 30 days, with the clocks of its machine. One publication per hour of running."""

    def __init__(self, path: Path, keep_days: float | None = 30, keep_bytes: float | None = None) -> None:
        self.path = path
        self.keep_days = keep_days
        self.keep_bytes = keep_bytes
        self.wall_s, self.monotonic_s = TODAY, 1000.0
        self.told: list[str] = []
        self.start()

    def start(self) -> None:
        """Start the line, perhaps again."""
        self.clock = ClockWatch(lambda: round(self.wall_s * 1e9), lambda: self.monotonic_s)
        self.connection = open_for_writing(self.path, 100)
        config = JournalConfig(path=str(self.path), keep_days=self.keep_days, keep_bytes=self.keep_bytes)
        self.retention = Retention(config, self.clock)
        self._tell(self.retention.opened(self.connection))

    def stop(self, off_s: float = 0.0) -> None:
        """Stop the line, and leave it off."""
        self.retention.close()
        self.connection.close()
        self.wall_s += off_s
        self.monotonic_s = 5.0

    def run(self, hours: int) -> None:
        """Publish and trim while the line runs."""
        for _ in range(hours):
            self.publish()
            self.pass_time(HOUR)

    def pass_time(self, seconds: float) -> None:
        """Time passes, and all steps of retention that are due then are made."""
        self.wall_s += seconds
        self.monotonic_s += seconds
        self._tell(self.clock.check())
        while self.retention.step(self.connection) >= 500:
            pass

    def publish(self, rows: int = 1) -> None:
        """Journal rows that are dated by the wall clock of the moment."""
        row = ("result", round(self.wall_s * 1e9), b"", b"")
        columns = "stream, seq, type, published_unix_ns, header, body"
        first = self.connection.execute("SELECT coalesce(max(seq), -1) + 1 FROM publications").fetchone()[0]
        self.connection.executemany(
            f"INSERT INTO publications ({columns}) VALUES (1, ?, ?, ?, ?, ?)", [(first + n, *row) for n in range(rows)]
        )

    def record(self, number: int, size: int = 0) -> None:
        """Journal a command, and what a shadow bundle said."""
        for one in (
            make_command(number, answer=b"x" * size),
            make_disagreement(number, active=b"x" * size),
            make_comparison(started_unix_ns=number),
        ):
            store(self.connection, one, self.retention.age_s, number)

    def recorded(self) -> tuple[list[int], ...]:
        """The numbers that are still there, by table."""
        return tuple(
            [number for (number,) in self.connection.execute(f"SELECT entry FROM {table} ORDER BY id")]
            for table in ("commands", "disagreements", "comparisons")
        )

    @property
    def rows(self) -> list[int]:
        """The ``seq`` that are still there."""
        return [seq for (seq,) in self.connection.execute("SELECT seq FROM publications ORDER BY id")]

    def _tell(self, text: str) -> None:
        if text:
            self.told.append(text)


@pytest.fixture
def plant(tmp_path: Path) -> Iterator[Plant]:
    made = Plant(tmp_path / "j.sqlite")
    yield made
    made.connection.close()


def test_what_is_older_than_the_limit_goes_oldest_first_and_the_log_says_what(
    plant: Plant, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        plant.publish(1200)  # more than one step of deletion
        plant.run(24 * 30)
        assert len(plant.rows) == 1200 + 24 * 30
        plant.run(24 * 2)
    assert len(plant.rows) in range(24 * 30, 24 * 30 + 3)
    assert plant.rows == list(range(plant.rows[0], plant.rows[-1] + 1))
    assert plant.told == []
    assert (
        "deleted 1201 publications, published 2027-01-15 08:00:00 UTC to 2027-01-15 08:00:00 UTC" in caplog.messages[0]
    )
    assert all("deleted 1 publications" in one for one in caplog.messages[1:])


@pytest.mark.parametrize("jump_s", [YEARS, -YEARS])
def test_a_jump_of_the_clock_deletes_nothing_and_is_told(plant: Plant, jump_s: float) -> None:
    plant.run(24 * 29)
    before = plant.rows
    plant.wall_s += jump_s
    plant.run(12)
    assert plant.rows[: len(before)] == before
    way = "ahead" if jump_s > 0 else "back"
    assert plant.told == [f"the clock jumped {way} by 3650 days"]
    assert plant.clock.trouble == "", "it has stood for an hour"
    plant.wall_s -= jump_s
    plant.pass_time(1)
    assert "the clock jumped" in plant.clock.trouble
    plant.run(24 * 3)  # the rows dated otherwise neither hold up the others nor go before their time
    assert plant.rows[0] in range(59, 62)
    assert plant.rows == list(range(plant.rows[0], plant.rows[-1] + 1))


def test_a_jump_that_is_taken_back_is_no_trouble_any_more(plant: Plant) -> None:
    plant.run(2)
    plant.wall_s += 4 * HOUR
    plant.pass_time(4)
    assert plant.clock.trouble == "the clock jumped ahead by 4.0 hours"
    plant.wall_s -= 4 * HOUR
    plant.pass_time(1)
    assert plant.clock.trouble == ""


def test_what_ntp_does_is_no_jump(plant: Plant) -> None:
    for step_s in (20.0, -30.0, 0.5, 55.0, 40.0):
        plant.wall_s += step_s
        plant.run(1)
    assert plant.told == []


@pytest.mark.parametrize("wrong_s", [YEARS, -TODAY], ids=["years ahead", "1970"])
def test_a_start_with_a_wrong_clock_costs_no_history(plant: Plant, wrong_s: float) -> None:
    plant.run(24 * 10)
    plant.stop()
    plant.wall_s += wrong_s
    plant.start()
    plant.run(24)
    assert len(plant.rows) == 24 * 11
    assert len(plant.told) == 1
    plant.wall_s -= wrong_s  # NTP has found it
    plant.run(24 * 15)
    assert len(plant.rows) == 24 * 26
    plant.stop()
    plant.start()
    plant.run(24)
    assert len(plant.rows) == 24 * 27, "rows of the wrong time are no older than the time that has passed"


def test_time_off_counts_when_the_clock_has_stood_for_an_hour(plant: Plant) -> None:
    plant.run(24 * 29)
    plant.stop(off_s=2 * DAY)
    plant.start()
    plant.pass_time(0.9 * HOUR)
    assert plant.rows[0] == 0
    plant.pass_time(0.2 * HOUR)
    assert plant.rows[0] in range(23, 27)
    assert plant.told == []


def test_of_a_long_time_off_only_some_days_count(plant: Plant) -> None:
    plant.run(24 * 29)
    plant.stop(off_s=100 * DAY)
    plant.start()
    assert plant.told == ["the newest publication is 100 days old by the clock, which may be wrong"]
    plant.run(2)
    assert plant.rows[0] in range(47, 52)


def test_an_idle_line_keeps_its_last_publication_and_ages_the_others(plant: Plant) -> None:
    plant.publish(5)
    for _ in range(31 * 24):
        plant.pass_time(HOUR)
    assert plant.rows == [4]
    plant.publish()
    plant.pass_time(HOUR)
    assert plant.rows == [5], "the number of a deleted row is not given again"


def test_a_file_from_before_ages_were_counted_is_young(plant: Plant) -> None:
    plant.run(24 * 40)
    plant.connection.executescript("DROP TABLE age; DROP TABLE age_marks")
    plant.stop()
    plant.start()
    before = plant.rows
    plant.run(24 * 29)
    assert plant.rows[0] == before[0]
    plant.run(24 * 2)
    assert plant.rows[0] > before[-1]


def test_marks_stay_few(plant: Plant) -> None:
    plant.run(24 * 35)
    (marks,) = plant.connection.execute("SELECT count(*) FROM age_marks").fetchone()
    assert marks <= 24 * 30 + 3


def test_another_programs_lock_is_an_error_of_sqlite_and_no_count_is_lost(plant: Plant) -> None:
    plant.run(24 * 29)
    with sqlite3.connect(plant.path, isolation_level=None) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            plant.pass_time(2 * DAY)
        other.execute("ROLLBACK")
    other.close()
    plant.pass_time(1)
    plant.pass_time(60)
    assert plant.rows[0] in range(23, 27)


def test_records_go_with_their_age_and_the_newest_command_stays(plant: Plant, caplog: pytest.LogCaptureFixture) -> None:
    for day in range(40):
        plant.record(day)
        plant.run(24)
    commands, disagreements, comparisons = plant.recorded()
    assert commands == disagreements == comparisons == list(range(11, 40)), "one that is 30 days old to the second goes"
    with caplog.at_level(logging.INFO):
        for _ in range(24 * 40):
            plant.pass_time(HOUR)  # the line is idle
    assert plant.recorded() == ([39], [], [])
    assert "1 commands, 1 comparisons, 1 disagreements" in caplog.text


def test_a_record_of_an_older_count_is_not_kept_for_ever(plant: Plant) -> None:
    plant.run(24 * 20)
    for number in range(2):
        plant.record(number)
    plant.connection.executescript("DROP TABLE age; DROP TABLE age_marks")
    plant.stop()
    plant.start()
    plant.run(24 * 31)
    assert plant.recorded() == ([1], [], [])


def test_a_file_that_is_too_large_loses_its_oldest_of_each_kind(tmp_path: Path) -> None:
    plant = Plant(tmp_path / "j.sqlite", keep_days=None, keep_bytes=3_000_000)
    for hour in range(400):
        plant.record(hour, size=5_000)
        plant.publish(5)
        plant.pass_time(HOUR)
    commands, disagreements, comparisons = plant.recorded()
    assert commands[-1] == disagreements[-1] == 399
    assert 100 < len(commands) < 400
    assert commands == disagreements == comparisons == list(range(commands[0], 400))
    hours = [seq // 5 for seq in plant.rows]
    assert abs(hours[0] - commands[0]) <= 100, "what is kept of each kind is of one time"
    plant.connection.close()


def test_a_file_full_of_records_on_an_idle_line_is_made_smaller(tmp_path: Path) -> None:
    plant = Plant(tmp_path / "j.sqlite", keep_days=None, keep_bytes=2_000_000)
    plant.publish()
    for number in range(1000):
        plant.record(number, size=5_000)
        if number % 100 == 99:
            plant.pass_time(HOUR)
    commands, disagreements, _ = plant.recorded()
    assert (commands[-1], len(commands) < 500, len(disagreements) < 500) == (999, True, True)
    assert plant.rows == [0]
    plant.connection.close()
