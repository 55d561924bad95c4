"""``inspector bundle`` and ``inspector config``."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import jsonschema

from engines.bundle import Bundle
from tests.cli.command import one_line_of
from tests.cli.in_process import inspector


def test_show_and_verify(tiny_bundle: Bundle) -> None:
    shown = json.loads(inspector("bundle", "show", tiny_bundle.path, "--json").stdout)
    assert shown["classes"] == ["dark", "bright"]
    proved = json.loads(inspector("bundle", "verify", tiny_bundle.path, "--precision", "f32", "--json").stdout)
    assert proved["golden_frames"] == 2
    assert proved["mask_agreement"] == 1.0


def test_altered_bundle_is_refused(tiny_bundle: Bundle, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(tiny_bundle.path, copy)
    (copy / "gate.onnx").write_bytes(b"x")
    assert "gate.onnx: was altered" in one_line_of(inspector("bundle", "verify", copy))


def test_schema_is_a_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(json.loads(inspector("config", "schema").stdout))


def test_check_names_every_mistake(tiny_bundle: Bundle, tmp_path: Path) -> None:
    good, bad = tmp_path / "good.yaml", tmp_path / "bad.yaml"
    text = f"line: l\nbundle: {tiny_bundle.path}\ncameras: [{{name: top, source: {{kind: simulator}}}}]\n"
    good.write_text(text)
    bad.write_text(text + "verdicts: {rules: [{class: dull}]}\n")
    finished = inspector("config", "check", good, bad, tmp_path / "none.yaml")
    assert finished.returncode == 2
    assert "good.yaml: fine" in finished.stdout
    assert "'dull' is not a class of the bundle" in finished.stderr
    assert "none.yaml: cannot be read" in finished.stderr


def test_help_lists_every_command() -> None:
    text = inspector("--help").stdout
    for command in ("run", "replay", "demo", "subscribe", "bench", "simulate", "doctor", "config", "bundle", "journal"):
        assert command in text
