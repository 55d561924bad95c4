"""A bundle is measured with what people said of the frames that it was right or wrong about."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from engines.bundle import Bundle
from engines.data.dataset import open_dataset
from inspector.archive.review import Missed, Proposal
from inspector.archive.reviewing import review
from inspector.archive.store import Store
from inspector.evaluate.evaluate import evaluate
from tests.archive.making import make_defect, make_facts, png
from tests.tiny_bundle import CLASSES, CLEAN_LEVEL, HEIGHT, WIDTH, frame_with


def test_what_was_missed_counts_for_the_gate_and_for_no_pixel(tiny_bundle: Bundle, tmp_path: Path) -> None:
    found = np.zeros((HEIGHT, WIDTH), np.uint8)
    found[2:6, 2:6] = 2
    defect = make_defect(class_name="bright", bbox_px=(2, 2, 4, 4), area_px=16)
    with Store(tmp_path / "archive") as store:
        for frame in range(4):
            bright = frame_with([(192, 4)], background=CLEAN_LEVEL + frame)
            facts = make_facts(
                frame, bits=CLASSES, classes=("bright",), defects=(defect,), pixels={"dark": 0, "bright": 16},
                defect_pixels={"dark": 0, "bright": 16}, height_px=HEIGHT, width_px=WIDTH, run=f"coil-{frame}",
            )  # fmt: skip
            store.add(facts, png(bright), png(found), None)
    missed = Missed(class_name="dark", box_px=(20, 20, 5, 5))
    for id_, asked in (
        (1, Proposal(base=0, says="right")),
        (2, Proposal(base=0, says="false_alarm")),
        (3, Proposal(base=0, says="corrected", missed=(missed,))),
    ):
        review(tmp_path / "archive", id_, asked, author="Ada")
    described = "kind: masks\nmask_style: bitmask\nroot: archive\nframes: archive.sqlite\nlabels: reviewed\n"
    (tmp_path / "dataset.yaml").write_text(described, encoding="utf-8")
    made = evaluate(tiny_bundle, open_dataset(tmp_path / "dataset.yaml", find_groups=False)).evaluation
    assert (made.data.frames, made.data.unlocated) == (3, 1)
    assert not any("PREDICTIONS" in one for one in made.data.warnings)
    assert "by 1 person; their outlines are those of the segmenter that found them" in made.data.warnings[0]
    decisions = made.gate.decisions
    assert (decisions.tp, decisions.fp) == (2, 1), "the false alarm is a clean sheet, the missed one is none"
