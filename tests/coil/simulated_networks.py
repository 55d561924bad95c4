"""What real networks make of a simulated coil, against its truth: ``python -m tests.coil.simulated_networks FOLDER``, after ``inspector run`` of
``coil-line.yaml`` in this folder."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from inspector.capture.simulator import SimulatorTruth, StripTruth, strip_view
from inspector.cli.coil import read_coil
from inspector.coil.coil import Findings
from inspector.coil.config import RollMarksConfig
from inspector.coil.intervals import length
from inspector.coil.roll_marks import find
from inspector.config.load import load_config
from inspector.config.simulator import SimulatorConfig
from inspector.report.coil.make import inspected, points


def networks(folder: Path) -> None:
    """Of a run of ``coil-line.yaml`` in this folder, whose networks do make mistakes."""
    line = load_config(folder / "coil-line.yaml")
    camera, source = line.cameras[0], line.cameras[0].source
    assert isinstance(source, SimulatorConfig)
    assert line.run is not None
    truth = SimulatorTruth(source, 256, 1600, view=strip_view(camera, line.verdicts.travel_axis, 256, 1600)).strip()
    findings = read_coil(line.run, folder / "coil-line.sqlite").findings
    _networks_table(truth, findings)
    marks = find(list(points(findings.defects)), inspected(findings), RollMarksConfig())
    for row in truth.roll_marks:
        print(
            f"printed: {row.class_name} every {row.period_mm} mm, {row.count} of {len(row.marks)} turns, at {row.x_mm} mm"
        )
    for mark in marks:
        print(
            f"told: {mark.class_name} every {mark.period_mm:.3f} mm ({mark.period_low_mm:.3f} to {mark.period_high_mm:.3f}), "
            f"{mark.count} of {mark.possible}, at {mark.area.x_from_mm:.0f} to {mark.area.x_to_mm:.0f} mm, chance {mark.p_value:.1g}"
        )


def _networks_table(truth: StripTruth, findings: Findings) -> None:
    unseen = sum(one.area.to_mm - one.area.from_mm for one in findings.unknowns) / 1000
    print(
        f"\n{truth.frames} frames by real networks, {unseen:.1f} m of {findings.length_mm / 1000:.1f} m not inspected"
    )
    print("| class | defects on the strip | found | pieces of them | covered, % of their length |")
    print("|---|---|---|---|---|")
    for name in sorted({one.class_name for one in truth.defects}):
        pieces, shares = [], []
        mine = [one.seen.area for one in truth.defects if one.class_name == name]
        for area in mine:
            met = [
                (max(one.area.from_mm, area.from_mm), min(one.area.to_mm, area.to_mm))
                for one in findings.defects
                if one.class_name == name and one.area.from_mm < area.to_mm and one.area.to_mm > area.from_mm
                and one.area.x_from_mm < area.x_to_mm and one.area.x_to_mm > area.x_from_mm
            ]  # fmt: skip
            pieces.append(len(met))
            shares.append(length(met) / (area.to_mm - area.from_mm))
        found = [count for count in pieces if count]
        print(f"| {name} | {len(mine)} | {len(found)} | {sum(found)} | {100 * np.mean(shares):.0f} |")


if __name__ == "__main__":
    networks(Path(sys.argv[1]))
