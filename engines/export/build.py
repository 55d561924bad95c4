"""Builds a bundle from two files of trained weights: export, parity, calibration, golden frames, card, proof."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal

import msgspec
from torch import nn

from calibration.thresholds.calibrate import Calibration
from calibration.thresholds.folds import read_folds, together
from calibration.thresholds.on_bundle import Part, Trial, calibrate_bundle, choose_part, measure_bundle
from engines.bundle import Bundle, GoldenSample, read_bundle, write_bundle
from engines.data.dataset import open_dataset
from engines.data.split import read_split
from engines.export.bundle_card import CardFacts, write_bundle_card
from engines.export.golden import Candidate, pick_golden
from engines.export.graph_outputs import ExportedNetworks
from engines.export.graphs import GateGraph, SegmenterGraph, network_multiple
from engines.export.onnx import export_gate, export_segmenter
from engines.export.order import HELD_OUT, Order, held_out, require_alike, require_held_out, require_match, require_new
from engines.export.parity import Parity, TorchNetworks, compare_outputs, require_parity
from engines.networks.cost import count_cost
from engines.operating_point import OperatingPoint
from engines.runtime.load import load_engines
from engines.runtime.openvino_runtime import cpu_precisions
from engines.training.weights import Trained, load_weights

_FIRST_THRESHOLD = 0.5


@dataclass(frozen=True)
class Built:
    """A bundle that loads, and what is known of it."""

    bundle: Bundle
    parity: Parity
    made: Calibration
    figures: dict[str, dict[str, Any]]
    """By part of the split."""
    device: str


Step = Callable[[str, int], Callable[[int], None]]
"""Told the name of each step and how many frames it will go through; gives what is to be told how many are done."""


def build_bundle(order: Order, step: Step) -> Built:
    """Build and prove the bundle; nothing is left in ``order.out`` if anything fails.

    Raises DataError, RecipeError, BundleError or EngineError, the last also where the exported graphs do not answer as torch does.
    """
    require_new(order)
    step("reading weights and data", 0)
    gate, segmenter = load_weights(order.gate), load_weights(order.segmenter)
    dataset = open_dataset(order.data)
    require_match(order, gate, segmenter, dataset)
    split = read_split(order.split, dataset) if order.split else None
    trials = read_folds(order.folds, dataset, split) if order.folds else ()
    part = together(trials) if trials else choose_part(dataset, split, order.part or held_out(split))
    require_held_out(order, gate, segmenter, part)
    order.out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{order.out.name}-", dir=order.out.parent) as scratch:
        return _Build(order, gate, segmenter, part, trials, Path(scratch), step).run()


class _Build:
    """One build, with its scratch folder."""

    def __init__(
        self,
        order: Order,
        gate: Trained,
        segmenter: Trained,
        part: Part,
        folds: tuple[Trial, ...],
        scratch: Path,
        step: Step,
    ) -> None:
        self.order, self.gate, self.segmenter, self.part, self.folds = order, gate, segmenter, part, folds
        self.scratch, self.step = scratch, step
        self.networks = gate.build(), segmenter.build()
        self.costs = _cost(gate, self.networks[0]), _cost(segmenter, self.networks[1])
        names = part.dataset.classes
        self.golden_from = part.dataset.name
        frames = part.frames
        if order.golden_data is not None:
            shown = open_dataset(order.golden_data, find_groups=False)
            require_alike(gate, order.golden_data, shown)
            self.golden_from, frames = shown.name, shown.frames
        self.candidates: list[Candidate] = [
            (" ".join(names[k] for k in frame.classes) or "clean", frame.frame) for frame in frames
        ]

    def run(self) -> Built:
        """All steps in order."""
        paths, reference = self._export()
        exact = ExportedNetworks(*paths)
        fast = ExportedNetworks(*paths, cpu_precisions()[0]) if cpu_precisions()[0] != "f32" else None
        classes = self.gate.classes
        even = dict.fromkeys(classes, _FIRST_THRESHOLD)
        first = OperatingPoint(gate_threshold=_FIRST_THRESHOLD, mask_thresholds=even)
        self.step("comparing the graphs with torch", 0)
        golden = self._golden(exact, fast, first)
        require_parity(reference, exact, [sample.frame for sample in golden], first.thresholds(classes))
        draft = self._write(self.scratch / "draft", paths, first, golden, "# draft\n", {})
        made = self._calibrate(draft)
        thresholds = made.point.thresholds(classes)
        golden = self._golden(exact, fast, made.point)
        frames = [sample.frame for sample in golden]
        parity = require_parity(reference, exact, frames, thresholds)
        figures = {
            self.part.name or self.part.dataset.name: made.figures,
            **self._other_figures(paths, golden, made.point),
        }
        agreement = f"torch in float32 against the graphs on the CPU runtime in float32: {parity}."
        if fast is not None:
            rounded = compare_outputs(exact.outputs(frames, thresholds), fast.outputs(frames, thresholds))
            agreement += f" {cpu_precisions()[0]} against float32: {rounded}."
        title = f"{self.order.name} {self.order.version}"
        facts = CardFacts(
            title,
            self.gate,
            self.segmenter,
            self.costs,
            self.part,
            made,
            figures,
            agreement,
            self.golden_from,
            self.order.notes,
        )
        final = self.scratch / "bundle"
        self._write(final, paths, made.point, golden, write_bundle_card(facts), self._training(figures, parity))
        return self._prove(final, parity, made, figures)

    def _export(self) -> tuple[tuple[Path, Path], TorchNetworks]:
        gate, segmenter = self.networks
        height, width = self.gate.height, self.gate.width
        gate_graph = GateGraph(gate, self.gate.scale)
        activation: Literal["sigmoid", "softmax"] = self.segmenter.network.activation
        segmenter_graph = SegmenterGraph(segmenter, len(self.segmenter.classes), self.segmenter.scale, activation)
        reference = TorchNetworks(gate_graph, segmenter_graph)
        paths = self.scratch / "gate.onnx", self.scratch / "segmenter.onnx"
        self.step("exporting the gate", 0)
        export_gate(gate_graph, paths[0], height, width)
        self.step("exporting the segmenter", 0)
        export_segmenter(segmenter_graph, paths[1], height, width)
        return paths, reference

    def _golden(
        self, exact: ExportedNetworks, fast: ExportedNetworks | None, point: OperatingPoint
    ) -> list[GoldenSample]:
        return pick_golden(exact, fast, self.candidates, point.thresholds(self.gate.classes), self.order.golden_frames)

    def _calibrate(self, draft: Bundle) -> Calibration:
        progress = self.step("calibrating", len(self.part.frames))
        trials = self.folds or (Trial(draft, self.part),)
        made = calibrate_bundle(
            draft,
            trials,
            self.order.wishes,
            areas_px=self.order.areas_px,
            precision=self.order.precision,
            progress=progress,
        )
        chosen = {**made.point.chosen, "bundle": f"{self.order.name}-{self.order.version}"}
        return replace(made, point=msgspec.structs.replace(made.point, version=1, chosen=chosen))

    def _other_figures(
        self, paths: tuple[Path, Path], golden: list[GoldenSample], point: OperatingPoint
    ) -> dict[str, dict[str, Any]]:
        """Figures on the held-out parts that were not calibrated on."""
        others = [
            name for name in HELD_OUT if self.part.split and name in self.part.split.parts and name != self.part.name
        ]
        measured = {}
        for name in others:
            other = choose_part(self.part.dataset, self.part.split, name)
            bundle = self._write(self.scratch / f"measured-{name}", paths, point, golden, "# draft\n", {})
            progress = self.step(f"measuring on {name}", len(other.frames))
            measured[name] = measure_bundle(bundle, other, self.order.precision, progress)
        return measured

    def _training(self, figures: dict[str, Any], parity: Parity) -> dict[str, Any]:
        made_of = {}
        for trained in (self.gate, self.segmenter):
            made_of[trained.kind] = {
                "network": msgspec.to_builtins(trained.network),
                "scale": trained.scale,
                "recipe": trained.recipe,
                "data_id": trained.data_id,
                "split_id": trained.split_id,
                "trained_on": list(trained.trained_on),
                "metrics": dict(trained.metrics),
            }
        return {"networks": made_of, "parity": asdict(parity), "figures": figures}

    def _write(
        self,
        directory: Path,
        paths: tuple[Path, Path],
        point: OperatingPoint,
        golden: list[GoldenSample],
        card: str,
        training: dict[str, Any],
    ) -> Bundle:
        return write_bundle(
            directory,
            name=self.order.name,
            version=self.order.version,
            classes=self.gate.classes,
            gate_onnx=paths[0],
            segmenter_onnx=paths[1],
            operating_point=point,
            golden_thresholds=point.thresholds(self.gate.classes),
            golden=golden,
            card=card,
            training=training,
        )

    def _prove(self, final: Path, parity: Parity, made: Calibration, figures: dict[str, dict[str, Any]]) -> Built:
        """Load the bundle as a line on the CPU would, and only then give it its name."""
        self.step("loading the bundle as the line does", 0)
        loaded = load_engines(read_bundle(final), runtime="openvino", precision=self.order.precision)
        loaded.engines.close()
        if self.order.out.is_dir():
            self.order.out.rmdir()
        final.rename(self.order.out)
        return Built(read_bundle(self.order.out), parity, made, figures, loaded.engines.device)


def _cost(trained: Trained, network: nn.Module) -> str:
    """Of one frame; its sides are rounded up to what the network takes."""
    multiple = network_multiple(network)
    height, width = (-(-side // (trained.scale * multiple)) * multiple for side in (trained.height, trained.width))
    return str(count_cost(network, height, width))
