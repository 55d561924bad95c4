"""Runs the trial and prints what came of it; exit status 1 where a reader failed."""

from __future__ import annotations

import json
import os
import shutil
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


class Trial:
    """What came of the readings so far. One process does all of them, so that a failure that spreads to the next file is seen, too."""

    def __init__(self, most_seconds: int) -> None:
        self.failures: list[str] = []
        self.outcomes: dict[str, Counter[str]] = {}
        self.slowest_s = (0.0, "")
        self._most_seconds = most_seconds
        signal.signal(signal.SIGALRM, _too_slow)
        Path(f"/proc/{os.getpid()}/clear_refs").write_text("5")  # the kernel's peak of resident memory begins anew
        self._before_mib = _resident_mib("VmRSS")
        self.peak_mib = (0.0, "")
        """Beyond what was in use at the beginning."""

    def read(self, kind: str, reader: str, read: Reader, path: Path) -> None:
        """Try one reader on one file."""
        what = f"{path.name}, {reader}"
        begin = time.perf_counter()
        outcome, told = self._tried(read, path)
        self.slowest_s = max(self.slowest_s, (time.perf_counter() - begin, what))
        grown = _resident_mib("VmHWM") - self._before_mib
        if grown > self.peak_mib[0]:
            self.peak_mib = grown, what
        self.outcomes.setdefault(f"{kind}: {reader}", Counter())[outcome] += 1
        if outcome == "failed":
            self.failures.append(f"{what}: {told}")

    def _tried(self, read: Reader, path: Path) -> tuple[str, str]:
        signal.alarm(self._most_seconds)
        try:
            read(path)
            return "read", ""
        except TOLD as error:
            plain = str(error).isprintable()
            return ("refused", "") if plain else ("failed", f"no plain line: {error!r}")
        except (Exception, TooSlowError):
            return "failed", traceback.format_exc()
        finally:
            signal.alarm(0)


def main() -> int:
    """The trial."""
    wanted = arguments()
    with tempfile.TemporaryDirectory(prefix="inspector-foreign-") as scratch:
        folder = Path(scratch)
        data = write_masks(folder / "data", {"f0": [(0, 1, 1, 3, 3)], "f1": [(1, 2, 2, 4, 4)], "f2": []})
        for sound in (data / "images").iterdir():
            shutil.copy(sound, folder)  # what the lists name
        table = readers(data)
        whole = folder / "whole" / "images"
        whole.mkdir(parents=True)
        made = [*pictures(wanted.files * 7 // 10, wanted.seed), *others(wanted.files * 3 // 10, wanted.seed)]
        trial = Trial(wanted.seconds)
        for name, content in made:
            path = folder / name
            path.write_bytes(content)
            kind = next((one for one in table if name.startswith(f"{one}-")), "picture")
            for reader, read in table[kind].items():
                trial.read(kind, reader, read, path)
            path.rename(whole / name) if kind == "picture" else path.unlink()
        trial.failures += _in_one_run(whole.parent)
    for reader, counts in trial.outcomes.items():
        print(f"{reader:<28}{counts['read']:>6} read{counts['refused']:>6} refused{counts['failed']:>4} failed")
    for failure in trial.failures[:20]:
        print(f"\nFAILED {failure}")
    readings = sum(counts.total() for counts in trial.outcomes.values())
    print(f"\n{len(made)} files, {readings} readings, {len(trial.failures)} failures")
    print(f"most memory: {trial.peak_mib[0]:.0f} MiB, at most {wanted.mib} allowed ({trial.peak_mib[1]})")
    print(f"longest time: {trial.slowest_s[0]:.2f} s ({trial.slowest_s[1]})")
    return 1 if trial.failures or trial.peak_mib[0] > wanted.mib else 0


def _in_one_run(whole: Path) -> list[str]:
    """All pictures in one replay and in one check of a data set: each has exactly one verdict, and no command ends in a traceback."""
    bundle = make_tiny_bundle(whole.parent / "bundle")
    names = sorted(path.name for path in (whole / "images").iterdir())
    rows = [f'"{name}",1,1 2' for name in names[:5]]
    (whole / "train.csv").write_text("\n".join(["ImageId,ClassId,EncodedPixels", *rows]) + "\n")
    replay = ["replay", str(whole / "images"), "--bundle", str(bundle.path), "--raw", "uint8", "--json"]
    failures = []
    for words in (replay, ["data", "check", str(whole), "--json"]):
        done = subprocess.run([sys.executable, "-m", "inspector", *words], capture_output=True, text=True, timeout=600)
        print(f"inspector {words[0]}, {len(names)} pictures: exit status {done.returncode}")
        if "Traceback" in done.stderr or done.returncode not in (0, 1):
            failures.append(f"inspector {words[0]}: {done.stderr[-2000:]}")
        elif words is replay and (found := json.loads(done.stdout)["frames"]) != len(names):
            failures.append(f"a replay of {len(names)} pictures gave {found} verdicts")
    return failures


def _too_slow(_: int, __: FrameType | None) -> None:
    raise TooSlowError


def _resident_mib(field: str) -> float:
    for line in Path(f"/proc/{os.getpid()}/status").read_text().splitlines():
        if line.startswith(f"{field}:"):
            return int(line.split()[1]) / 1024
    return 0.0


if __name__ == "__main__":
    sys.exit(main())
