"""``inspector bundle``: show a model bundle, or prove it on this machine."""

from __future__ import annotations

from typing import Annotated, Any

import typer

app = typer.Typer(no_args_is_help=True, help="Show a model bundle, or prove it on this machine.")

BundleArgument = Annotated[
    str, typer.Argument(metavar="BUNDLE", help="Bundle directory, or the name of an included one.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON for scripts.")]


@app.command()
def show(bundle: BundleArgument = "demo", as_json: JsonOption = False) -> None:
    """Show what a bundle holds: classes, frame size, thresholds, and where its model card is; --json adds the training facts."""
    import json

    from engines.bundle import CARD, find_bundle, read_bundle

    found = read_bundle(find_bundle(bundle))
    size = sum((found.path / name).stat().st_size for name in found.manifest.files if (found.path / name).is_file())
    point = found.operating_point
    facts: dict[str, Any] = {
        "id": found.id,
        "path": str(found.path),
        "classes": list(found.classes),
        "frame": f"{found.height}x{found.width}",
        "size_mb": round(size / 1e6, 2),
        "operating_point": point.id,
        "gate_threshold": point.gate_threshold,
        "mask_thresholds": point.mask_thresholds,
        "minimum_area_px": point.minimum_area_px,
        "training": found.manifest.training,
    }
    if as_json:
        typer.echo(json.dumps(facts, indent=2, default=str))
        return
    del facts["training"]  # a wall of figures in a table; the card words them, --json has them all
    _print_facts(f"Bundle {found.id}", {**facts, "model_card": str(found.path / CARD)})


@app.command()
def verify(
    bundle: BundleArgument = "demo",
    precision: Annotated[str, typer.Option(help="Arithmetic: auto, f32 or bf16.")] = "auto",
    as_json: JsonOption = False,
) -> None:
    """Prove a bundle: every file against its digest, then the golden frames through both engines on this machine."""
    import json

    from engines.bundle import find_bundle, read_bundle
    from engines.runtime.load import load_engines

    found = read_bundle(find_bundle(bundle))
    loaded = load_engines(found, precision=precision)
    device = loaded.engines.device
    loaded.engines.close()
    facts = {
        "id": found.id,
        "files": f"{len(found.manifest.files)} files match their digests",
        "device": device,
        "golden_frames": loaded.golden.frames,
        "score_difference": loaded.golden.score_difference,
        "mask_agreement": loaded.golden.mask_agreement,
        "note": loaded.note,
    }
    if as_json:
        typer.echo(json.dumps(facts, indent=2))
    else:
        _print_facts("The bundle is sound", facts)


def _print_facts(title: str, facts: dict[str, Any]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(title=title, show_header=False, title_justify="left")
    for key, value in _rows(facts):
        table.add_row(key, value)
    Console().print(table)


def _rows(facts: dict[str, Any], prefix: str = "") -> list[tuple[str, str]]:
    rows: list[tuple[str, str]] = []
    for key, value in facts.items():
        label = f"{prefix}{key.replace('_', ' ')}"
        if isinstance(value, dict):
            rows += _rows(value, f"{label}: ")
        elif isinstance(value, list):
            rows.append((label, ", ".join(str(item) for item in value)))
        elif value not in ("", None):
            rows.append((label, f"{value:.6g}" if isinstance(value, float) else str(value)))
    return rows
