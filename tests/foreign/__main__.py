"""Runs the trial and prints what came of it; exit status 1 where a reader failed."""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from collections import Counter
from pathlib import Path
from types import FrameType

from tests.engines.data.sets import write_masks
from tests.foreign.others import others
from tests.foreign.pictures import pictures
from tests.foreign.readers import TOLD, Reader, arguments, readers
from tests.tiny_bundle import make_tiny_bundle


class TooSlowError(BaseException):
    """A reader took longer than it may."""


def main() -> int:
    """One process reads all: a failure that spreads to the next file is one, too."""
    wanted = arguments()
    signal.signal(signal.SIGALRM, _too_slow)
    with tempfile.TemporaryDirectory(prefix="inspector-foreign-") as scratch:
        folder = Path(scratch)
        table = readers(_sound_data(folder / "data"))
        whole = folder / "whole"
        (whole / "images").mkdir(parents=True)
        (whole / "masks").mkdir()
        outcomes: dict[str, Counter[str]] = {}
        failures: list[str] = []
        most_mib, slowest_s = (0.0, ""), (0.0, "")
        made = [*pictures(wanted.files * 7 // 10, wanted.seed), *others(wanted.files * 3 // 10, wanted.seed)]
        for name, data in made:
            path = folder / name
            path.write_bytes(data)
            kind = next((one for one in table if name.startswith(f"{one}-")), "picture")
            for reader, read in table[kind].items():
                _reset_peak()
                before, begin = _resident_mib("VmRSS"), time.perf_counter()
                outcome, told = _tried(read, path, wanted.seconds)
                took, grown = time.perf_counter() - begin, _resident_mib("VmHWM") - before
                outcomes.setdefault(f"{kind}: {reader}", Counter())[outcome] += 1
                most_mib, slowest_s = (
                    max(most_mib, (grown, f"{name}, {reader}")),
                    max(slowest_s, (took, f"{name}, {reader}")),
                )
                if grown > wanted.mib:
                    outcome, told = "failed", f"{grown:.0f} MiB"
                if outcome == "failed":
                    failures.append(f"{name}, {reader}: {told}")
            if kind == "picture":
                path.rename(whole / "images" / name)
            else:
                path.unlink()
        failures += _in_one_run(whole)
    _print(outcomes, failures, len(made))
    print(
        f"most memory for one file: {most_mib[0]:.0f} MiB ({most_mib[1]}); longest time {slowest_s[0]:.2f} s ({slowest_s[1]})"
    )
    return 1 if failures else 0


def _tried(read: Reader, path: Path, seconds: int) -> tuple[str, str]:
    signal.alarm(seconds)
    try:
        read(path)
        return "read", ""
    except TOLD as error:
        lines = str(error).splitlines()
        return (
            ("refused", "") if len(lines) == 1 and str(error).isprintable() else ("failed", f"no plain line: {error!r}")
        )
    except (Exception, TooSlowError):
        return "failed", traceback.format_exc()
    finally:
        signal.alarm(0)


def _in_one_run(whole: Path) -> list[str]:
    """All pictures in one replay and in one check of a data set: each has exactly one verdict, and no command ends in a traceback."""
    bundle = make_tiny_bundle(whole.parent / "bundle")
    count = len(list((whole / "images").iterdir()))
    failures = []
    for words in (
        ["replay", str(whole / "images"), "--bundle", str(bundle.path), "--json"],
        ["data", "check", str(whole), "--json"],
    ):
        before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
        done = subprocess.run([sys.executable, "-m", "inspector", *words], capture_output=True, text=True, timeout=600)
        peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
        grown = f", at most {peak / 1024:.0f} MiB" if peak > before else ""
        print(f"inspector {words[0]} of {count} pictures: exit status {done.returncode}{grown}")
        if "Traceback" in done.stderr or done.returncode not in (0, 1, 2):
            failures.append(f"inspector {words[0]}: {done.stderr[-2000:]}")
        elif words[0] == "replay" and (told := json.loads(done.stdout))["frames"] != count:
            failures.append(f"a replay of {count} pictures gave {told['frames']} verdicts")
    return failures


def _print(outcomes: dict[str, Counter[str]], failures: list[str], files: int) -> None:
    for reader, counts in outcomes.items():
        print(f"{reader:<28} {counts['read']:>5} read  {counts['refused']:>5} refused  {counts['failed']:>3} failed")
    for failure in failures[:20]:
        print(f"\nFAILED {failure}")
    print(
        f"\n{files} files, {sum(sum(counts.values()) for counts in outcomes.values())} readings, {len(failures)} failures"
    )


def _sound_data(folder: Path) -> Path:
    return write_masks(folder, {"f0": [(0, 1, 1, 3, 3)], "f1": [(1, 2, 2, 4, 4)], "f2": []})


def _too_slow(_: int, __: FrameType | None) -> None:
    raise TooSlowError


def _reset_peak() -> None:
    """The kernel's high-water mark of resident memory begins anew."""
    Path(f"/proc/{os.getpid()}/clear_refs").write_text("5")


def _resident_mib(field: str) -> float:
    for line in Path(f"/proc/{os.getpid()}/status").read_text().splitlines():
        if line.startswith(f"{field}:"):
            return int(line.split()[1]) / 1024
    return 0.0


if __name__ == "__main__":
    sys.exit(main())
