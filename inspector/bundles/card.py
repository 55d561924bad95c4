"""The model card of a built bundle: what it was made from, how good it is, which miss rate holds, and where it fails."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from calibration.thresholds.calibrate import Calibration
from engines.data.part import Part
from inspector.bundles.figures_table import figures_table

if TYPE_CHECKING:
    from engines.training.weights import Trained

RARE = 20
"""A class seen on fewer frames in training, or measured on fewer, is called rare."""


@dataclass(frozen=True)
class CardContent:
    """What the card tells."""

    title: str
    gate: Trained
    segmenter: Trained
    costs: tuple[str, str]
    """Parameters and operations of gate and segmenter."""
    part: Part
    calibration: Calibration
    figures: dict[str, dict[str, Any]]
    """By part of the split; the one calibrated on first."""
    agreement: str
    """How far the graphs are from torch, and the fast arithmetic from the exact."""
    golden: str
    """Name of the data set that the golden frames are from."""
    notes: str = ""
    """Markdown to end with: what whoever built it has to say."""


def write_bundle_card(content: CardContent) -> str:
    """The card as Markdown."""
    sections = (
        f"# Model card: {content.title}\n\nGate and segmenter for grey frames of {content.gate.height}x{content.gate.width} px. "
        f"Classes (bit k of a mask): {', '.join(f'{k} {name}' for k, name in enumerate(content.gate.classes))}.",
        "## Networks\n" + "\n".join(_network(content)) + "\nWeights are float16.",
        "## Data\n" + _data(content),
        "## Operating point\n" + _point(content.calibration),
        "## Figures\n" + _figures(content),
        "## Known weaknesses\n" + "\n".join(f"- {weakness}" for weakness in _weaknesses(content)),
    )
    return "\n\n".join([*sections, *([content.notes.strip()] if content.notes else [])]) + "\n"


def _network(content: CardContent) -> list[str]:
    lines = []
    for trained, cost in zip((content.gate, content.segmenter), content.costs, strict=True):
        seen = "full resolution" if trained.scale == 1 else "half resolution, reduced in the graph"
        metrics = ", ".join(f"{name} {value:.4g}" for name, value in trained.metrics.items())
        of = f", {trained.network.activation}" if trained.kind == "segmenter" else ""
        lines.append(
            f"- {trained.kind}: {trained.network.title}{of}, {cost}, {seen}; recipe {trained.recipe}"
            + (f"; in training: {metrics}" if metrics else "")
        )
    return lines


def _data(content: CardContent) -> str:
    data, split = content.part.dataset, content.part.split
    trained_on = {trained.data_id for trained in (content.gate, content.segmenter)}
    same = trained_on == {data.id}
    lines = [f"{data.name} ({data.id}), {len(data.frames)} labelled frames, " + _counts(content, None) + "."]
    if split is not None and same:
        lines.append(
            f"Split {split.id}: " + "; ".join(f"{part} {_counts(content, part)}" for part in split.parts) + "."
        )
        learnt = {trained.kind: ", ".join(trained.trained_on) for trained in (content.gate, content.segmenter)}
        lines.append(" ".join(f"The {kind} learnt from {parts}." for kind, parts in learnt.items()))
    if not same:
        lines.append(f"The networks were trained on other data: {', '.join(sorted(trained_on))}.")
    lines.append(f"The golden frames are frames of {content.golden}: the bundle carries them along.")
    return "\n".join(lines)


def _counts(content: CardContent, part: str | None) -> str:
    data, split = content.part.dataset, content.part.split
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
        f"Miss-rate target {made.summary}.\nIt counts what the gate stops; what the segmenter then leaves unmarked comes on top."
    )


def _figures(content: CardContent) -> str:
    first, *others = content.figures
    told = f"The operating point was chosen on {first}: those figures are a little too good."
    if folds := content.calibration.point.chosen.get("folds"):
        models = ", ".join(f"{fold} {model}" for fold, model in folds.items())
        told = (
            f"The frames of {first} were measured with {len(folds)} fold models, each trained by the same recipes without the fold it was "
            f"run on ({models}); this bundle knows them all. So these are the figures of the recipe, and of this bundle as far as it answers "
            f"as the fold models do. {told}"
        )
    if others:
        told += f" {' and '.join(others)} had no part in it, but training may have picked its epoch there."
    return f"{figures_table(content.figures)}\n{told}\n\n{content.agreement}"


def _weaknesses(content: CardContent) -> list[str]:
    """Only what the figures themselves show."""
    name, last = list(content.figures.items())[-1]
    found = []
    if not content.calibration.gate.met:
        found.append(f"The miss-rate target is {content.calibration.summary}.")
    if content.calibration.blank_note:
        found.append(f"Calibration: {content.calibration.blank_note}")
    split, data = content.part.split, content.part.dataset
    if split is not None and content.segmenter.data_id == data.id:
        seen = Counter(k for frame in split.frames(data, *content.segmenter.trained_on) for k in frame.classes)
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
