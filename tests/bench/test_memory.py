"""The slope of memory: flat is flat, a leak is a leak, and the check sees one that is planted in the real line."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from engines.bundle import Bundle
from inspector.bench.lines import BenchLine
from inspector.bench.memory import LeakingCamera, slope
from inspector.config.inference import InferenceConfig
from tests.tiny_bundle import frame_with

FRAMES = 20_000


def samples(bytes_per_frame: float, noise: float, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    frame = np.arange(0, FRAMES, 50.0)
    return np.stack([frame, 3e8 + bytes_per_frame * frame + rng.normal(0, noise, frame.size)], axis=1)


def test_an_exact_slope_is_found() -> None:
    found = slope(samples(100, 0), FRAMES)
    assert found.bytes_per_frame == pytest.approx(100)
    assert found.leaks


@pytest.mark.parametrize("seed", range(10))
def test_noise_is_not_a_leak_and_a_leak_in_noise_is(seed: int) -> None:
    flat, leaking = slope(samples(0, 2e6, seed), FRAMES), slope(samples(1024, 2e6, seed), FRAMES)
    assert leaking.leaks
    assert leaking.bytes_per_frame == pytest.approx(1024, rel=0.15)
    assert flat.low < 100


def test_interval_covers_zero_about_as_often_as_it_says() -> None:
    covered = [one.low <= 0 <= one.high for one in (slope(samples(0, 1e6, seed), FRAMES) for seed in range(200))]
    assert sum(covered) >= 180


def test_what_goes_on_settling_is_no_leak_but_one_small_block_a_frame_is() -> None:
    assert not slope(samples(8, 1e3), FRAMES).leaks
    assert slope(samples(32, 1e3), FRAMES).leaks


def test_looks_between_which_nothing_was_inspected_count_once() -> None:
    seen = np.repeat(samples(100, 0), 3, axis=0)
    assert slope(seen, FRAMES).bytes_per_frame == pytest.approx(100)


def test_planted_leak_is_seen_in_the_real_line(tiny_bundle: Bundle, tmp_path: Path) -> None:
    from inspector.bench.memory import measure_memory

    pool = (frame_with([]),) * 4
    config = InferenceConfig(runtime="openvino", precision="f32", lanes=2)
    found = measure_memory(
        lambda wrap: BenchLine(str(tiny_bundle.path), config, pool, tmp_path, wrap), 8_000, 0.1, plant=True
    )
    assert found.leaks
    assert found.bytes_per_frame > 500


def test_leaking_camera_is_a_camera() -> None:
    from tests.line.sources import ListCamera

    camera = LeakingCamera(ListCamera([np.zeros((4, 4), np.uint8)]))
    camera.open()
    arrival = camera.next()
    assert arrival is not None
    assert arrival.number == 0
    assert camera.next() is None
    camera.close()
