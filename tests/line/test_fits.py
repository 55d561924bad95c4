"""Frames of another size than the bundle's on the whole line: one verdict each, in the geometry that ``start`` announces."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path

import msgspec
import numpy as np
import pytest
from numpy.typing import NDArray

from engines.bundle import Bundle
from inspector.config.verdicts import Scale
from inspector.errors import UserError
from inspector.frames.leased_frame import Inspected
from inspector.frames.size import FrameSize
from inspector.inference.identity import identity_of
from inspector.inference.state import State
from inspector.line.fits import Fits
from inspector.line.judges import Judges
from inspector.line.line import Line
from inspector.line.self_test import SelfTest
from inspector.protocol import masks
from inspector.protocol.messages import ResultBody, StartBody
from inspector.results.journal_reader import JournalReader
from tests.line.accounting import account
from tests.line.conftest import tiny_config
from tests.line.sources import GatedCamera, ListCamera
from tests.line.test_bundles import Watcher, expected_mask, ready
from tests.line.test_line import OFFLINE, wait_until
from tests.tiny_bundle import frame_with

WIDE = FrameSize(50, 150)
TILES = {"mode": "tile", "size": {"height": 50, "width": 150}, "overlap_px": 8}
"""Ten tiles: 0, 26, 51, 76 and 102 along x, 0 and 18 along y."""


def wide(*squares: tuple[int, int, int, int]) -> NDArray[np.uint8]:
    """A clean frame with squares (x, y, side, level)."""
    frame = frame_with([], *WIDE)
    for x, y, side, level in squares:
        frame[y : y + side, x : x + side] = level
    return frame


PLAIN = wide()
ACROSS = wide((40, 12, 14, 192))
"""A defect that several tiles see, none of them without its edge being cut."""
CORNERS = wide((0, 0, 3, 192), (147, 47, 3, 192), (60, 30, 4, 192), (70, 30, 4, 64))


class Looker:
    """Puts the frames in their slots together again, as far as it knows the line."""

    def __init__(self) -> None:
        self.line: Line | None = None
        self.seen: dict[int, NDArray[np.uint8]] = {}

    def inspected(self, inspected: Inspected) -> None:
        if self.line is not None:
            self.seen[inspected.frame.meta.frame] = self.line.ring.judged(inspected.frame, self.line.size)


def packets(journal: Path, camera: str) -> list:
    with JournalReader(journal) as reader:
        (epoch,) = reader.epochs()
        return [row.packet() for row in reader.rows(epoch, camera, limit=10_000)]


def mask_of(packet) -> NDArray[np.uint8]:
    body = packet.body
    assert isinstance(body, ResultBody)
    assert body.mask is not None
    return masks.decode(packet.blob, body.mask.height_px, body.mask.width_px)


def test_a_defect_that_tiles_share_is_one_of_its_own_size(start_line: Callable, tiny_bundle: Bundle) -> None:
    frames = [PLAIN, ACROSS, CORNERS]
    watcher, looker, camera = Watcher(), Looker(), GatedCamera(frames, burst=0)
    running = start_line({"top": camera}, line_options={"observers": [watcher, looker]}, **OFFLINE, fits={"top": TILES})
    looker.line = running.line
    camera.rest.set()
    found = running.finish()
    assert [found.verdicts[frame][:2] for frame in range(3)] == [
        ("PASS", "gate_clean"),
        ("REJECT", "defect"),
        ("REJECT", "defect"),
    ]
    (defect,) = found.results[1].defects
    assert (defect.class_name, defect.area_px, defect.bbox_px) == ("bright", 196, (40, 12, 14, 14))
    assert found.results[1].pixels == {"dark": 0, "bright": 196}
    assert found.results[1].gate_score == pytest.approx(192 / 255, abs=1e-4), "that of the worst tile"
    assert {(one.class_name, one.bbox_px) for one in found.results[2].defects} == {
        ("bright", (0, 0, 3, 3)),
        ("bright", (147, 47, 3, 3)),
        ("dark", (70, 30, 4, 4)),
        ("bright", (60, 30, 4, 4)),
    }
    start, *results = [one for one in packets(running.journal, "top") if isinstance(one.body, (StartBody, ResultBody))]
    assert (start.body.geometry.height_px, start.body.geometry.width_px) == WIDE
    assert msgspec.to_builtins(start.body.fit) == {
        "mode": "tile",
        "camera": {"height_px": 50, "width_px": 150},
        "offset_px": (0, 0),
        "factor": (1.0, 1.0),
        "thresholds_void": False,
    }
    for packet in results:
        if packet.body.mask is not None:
            frame = frames[packet.header.frame]
            np.testing.assert_array_equal(mask_of(packet), expected_mask(frame, tiny_bundle))
    seen = {number: mask for number, _, _, mask in watcher.seen}
    np.testing.assert_array_equal(seen[2], expected_mask(CORNERS, tiny_bundle))
    assert seen[0] is None
    for number, frame in enumerate(frames):
        np.testing.assert_array_equal(looker.seen[number], frame)


def test_cameras_with_different_fits_share_a_line(start_line: Callable) -> None:
    small = frame_with([(192, 5)], 20, 30)
    fits = {
        "tiles": TILES,
        "padded": {"mode": "pad", "size": {"height": 20, "width": 30}, "offset": {"x": 4, "y": 6}},
        "cropped": {"mode": "crop", "size": {"height": 50, "width": 150}, "offset": {"x": 36, "y": 10}},
    }
    cameras = {
        "plain": ListCamera([frame_with([(192, 4)])] * 20),
        "tiles": ListCamera([ACROSS, PLAIN] * 10),
        "padded": ListCamera([small] * 20),
        "cropped": ListCamera([ACROSS] * 20),
    }
    running = start_line(cameras, **OFFLINE, fits=fits, ring={"slots": 6})
    assert running.finish("plain").reasons == {"defect": 20}
    assert account(running.journal, "tiles").reasons == {"defect": 10, "gate_clean": 10}
    padded = account(running.journal, "padded").results
    assert {(len(one.defects), one.defects[0].bbox_px) for one in padded.values()} == {(1, (6, 8, 5, 5))}, (
        "its mirror images in the padding do not count"
    )
    cropped = account(running.journal, "cropped").results
    assert {one.defects[0].bbox_px for one in cropped.values()} == {(4, 2, 14, 14)}
    start = next(one.body for one in packets(running.journal, "padded") if isinstance(one.body, StartBody))
    assert (start.geometry.height_px, start.fit.offset_px) == (32, (-4, -6))
    assert running.line.ring.leases.free == 6


def test_a_child_killed_with_some_tiles_answered_costs_whole_frames(start_line: Callable) -> None:
    """Each frame has one verdict, and none is a PASS that not every tile gave."""
    camera = GatedCamera([ACROSS, PLAIN] * 40, burst=40)
    running = start_line({"top": camera}, fits={"top": TILES}, inference={"in_flight": 3})
    line: Line = running.line
    wait_until(lambda: line.ledger.resolved_through("top") > 5)
    os.kill(line.inference.active.supervisor.child_pid, signal.SIGKILL)
    wait_until(lambda: line.inference.restarts == 1 and line.inference.active.supervisor.state is State.READY)
    camera.rest.set()
    found = running.finish()
    assert found.reasons["engine_down"] >= 1
    assert found.reasons["defect"] >= 20
    for frame, (verdict, _, _) in found.verdicts.items():
        assert verdict in (("REJECT", "UNINSPECTED") if frame % 2 == 0 else ("PASS", "UNINSPECTED"))
    assert line.inference.held == 0
    assert line.ring.leases.free == line.ring.leases.slots


def test_a_full_ring_drops_whole_frames(start_line: Callable) -> None:
    running = start_line(
        {"top": ListCamera([ACROSS] * 60, rate_hz=600)},
        fits={"top": TILES},
        ring={"slots": 6},
        inference={"in_flight": 2, "stall_timeout_s": 30},
        deadline_ms=60_000,
    )
    pid = running.line.inference.active.supervisor.child_pid
    os.kill(pid, signal.SIGSTOP)
    wait_until(lambda: not running.line.cameras.running)
    assert running.line.inference.held == 6
    os.kill(pid, signal.SIGCONT)
    found = running.finish()
    assert found.reasons["overload"] >= 40
    assert set(found.reasons) == {"overload", "defect"}
    assert {one.defects[0].area_px for one in found.results.values() if one.defects} == {196}
    assert running.line.ring.leases.free == 6


def test_a_late_answer_of_tiles_is_one_and_changes_nothing(start_line: Callable) -> None:
    camera = GatedCamera([ACROSS] * 4, burst=1)
    running = start_line({"top": camera}, deadline_ms=200, fits={"top": TILES}, inference={"in_flight": 64})
    wait_until(lambda: running.line.ledger.resolved_through("top") == 0)
    pid = running.line.inference.active.supervisor.child_pid
    os.kill(pid, signal.SIGSTOP)
    camera.rest.set()
    wait_until(lambda: running.line.ledger.resolved_through("top") == 3)
    os.kill(pid, signal.SIGCONT)
    wait_until(lambda: running.line.inference.held == 0)
    found = running.finish()
    assert [found.verdicts[frame][:2] for frame in (1, 2, 3)] == [("UNINSPECTED", "deadline")] * 3
    assert sorted(found.late) == [1, 2, 3]


def test_a_shadow_a_successor_and_golden_frames_beside_tiles(start_line: Callable, tiny_bundle: Bundle) -> None:
    camera, watcher = GatedCamera([ACROSS, CORNERS] * 10, burst=2), Watcher()
    running = start_line(
        {"top": camera},
        line_options={"observers": [watcher]},
        **OFFLINE,
        fits={"top": TILES},
        ring={"observer_slots": 64},
    )
    line: Line = running.line
    before, other = line.inference.active, ready(line, tiny_bundle)
    line.inference.shadow(ready(line, tiny_bundle))
    wait_until(lambda: line.results.inspected == 2)
    test = SelfTest(line, every_s=0.01)
    test.start()
    wait_until(lambda: test.passed >= 2)
    test.stop()
    assert not test._wrong
    line.bundles.activate(other)
    wait_until(lambda: before.supervisor.state is State.STOPPED)
    camera.rest.set()
    wait_until(lambda: sum(is_shadow for _, is_shadow, _, _ in watcher.seen) == 18)
    assert running.finish().reasons == {"defect": 20}
    for number, _, _, mask in watcher.seen:
        frame = (ACROSS, CORNERS)[number % 2]
        np.testing.assert_array_equal(mask, expected_mask(frame, tiny_bundle))
    for lease, number in watcher.kept:
        assert number < 20
        lease.release()
    assert line.ring.leases.observed == 0


def test_a_live_line_resizes_only_what_the_thresholds_were_calibrated_on(tiny_bundle: Bundle) -> None:
    config = tiny_config(tiny_bundle.path, None, fits={"top": {"mode": "resize", "size": {"height": 64, "width": 96}}})
    fits = Fits(config, FrameSize(32, 48))
    fits.check(tiny_bundle)  # a simulator, for a look
    assert fits.thresholds_void("top", tiny_bundle)
    fits._live = {"top"}
    with pytest.raises(
        UserError, match=r"cameras\.top\.fit: resize: the thresholds of bundle .* on frames of 64x96 stretched to 32x48"
    ):
        fits.check(tiny_bundle)
    point = msgspec.structs.replace(tiny_bundle.operating_point, resized_from=((64, 96),))
    calibrated = Bundle(tiny_bundle.path, tiny_bundle.manifest, point, tiny_bundle.id, tiny_bundle.sha256)
    fits.check(calibrated)
    assert not fits.thresholds_void("top", calibrated)


def test_void_thresholds_of_one_camera_are_said_of_the_sheets(tiny_bundle: Bundle) -> None:
    resized = {"mode": "resize", "size": {"height": 64, "width": 96}}
    config = tiny_config(
        tiny_bundle.path,
        None,
        ("left", "right"),
        fits={"right": resized},
        sheets={"by": "frame"},
        cameras_keys={"placement": {}},
    )
    with Line(config, tiny_bundle) as line:
        bodies = line.announcer.start_bodies(line.runs.now.setup)
    assert {name: body.fit.thresholds_void for name, body in bodies.items()} == {
        "left": False,
        "right": True,
        "sheet": True,
    }


def test_figures_in_mm_are_those_of_the_camera_where_frames_are_resized(tiny_bundle: Bundle) -> None:
    """A square of 8 px of the camera, 0.5 mm each, is 4 mm wide, whatever it is resized to."""
    config = tiny_config(tiny_bundle.path, None, fits={"top": {"mode": "resize", "size": {"height": 64, "width": 96}}})
    scale = Scale(mm_per_px_x=0.5, mm_per_px_y=0.5)
    judges = Judges(config.verdicts, {"top": scale}, {"top": None}, Fits(config, FrameSize(32, 48)))
    mask = np.zeros((32, 48), np.uint8)
    mask[5:9, 10:14] = 2
    judged = judges.of("top", tiny_bundle, identity_of(tiny_bundle)).segmented(0.9, mask, (0, 16), (0.0, 0.9))
    assert (judged.defects[0].length_mm, judged.defects[0].area_mm2) == (4.0, 16.0)
    assert judges.scales["top"] == Scale(mm_per_px_x=1.0, mm_per_px_y=1.0), "what `start` says"
