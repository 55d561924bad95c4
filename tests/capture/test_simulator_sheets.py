"""Sheets: the same for every order of calls, masks that agree with the classes, shares as configured, any geometry."""

from __future__ import annotations

import math
import subprocess
import sys

import numpy as np
import pytest

from inspector.capture.simulator import Sheet, SheetRenderer
from inspector.capture.simulator.canvas import Canvas
from inspector.capture.simulator.defects import PAINTERS
from inspector.capture.simulator.look_alikes import LOOK_ALIKES, PLATES
from inspector.capture.simulator.noise import stream
from inspector.config.simulator import SimulatorConfig

EVEN = (1.0, 1.0, 1.0, 1.0)
SMALL = (64, 200)


def only(kind: int) -> tuple[float, float, float, float]:
    mix = [0.0, 0.0, 0.0, 0.0]
    mix[kind] = 1.0
    return (mix[0], mix[1], mix[2], mix[3])


def same(a: Sheet, b: Sheet) -> bool:
    return (
        np.array_equal(a.frame, b.frame)
        and np.array_equal(a.mask, b.mask)
        and (a.classes, a.look_alikes) == (b.classes, b.look_alikes)
    )


def within_binomial(count: int, total: int, share: float) -> bool:
    """Within four standard deviations: a right share fails about once in 16,000 times, and the seeds are fixed."""
    return abs(count - total * share) <= 4 * math.sqrt(total * share * (1 - share)) + 1


def test_a_sheet_does_not_depend_on_the_order_of_calls() -> None:
    config = SimulatorConfig(seed=3, defect_rate=0.7, class_mix=EVEN)
    forward = [SheetRenderer(config, *SMALL).render(index) for index in range(6)]
    renderer = SheetRenderer(config, *SMALL)
    backward = [renderer.render(index) for index in reversed(range(6))]
    assert all(same(a, b) for a, b in zip(forward, reversed(backward), strict=True))


def test_another_process_renders_the_same_sheet() -> None:
    program = (
        "import hashlib; from inspector.capture.simulator import SheetRenderer;"
        "from inspector.config.simulator import SimulatorConfig;"
        "s = SheetRenderer(SimulatorConfig(seed=9, defect_rate=1.0), 64, 200).render(5);"
        "print(hashlib.sha256(s.frame.tobytes() + s.mask.tobytes()).hexdigest())"
    )
    prints = {
        subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
        for _ in range(2)
    }
    assert len(prints) == 1


def test_seeds_and_indices_give_different_sheets() -> None:
    one, two = (SheetRenderer(SimulatorConfig(seed=seed), *SMALL) for seed in (1, 2))
    frames = [one.render(0).frame, one.render(1).frame, two.render(0).frame]
    assert not any(np.array_equal(frames[a], frames[b]) for a, b in ((0, 1), (0, 2), (1, 2)))


def test_masks_hold_exactly_the_classes_said() -> None:
    renderer = SheetRenderer(SimulatorConfig(seed=4, defect_rate=0.8, class_mix=EVEN), *SMALL)
    for index in range(60):
        sheet = renderer.render(index)
        in_mask = {k for k in range(8) if np.any(sheet.mask & (1 << k))}
        assert in_mask == set(sheet.classes), index


def test_defect_rate_and_class_mix_come_out_as_configured() -> None:
    mix = (0.4, 0.1, 0.3, 0.2)
    config = SimulatorConfig(seed=8, defect_rate=0.4, class_mix=mix)
    renderer = SheetRenderer(config, *SMALL)
    sheets = [renderer.render(index) for index in range(300)]
    mains = [sheet.classes[0] for sheet in sheets if sheet.classes]
    assert within_binomial(len(mains), len(sheets), 0.4)
    for kind, share in enumerate(mix):
        assert within_binomial(mains.count(kind), len(mains), share), kind
    marked = sum(bool(sheet.look_alikes) for sheet in sheets)
    assert within_binomial(marked, len(sheets), config.look_alike_rate)


