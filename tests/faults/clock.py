"""The machine's clock is set, while the line runs (libfaketime; the machine's own clock is never touched)."""

from __future__ import annotations

from tests.capture.genicam.faked_time import FAKETIME
from tests.faults.scenario import Unavailable, scenario
from tests.faults.stage import Stage

UNCHANGED = "No deadline, no verdict and no number depends on it; times in messages follow the clock, and nothing is deleted for its age"


def stepped(stage: Stage, step: str) -> None:
    """The daemon's clock is set by ``step`` while the line runs."""
    if FAKETIME is None:
        raise Unavailable("libfaketime is not installed: apt-get install faketime")
    file = stage.folder / "time"
    file.write_text("+0s", encoding="ascii")
    environment = {
        "LD_PRELOAD": str(FAKETIME), "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        "FAKETIME_TIMESTAMP_FILE": str(file), "FAKETIME_CACHE_DURATION": "1",
    }  # fmt: skip
    with stage.line(environment=environment, journal={"retention_interval_s": 0.1}) as line:
        line.until_inspected(50)
        before_ns = line.watcher.packets[-1].header.published_unix_ns
        file.write_text(step, encoding="ascii")
        sign = 1 if step[0] == "+" else -1
        line.until(
            lambda: sign * (line.watcher.packets[-1].header.published_unix_ns - before_ns) > 3000e9, "the clock's step"
        )
        mark = line.mark()
        line.until_told("clock_jumped", since=0)
        line.until_inspected(100)
        assert line.reasons(mark) <= {"gate_clean", "no_defect", "defect"}, line.reasons(mark)
        found = line.finish()
        assert found.journaled == len(found.packets), "nothing is deleted"
        assert found.reasons["deadline"] == 0


@scenario(
    fault="The clock is set forward by an hour",
    promise=UNCHANGED,
    told="`clock_jumped`",
    remedy="look at the machine's time service",
)
def clock_forward(stage: Stage) -> None:
    stepped(stage, "+3600s")


@scenario(
    fault="The clock is set back by an hour",
    promise=UNCHANGED,
    told="`clock_jumped`",
    remedy="look at the machine's time service",
)
def clock_back(stage: Stage) -> None:
    stepped(stage, "-3600s")
