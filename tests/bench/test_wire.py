"""The measurement of the line without engines: its bundle, its frames, its arithmetic, and one short run of the real command."""

from __future__ import annotations

import json
import threading
import time
from pathlib import Path

import cv2
import msgspec
import numpy as np
import pytest

from engines.bundle import included_bundles, read_contents
from engines.bundle.reading import read_bundle
from inspector.bench.partner import Partner
from inspector.bench.subscriber import Heard
from inspector.bench.wire.figures import SAMPLES, latency_ms
from inspector.bench.wire.frames import BASE, CLASSES, COUNT_DIGITS, answer, carrier, defect_mask, noise_mask
from inspector.bench.wire.line import BUNDLE, Kind
from inspector.bench.wire.run import Figures, WireSettings
from inspector.bench.wire.threads import REST, THREADS, spent_here
from inspector.capture.frame_check import FrameCheck
from inspector.cli.bench_wire import show
from inspector.config.frame_check import FrameCheckConfig
from inspector.errors import UserError
from inspector.verdicts.defects import measure
from inspector.verdicts.measured import Settings
from tests.bench.wire_bundle import make_wire_bundle
from tests.cli import in_process
from tests.cli.in_process import inspector


def test_the_bundle_is_what_its_script_makes(tmp_path: Path) -> None:
    make_wire_bundle(tmp_path / "made")
    made, kept = (
        {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
        for folder in (tmp_path / "made", BUNDLE)
    )
    assert made.keys() == kept.keys()
    assert sum(map(len, kept.values())) < 25_000
    assert BUNDLE.parent not in [one.parent for one in included_bundles()]
    for name in made.keys() - {"bundle.yaml"}:
        if name.endswith(".png"):  # which versions of OpenCV pack differently
            assert np.array_equal(cv2.imread(str(BUNDLE / name), 0), cv2.imread(str(tmp_path / "made" / name), 0))
        else:
            assert made[name] == kept[name], name
    assert len(read_contents(read_bundle(BUNDLE)).golden) == 2  # the digests in bundle.yaml are right


@pytest.mark.parametrize("defects", [0, 3, 20])
def test_frames_carry_their_answer_and_show_something(defects: int) -> None:
    check = FrameCheck(FrameCheckConfig())
    for seed in range(4):
        mask = defect_mask(defects, seed)
        frame = carrier(mask, seed)
        assert check.refused(frame) is None
        assert np.array_equal(frame & 15, mask)
        found = measure(mask, [0.9] * 4, Settings(CLASSES, (0,) * 4, 100, None))
        assert len(found.defects) == defects
        digits = (frame[0, 1:25] >> 4).reshape(4, -1)[:, :COUNT_DIGITS].tolist()
        counts = tuple(sum(digit * BASE**place for place, digit in enumerate(one)) for one in digits)
        assert counts == found.pixels
        gate, scores = answer(frame)
        assert gate == float(defects > 0)
        assert [score >= 0.6 for score in scores] == [count > 0 for count in found.pixels]


def test_noise_has_every_class_everywhere() -> None:
    counts, _ = np.histogram(noise_mask(0), bins=16)
    assert counts.min() > 0.9 * counts.mean()


def test_a_percentile_is_stated_only_where_samples_carry_it() -> None:
    assert latency_ms([[1000] * 50]) == {}
    assert latency_ms([[1000] * 50, [3000] * 50]) == {"p50": 2.0}
    assert latency_ms([list(range(700))] * 2).keys() == {"p50", "p99"}
    found = latency_ms([[1000] * 5000, [2000] * 5000])
    assert found == {"p50": 1.5, "p99": 1.5, "p99.9": 2.0}  # the highest is that of all samples together
    assert max(SAMPLES) == 99.9


def test_kinds() -> None:
    settings = WireSettings(percents=(0, 10), defects=(3, 20), repetitions=1, seconds=1)
    assert settings.kinds == (Kind(0, 0), Kind(10, 3), Kind(10, 20))


def test_cpu_time_is_that_of_the_thread() -> None:
    seen = threading.Event()
    worked = threading.Event()

    def work() -> None:
        until = time.thread_time_ns() + 30_000_000
        while time.thread_time_ns() < until:
            pass
        worked.set()
        seen.wait(10)

    before = spent_here()
    thread = threading.Thread(target=work, name="journal-of-a-test", daemon=True)
    thread.start()
    assert worked.wait(10)
    after = spent_here()
    seen.set()
    thread.join()
    spent = {name: one.since(before[name]) for name, one in after.items()}
    assert set(spent) == {*THREADS, REST}
    assert 20_000_000 < spent["journal"].cpu_ns < 60_000_000
    assert spent["publisher"].cpu_ns == 0


def test_a_process_that_ends_early_is_one_line() -> None:
    told = pytest.raises(UserError, match=r"inspector\.version ended before")
    with Partner("inspector.version", (), Heard) as partner, told:  # a module that ends at once
        partner.answer()


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("wire", "--defects=3,21"), "--defects: found '21', expected whole numbers from 1 to 20"),
        (("wire", "--let-through=many"), "--let-through: found 'many'"),
        (("wire", "--beside=."), "--beside: found no inspector/bench/wire in ."),
        (("--repetitions=1", "wire"), "--repetitions: is an option of inspector bench"),
        (("--json", "wire"), "--json: is an option of inspector bench"),
    ],
)
def test_wrong_options(arguments: tuple[str, ...], told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert f"inspector: {told}" in in_process.refused("bench", *arguments)


def test_short_run_measures_the_real_line(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    finished = inspector(
        "bench",
        "wire",
        "--repetitions=1",
        "--seconds=0.02",
        "--let-through=0,50",
        "--defects=3",
        "--subscribers=4",
        "--behind=200",
        "--json",
    )
    assert finished.returncode == 0, finished.stderr
    assert "Traceback" not in finished.stderr
    figures = msgspec.convert(json.loads(finished.stdout), Figures)
    for arm in figures.arms.values():
        assert [one.kind for one in arm.kinds] == [Kind(0, 0), Kind(50, 3)]
        for one in arm.kinds:
            assert one.uninspected == 0
            assert abs(one.rejected - one.frames * one.kind.percent / 100) <= 2
            assert (one.rate_hz > one.load_hz > 0, one.received) == (True, 1)
            assert one.samples >= 50
            assert ("p50" in one.latency_ms, "p99.9" in one.latency_ms) == (one.samples >= 100, one.samples >= 10_000)
            assert one.all_cpu_us == pytest.approx(sum(one.cpu_us.values()))
            assert min(one.child_cpu_us, one.switches, one.child_switches, one.rows_per_s) > 0
            assert (one.crowd, one.crowd_cpu_us > 0) == (3, True)
        assert arm.kinds[0].cpu_us["verdicts"] < arm.kinds[1].cpu_us["verdicts"]
        assert arm.behind is not None
        assert (arm.behind.publications >= 200, arm.behind.missed) == (True, 0)
        assert arm.behind.samples[0] > 0
        assert arm.behind.rate_hz == pytest.approx(312 * arm.behind.times_live)
        assert arm.judging_us["3 defects"] < arm.judging_us["20 defects"] < arm.judging_us["noise"]
    # As wide as it gets: seven kinds, two ways.
    (arm, *_) = figures.arms.values()
    wide = msgspec.structs.replace(arm, kinds=(arm.kinds[1],) * 7)
    monkeypatch.setenv("COLUMNS", "80")
    show(msgspec.structs.replace(figures, arms={"compiled": wide, "numpy": wide}, rate_ratios=(1.0,) * 7))
    printed = capsys.readouterr().out.splitlines()
    assert max(map(len, printed)) <= 80
    assert sum("half load, frames/s" in line for line in printed) == 2  # no row is broken in two
