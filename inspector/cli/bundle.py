"""``inspector bundle``: show a model bundle, verify it on this machine, sign it, or build one from trained weights."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from inspector.cli import calibration_options as options
from inspector.cli.options import Limits, RuntimeName, RuntimeOption, number_option
from inspector.cli.output import console, print_json, tell

if TYPE_CHECKING:
    from engines.bundle import Bundle
    from inspector.bundles.build import Built

app = typer.Typer(no_args_is_help=True, help="Show a model bundle, verify it, sign it, or build one.")

BundleArgument = Annotated[
    str, typer.Argument(metavar="BUNDLE", help="Bundle directory, or the name of an included one.")
]
_MOST_NOTES_BYTES = 1 << 20
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON for scripts.")]
PartOption = Annotated[str | None, typer.Option(help="Part to calibrate on; default: calibration, else validation.")]
GoldenDataOption = Annotated[
    Path | None, typer.Option(help="Labelled frames to take golden frames from; default: those used for calibration.")
]


@app.command()
def show(bundle: BundleArgument = "demo", as_json: JsonOption = False) -> None:
    """Show what a bundle holds: classes, frame size, thresholds, and where its model card is; --json adds how it was trained."""
    from engines.bundle import CARD, find_bundle, read_bundle

    found = read_bundle(find_bundle(bundle))
    point = found.operating_point
    told: dict[str, Any] = {
        "id": found.id,
        "path": str(found.path),
        "classes": list(found.classes),
        "frame": f"{found.height}x{found.width}",
        "size_mb": round(found.size_bytes() / 1e6, 2),
        "operating_point": point.id,
        "gate_threshold": point.gate_threshold,
        "mask_thresholds": point.mask_thresholds,
        "minimum_area_px": point.minimum_area_px,
        "reference_frames": {
            "all cameras": 0 if point.reference is None else point.reference.frames,
            **{camera: reference.frames for camera, reference in point.camera_references.items()},
        },
        "training": found.manifest.training,
    }
    if as_json:
        print_json(told)
        return
    del told["training"]  # too many figures for a table; the model card and --json have them
    _print_table(f"Bundle {found.id}", {**told, "model_card": str(found.path / CARD)})


@app.command()
def verify(
    bundle: BundleArgument = "demo",
    runtime: RuntimeOption = RuntimeName.OPENVINO,
    precision: Annotated[str, typer.Option(help="Arithmetic on the CPU: auto, f32 or bf16.")] = "auto",
    signers: Annotated[
        Path | None,
        typer.Option(
            help="File with those who may release bundles, as bundle_signers; one of them must have signed it."
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Verify a bundle: compare every file with its digest, then run the golden frames through both engines on this machine."""
    from engines.bundle import Signers, find_bundle, read_bundle, unlisted_files
    from engines.runtime.load import load_engines

    found = read_bundle(find_bundle(bundle), signers=None if signers is None else Signers(signers))
    loaded = load_engines(found, runtime=runtime.value, precision=precision)
    device = loaded.engines.device
    loaded.engines.close()
    told = {
        "id": found.id,
        "files": f"{len(found.manifest.files)} files match their digests",
        "not_listed": unlisted_files(found),  # which are never read
        "signed": _signed_by(found, signers),
        "device": device,
        "golden_frames": loaded.golden.frames,
        "score_difference": loaded.golden.score_difference,
        "mask_agreement": loaded.golden.mask_agreement,
        "note": loaded.note,
    }
    if as_json:
        print_json(told)
    else:
        _print_table("The bundle is sound", told)


@app.command()
def sign(
    bundle: BundleArgument,
    key: Annotated[
        Path,
        typer.Option(help="Private key of ssh-keygen, or a public one whose private key the agent has."),
    ],
) -> None:
    """Sign a bundle: its manifest, which holds the digest of every other file, and its operating point.

    A line with `bundle_signers` loads only what one of them has signed. Every file is compared with its digest before. To be done again after
    a calibration has changed the operating point.

    Example: `inspector bundle sign bundles/steel-3 --key ~/.ssh/id_ed25519`
    """
    from engines.bundle import MANIFEST, OPERATING_POINT, find_bundle, read_bundle, read_contents, unlisted_files
    from engines.bundle.signature import SUFFIX
    from engines.bundle.signature import sign as signature_of
    from engines.files.reading import read_bytes
    from engines.files.writing import write_bytes
    from engines.files.yaml_text import MOST_BYTES

    path = find_bundle(bundle)
    contents = {name: read_bytes(path / name, MOST_BYTES) for name in (MANIFEST, OPERATING_POINT)}
    found = read_bundle(path)
    read_contents(found)
    signatures = {name: signature_of(data, key) for name, data in contents.items()}
    for name, signature in signatures.items():
        write_bytes(path / f"{name}{SUFFIX}", signature)
    tell(f"signed {found.id} with operating point {found.operating_point.id}: {path}")
    if strangers := unlisted_files(found):
        tell(f"not signed, because the bundle does not list them: {', '.join(strangers)}; no engine reads them")


