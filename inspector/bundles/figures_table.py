"""The table of figures in a model card."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def figures_table(figures: dict[str, dict[str, Any]]) -> str:
    """A Markdown table of ``calibration.thresholds.figures``, a column for each set of frames."""
    rows = [("", *(f"{domain} ({values['frames']} frames)" for domain, values in figures.items()))]
    for name, read in _ROWS:
        rows.append((name, *(read(values) for values in figures.values())))
    first = next(iter(figures.values()))
    for name in first["dice_where_present"]:
        cells = (values["dice_where_present"][name] for values in figures.values())
        rows.append(
            (
                f"Dice of {name} where present",
                *(f"{cell['dice']:.2f} ({cell['frames']})" if cell["frames"] else "- (0)" for cell in cells),
            )
        )
    lines = ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join([lines[0], "|---" * len(rows[0]) + "|", *lines[1:]]) + "\n"


_ROWS: tuple[tuple[str, Callable[[dict[str, Any]], str]], ...] = (
    ("gate: area under ROC", lambda v: f"{v['gate']['auc']:.3f}"),
    (
        "gate: defective frames let through",
        lambda v: f"{v['gate']['defective'] - v['gate']['missed']} of {v['gate']['defective']}",
    ),
    ("gate: clean frames passed on", lambda v: f"{v['gate']['clean_passed_on']} of {v['gate']['clean']}"),
    ("defective frames marked, behind the gate", lambda v: "{pipeline} of {of}".format(**v["defective_frames_marked"])),
    ("clean frames marked, behind the gate", lambda v: "{pipeline} of {of}".format(**v["clean_frames_marked"])),
    ("clean frames marked, segmenter alone", lambda v: "{segmenter_alone} of {of}".format(**v["clean_frames_marked"])),
    ("Kaggle mean Dice, behind the gate", lambda v: f"{v['kaggle_mean_dice']['pipeline']:.3f}"),
    ("Kaggle mean Dice, segmenter alone", lambda v: f"{v['kaggle_mean_dice']['segmenter_alone']:.3f}"),
    ("Kaggle mean Dice of marking nothing", lambda v: f"{v['kaggle_mean_dice']['marking_nothing']:.3f}"),
    (
        "defects found (IoU > 0.1), false ones per frame",
        lambda v: "{found} of {of}, {false_per_frame:.2f}".format(**v["defects"]),
    ),
    ("pixel Dice over defective frames, all classes", lambda v: f"{v['pixel_dice_defective_frames']:.3f}"),
)
