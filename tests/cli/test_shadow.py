"""What ``inspector shadow report`` says; that it names the right frames is in ``tests/line/shadow``."""

from __future__ import annotations

from pathlib import Path

import msgspec

from inspector.cli.shadow_tables import conclusion
from inspector.line.shadow.figures import report
from inspector.results.shadow_record import Comparison
from tests.cli.in_process import refused

ROW = Comparison(
    epoch="e", camera="top", shadow_bundle="b@2", active_bundle="b@1", started_unix_ns=1, compared=300, agreed=300,
    pairs=b'{"PASS":{"PASS":280},"REJECT":{"REJECT":20}}', classes=b"{}", sample=b'{"share":0.1,"frames":3000,"chosen":300}',
)  # fmt: skip


def said(**changes: object) -> str:
    made = report([msgspec.structs.replace(ROW, **changes)], [], state="ended")
    return conclusion(made, made.comparisons[0])


def test_no_disagreement_leaves_a_bound_and_some_are_projected_on_all_frames() -> None:
    assert said() == (
        "None of 300 frames would have another verdict: with 95% confidence that is at most 1.22 % of such frames."
    )
    some = said(agreed=297, pairs=b'{"PASS":{"PASS":277,"REJECT":3},"REJECT":{"REJECT":20}}')
    assert some == "3 of 300 frames would have another verdict; of all 3,000 frames, with 95% confidence, 6 to 87."
    assert "nothing can be said" in said(compared=0, agreed=0, pairs=b"{}")


def test_one_journal_is_to_be_named_and_it_must_be_there(tmp_path: Path) -> None:
    config = tmp_path / "line.yaml"
    config.write_text(
        "line: t\nbundle: demo\ncameras: [{name: top, source: {kind: simulator}}]\njournal: {path: null}\n"
    )
    assert "journal.path is null" in refused("shadow", "report", "-c", config)
    assert "there is no such file" in refused("shadow", "report", "--journal", tmp_path / "none.sqlite")
    assert "either --config or --journal" in refused("shadow", "report", "-c", config, "--journal", config)
