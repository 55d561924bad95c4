"""``inspector record`` and ``inspector replay`` of what it wrote, as commands."""

from __future__ import annotations

import json
from pathlib import Path

from engines.bundle import Bundle
from tests.cli.in_process import inspector, refused, run
from tests.line_file import LINE, write_line


def line_of(folder: Path, bundle: Bundle, **changes: object) -> Path:
    source = {"kind": "simulator", "rate_hz": 200, "pool": 4, "lose_rate": 0.2, "corrupt_rate": 0.1}
    return write_line(
        folder,
        bundle.path,
        cameras=[{"name": name, "source": source} for name in ("top", "bottom")],
        deadline_ms=5000,
        recording={"buffer_mib": 16, "free_mib": 1},
        **changes,
    )


def test_a_recording_is_made_and_played(tmp_path: Path, tiny_bundle: Bundle) -> None:
    config, folder = line_of(tmp_path, tiny_bundle), tmp_path / "r"
    recorded = inspector("record", config, "--to", folder, "--frames", "30", "--log-level", "error")
    assert recorded.returncode == 0, recorded.stderr
    assert "frames recorded" in recorded.stdout
    played = run("replay", folder, "--config", config, "--json", "--report", tmp_path / "report")
    assert played.status == 0, played.err
    summary = json.loads(played.out)
    counted = json.loads((folder / "recording.json").read_text())["counted"]
    lost = sum(one["lost"] for one in counted.values())
    assert sum(one["frames"] for one in counted.values()) + lost == 60
    assert (summary["frames"] + summary["repeated"], summary["unresolved"]) == (summary["frames"], 0)
    assert 0 < summary["reasons"]["camera_lost"] <= lost
    assert summary["reasons"]["bad_frame"] > 0
    again = refused("record", config, "--to", folder)
    assert again.endswith(f"holds a recording of line {LINE} already; name another folder")
    assert "a recording has its own times" in refused("replay", folder, "--rate", "60")
    assert "is a recording; leave it out" in refused("replay", folder, "--loop")
    assert f"is a camera of the recording {folder}; replay that, with --camera top" in refused(
        "replay", folder / "cameras/top"
    )
    (folder / "recording.json").unlink()
    assert "whose recording.json is missing" in refused("replay", folder)


def test_mistakes_are_one_line(tmp_path: Path, tiny_bundle: Bundle) -> None:
    config = line_of(tmp_path, tiny_bundle)
    assert "--format: found 'jpg', expected raw or png" in refused("record", config, "--to", "x", "--format", "jpg")
    (tmp_path / "r").mkdir()
    (tmp_path / "r/recording.json").write_text("{")
    assert "is damaged, or of another version" in refused("replay", tmp_path / "r")


def test_a_line_that_does_not_start_leaves_its_folder_free(tmp_path: Path, tiny_bundle: Bundle) -> None:
    config = write_line(
        tmp_path,
        tiny_bundle.path,
        recording={"free_mib": 1},
        cameras=[{"name": "top", "source": {"kind": "opencv", "file": "none.avi"}}],
    )
    for _ in range(2):
        assert "none.avi: there is no such file" in run("record", config, "--to", tmp_path / "r").err
    assert list((tmp_path / "r").iterdir()) == []