@pytest.mark.parametrize(("rate", "expected"), [(0.0, 0), (1.0, 40)])
def test_extreme_rates_are_exact(rate: float, expected: int) -> None:
    renderer = SheetRenderer(SimulatorConfig(seed=5, defect_rate=rate, look_alike_rate=rate), *SMALL)
    sheets = [renderer.render(index) for index in range(40)]
    assert sum(bool(sheet.classes) for sheet in sheets) == expected
    assert sum(bool(sheet.look_alikes) for sheet in sheets) == expected


def test_a_class_of_weight_zero_never_comes_not_even_as_a_second_one() -> None:
    renderer = SheetRenderer(SimulatorConfig(seed=6, defect_rate=1.0, class_mix=(1, 1, 0, 1)), *SMALL)
    assert all(2 not in renderer.plan(index).classes for index in range(2000))
    nothing = SheetRenderer(SimulatorConfig(seed=6, defect_rate=1.0, class_mix=(0, 0, 0, 0)), *SMALL)
    assert nothing.render(0).classes == ()


@pytest.mark.parametrize("kind", range(len(PAINTERS)))
def test_a_defect_changes_the_sheet_inside_its_mask(kind: int) -> None:
    """The same sheet without the defect differs inside the mask, and hardly outside it."""
    bad = SheetRenderer(SimulatorConfig(seed=12, defect_rate=1.0, class_mix=only(kind)), 256, 400)
    clean = SheetRenderer(SimulatorConfig(seed=12, defect_rate=0.0, class_mix=only(kind)), 256, 400)
    compared = 0
    for index in range(12):
        holds, lacks = bad.plan(index), clean.plan(index)
        if (holds.margin, holds.look_alikes) != (lacks.margin, lacks.look_alikes) or len(holds.classes) != 1:
            continue
        a, b = bad.render(index), clean.render(index)
        change = np.abs(a.frame.astype(np.float32) - b.frame)
        inside = a.mask > 0
        if inside.all():
            continue
        compared += 1
        assert change[inside].mean() > 2, index
        assert change[inside].mean() > 6 * change[~inside].mean(), index
    assert compared >= 4


@pytest.mark.parametrize(("height", "width"), [(128, 800), (200, 200), (32, 48), (300, 77), (512, 640)])
def test_any_geometry_renders(height: int, width: int) -> None:
    renderer = SheetRenderer(SimulatorConfig(seed=2, defect_rate=1.0, class_mix=EVEN), height, width)
    for index in range(8):
        sheet = renderer.render(index)
        assert sheet.frame.shape == sheet.mask.shape == (height, width)
        assert sheet.frame.dtype == sheet.mask.dtype == np.uint8
        assert sheet.frame.flags.c_contiguous
        assert sheet.classes
        assert 5 < sheet.frame.std() < 120


@pytest.mark.parametrize("name", [item.name for item in (*LOOK_ALIKES, *PLATES)])
def test_look_alikes_touch_the_picture_and_never_the_truth(name: str) -> None:
    paint = next(item.paint for item in (*LOOK_ALIKES, *PLATES) if item.name == name)
    changed = 0
    for index in range(4):
        canvas = Canvas(np.ones((96, 300), np.float32), np.zeros((96, 300), np.uint8), 0, 300, 96 / 256, 1.5)
        paint(stream(1, index, 0), canvas)
        assert canvas.reflectance.dtype == np.float32
        assert np.isfinite(canvas.reflectance).all()
        assert not canvas.mask.any()
        changed += bool((canvas.reflectance != 1).any())
    assert changed >= 3


def test_the_steel_is_as_bright_and_as_rough_as_the_real_strip() -> None:
    """Medians over sheets lie between the real quartiles (``statistics``), widened by a fifth."""
    renderer = SheetRenderer(SimulatorConfig(seed=1, defect_rate=0.53), 256, 800)
    means, grains = [], []
    for index in range(30):
        if renderer.plan(index).margin is None:
            frame = renderer.render(index).frame.astype(np.float32)
            means.append(frame.mean())
            grains.append(np.abs(np.diff(frame, axis=1)).mean())
    assert 0.8 * 87 < np.median(means) < 1.2 * 111
    assert 0.8 * 4.95 < np.median(grains) < 1.2 * 7.84
