"""The compiled modules under the address, leak and undefined-behaviour sanitizers, against the numpy code (``fuzz_native``, ``fuzz_quick_look``,
``fuzz_flat_field``).

    python -m tests.verdicts.sanitize_native --seconds 60

Then faults are planted in copies of the sources, each of which has to be found. Needs gcc. Exit status 1 where a fault was found in a source
itself, or a planted one was not.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
SHORT_S = 4
LEAK, ADDRESS = "leak of", "AddressSanitizer"
FLAGS = (
    "-shared",
    "-fPIC",
    "-O1",
    "-g",
    "-Wall",
    "-Wextra",
    "-Werror",
    "-fsanitize=address,undefined",
    "-fno-sanitize-recover=all",
)


class Target(NamedTuple):
    """A compiled module."""

    source: Path
    fuzz: str
    """The program that tries it."""


MEASURING = Target(ROOT / "inspector/verdicts/_native.c", "tests.verdicts.fuzz_native")
QUICK_LOOK = Target(ROOT / "engines/images/_quick_look.c", "tests.engines.images.fuzz_quick_look")
FLAT_FIELD = Target(ROOT / "inspector/capture/_flat_field.c", "tests.capture.fuzz_flat_field")


class Change(NamedTuple):
    """A place in the source, and what stands there instead."""

    name: str
    text: str
    instead: str
    told: str = ""
    """What the sanitizers say of it."""


TIGHT = (
    Change("memory of exactly the size", "bytes > 2 * buffer->bytes ? bytes : 2 * buffer->bytes", "bytes"),
    Change("no memory kept for the next call", "most_kept = 32 << 20", "most_kept = 0"),
)
"""Without these the sanitizers would not see a write beyond what was asked for, into what is kept in reserve."""
FAULTS = (
    Change("too little memory", "(buffer->memory, wanted ? wanted : 1)", "(buffer->memory, wanted - 1)", ADDRESS),
    Change("a read past the mask", "at < BLOCK; at += 8)\n        other", "at <= BLOCK; at += 8)\n        other", ADDRESS),
    Change("memory used after it was freed", "release(bytes > most_kept ? scratch : atomic_exchange(&spare, scratch));", "atomic_store(&spare, scratch);\n    release(bytes > most_kept ? scratch : NULL);", ADDRESS),
    Change("a result that is never released", "Py_XDECREF(encoded);", "", LEAK),
    Change("a sum beyond 32 bits", "pass->regions_count = count;", "pass->regions_count = count;\n    volatile int32_t most = INT32_MAX;\n    most = most + pass->height;", "signed integer overflow"),
)  # fmt: skip


PAST_THE_ROW = Change("a read past the row", "from + BLOCK + LAG <= width", "from + LAG <= width", ADDRESS)
PAST_THE_FRAME = Change("a write past the frame", "y < frame->height", "y <= frame->height", ADDRESS)


def main() -> None:
    """Try the sources, then the copies with faults."""
    options = argparse.ArgumentParser()
    options.add_argument("--seconds", type=float, default=60)
    seconds = options.parse_args().seconds
    if shutil.which("gcc") is None:
        sys.exit("no gcc: apt-get install gcc libc6-dev, then try again")
    source = MEASURING.source.read_text(encoding="utf-8")
    for change in TIGHT:
        source = changed(source, change)
    found = problems(source, seconds) + leaks(source)
    look = QUICK_LOOK.source.read_text(encoding="utf-8")
    found += problems(look, seconds / 2, QUICK_LOOK)
    flat = FLAT_FIELD.source.read_text(encoding="utf-8")
    found += problems(flat, seconds / 2, FLAT_FIELD)
    print(found or "nothing found in the sources", flush=True)
    missed = [fault.name for fault in FAULTS if not finds(fault, source)]
    missed += [] if finds(PAST_THE_ROW, look, QUICK_LOOK) else [PAST_THE_ROW.name]
    missed += [] if finds(PAST_THE_FRAME, flat, FLAT_FIELD) else [PAST_THE_FRAME.name]
    sys.exit(bool(found or missed))


def changed(source: str, change: Change) -> str:
    """The source with the change, which has to have its place there."""
    if source.count(change.text) != 1:
        sys.exit(f"{change.name}: the source has to hold once {change.text!r}")
    return source.replace(change.text, change.instead)


def finds(fault: Change, source: str, target: Target = MEASURING) -> bool:
    """Whether a planted fault is found; printed too."""
    planted = changed(source, fault)
    said = leaks(planted) if fault.told == LEAK else problems(planted, target=target)
    found = fault.told in said
    print(f"{'found' if found else 'NOT FOUND'}, as planted: {fault.name}{'' if found else said}", flush=True)
    return found


def problems(source: str, seconds: float = SHORT_S, target: Target = MEASURING) -> str:
    """What the sanitizers say of a source, or why it failed; empty for nothing."""
    done = fuzz(source, seconds, "detect_leaks=0", target)
    if done.returncode:
        return done.stdout + done.stderr
    print(done.stdout, end="", flush=True)
    return ""


def leaks(source: str) -> str:
    """The leaks in a source. Those of Python, numpy and OpenCV, which end with memory that nobody misses, are left out. To know whose a
    leak is needs the whole stack of every allocation, which is slow."""
    done = fuzz(source, SHORT_S, "detect_leaks=1:fast_unwind_on_malloc=0")
    return "\n\n".join(leak for leak in done.stderr.split("\n\n") if LEAK in leak and "_native.c:" in leak)


def fuzz(source: str, seconds: float, options: str, target: Target = MEASURING) -> subprocess.CompletedProcess[str]:
    """Compile a source with sanitizers and let the target's program try it."""
    with tempfile.TemporaryDirectory(prefix="inspector-sanitize-") as folder:
        written, built = Path(folder, target.source.name), Path(folder, f"{target.source.stem}.abi3.so")
        written.write_text(source, encoding="utf-8")
        include = f"-I{sysconfig.get_path('include')}"
        if subprocess.run(["gcc", *FLAGS, include, str(written), "-o", str(built), "-lm"], check=False).returncode:
            sys.exit("the source does not compile without warnings")
        # The sanitizers have to be loaded before anything else, and to see each of Python's allocations.
        library = subprocess.run(["gcc", "-print-file-name=libasan.so"], capture_output=True, text=True, check=True)
        variables = {
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "PYTHONMALLOC": "malloc",
            "LD_PRELOAD": library.stdout.strip(),
            "ASAN_OPTIONS": f"allocator_may_return_null=1:{options}",
        }
        command = [sys.executable, "-m", target.fuzz, "--seconds", str(seconds), "--module", folder]
        return subprocess.run(command, cwd=ROOT, env=variables, capture_output=True, text=True, check=False)


if __name__ == "__main__":
    main()
