"""A line that asks for signatures: what nobody on the list has signed never gives a verdict, and the bundle before goes on."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml

from engines.bundle import Bundle, Signers, read_bundle
from inspector.doctor.configured_line import ConfiguredLine
from inspector.line.commands import LineCommands
from inspector.protocol import control as asked
from tests.cli.in_process import refused, run
from tests.engines.bundle.signing import copied, make_key, make_signers, sign_files
from tests.line.sources import ListCamera
from tests.line.test_line import CLEAN
from tests.line_file import write_line
from tests.tiny_bundle import make_tiny_bundle

pytestmark = pytest.mark.skipif(shutil.which("ssh-keygen") is None, reason="ssh-keygen is not installed")
UNSIGNED = "bundle.yaml: is not signed"


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    make_signers(tmp_path / "signers", make_key(tmp_path, "anna"))
    return tmp_path


def test_reload_activate_shadow_recipe_and_rollback_leave_the_bundle_that_was_signed(
    start_line: Callable[..., Any], tiny_bundle: Bundle, keys: Path
) -> None:
    signers = Signers(keys / "signers")
    first = read_bundle(copied(tiny_bundle.path, keys / "first", keys / "anna"), signers=signers)
    other = make_tiny_bundle(keys / "other", name="other", gate_threshold=0.1).path
    (keys / "recipes").mkdir()
    (keys / "recipes" / "r.yaml").write_text(yaml.safe_dump({"bundle": str(other)}))
    (keys / "recipes" / "p.yaml").write_text(yaml.safe_dump({"operating_point": str(other / "operating_point.yaml")}))
    camera = ListCamera([CLEAN], rate_hz=50, endless=True)
    running = start_line({"top": camera}, bundle=first, bundle_signers=str(signers.file), recipes=str(keys / "recipes"))
    line = running.line
    config = msgspec.structs.replace(line.config, bundle=str(other))
    commands = LineCommands(line, running.stop, lambda: config, keys)
    for command in (
        asked.Reload(),
        asked.BundleActivate(bundle=str(other)),
        asked.BundleActivate(bundle="demo"),
        asked.ShadowStart(bundle=str(other)),
        asked.RecipePrepare(recipe="r"),
        asked.RecipePrepare(recipe="p"),
    ):
        with pytest.raises(asked.CommandRefused, match="yaml: is not signed") as told:
            commands.perform(command)
        assert "\n" not in str(told.value)
        assert "one who may signs it: `inspector bundle sign " in str(told.value)
        assert line.inference.active.bundle.id == first.id
    sign_files(other, keys / "anna")
    assert commands.perform(asked.BundleActivate(bundle=str(other)))["bundle"] == read_bundle(other).id
    (first.path / "bundle.yaml.sig").unlink()
    with pytest.raises(asked.CommandRefused, match=UNSIGNED):
        commands.perform(asked.BundleRollback())
    assert line.inference.active.bundle.path == other


def test_start_check_and_doctor_refuse(tiny_bundle: Bundle, keys: Path) -> None:
    config = write_line(keys, copied(tiny_bundle.path, keys / "bundle"), bundle_signers="signers")
    assert UNSIGNED in refused("run", "-c", config)
    assert UNSIGNED in refused("config", "check", config)
    (finding, *_) = ConfiguredLine(config).findings()
    assert finding.stops_the_line
    assert UNSIGNED in finding.found
    sign_files(keys / "bundle", keys / "anna")
    assert run("config", "check", config).status == 0
