"""A replay with a configuration is the line's own road: nothing that decides a verdict is dropped or changed."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import cv2
import msgspec
import numpy as np
import pytest
import yaml
from typer.testing import CliRunner

from engines.bundle import Bundle
from inspector.cli.app import app
from inspector.cli.replay_line import Recording, replayed_line
from inspector.config.load import load_config
from inspector.config.tree import LineConfig
from inspector.errors import UserError
from tests.line.accounting import account
from tests.line_file import LINE
from tests.tiny_bundle import frame_with

ROOT = Path(__file__).parents[2]
TREE: dict[str, Any] = {
    "line": "l1",
    "run": "coil-7",
    "bundle": "somewhere",
    "cameras": [
        {
            "name": "top",
            "source": {
                "kind": "replay", "path": "frames", "rate_hz": 9.0, "white_level": 4095, "decode_threads": 7, "backlog": 3,
                "raw": {"dtype": "uint16_be", "skip_bytes": 12},
            },
            "scale": {"mm_per_px_x": 0.5, "mm_per_px_y": 0.25},
            "travel_um_per_frame": 1600,
            "silent_after_s": 7.0,
        },
        {"name": "side", "source": {"kind": "simulator"}},
    ],
    "deadline_ms": 77.0,
    "overload": "drop_newest",
    "drain_timeout_s": 0.25,
    "ring": {"slots": 9, "observer_slots": 1},
    "inference": {"runtime": "openvino", "precision": "f32", "lanes": 3, "max_batch": 2, "in_flight": 5, "max_restarts": 9},
    "verdicts": {"rules": [{"min_area_px": 5}], "travel_axis": "y", "max_defects": 7, "threads": 2},
    "results": {"endpoint": "tcp://127.0.0.1:5999", "masks": False, "heartbeat_ms": 150, "send_mib": 77},
    "journal": {"path": "elsewhere.sqlite", "commit_interval_ms": 9},
}  # fmt: skip

OTHERWISE = {
    "cameras", "simulated", "deadline_ms", "overload", "bundle",
    "cameras.0.source.path", "cameras.0.source.rate_hz", "cameras.0.source.loop",
    "inference.allow_cpu", "inference.max_restarts",
    "results.endpoint", "results.wait_for_subscribers", "results.masks", "results.recovery.endpoint",
    "journal.path", "journal.keep_days", "journal.keep_bytes",
}  # fmt: skip
"""Keys that a replay sets: where frames come from and results go, and how long a frame may wait. No other may differ."""


def flat(value: Any, path: str = "") -> dict[str, Any]:
    """Every scalar of the tree by its path."""
    if isinstance(value, dict):
        items = value.items()
    elif isinstance(value, list):
        items = enumerate(value)
    else:
        return {path: value}
    return {k: v for key, one in items for k, v in flat(one, f"{path}.{key}".removeprefix(".")).items()}


@pytest.fixture
def configured(tmp_path: Path) -> Path:
    path = tmp_path / "line.yaml"
    path.write_text(yaml.safe_dump(TREE))
    return path


def replayed(config: Path | None, **options: Any) -> LineConfig:
    recording = {key: options.pop(key) for key in ("rate_hz", "loop", "white_level", "raw") if key in options}
    given = {"bundle": None, "runtime": None, "precision": None, "deadline_ms": None, **options}
    made = Recording(**{"path": "frames", "rate_hz": None, "loop": False, **recording})
    return replayed_line(config, given.pop("camera", "top" if config else None), made, journal=Path("j"), **given)


@pytest.mark.parametrize("rate_hz", [None, 20.0])
def test_only_where_frames_come_from_and_results_go_is_changed(configured: Path, rate_hz: float | None) -> None:
    before = flat(msgspec.to_builtins(load_config(configured)))
    after = flat(msgspec.to_builtins(replayed(configured, rate_hz=rate_hz)))
    changed = {key for key in before.keys() | after.keys() if before.get(key) != after.get(key)}
    assert {key for key in changed if not key.startswith("cameras.1.")} <= OTHERWISE
    assert not any(key.startswith("cameras.1.") for key in after)
    assert (after["deadline_ms"], after["overload"]) == ((77.0, "drop_newest") if rate_hz else (None, "wait"))
    assert after["inference.max_restarts"] == 9


def test_options_go_before_the_configuration(configured: Path) -> None:
    line = replayed(
        configured, white_level=1023, raw="uint16", precision="bf16", runtime="torch", deadline_ms=5.0, rate_hz=1.0
    )
    source = line.cameras[0].source
    assert (source.white_level, source.raw.dtype, source.raw.skip_bytes) == (1023, "uint16", 12)
    assert (line.inference.precision, line.inference.runtime, line.deadline_ms) == ("bf16", "torch", 5.0)
    bare = replayed(None, raw="uint8", rate_hz=5.0)
    assert (bare.cameras[0].source.raw.dtype, bare.deadline_ms) == ("uint8", 100.0)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"camera": None}, r"--camera: the configuration has 2 \(top, side\); name one"),
        ({"camera": "low"}, r"--camera: the configuration has none named 'low'; expected one of top, side"),
        ({"raw": "float"}, r"--raw: 'float' is not known; use one of uint8, uint16, uint16_be"),
    ],
)
def test_options_that_do_not_fit_are_told(configured: Path, options: dict[str, Any], said: str) -> None:
    with pytest.raises(UserError, match=said):
        replayed(configured, **options)


def test_run_and_replay_give_each_frame_the_same_verdict(tmp_path: Path, tiny_bundle: Bundle) -> None:
    """Twelve bits in a TIFF and in a raw file with a header, a rule that a default would not have, and a bundle beside the configuration."""
    frames = tmp_path / "frames"
    frames.mkdir()
    for number, squares in enumerate([[], [(192, 4)], [(192, 2)]]):
        deep = np.round(frame_with(squares) * (4095 / 255)).astype(np.uint16)
        cv2.imwrite(str(frames / f"{number}.tif"), deep)
        (frames / f"{number}.raw").write_bytes(b"head" + deep.astype(">u2").tobytes())
    (tmp_path / "tiny").symlink_to(tiny_bundle.path)
    source = {"kind": "replay", "path": "frames", "white_level": 4095, "raw": {"dtype": "uint16_be", "skip_bytes": 4}}
    config = tmp_path / "line.yaml"
    tree = {
        "line": LINE, "bundle": "tiny", "overload": "wait", "deadline_ms": None,
        "cameras": [{"name": "top", "source": source}], "inference": {"allow_cpu": True, "precision": "f32"},
        "verdicts": {"rules": [{"min_area_px": 10}]}, "results": {"endpoint": "tcp://127.0.0.1:*"},
        "journal": {"path": str(tmp_path / "run.sqlite")},
    }  # fmt: skip
    config.write_text(yaml.safe_dump(tree))
    command = [sys.executable, "-m", "inspector", "run", "-c", str(config), "--log-level", "error"]
    assert (
        subprocess.run(command, cwd=ROOT, timeout=30).returncode == 0
    )  # a process of its own: it sets up logging and limits
    again = CliRunner().invoke(app, ["replay", str(frames), "-c", str(config), "--report", str(tmp_path / "out")])
    assert again.exit_code == 0, again.exception
    verdicts = [account(path).verdicts for path in (tmp_path / "run.sqlite", tmp_path / "out" / "journal.sqlite")]
    assert verdicts[0] == verdicts[1]
    assert [verdict for verdict, _, _ in verdicts[0].values()] == ["PASS", "PASS", "REJECT", "REJECT", "PASS", "PASS"]
    assert (tmp_path / "out" / "contact_sheet.png").exists(), "the report decodes the frames in the same way"


def test_where_nothing_can_be_inspected_the_reason_is_told_everywhere(tmp_path: Path, tiny_bundle: Bundle) -> None:
    frames, out = tmp_path / "frames", tmp_path / "out"
    frames.mkdir()
    for number in range(3):
        cv2.imwrite(str(frames / f"{number}.png"), frame_with([])[:20, :20])
    done = CliRunner().invoke(app, ["replay", str(frames), "--bundle", str(tiny_bundle.path), "--report", str(out)])
    assert done.exit_code == 1
    reason = "is 20x20 pixels (height x width); expected 32x48; the first: 0.png"
    assert f"inspector: no frame could be inspected: bad_frame 3: {reason}" in done.stderr
    assert "NOT ONE COULD BE INSPECTED" in done.stdout
    assert "a bundle made for it (--bundle" in (out / "index.html").read_text()
    assert reason in (out / "index.html").read_text()
    (kind,) = json.loads((out / "report.json").read_text())["uninspected"]
    assert (kind["reason"], kind["frames"], kind["first"]) == ("bad_frame", 3, "0.png")