@app.command()
def build(
    gate: Annotated[Path, typer.Argument(metavar="GATE.safetensors", help="weights.safetensors of a trained gate.")],
    segmenter: Annotated[
        Path, typer.Argument(metavar="SEGMENTER.safetensors", help="weights.safetensors of a trained segmenter.")
    ],
    data: Annotated[Path, typer.Option(help="Labelled frames: a folder or a dataset.yaml.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="New directory for the bundle.")],
    split: Annotated[Path | None, typer.Option(help="Split file that both trainings used.")] = None,
    part: PartOption = None,
    folds: options.FoldsOption = None,
    name: Annotated[str | None, typer.Option(help="Name of the bundle; default: that of the directory.")] = None,
    version: Annotated[str, typer.Option(help="Version of the bundle.")] = "1",
    miss_rate: options.MissRateOption = 0.01,
    confidence: options.ConfidenceOption = 0.95,
    method: options.MethodOption = "exact",
    areas: options.AreasOption = None,
    metric: options.MetricOption = "balanced",
    golden: Annotated[
        int,
        number_option(
            "--golden",
            Limits(1, 1000, whole=True),
            help="Number of golden frames to keep in the bundle for its self-test.",
        ),
    ] = 6,
    golden_data: GoldenDataOption = None,
    precision: Annotated[str, typer.Option(help="Arithmetic for the calibration: auto, f32 or bf16.")] = "auto",
    notes: Annotated[Path | None, typer.Option(help="Markdown file to append to the model card.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Build a bundle from two trained networks.

    Exports both, refuses graphs whose outputs differ from torch's, chooses the operating point on held-out frames (see `inspector
    calibrate`), keeps golden frames, writes the model card, and loads the bundle once as the line would. Needs the training extra.
    """
    options.require_precision(precision)
    _require_extra()
    from engines.files.looking import resolved
    from inspector.bundles.build import build_bundle
    from inspector.bundles.request import BuildRequest
    from inspector.cli.progress import steps

    request = BuildRequest(
        gate=gate,
        segmenter=segmenter,
        data=data,
        split=split,
        out=out,
        name=name or resolved(out).name,
        version=version,
        part=part,
        folds=folds,
        golden_data=golden_data,
        calibration=options.calibration_request(miss_rate, confidence, method, metric),
        areas_px=tuple(options.areas_px(areas)),
        golden_frames=golden,
        notes=_text(notes),
        precision=precision,
    )
    with steps() as step:
        built = build_bundle(request, step)
    _tell_built(built, as_json)


def _tell_built(built: Built, as_json: bool) -> None:
    told = {
        "id": built.bundle.id,
        "path": str(built.bundle.path),
        "device": built.device,
        "operating_point": built.calibration.point.id,
        "target_met": built.calibration.gate.met,
        "miss_rate_target": built.calibration.summary,
        "torch_and_graphs": str(built.parity),
        "model_card": str(built.bundle.path / "card.md"),
    }
    if as_json:
        print_json({**told, "figures": built.figures})
    else:
        _print_table("The bundle is built", told)


def _signed_by(bundle: Bundle, signers: Path | None) -> str:
    from engines.bundle import MANIFEST, OPERATING_POINT, Signers
    from engines.bundle.signature import SUFFIX
    from engines.files.looking import is_there
    from engines.files.reading import read_bytes
    from engines.files.yaml_text import MOST_BYTES

    files = [bundle.path / name for name in (MANIFEST, OPERATING_POINT)]
    if signers is not None:
        return " and ".join(dict.fromkeys(Signers(signers).check(read_bytes(file, MOST_BYTES), file) for file in files))
    there = [is_there(file.with_name(file.name + SUFFIX)) for file in files]
    return "not checked; --signers does that" if all(there) else "no" if not any(there) else "in part only"


def _text(notes: Path | None) -> str:
    from engines.files.reading import read_text

    return "" if notes is None else read_text(notes, _MOST_NOTES_BYTES)


def _require_extra() -> None:
    from importlib.util import find_spec

    from inspector.errors import UserError

    missing = [name for name in ("torch", "onnx", "onnxscript") if find_spec(name) is None]
    if missing:
        raise UserError(
            f"bundle build: needs {', '.join(missing)}, which {'is' if len(missing) == 1 else 'are'} not installed; "
            "pip install 'inspector[training]'"
        )


def _print_table(title: str, told: dict[str, Any]) -> None:
    from rich.table import Table

    table = Table(title=title, show_header=False, title_justify="left")
    for key, value in _rows(told):
        table.add_row(key, value)
    console().print(table)


def _rows(told: dict[str, Any], prefix: str = "") -> list[tuple[str, str]]:
    rows: list[tuple[str, str]] = []
    for key, value in told.items():
        label = f"{prefix}{key.replace('_', ' ')}"
        if isinstance(value, dict):
            rows += _rows(value, f"{label}: ")
        elif isinstance(value, list) and value:
            rows.append((label, ", ".join(str(item) for item in value)))
        elif value not in ("", None, []):
            rows.append((label, f"{value:.6g}" if isinstance(value, float) else str(value)))
    return rows
