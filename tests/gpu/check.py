"""`make gpu-check`: everything that only a GPU can show, in one run; JSON and pictures in a folder, a table on the terminal.

Each part is done by itself, and one that fails says so and does not stop the others. What is compared is measured in this one run.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from datetime import datetime, timezone
from functools import partial
from importlib import metadata
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from engines.bundle import Bundle, find_bundle, read_bundle, read_contents
from engines.gpu import find_gpu
from engines.runtime.cuda.load import open_engines, plan_networks, torch_networks, why_not_torch
from engines.tensorrt.cache import PlanCache
from engines.tensorrt.machine import this_machine, why_not_tensorrt
from inspector.bench.figures import BenchSettings
from inspector.bench.latency import percentile
from inspector.bench.lines import BenchLine, render_pool
from inspector.bench.memory import pss_bytes, slope
from inspector.bench.repetition import LOAD
from inspector.bench.run import measure
from inspector.bench.stretch import Stretch
from inspector.config.inference import InferenceConfig
from inspector.inference.loading import WITHOUT
from tests.gpu.report import rate_hz, report

RATE = 0.10
"""Share let through where only one is measured."""
GATHER_US = 2000
POOL = 48
SWITCHES: dict[str, dict[str, Any]] = {
    "everything on": {},
    "no CUDA graphs": {WITHOUT: "graphs"},
    "one stream": {WITHOUT: "overlap"},
    "copies by way of a staging buffer": {WITHOUT: "direct"},
    "no gathering": {"segmenter_max_wait_us": 0},
}


class Check:
    """The parts, and what they found."""

    def __init__(self, out: Path) -> None:
        self.out = out
        self.found: dict[str, Any] = {}
        out.mkdir(parents=True, exist_ok=True)

    def part(self, name: str, do: Callable[[], Any]) -> Any:
        """Do one part and keep its findings on disk."""
        begun = time.perf_counter()
        print(f"== {name}", flush=True)
        try:
            found = do()
        except Exception as error:
            traceback.print_exc()
            found = {"failed": f"{type(error).__name__}: {error}"}
        seconds = round(time.perf_counter() - begun, 1)
        self.found[name] = {"seconds": seconds, "found": found}
        (self.out / "gpu-check.json").write_text(json.dumps(self.found, indent=1, default=str), encoding="utf-8")
        print(json.dumps(found, default=str)[:1500], f"[{seconds} s]", flush=True)
        return found


def facts() -> dict[str, Any]:
    """Date, GPU, driver, versions."""
    gpu = find_gpu()
    versions = {}
    for name in (
        "torch",
        "tensorrt",
        "tensorrt_rtx",
        "tensorrt_rtx_cu13_libs",
        "pycuda",
        "cuda-bindings",
        "openvino",
        "onnx",
        "numpy",
    ):
        try:
            versions[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    assert not isinstance(gpu, str)
    reasons = {"tensorrt": why_not_tensorrt(gpu), "torch": why_not_torch()}
    return {
        "date": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "gpu": vars(gpu),
        "python": sys.version.split()[0],
        "cores": len(os.sched_getaffinity(0)),
        "versions": versions,
        "cannot run": {name: why for name, why in reasons.items() if why},
    }


def ceilings() -> dict[str, float]:
    """What the card does at most: an fp16 product of two 8192 x 8192 matrices, copies on it and from and to the host."""
    import torch

    def timed(run: Callable[[], object], times: int) -> float:
        for _ in range(3):
            run()
        begin, end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
        begin.record()
        for _ in range(times):
            run()
        end.record()
        torch.cuda.synchronize()
        return begin.elapsed_time(end) / 1e3 / times

    a, b = (torch.randn(8192, 8192, device="cuda", dtype=torch.float16) for _ in range(2))
    big, other = (torch.empty(1 << 30, dtype=torch.uint8, device="cuda") for _ in range(2))
    host = torch.empty(1 << 26, dtype=torch.uint8).pin_memory()
    part = big[: 1 << 26]
    return {
        "fp16 TFLOP/s": 2 * 8192**3 / timed(lambda: a @ b, 20) / 1e12,
        "device copy GB/s, read and written": 2 * big.numel() / timed(lambda: other.copy_(big), 20) / 1e9,
        "host to device GB/s": part.numel() / timed(lambda: part.copy_(host, non_blocking=True), 20) / 1e9,
        "device to host GB/s": part.numel() / timed(lambda: host.copy_(part, non_blocking=True), 20) / 1e9,
    }


def gflop(bundle: Bundle) -> dict[str, float]:
    """Floating-point operations of a frame, in units of 1e9, counted by torch: two for a multiplication with addition."""
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    from engines.runtime.cuda.onnx_module import OnnxModule

    frames = torch.zeros(1, bundle.height, bundle.width, dtype=torch.uint8, device="cuda")
    inputs = {"frames": frames, "thresholds": torch.full((len(bundle.classes),), 0.5, device="cuda")}
    counted = {}
    for name, graph in read_contents(bundle).graphs.items():
        program = OnnxModule(graph, "cuda")
        with FlopCounterMode(display=False) as counter, torch.inference_mode():
            program({one: inputs[one] for one in program.inputs})
        counted[name] = counter.get_total_flops() / 1e9
    return counted


def tests() -> dict[str, Any]:
    """Parity, faults, recovery: the tests of this folder."""
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "tests/gpu", "-q", "--maxfail=8", "-p", "no:cacheprovider", "-rs", "-W", "default"],
        capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    return {**_exit(done), "end": (done.stdout + done.stderr)[-3000:].splitlines()}


def sanitizer(out: Path) -> dict[str, Any]:
    """A short run under compute-sanitizer's memcheck, where that is installed."""
    tool = shutil.which("compute-sanitizer") or "/usr/local/cuda/bin/compute-sanitizer"
    if not Path(tool).exists():
        return {"skipped": "compute-sanitizer is not installed"}
    command = [tool, "--tool", "memcheck", "--print-limit", "5", sys.executable, "-m", "tests.gpu.short_run"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    (out / "compute-sanitizer.txt").write_text(done.stdout + done.stderr, encoding="utf-8")
    summary = [line for line in done.stdout.splitlines() if "ERROR SUMMARY" in line or line.startswith("short run")]
    return {**_exit(done), "summary": summary}


def _exit(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    return {"exit": done.returncode, **({"failed": f"exit status {done.returncode}"} if done.returncode else {})}


def build_plans(bundle: Bundle) -> Any:
    """What `inspector engines build` does: built, checked on the golden frames, stored."""
    from engines.runtime.cuda.check_plans import check_plans
    from engines.tensorrt.build_bundle import BundleBuild
    from engines.tensorrt.library import open_library
    from engines.tensorrt.target import find_target

    build = BundleBuild(read_contents(bundle), find_target(open_library()), PlanCache.default(), check_plans)
    built = [build.build(network) for network in build.networks]
    stored = build.store()
    return {
        **{one.metadata.network: {"MB": len(one.data) / 1e6, "s": one.metadata.build_seconds} for one in built},
        "golden frames": str(stored.check),
    }


def bench(bundle: Path, runtime: str, seconds: float, repetitions: int) -> Any:
    """Engines alone, the line at every share let through in every pattern, latency at part load."""
    inference = InferenceConfig(runtime=runtime, segmenter_max_wait_us=GATHER_US)  # type: ignore[arg-type]
    settings = BenchSettings(
        bundle=str(bundle), inference=inference, repetitions=repetitions, seconds=seconds, memory_frames=0
    )
    return msgspec.to_builtins(measure(settings, lambda _: None))


def switches(bundle: Bundle, runtime: str, seconds: float) -> Any:
    """The line's rate with one thing at a time switched off."""
    pool = render_pool(bundle.height, bundle.width, POOL)
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        for number, (name, off) in enumerate(SWITCHES.items()):
            os.environ[WITHOUT] = off.get(WITHOUT, "")  # the line's child inherits it
            keys = {key: value for key, value in off.items() if key != WITHOUT}
            options = {"runtime": runtime, "segmenter_max_wait_us": GATHER_US, **keys}
            config = msgspec.convert(options, InferenceConfig)
            (Path(folder) / str(number)).mkdir()
            begun = time.perf_counter()
            with BenchLine(str(bundle.path), config, pool, Path(folder) / str(number)) as line:
                started = time.perf_counter() - begun
                frames = int(line.run(300, RATE).rate_hz * seconds)
                rates = [line.run(frames, RATE).rate_hz for _ in range(3)]
                if not off:
                    found["every frame let through"] = _by_verdict_threads(line, seconds)
                found[name] = {"frames/s": float(np.median(rates)), "all": rates, "start s": started}
    del os.environ[WITHOUT]
    return found


def _by_verdict_threads(line: BenchLine, seconds: float) -> dict[str, float]:
    """The rate with every frame let through, by the threads that measure defects."""
    found = {}
    for threads in (1, 2, 4):
        line.line.postprocessing._pool._max_workers = threads  # the pool starts them as there is work
        frames = int(line.run(200, 1.0).rate_hz * seconds)
        found[f"{threads} verdict threads, frames/s"] = line.run(frames, 1.0).rate_hz
    return found


def under_load(bundle: Bundle, runtime: str, capacity: float, seconds: float, memory_frames: int) -> Any:
    """A line at 70 % and 110 % of the ``capacity`` it showed, frames/s, and its memory over many frames: who waits how long, is
    everyone accounted for?"""
    import torch

    pool = render_pool(bundle.height, bundle.width, POOL)
    config = msgspec.convert({"runtime": runtime, "segmenter_max_wait_us": GATHER_US}, InferenceConfig)
    found: dict[str, Any] = {"capacity frames/s": capacity}
    with (
        tempfile.TemporaryDirectory() as folder,
        BenchLine(str(bundle.path), config, pool, Path(folder)) as line,
    ):
        line.run(1000, RATE, 500)
        part_load, overload = LOAD * capacity, 1.1 * capacity
        found["70 %"] = _latency(line.run(int(part_load * seconds), RATE, part_load))
        found["110 %"] = _latency(line.run(int(overload * seconds), RATE, overload))
        found["as fast as the camera can"] = _latency(line.run(int(2 * capacity * seconds), RATE, 1e6))
        samples: list[tuple[int, int, int]] = []

        def sample() -> None:
            done = sum(line.line.ledger.counts()["bench"].verdicts.values())
            pids = (os.getpid(), line.line.inference.active.supervisor.child_pid)
            samples.append((done, sum(pss_bytes(pid) for pid in pids if pid), torch.cuda.mem_get_info()[0]))

        line.run(memory_frames // 2, RATE, part_load, tick=sample)
        samples.clear()
        line.run(memory_frames, RATE, part_load, tick=sample)
        host = slope(np.array([one[:2] for one in samples], float), memory_frames)
        free = [one[2] for one in samples]
        found["memory"] = {
            **msgspec.to_builtins(host),
            "leaks": host.leaks,
            "samples": len(samples),
            "device bytes free, first and last": (free[0], free[-1]),
        }
        found["frames sent in all"] = line.sent
        found["verdicts in all"] = sum(line.line.ledger.counts()["bench"].verdicts.values())
    return found


def _latency(stretch: Stretch) -> dict[str, Any]:
    percentiles = {f"p{q} ms": percentile(stretch.latency_ms, q) for q in (50, 95, 99, 99.9)}
    return {
        "frames": len(stretch.latency_ms),
        "verdicts/s": stretch.rate_hz,
        "uninspected": stretch.uninspected,
        **percentiles,
    }


def peers(bundle: Bundle, seconds: float) -> Any:
    """Loops that a user of torch would write, on the same frames."""
    from tests.gpu import peers as loops

    pool = render_pool(bundle.height, bundle.width, POOL)
    plane = np.stack(pool)
    limits = bundle.operating_point.thresholds(bundle.classes)
    eager = loops.eager(bundle)
    found: dict[str, Any] = {"eager fp16": loops.loop_hz(eager, plane, list(limits), RATE, seconds)}
    recorded = loops.graphed(eager, bundle.height, bundle.width, len(bundle.classes))
    found["CUDA graphs, fp16"] = loops.loop_hz(recorded, plane, list(limits), RATE, seconds)
    try:
        import onnxruntime

        found["onnxruntime"] = f"providers here: {', '.join(onnxruntime.get_available_providers())}"
    except ImportError:
        found["onnxruntime"] = "not installed"
    return found


def compiled_peer(bundle: Bundle, seconds: float) -> Any:
    """The same loop with torch.compile, which takes a minute or more to compile."""
    from engines.export.random_bundle import random_graphs
    from tests.gpu import peers as loops

    plane = np.stack(render_pool(bundle.height, bundle.width, POOL))
    networks = loops.compiled(random_graphs("resnet50", "efficientnet-b3", len(bundle.classes)))
    limits = list(bundle.operating_point.thresholds(bundle.classes))
    return {"torch.compile, fp16": loops.loop_hz(networks, plane, limits, RATE, seconds, pad=True)}


def timeline(bundle: Bundle, runtime: str, out: Path, share: float, name: str) -> Any:
    """A picture of the streams."""
    from tests.gpu.timeline import overlap_share, run_cascade, write_picture

    limits = bundle.operating_point.thresholds(bundle.classes)
    if runtime == "tensorrt":
        machine = this_machine()
        assert not isinstance(machine, str)
        networks = plan_networks(machine.library, machine.find_plans(bundle, 8, PlanCache.default()))
    else:
        networks = torch_networks(read_contents(bundle))
    engines = open_engines(bundle, networks, 8, limits, None, trace=True)
    try:
        pool = np.stack(render_pool(bundle.height, bundle.width, POOL))
        spans = run_cascade(engines, bundle, pool, 1200, share)
    finally:
        engines.close()
    (out / f"{name}.json").write_text(json.dumps(spans), encoding="utf-8")
    late = [span for span in spans if span[1] > spans[len(spans) // 2][1]]
    longest = max(end - begin for _, begin, end in late)
    write_picture(spans, out / f"{name}.svg", f"{engines.device}; {share:.0%} let through", max(4.0, 6 * longest))
    return overlap_share(late[:600])


def main() -> int:
    """Do all parts, or those named."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("build/gpu-check"), help="folder for JSON, tables, pictures")
    parser.add_argument("--seconds", type=float, default=0.4, help="length of each single measurement")
    parser.add_argument("--repetitions", type=int, default=3, help="times that each line is measured")
    parser.add_argument(
        "--paper", type=Path, default=Path("build/paper"), help="bundle of the paper's size; made if missing"
    )
    parser.add_argument("--only", default="", help="parts to do, by words their names hold, with commas between")
    parser.add_argument("--memory-frames", type=int, default=20_000, help="frames over which memory is watched")
    arguments = parser.parse_args()
    check = Check(arguments.out)
    words = [word for word in arguments.only.split(",") if word]

    def part(name: str, do: Callable[[], Any]) -> Any:
        return check.part(name, do) if not words or any(word in name for word in words) else None

    gpu = find_gpu()
    if isinstance(gpu, str):
        print(f"no GPU to check: {gpu}", file=sys.stderr)
        return 2
    told = check.part("facts", facts)
    runtimes = [name for name in ("tensorrt", "torch") if name not in told["cannot run"]]
    demo = read_bundle(find_bundle("demo"))
    part("ceilings", ceilings)
    if not (arguments.paper / "bundle.yaml").exists():
        part("paper bundle", lambda: _make_paper(arguments.paper))
    bundles = {"demo": demo}
    if (arguments.paper / "bundle.yaml").exists():
        bundles["paper"] = read_bundle(arguments.paper)
    if "tensorrt" in runtimes:
        os.environ["INSPECTOR_CACHE"] = str(arguments.out.absolute() / "plans")
        for name, bundle in bundles.items():
            check.part(f"{name} plans", partial(build_plans, bundle))
    part("tests", tests)
    part("compute-sanitizer", lambda: sanitizer(arguments.out))
    for name, bundle in bundles.items():
        part(f"{name} GFLOP a frame", partial(gflop, bundle))
        for runtime in runtimes:
            part(
                f"{name} bench {runtime}",
                partial(bench, bundle.path, runtime, arguments.seconds, arguments.repetitions),
            )
    for name, bundle in bundles.items():
        part(f"{name} peers", partial(peers, bundle, 2 * arguments.seconds))
    for runtime in runtimes:
        measured = check.found.get(f"demo bench {runtime}", {}).get("found", {})
        capacity = rate_hz(measured, RATE)
        if capacity:
            part(
                f"demo under load {runtime}",
                partial(under_load, demo, runtime, capacity, 3 * arguments.seconds, arguments.memory_frames),
            )
        for name, bundle in bundles.items():
            part(
                f"{name} timeline {runtime}",
                partial(timeline, bundle, runtime, arguments.out, RATE, f"timeline-{name}-{runtime}"),
            )
        part(f"demo switches {runtime}", partial(switches, demo, runtime, arguments.seconds))
    if "paper" in bundles:
        part("paper compiled by torch", partial(compiled_peer, bundles["paper"], 2 * arguments.seconds))
    failed = [name for name, one in check.found.items() if isinstance(one["found"], dict) and "failed" in one["found"]]
    text = report(check.found)
    (arguments.out / "gpu-check.md").write_text(text, encoding="utf-8")
    print(text)
    print(f"failed parts: {', '.join(failed) or 'none'}; {arguments.out / 'gpu-check.json'} has everything")
    return bool(failed)


def _make_paper(path: Path) -> str:
    from engines.export.random_bundle import write_random_bundle

    path.parent.mkdir(parents=True, exist_ok=True)
    return write_random_bundle(path).id


if __name__ == "__main__":
    sys.exit(main())
