"""A replay of frames of another size: what its option does, and what is said of it where."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import yaml
from typer.testing import CliRunner

import inspector
from engines.bundle import Bundle
from inspector.cli.app import app
from inspector.cli.replay_line import Recording, replayed_line
from inspector.errors import UserError
from inspector.protocol.messages import StartBody
from inspector.results.journal_reader import JournalReader
from tests.tiny_bundle import frame_with

VOID = "THE THRESHOLDS ARE VOID"


def replayed(*words: object) -> Any:
    return CliRunner().invoke(app, ["replay", *map(str, words)])


@pytest.fixture
def strips(tmp_path: Path) -> Path:
    """Two strips of 32x150 with masks, one with a defect where tiles meet, and a frame of the bundle's size."""
    for name in ("strips", "masks"):
        (tmp_path / name).mkdir()
    for number, defective in enumerate((False, True)):
        strip, mask = frame_with([], 32, 150), np.zeros((32, 150), np.uint8)
        if defective:
            strip[8:20, 44:56], mask[8:20, 44:56] = 192, 2
        cv2.imwrite(str(tmp_path / "strips" / f"{number}.png"), strip)
        cv2.imwrite(str(tmp_path / "masks" / f"{number}.png"), mask)
    cv2.imwrite(str(tmp_path / "strips" / "2.png"), frame_with([]))
    return tmp_path


def test_tiles_are_compared_with_the_truth_of_whole_frames(strips: Path, tiny_bundle: Bundle) -> None:
    out = strips / "out"
    truth = ["--masks", strips / "masks", "--mask-style", "bitmask"]
    done = replayed(strips / "strips", "--bundle", tiny_bundle.path, "--fit", "tile", *truth, "--report", out)
    assert done.exit_code == 0, done.output
    assert "note:" not in done.stderr
    assert "in overlapping tiles" in done.stdout
    found = json.loads((out / "report.json").read_text())
    assert (found["verdicts"]["PASS"], found["verdicts"]["REJECT"], found["verdicts"]["UNINSPECTED"]) == (1, 1, 1)
    assert found["truth"]["pixel_dice"] == 1.0
    assert found["thresholds_void"] is False
    assert found["fitted"][0].startswith("Camera top: frames of 32x150: ")
    assert "fit.size says" not in found["uninspected"][0]["detail"], "the file itself has another size"


def test_where_most_frames_do_not_fit_one_line_names_the_option(strips: Path, tiny_bundle: Bundle) -> None:
    done = replayed(strips / "strips", "--bundle", tiny_bundle.path)
    assert done.exit_code == 0, "one frame was inspected"
    notes = [line for line in done.stderr.splitlines() if "note:" in line]
    assert notes == [
        "inspector: note: 2 of 3 files have frames of 32x150, none of which fits; the bundle inspects 32x48: "
        "--fit tile inspects all of such a frame, and --fit resize stretches it for a look"
    ]


def test_frames_that_are_resized_for_a_look_say_so_everywhere(strips: Path, tiny_bundle: Bundle) -> None:
    out = strips / "out"
    done = replayed(strips / "strips", "--bundle", tiny_bundle.path, "--fit", "resize", "--report", out)
    assert done.exit_code == 0
    assert VOID in done.stdout
    assert VOID in (out / "index.html").read_text()
    assert json.loads((out / "report.json").read_text())["thresholds_void"] is True
    with JournalReader(out / "journal.sqlite") as reader:
        starts = [body for row in reader.walk() if isinstance(body := row.packet().body, StartBody)]
    assert starts[0].fit.thresholds_void
    assert starts[0].fit.mode == "resize"
    refused = replayed(strips / "strips", "--bundle", tiny_bundle.path, "--fit", "pad", "--masks", strips / "masks")
    assert "--masks: labels are of whole frames" in str(refused.exception)


def test_a_configured_fit_is_used_and_one_that_does_not_say_enough_is_refused(
    strips: Path, tiny_bundle: Bundle
) -> None:
    tree: dict[str, Any] = {
        "line": "l1",
        "bundle": str(tiny_bundle.path),
        "cameras": [{"name": "top", "source": {"kind": "replay", "path": "strips"}, "fit": {"mode": "crop"}}],
    }
    config = strips / "line.yaml"
    config.write_text(yaml.safe_dump(tree))
    for fit, mode in ((None, "crop"), ("resize", "resize")):
        recording = Recording(path=str(strips / "strips"), rate_hz=None, loop=False, fit=fit)
        keys = dict.fromkeys(("bundle", "runtime", "precision", "deadline_ms"))
        (camera,) = replayed_line(config, None, recording, journal=Path("j"), **keys).cameras
        assert (camera.fit.mode, camera.fit.size) == (mode, None), "each file by its own size"
    said = {
        '{"mode": "tile"}': "mode tile needs the size of the camera's frames",
        '{"mode": "pad", "overlap_px": 9}': "overlap_px is not used with mode pad, only with tile",
        '{"mode": "tiles"}': "tiles",
    }
    for fit, words in said.items():
        tree["cameras"][0]["fit"] = json.loads(fit)
        config.write_text(yaml.safe_dump(tree))
        assert words in str(replayed(strips / "strips", "-c", config).exception)
    tree["cameras"][0] |= {"source": {"kind": "simulator"}, "fit": {"mode": "crop"}}
    config.write_text(yaml.safe_dump(tree))
    assert "fit: mode crop needs the size" in str(replayed(strips / "strips", "-c", config).exception)
    tree["cameras"][0]["fit"] = {"mode": "pad", "size": {"height": 32, "width": 150}}
    config.write_text(yaml.safe_dump(tree))
    checked = CliRunner().invoke(app, ["config", "check", str(config)])
    assert f"{config}: cameras.top.fit: frames of 32x150: pad fills up to 32x48" in checked.stderr
    with pytest.raises(
        UserError, match=r"cameras\.top\.fit: mode pad: inspector\.open takes frames of the bundle's size only"
    ):
        inspector.open(config=config)
    assert "--fit: 'wide' is not known" in str(replayed(strips / "strips", "--fit", "wide").exception)
