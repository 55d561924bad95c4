"""The model card of a built bundle: what it was made from, how good it is, what it promises, and where it fails."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

from calibration.thresholds.calibrate import Calibration
from calibration.thresholds.on_bundle import Part
from engines.export.figures_table import figures_table
from engines.training.weights import Trained

RARE = 20
"""A class seen on fewer frames in training, or measured on fewer, is called rare."""


@dataclass(frozen=True)
class CardFacts:
    """What the card tells."""

    title: str
    gate: Trained
    segmenter: Trained
    costs: tuple[str, str]
    """Parameters and operations of gate and segmenter."""
    part: Part
    made: Calibration
    figures: dict[str, dict[str, Any]]
    """By part of the split; the one calibrated on first."""
    agreement: str
    """How far the graphs are from torch, and the fast arithmetic from the exact."""
    golden: str
    """Name of the data set that the golden frames are from."""
    notes: str = ""
    """Markdown to end with: what whoever built it has to say."""


def write_bundle_card(facts: CardFacts) -> str:
    """The card as Markdown."""
    sections = (
        f"# Model card: {facts.title}\n\nGate and segmenter for grey frames of {facts.gate.height}x{facts.gate.width} px. "
        f"Classes (bit k of a mask): {', '.join(f'{k} {name}' for k, name in enumerate(facts.gate.classes))}.",
        "## Networks\n" + "\n".join(_network(facts)) + "\nWeights are float16.",
        "## Data\n" + _data(facts),
        "## Operating point\n" + _point(facts.made),
        "## Figures\n" + _figures(facts),
        "## Known weaknesses\n" + "\n".join(f"- {weakness}" for weakness in _weaknesses(facts)),
    )
    return "\n\n".join([*sections, *([facts.notes.strip()] if facts.notes else [])]) + "\n"


def _network(facts: CardFacts) -> list[str]:
    lines = []
    for trained, cost in zip((facts.gate, facts.segmenter), facts.costs, strict=True):
        seen = "full resolution" if trained.scale == 1 else "half resolution, reduced in the graph"
        metrics = ", ".join(f"{name} {value:.4g}" for name, value in trained.metrics.items())
        of = f", {trained.network.activation}" if trained.kind == "segmenter" else ""
        lines.append(
            f"- {trained.kind}: {trained.network.title}{of}, {cost}, {seen}; recipe {trained.recipe}"
            + (f"; in training: {metrics}" if metrics else "")
        )
    return lines


def _data(facts: CardFacts) -> str:
    data, split = facts.part.dataset, facts.part.split
    trained_on = {trained.data_id for trained in (facts.gate, facts.segmenter)}
    same = trained_on == {data.id}
    lines = [f"{data.name} ({data.id}), {len(data.frames)} labelled frames, " + _counts(facts, None) + "."]
    if split is not None and same:
        lines.append(f"Split {split.id}: " + "; ".join(f"{part} {_counts(facts, part)}" for part in split.parts) + ".")
        learnt = {trained.kind: ", ".join(trained.trained_on) for trained in (facts.gate, facts.segmenter)}
        lines.append(" ".join(f"The {kind} learnt from {parts}." for kind, parts in learnt.items()))
    if not same:
        lines.append(f"The networks were trained on other data: {', '.join(sorted(trained_on))}.")
    lines.append(f"The golden frames are frames of {facts.golden}: the bundle carries them along.")
    return "\n".join(lines)


def _counts(facts: CardFacts, part: str | None) -> str:
    data, split = facts.part.dataset, facts.part.split
    frames = split.frames(data, part) if split is not None and part is not None else data.frames
    counts = Counter(k for frame in frames for k in frame.classes)
    clean = sum(not frame.defective for frame in frames)
    return ", ".join([f"{clean} clean", *(f"{counts[k]} {name}" for k, name in enumerate(data.classes))])


def _point(made: Calibration) -> str:
    point = made.point
    masks = ", ".join(
        f"{name} {t:g} from {point.minimum_area_px[name]} px on" for name, t in point.mask_thresholds.items()
    )
    chosen = f"; chosen for the metric {made.masks.metric}" if made.masks else ""
    return (
        f"Gate threshold {point.gate_threshold:g}; masks: {masks}{chosen}.\n"
        f"Promise {made.sentence}.\nIt counts what the gate stops; what the segmenter then leaves unmarked comes on top."
    )


def _figures(facts: CardFacts) -> str:
    first, *others = facts.figures
    told = f"The operating point was chosen on {first}: those figures are a little too good."
    if sisters := facts.made.point.chosen.get("folds"):
        told = (
            f"Frames of {first} were answered for by {len(sisters)} sister bundles, each trained by the same recipes without the fold it "
            f"answered for ({', '.join(f'{fold} {sister}' for fold, sister in sisters.items())}); this bundle knows them all. So these are "
            f"the recipe's figures, and this bundle's as far as it answers as they do. {told}"
        )
    if others:
        told += f" {' and '.join(others)} had no part in it, but training may have picked its epoch there."
    return f"{figures_table(facts.figures)}\n{told}\n\n{facts.agreement}"


def _weaknesses(facts: CardFacts) -> list[str]:
    """Only what the figures themselves show."""
    name, last = list(facts.figures.items())[-1]
    found = []
    if not facts.made.kept.kept:
        found.append(f"The promise asked for {facts.made.sentence}.")
    split, data = facts.part.split, facts.part.dataset
    if split is not None and facts.segmenter.data_id == data.id:
        seen = Counter(k for frame in split.frames(data, *facts.segmenter.trained_on) for k in frame.classes)
        rare = [f"{label} ({seen[k]} frames)" for k, label in enumerate(data.classes) if seen[k] < RARE]
        if rare:
            found.append(f"Seen rarely in training: {', '.join(rare)}; expect little there.")
    few = [f"{label} ({cell['frames']})" for label, cell in last["dice_where_present"].items() if cell["frames"] < RARE]
    if few:
        found.append(f"Measured on few frames of {name}: {', '.join(few)}; their figures say little.")
    kaggle = last["kaggle_mean_dice"]
    if kaggle["pipeline"] <= kaggle["marking_nothing"]:
        found.append(f"By Kaggle's Dice marking nothing at all is no worse on {name}.")
    clean = last["clean_frames_marked"]
    if clean["pipeline"]:
        found.append(f"Marks {clean['pipeline']} of {clean['of']} clean frames of {name}: false scrap.")
    defects = last["defects"]
    if defects["found"] < defects["of"]:
        found.append(
            f"Misses {defects['of'] - defects['found']} of {defects['of']} defects of {name}, gate and segmenter together."
        )
    return [*found, "Other cameras, other geometry, other product: train and calibrate again."]
