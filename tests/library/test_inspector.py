"""The library call: what it gives for an image, what it refuses in one line, and how it is shared and let go."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

import inspector
from engines.bundle import Bundle
from engines.errors import BundleError, EngineError
from inspector.errors import UserError
from inspector.frames.outcome import Reason, Verdict
from inspector.library import Inspection, Inspector
from tests.line_file import write_line
from tests.tiny_bundle import frame_with, make_tiny_bundle

ROOT = Path(__file__).parents[2]
CLEAN = frame_with([])
BAD = frame_with([(192, 4), (64, 3)])


@pytest.fixture(scope="module")
def model(tiny_bundle: Bundle) -> Iterator[Inspector]:
    with inspector.open(tiny_bundle.path) as opened:
        yield opened


def test_a_clean_image_passes_at_the_gate(model: Inspector) -> None:
    found = model.inspect(CLEAN)
    assert found.verdict is Verdict.PASS
    assert found.verdict == "PASS"
    assert found.outcome.reason is Reason.GATE_CLEAN
    assert found.outcome.gate_score == pytest.approx(100 / 255, abs=1e-5)
    assert found.defects == ()
    assert not found.mask.any()
    assert repr(found) == "<Inspection the image: PASS, 0 defects>"


def test_a_defective_image_is_measured_and_judged(model: Inspector) -> None:
    found = model.inspect(BAD)
    assert (found.verdict, found.outcome.reason) == (Verdict.REJECT, Reason.DEFECT)
    assert [(one.class_name, one.area_px, one.bbox_px) for one in found.defects] == [
        ("bright", 16, (2, 2, 4, 4)),
        ("dark", 9, (10, 2, 3, 3)),
    ]
    assert found.outcome.pixels == (9, 16)
    assert found.classes == model.classes == ("dark", "bright")
    np.testing.assert_array_equal(found.mask, (BAD == 64) * 1 + (BAD == 192) * 2)


def test_the_overlay_is_the_frame_with_the_defects_in_their_colours(model: Inspector) -> None:
    found = model.inspect(BAD)
    assert found.overlay.shape == (*BAD.shape, 3)
    assert found.overlay.dtype == np.uint8
    assert found.overlay.flags.c_contiguous
    red, green, blue = (int(one) for one in found.overlay[3, 2])  # the edge of the square of class 1, #3fc1ff
    assert blue > green > red
    clean = model.inspect(CLEAN).overlay
    assert (clean == clean[..., :1]).all(), "nothing to draw: grey"
    shown = cv2.imdecode(np.frombuffer(found._repr_png_(), np.uint8), cv2.IMREAD_COLOR)
    np.testing.assert_array_equal(shown[..., ::-1], found.overlay)


def test_a_file_is_read_as_a_replay_reads_it(model: Inspector, tmp_path: Path) -> None:
    path = tmp_path / "frame.png"
    cv2.imwrite(str(path), BAD)
    found = model.inspect(path)
    assert found.name == str(path)
    np.testing.assert_array_equal(found.frame, BAD)
    assert found.outcome == model.inspect(BAD).outcome == model.inspect(str(path)).outcome
    cv2.imwrite(str(path), np.stack([CLEAN] * 3, axis=-1))
    assert model.inspect(path).outcome == model.inspect(CLEAN).outcome, "grey stored as colour"


def test_the_image_may_be_a_view_and_may_change_afterwards(model: Inspector) -> None:
    wide = np.repeat(BAD, 2, axis=1)
    view = wide[:, ::2]
    view.flags.writeable = False
    found = model.inspect(view)
    wide[...] = 0
    np.testing.assert_array_equal(found.frame, BAD)
    assert found.outcome == model.inspect(BAD).outcome


@pytest.mark.parametrize(
    ("image", "words"),
    [
        (BAD[:7], r"is uint8 \[7, 48\]; expected a grey numpy array, uint8 \[32, 48\]$"),
        (BAD.astype(np.float32), r"is float32 \[32, 48\]; expected .*; scale its values to 0\.\.255"),
        (np.stack([BAD] * 3, axis=-1), r"is uint8 \[32, 48, 3\]; expected .*; make it grey first"),
        (BAD.tolist(), r"is a list; expected .*, or the path of an image file$"),
        ("nowhere.png", r"^nowhere\.png: does not exist$"),
    ],
)
def test_what_is_no_image_is_told_in_one_line(model: Inspector, image: NDArray[np.uint8], words: str) -> None:
    with pytest.raises(UserError, match=words) as refused:
        model.inspect(image)
    assert "\n" not in str(refused.value)
    assert model.inspect(CLEAN).verdict == "PASS", "and the next one is inspected"


def test_many_are_inspected_in_order_and_read_ahead_no_further_than_needed(model: Inspector) -> None:
    frames = [BAD if number % 3 == 0 else CLEAN for number in range(50)]
    taken = 0

    def some() -> Iterator[NDArray[np.uint8]]:
        nonlocal taken
        for frame in frames:
            taken += 1
            yield frame

    found: list[Inspection] = []
    for one in model.inspect_many(some()):
        assert taken - len(found) <= 2 * model._pipeline.capacity
        found.append(one)
    assert [one.verdict for one in found] == ["REJECT" if number % 3 == 0 else "PASS" for number in range(50)]
    assert found[3].outcome == model.inspect(BAD).outcome
    assert [one.name for one in found[:2]] == ["image 0", "image 1"]
    assert list(model.inspect_many([])) == []
    assert len(list(model.inspect_many(np.stack(frames)))) == 50


def test_an_image_that_shows_nothing_is_uninspected_as_on_the_line(model: Inspector, tmp_path: Path) -> None:
    black = np.zeros_like(CLEAN)
    found = model.inspect(black)
    assert (found.verdict, found.outcome.reason) == (Verdict.UNINSPECTED, Reason.BAD_FRAME)
    assert found.outcome.detail == "shows nothing: all pixels are 0"
    assert found.outcome.gate_score is None
    assert not found.mask.any()
    assert found.overlay.shape == (*black.shape, 3)
    cv2.imwrite(str(tmp_path / "black.png"), black)
    assert model.inspect(tmp_path / "black.png").outcome == found.outcome
    frames = [(black, CLEAN, BAD)[number % 3] for number in range(50)]
    many = [one.verdict.value for one in model.inspect_many(frames)]
    assert many == [("UNINSPECTED", "PASS", "REJECT")[number % 3] for number in range(50)]
    assert [one.verdict for one in model.inspect_many([black] * 3)] == ["UNINSPECTED"] * 3


def test_the_check_of_frames_is_that_of_the_configured_camera(tiny_bundle: Bundle, tmp_path: Path) -> None:
    empty = {"empty_position": {"grey_from": 0, "grey_to": 5, "max_deviation": 2}}
    cameras = [
        {"name": name, "source": {"kind": "simulator"}, "frame_check": section}
        for name, section in (("top", {"enabled": False}), ("side", empty))
    ]
    path = write_line(tmp_path, tiny_bundle.path, cameras=cameras)
    for camera, reason in (("top", Reason.GATE_CLEAN), ("side", Reason.NO_SHEET)):
        with inspector.open(config=path, camera=camera) as model:
            assert model.inspect(np.zeros_like(CLEAN)).outcome.reason is reason


def test_one_of_many_that_cannot_be_used_comes_in_its_turn(model: Inspector) -> None:
    coming = model.inspect_many([CLEAN] * 7 + [BAD[:3], CLEAN])
    assert [next(coming).name for _ in range(7)] == [f"image {number}" for number in range(7)]
    with pytest.raises(UserError, match=r"^image 7 is uint8 \[3, 48\]"):
        next(coming)
    with pytest.raises(UserError, match="is one image; expected several"):
        next(model.inspect_many("frame.png"))


def test_threads_may_share_one(model: Inspector) -> None:
    wanted = {"bad": model.inspect(BAD).outcome, "clean": model.inspect(CLEAN).outcome}
    wrong: list[object] = []

    def use(image: NDArray[np.uint8], kind: str) -> None:
        outcomes = [model.inspect(image).outcome for _ in range(20)]
        outcomes += [one.outcome for one in model.inspect_many([image] * 20)]
        wrong.extend(one for one in outcomes if one != wanted[kind])

    threads = [threading.Thread(target=use, args=one) for one in ((BAD, "bad"), (CLEAN, "clean")) * 3]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_a_closed_one_says_so(tiny_bundle: Bundle) -> None:
    before = set(threading.enumerate())
    model = inspector.open(tiny_bundle.path)
    coming = model.inspect_many([CLEAN] * 100)
    assert next(coming).verdict == "PASS"
    model.close()
    model.close()
    with pytest.raises(UserError, match="this inspector is closed; open the bundle again"):
        model.inspect(CLEAN)
    with pytest.raises(UserError, match="closed"):
        list(coming)
    assert set(threading.enumerate()) <= before


def test_one_that_is_forgotten_lets_go_of_its_threads(tiny_bundle: Bundle) -> None:
    before = set(threading.enumerate())
    inspector.open(tiny_bundle.path).inspect(CLEAN)
    for thread in set(threading.enumerate()) - before:
        thread.join(10)
        assert not thread.is_alive()


def test_engines_that_failed_are_not_used_again(tmp_path: Path) -> None:
    bundle = make_tiny_bundle(tmp_path / "odd", gate_nan_at=150)
    with inspector.open(bundle.path) as model:
        with pytest.raises(EngineError, match=r"^the image: the gate gave nan, which is not a probability"):
            model.inspect(frame_with([(150, 2)]))
        with pytest.raises(EngineError, match=r"^the engines failed before \(the image: the gate gave nan"):
            model.inspect(CLEAN)


def test_rules_and_scale_come_from_a_configuration(tiny_bundle: Bundle, tmp_path: Path) -> None:
    source = {"kind": "simulator"}
    path = write_line(
        tmp_path,
        tiny_bundle.path,
        cameras=[
            {"name": "top", "source": source, "scale": {"mm_per_px_x": 0.5, "mm_per_px_y": 2}},
            {"name": "side", "source": source, "scale": {"mm_per_px_x": 1, "mm_per_px_y": 2}},
        ],
        verdicts={"rules": [{"verdict": "scrap", "class": "bright", "min_area_mm2": 20}, {"verdict": "reject"}]},
        inference={"runtime": "openvino", "precision": "f32"},
    )
    with inspector.open(config=path, camera="top") as model:
        assert model.bundle.id == tiny_bundle.id
        found = model.inspect(BAD)
        assert (found.verdict, found.defects[0].area_mm2) == ("REJECT", 16)
    with inspector.open(config=str(path), camera="side") as model:
        found = model.inspect(BAD)
        assert (found.verdict, found.defects[0].area_mm2) == ("SCRAP", 32)
    with pytest.raises(UserError, match=r"^camera: the configuration has 2 \(top, side\); name one, camera='top'$"):
        inspector.open(config=path)
    with pytest.raises(
        UserError, match=r"^camera: the configuration has none named 'down'; expected one of top, side$"
    ):
        inspector.open(config=path, camera="down")
    with pytest.raises(UserError, match=r"^camera: 'top' is a camera of a configuration; give that too"):
        inspector.open(tiny_bundle.path, camera="top")
    with pytest.raises(UserError, match=r"^verdicts\.rules\[0\]\.class: 'bright' is not a class of the bundle"):
        inspector.open("demo", config=path, camera="top")


def test_a_recordings_keys_say_how_files_are_read(tiny_bundle: Bundle, tmp_path: Path) -> None:
    source = {"kind": "replay", "path": "frames", "white_level": 4095, "raw": {"dtype": "uint16"}}
    path = write_line(tmp_path, tiny_bundle.path, cameras=[{"name": "top", "source": source}])
    deep = np.rint(BAD.astype(np.float64) * 4095 / 255).astype("<u2")
    (tmp_path / "frame.raw").write_bytes(deep.tobytes())
    with inspector.open(config=path) as model:
        np.testing.assert_array_equal(model.inspect(tmp_path / "frame.raw").frame, BAD)


def test_what_cannot_be_opened_is_told_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(
        BundleError, match=r"no model bundle there .*; give a bundle directory or one of the included: demo"
    ):
        inspector.open(tmp_path)
    with pytest.raises(UserError, match=r"line\.yaml: cannot be read"):
        inspector.open(config=tmp_path / "line.yaml")


@pytest.mark.parametrize("document", ["README.md", "docs/library.md"])
def test_the_first_program_in_the_documents_runs(document: str, tmp_path: Path) -> None:
    text = (ROOT / document).read_text(encoding="utf-8")
    program = re.findall(r"```python\n(.*?)```", text, flags=re.DOTALL)[0]
    cv2.imwrite(str(tmp_path / "frame.png"), frame_with([], 256, 1600, 90))
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.split()[0] in ("PASS", "REJECT")


def test_a_program_that_never_closes_ends_by_itself(tiny_bundle: Bundle) -> None:
    program = f"""
import numpy, inspector
model = inspector.open({str(tiny_bundle.path)!r})
print(model.inspect(numpy.arange(32 * 48, dtype=numpy.uint16).reshape(32, 48).astype(numpy.uint8) // 2).verdict.value)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=50, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "PASS\n", "")
