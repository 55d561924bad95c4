"""Tries one input: the errors that a decoder does not promise, and its bounds of time and memory."""

from __future__ import annotations

import contextlib
import re
import resource
import time
import traceback
from pathlib import Path
from types import TracebackType
from typing import NamedTuple

from tests.fuzz.target import BrokenPromiseError, Target

ROOT = Path(__file__).parents[2]
_OURS = tuple(f"{ROOT}/{package}/" for package in ("inspector", "engines", "calibration"))


class Finding(NamedTuple):
    """What is wrong with an input."""

    key: str
    """The same for inputs that show the same fault."""
    told: str
    """For a person: a traceback, or which bound was passed."""


def attempt(target: Target, data: bytes) -> Finding | None:
    """Decode one input; None where the decoder keeps what it promises."""
    memory = _peak_kib(reset=True)
    begun_s = time.process_time()
    try:
        target.run(data)
    except Exception as error:
        return Finding(_key(error), "".join(traceback.format_exception(error)))
    took_s = time.process_time() - begun_s
    grown_mib = (_peak_kib() - memory) >> 10
    if grown_mib > target.memory_mib:
        return Finding("memory", f"took {grown_mib} MiB; expected at most {target.memory_mib}\n")
    if took_s > target.cpu_s and (took_s := min(took_s, _seconds(target, data), _seconds(target, data))) > target.cpu_s:
        return Finding("slow", f"took {took_s:.1f} s; expected at most {target.cpu_s:g}\n")
    return None


def limit_memory(mib: int) -> None:
    """Have this process fail beyond so much memory, before the machine does."""
    resource.setrlimit(resource.RLIMIT_DATA, (mib << 20, resource.getrlimit(resource.RLIMIT_DATA)[1]))


def _seconds(target: Target, data: bytes) -> float:
    begun_s = time.process_time()
    target.run(data)
    return time.process_time() - begun_s


def _peak_kib(*, reset: bool = False) -> int:
    """The most memory that this process has had; with ``reset`` it counts from what it has now, where the kernel allows that."""
    if reset:
        with contextlib.suppress(OSError), open("/proc/self/clear_refs", "wb", buffering=0) as file:
            file.write(b"5")
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def _key(error: BaseException) -> str:
    """Kind of the error and the last place in the project; of a broken promise also what it says, without its particulars."""
    told = re.sub(r"\d+", "N", str(error).split(":", 1)[0]) if isinstance(error, BrokenPromiseError) else ""
    return f"{type(error).__name__} {told} {_place(error.__traceback__)}"


def _place(at: TracebackType | None) -> str:
    place = "outside"
    while at is not None:
        file = at.tb_frame.f_code.co_filename
        if file.startswith(_OURS) or "/tests/fuzz/targets/" in file:
            place = f"{Path(file).relative_to(ROOT)}:{at.tb_lineno}"
        at = at.tb_next
    return place
