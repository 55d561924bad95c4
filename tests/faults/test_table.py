"""The document of the promises is what the scenarios say."""

from __future__ import annotations

from pathlib import Path

from inspector.line.health import SIGNALS
from tests.faults.scenario import load
from tests.faults.table import table

ROOT = Path(__file__).parents[2]


def test_the_document_is_up_to_date() -> None:
    found = (ROOT / "docs" / "faults.md").read_text(encoding="utf-8")
    assert found == table(), "run: python -m tests.faults.table > docs/faults.md"


def test_there_are_at_least_forty_kinds_and_each_health_code_of_a_part_is_met() -> None:
    scenarios = load()
    assert len(scenarios) >= 40
    told = " ".join(one.told for one in scenarios.values())
    fatal = {"inference_restarting", "inference_given_up", "engine_silent", "journal_failing", "journal_set_aside", "clock_jumped",
             "camera_reconnecting", "bad_frames", "peers_cut_off", "recording_ended"}  # fmt: skip
    assert fatal <= set(SIGNALS)
    assert all(f"`{code}`" in told for code in fatal)
