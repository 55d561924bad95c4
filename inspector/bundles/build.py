"""Builds a bundle from two files of trained weights: export, parity, calibration, golden frames, card, proof."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import msgspec

from calibration.thresholds.calibrate import Calibration
from calibration.thresholds.on_bundle import BundleOnPart, calibrate_bundle, measure_bundle
from engines.bundle import Bundle, GoldenSample, read_bundle, write_bundle
from engines.data.dataset import open_dataset
from engines.data.fit import require_form
from engines.data.part import Part, choose_part, joined
from engines.data.split import read_split
from engines.export.golden import Candidate, pick_golden
from engines.export.graph_outputs import ExportedNetworks
from engines.export.network_pair import NetworkPair, export_pair
from engines.export.parity import compare_outputs, require_parity
from engines.files.looking import resolved
from engines.files.writing import folder_beside, take_place
from engines.operating_point import OperatingPoint
from engines.runtime.agreement import Agreement
from engines.runtime.load import load_engines
from engines.runtime.openvino_runtime import cpu_precisions
from engines.training.weights import Trained, load_weights
from inspector.bundles.card import CardContent, write_bundle_card
from inspector.bundles.folds import read_fold_models
from inspector.bundles.request import (
    HELD_OUT,
    BuildRequest,
    held_out_part,
    require_match,
    require_networks_held_out,
    require_new,
)

_FIRST_THRESHOLD = 0.5


@dataclass(frozen=True)
class Built:
    """A bundle that loads, and what is known of it."""

    bundle: Bundle
    parity: Agreement
    calibration: Calibration
    figures: dict[str, dict[str, Any]]
    """By part of the split."""
    device: str


Step = Callable[[str, int], Callable[[int], None]]
"""Told the name of each step and how many frames it will go through; gives what is to be told how many are done."""


def build_bundle(request: BuildRequest, step: Step) -> Built:
    """Build and prove the bundle; nothing is left in ``request.out`` if anything fails.

    Raises UserError, FileError, DataError, RecipeError, BundleError or EngineError, the last also where the exported graphs do not answer as
    torch does.
    """
    require_new(request)
    step("reading weights and data", 0)
    gate, segmenter = load_weights(request.gate), load_weights(request.segmenter)
    dataset = open_dataset(request.data)
    require_match(request, gate, segmenter, dataset)
    split = read_split(request.split, dataset) if request.split else None
    folds = read_fold_models(request.folds, dataset, split) if request.folds else ()
    if folds:
        part = joined([run.part for run in folds])
    else:
        part = choose_part(dataset, split, request.part or held_out_part(split))
    require_networks_held_out(request, gate, segmenter, part)
    out = resolved(request.out)  # a link to an empty folder stays
    with folder_beside(out, "--out") as scratch:
        return _Build(replace(request, out=out), gate, segmenter, part, folds, scratch, step).run()


class _Build:
    """One build, with its scratch folder."""

    def __init__(
        self,
        request: BuildRequest,
        gate: Trained,
        segmenter: Trained,
        part: Part,
        folds: tuple[BundleOnPart, ...],
        scratch: Path,
        step: Step,
    ) -> None:
        self.request, self.gate, self.segmenter, self.part, self.folds = request, gate, segmenter, part, folds
        self.scratch, self.step = scratch, step
        names = part.dataset.classes
        self.golden_from = part.dataset.name
        frames = part.frames
        if request.golden_data is not None:
            shown = open_dataset(request.golden_data, find_groups=False)
            require_form(shown, gate, "the networks")
            self.golden_from, frames = shown.name, shown.frames
        self.candidates: list[Candidate] = [
            (" ".join(names[k] for k in frame.classes) or "clean", frame.frame) for frame in frames
        ]

    def run(self) -> Built:
        """All steps in order."""
        pair = export_pair(self.gate, self.segmenter, self.scratch, self._began)
        exact = ExportedNetworks(*pair.paths)
        fast = ExportedNetworks(*pair.paths, cpu_precisions()[0]) if cpu_precisions()[0] != "f32" else None
        made = self._calibrate(self._draft(pair, exact, fast))
        golden = self._golden(exact, fast, made.point)
        parity, agreement = self._parity(pair, exact, fast, golden, made.point)
        figures = {
            self.part.name or self.part.dataset.name: made.figures,
            **self._other_figures(pair, golden, made.point),
        }
        content = CardContent(
            title=f"{self.request.name} {self.request.version}",
            gate=self.gate,
            segmenter=self.segmenter,
            costs=pair.costs,
            part=self.part,
            calibration=made,
            figures=figures,
            agreement=agreement,
            golden=self.golden_from,
            notes=self.request.notes,
        )
        final = self.scratch / "bundle"
        self._write(final, pair, made.point, golden, write_bundle_card(content), self._training(figures, parity))
        return self._prove(final, parity, made, figures)

    def _began(self, what: str) -> None:
        self.step(what, 0)

    def _draft(self, pair: NetworkPair, exact: ExportedNetworks, fast: ExportedNetworks | None) -> Bundle:
        """A bundle to calibrate, at even thresholds; not before its graphs have been compared with torch."""
        classes = self.gate.classes
        first = OperatingPoint(
            gate_threshold=_FIRST_THRESHOLD, mask_thresholds=dict.fromkeys(classes, _FIRST_THRESHOLD)
        )
        self.step("comparing the graphs with torch", 0)
        golden = self._golden(exact, fast, first)
        require_parity(pair.reference, exact, [sample.frame for sample in golden], first.thresholds(classes))
        return self._write(self.scratch / "draft", pair, first, golden, "# draft\n", {})

    def _parity(
        self,
        pair: NetworkPair,
        exact: ExportedNetworks,
        fast: ExportedNetworks | None,
        golden: list[GoldenSample],
        point: OperatingPoint,
    ) -> tuple[Agreement, str]:
        """How far the graphs are from torch at the operating point, and the same in words with the fast arithmetic beside it."""
        thresholds, frames = point.thresholds(self.gate.classes), [sample.frame for sample in golden]
        parity = require_parity(pair.reference, exact, frames, thresholds)
        words = f"torch in float32 against the graphs on the CPU runtime in float32: {parity}."
        if fast is not None:
            rounded = compare_outputs(exact.outputs(frames, thresholds), fast.outputs(frames, thresholds))
            words += f" {cpu_precisions()[0]} against float32: {rounded}."
        return parity, words

    def _golden(
        self, exact: ExportedNetworks, fast: ExportedNetworks | None, point: OperatingPoint
    ) -> list[GoldenSample]:
        thresholds = point.thresholds(self.gate.classes)
        return pick_golden(exact, fast, self.candidates, thresholds, self.request.golden_frames)

    def _calibrate(self, draft: Bundle) -> Calibration:
        progress = self.step("calibrating", len(self.part.frames))
        made = calibrate_bundle(
            draft,
            self.folds or (BundleOnPart(draft, self.part),),
            self.request.calibration,
            areas_px=self.request.areas_px,
            precision=self.request.precision,
            progress=progress,
        )
        chosen = {**made.point.chosen, "bundle": f"{self.request.name}-{self.request.version}"}
        return replace(made, point=msgspec.structs.replace(made.point, version=1, chosen=chosen))

    def _other_figures(
        self, pair: NetworkPair, golden: list[GoldenSample], point: OperatingPoint
    ) -> dict[str, dict[str, Any]]:
        """Figures on the held-out parts that were not calibrated on."""
        others = [
            name for name in HELD_OUT if self.part.split and name in self.part.split.parts and name != self.part.name
        ]
        measured = {}
        for name in others:
            other = choose_part(self.part.dataset, self.part.split, name)
            bundle = self._write(self.scratch / f"measured-{name}", pair, point, golden, "# draft\n", {})
            progress = self.step(f"measuring on {name}", len(other.frames))
            measured[name] = measure_bundle(bundle, other, self.request.precision, progress)
        return measured

    def _training(self, figures: dict[str, Any], parity: Agreement) -> dict[str, Any]:
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
        pair: NetworkPair,
        point: OperatingPoint,
        golden: list[GoldenSample],
        card: str,
        training: dict[str, Any],
    ) -> Bundle:
        return write_bundle(
            directory,
            name=self.request.name,
            version=self.request.version,
            classes=self.gate.classes,
            gate_onnx=pair.gate,
            segmenter_onnx=pair.segmenter,
            operating_point=point,
            golden_thresholds=point.thresholds(self.gate.classes),
            golden=golden,
            card=card,
            training=training,
        )

    def _prove(self, final: Path, parity: Agreement, made: Calibration, figures: dict[str, dict[str, Any]]) -> Built:
        """Load the bundle as a line on the CPU would, and only then give it its name."""
        self.step("loading the bundle as the line does", 0)
        loaded = load_engines(read_bundle(final), runtime="openvino", precision=self.request.precision)
        loaded.engines.close()
        out = self.request.out
        take_place(final, out, "--out")
        return Built(read_bundle(out), parity, made, figures, loaded.engines.device)
