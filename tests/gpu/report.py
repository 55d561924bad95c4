"""What `make gpu-check` found, as tables in Markdown: `python -m tests.gpu.report gpu-check.json`."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

BOUNDS = {
    "sum": "1 / (gate + share x segmenter): they take turns",
    "slower_stream": "1 / the slower of gate and share x segmenter: they overlap on two streams",
}


def report(found: dict[str, Any]) -> str:
    """The findings by part, each `{"seconds": ..., "found": ...}`, as Markdown."""
    facts = found["facts"]["found"]
    lines = _facts(facts)
    ceilings = found.get("ceilings", {}).get("found", {})
    if ceilings:
        lines += [
            "",
            "## What the card does at most",
            "",
            *_table(("", ""), [(k, f"{v:,.0f}") for k, v in ceilings.items()]),
        ]
    for part, one in found.items():
        name, _, what = part.partition(" ")
        if what.startswith("bench") and "batches" in one["found"]:
            gflop = found.get(f"{name} GFLOP a frame", {}).get("found", {})
            lines += _bench(part, one["found"], gflop, ceilings.get("fp16 TFLOP/s"))
    lines += _peers(found)
    for part, one in found.items():
        if "under load" in part and isinstance(one["found"], dict):
            lines += _under_load(part, one["found"])
        if "switches" in part and "failed" not in one["found"]:
            lines += _switches(part, one["found"])
        if "timeline" in part and "failed" not in one["found"]:
            rows = [(lane, f"{share:.0%}") for lane, share in one["found"].items()]
            lines += ["", f"## {part}: share of the time in which each lane ran", "", *_table(("lane", "share"), rows)]
    for part in ("tests", "compute-sanitizer"):
        if part in found:
            told = found[part]["found"]
            summary = told.get("summary") or [line for line in told.get("end", ()) if " passed" in line] or [str(told)]
            lines += ["", f"## {part}", "", *(f"    {line}" for line in summary)]
    failed = [name for name, one in found.items() if isinstance(one["found"], dict) and "failed" in one["found"]]
    lines += [f"- **{name} failed**: {found[name]['found']['failed']}" for name in failed]
    seconds = sum(one["seconds"] for one in found.values())
    return "\n".join([*lines, "", f"{seconds:.0f} s in all."]) + "\n"


def _facts(facts: dict[str, Any]) -> list[str]:
    gpu = facts["gpu"]
    versions = ", ".join(f"{name} {version}" for name, version in facts["versions"].items())
    return [
        f"# {gpu['name']}, {facts['date'][:10]}",
        "",
        f"- driver {gpu['driver']}, CUDA up to {gpu['cuda']}, compute capability {gpu['capability']}; {facts['cores']} CPU cores",
        f"- Python {facts['python']}, {versions}",
        *(f"- not run: {name}, {why}" for name, why in facts["cannot run"].items()),
    ]


def _bench(part: str, bench: dict[str, Any], gflop: dict[str, float], ceiling: float | None) -> list[str]:
    rows = []
    for batch, times in bench["batches"].items():
        for engine in ("gate", "segmenter"):
            ms = times[f"{engine}_ms"]
            tflops = gflop[engine] / ms if engine in gflop else None
            share = f"{tflops / ceiling:.1%}" if tflops and ceiling else ""
            alone = times[f"{engine}_alone_ms"]
            rows.append(
                (
                    engine,
                    batch,
                    f"{ms:.3f}",
                    f"{1e3 / ms:,.0f}",
                    f"{alone:.3f}",
                    f"{tflops:.1f}" if tflops else "",
                    share,
                )
            )
    heads = ("engine", "batch", "ms a frame", "frames/s", "ms a frame, one batch at a time", "TFLOP/s", "of the card's")
    return [
        "",
        f"## {part}: each engine alone, two batches under way",
        "",
        bench["device"],
        "",
        *_table(heads, rows),
        *_saturated(part, bench),
        *_part_load(part, bench),
    ]


def _saturated(part: str, bench: dict[str, Any]) -> list[str]:
    rows = []
    for at in bench["mixes"]:
        found = at["saturated"]
        rows.append(
            (
                *_mix(at),
                f"{found['bound_hz']:,.0f}",
                f"{found['rate_hz']:,.0f}",
                f"{found['of_bound']:.2f}",
                f"{found['of_bound_low']:.2f} to {found['of_bound_high']:.2f}",
                f"{found['cpu_ms']:.2f}",
                uninspected(found["uninspected"]),
            )
        )
    heads = ("let through", "pattern", "bound, frames/s", "line, frames/s", "line/bound", "quartiles",
             "parent's CPU, ms a frame", "uninspected")  # fmt: skip
    return [
        "",
        f"## {part}: the line as fast as it takes frames, medians of {bench['settings']['repetitions']}",
        "",
        f"The bound is {BOUNDS[bench['bound']]}. Line and engines are both saturated.",
        "",
        *_table(heads, rows),
    ]


def _part_load(part: str, bench: dict[str, Any]) -> list[str]:
    loads, latencies = [], []
    for at in bench["mixes"]:
        found = at["part_load"]
        loads.append(
            (
                *_mix(at),
                f"{found['rate_hz']:,.0f}",
                f"{found['under_way_mean']:.1f}",
                str(found["under_way_most"]),
                f"{found['frames']:,}",
                uninspected(found["uninspected"]),
            )
        )
        for name, kind in (("clean", found["clean"]), ("let through", found["let_through"])):
            if kind:
                keys = (("p50_ms", 1), ("p95_ms", 1), ("p99_ms", 1), ("p999_ms", 1), ("own_ms", 2), ("p99_of_own", 2),
                        ("full_batch_ms", 1), ("p99_of_full_batch", 2))  # fmt: skip
                figures = (_shown(kind[key], digits) for key, digits in keys)
                latencies.append((*_mix(at), name, f"{kind['frames']:,}", *figures))
    heads = ("let through", "pattern", "camera, frames/s", "under way, mean", "most", "frames", "uninspected")
    kinds = ("let through", "pattern", "frame", "frames", "p50 ms", "p95", "p99", "p99.9", "own ms", "p99/own",
             "full batch and waits, ms", "p99/full batch")  # fmt: skip
    deadline_ms = bench["settings"]["deadline_ms"]
    return [
        "",
        f"## {part}: the line at {bench['load']:.0%} of the rate it just reached, deadline {deadline_ms:g} ms",
        "",
        *_table(heads, loads),
        "",
        "Capture to verdict; own: such a frame with nothing else running, through the gate or through both.",
        "",
        *_table(kinds, latencies),
    ]


def _mix(at: dict[str, Any]) -> tuple[str, str]:
    return f"{at['share']:.0%}", at["pattern"] if at["share"] < 1 else "all"


def rate_hz(bench: dict[str, Any], share: float) -> float | None:
    """Frames per second that the line reached with that share let through, evenly spread; None where it was not measured."""
    for at in bench.get("mixes", ()):
        if at["share"] == share and at["pattern"] == "even":
            return float(at["saturated"]["rate_hz"])
    return None


def uninspected(by_reason: dict[str, int]) -> str:
    """How many frames ended UNINSPECTED, and why."""
    return ", ".join(f"{count:,} {reason}" for reason, count in by_reason.items()) or "0"


def _shown(figure: float | None, digits: int) -> str:
    return "-" if figure is None else f"{figure:,.{digits}f}"


def _peers(found: dict[str, Any]) -> list[str]:
    rows = []
    for name in ("demo", "paper"):
        loops = {**_of(found, f"{name} peers"), **_of(found, f"{name} compiled by torch")}
        for part in [part for part in found if part.startswith(f"{name} bench")]:
            rate = rate_hz(_of(found, part), 0.1)
            if rate:
                rows.append((name, f"the line, {part.split()[-1]}", f"{rate:,.0f}", ""))
                rows += [
                    (name, loop, f"{hz:,.0f}", f"{rate / hz:.2f}")
                    for loop, hz in loops.items()
                    if isinstance(hz, float)
                ]
    heads = ("bundle", "10 % let through", "frames/s", "line / this")
    return ["", "## The line beside loops a user of torch would write", "", *_table(heads, rows)] if rows else []


def _of(found: dict[str, Any], part: str) -> dict[str, Any]:
    told = found.get(part, {}).get("found", {})
    return told if isinstance(told, dict) and "failed" not in told else {}


def _under_load(part: str, told: dict[str, Any]) -> list[str]:
    rows = [
        (
            name,
            f"{at['frames']:,}",
            uninspected(at["uninspected"]),
            *(_shown(at[f"p{q} ms"], 1) for q in (50, 99, 99.9)),
        )
        for name, at in told.items()
        if isinstance(at, dict) and "p50 ms" in at
    ]
    lines = ["", f"## {part}", "", *_table(("load", "frames", "uninspected", "p50 ms", "p99 ms", "p99.9 ms"), rows), ""]
    lines += [f"- {told['frames sent in all']:,} frames sent in all, {told['verdicts in all']:,} verdicts"]
    if memory := told.get("memory"):
        first, last = memory["device bytes free, first and last"]
        lines += [
            f"- memory over {memory['frames']:,} frames: {memory['bytes_per_frame']:+.1f} bytes a frame "
            f"[{memory['low']:+.1f}, {memory['high']:+.1f}] on the host, {first - last:+,} bytes on the device"
        ]
    return lines


def _switches(part: str, told: dict[str, Any]) -> list[str]:
    on = told["everything on"]["frames/s"]
    rows = [
        (name, f"{at['frames/s']:,.0f}", f"{at['frames/s'] / on:.2f}", f"{at['start s']:.1f}")
        for name, at in told.items()
        if "start s" in at
    ]
    threads = [(name, f"{rate:,.0f}", "", "") for name, rate in told.get("every frame let through", {}).items()]
    return ["", f"## {part}", "", *_table(("10 % let through", "frames/s", "of all on", "start, s"), [*rows, *threads])]


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    return [f"| {' | '.join(row)} |" for row in (heads, ["---"] * len(heads), *rows)]


if __name__ == "__main__":
    sys.stdout.write(report(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))))
