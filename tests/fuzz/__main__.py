"""Runs targets one after another, each in a process of its own, and tells what was found: ``python -m tests.fuzz TARGET --seconds 60``."""

from __future__ import annotations

import argparse
import importlib.util
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.fuzz import corpus
from tests.fuzz.findings import Findings
from tests.fuzz.limits import ROOT, Finding
from tests.fuzz.reach import worth_keeping
from tests.fuzz.target import Target

GUIDED = importlib.util.find_spec("atheris") is not None
HANGS_S = 30
MOST_MIB = 4096
_OUT = ROOT / "build" / "fuzz"


def main() -> None:
    """Run the targets that are named; the exit status says whether anything was found."""
    from tests.fuzz.targets import TARGETS, find

    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("targets", nargs="*", metavar="TARGET", help=f"all where none is named: {', '.join(TARGETS)}")
    options.add_argument("--seconds", type=float, default=60.0, help="for each target; 0: keep only")
    options.add_argument("--out", type=Path, default=_OUT, help="folder for inputs and findings")
    options.add_argument("--keep", action="store_true", help="keep inputs that reach further")
    options.add_argument("--seed", type=int, default=time.time_ns() % 10**9)
    chosen = options.parse_args()
    names = chosen.targets or TARGETS
    if unknown := sorted(set(names) - set(TARGETS)):
        sys.exit(f"there is no target {unknown[0]}; expected some of {', '.join(TARGETS)}")
    how = "guided by atheris" if GUIDED else "drawn by hypothesis; atheris is not installed"
    print(f"{len(names)} targets, {chosen.seconds:g} s each, {how}, seed {chosen.seed}", flush=True)
    found = 0
    for name in names:
        target, folder = find(name), chosen.out / name
        corpus.write(folder / "inputs", Findings(folder / "findings").take())
        executions, seconds = (
            (0, 0.0)
            if not chosen.seconds
            else (_guided if GUIDED else _drawn)(target, folder, chosen.seconds, chosen.seed)
        )
        told = Findings(folder / "findings").told()
        found += len(told)
        print(f"{name:22} {executions:>10,} inputs in {seconds:5.0f} s   {len(told)} findings", flush=True)
        for file, text in told:
            print(f"  {file}: {text.splitlines()[0]}")
        if chosen.keep:
            print(f"  {_kept(target, folder)} inputs are new in the kept corpus")
    sys.exit(1 if found else 0)


def _guided(target: Target, folder: Path, seconds: float, seed: int) -> tuple[int, float]:
    """With atheris. Inputs that reach further stay in FOLDER/inputs."""
    corpus.write(folder / "inputs", (*target.seeds(), *corpus.kept(target.name)))
    begun_s, executions, inputs = time.monotonic(), 0, str(folder / "inputs")
    with tempfile.NamedTemporaryFile("w", suffix=".dict") as words:
        words.writelines(_quoted(token) for token in target.tokens if token)
        words.flush()
        arguments = [
            f"-max_len={target.longest}", f"-timeout={HANGS_S}", f"-rss_limit_mb={MOST_MIB}", "-print_final_stats=1", "-verbosity=1",
            f"-artifact_prefix={folder}/", *([f"-dict={words.name}"] if target.tokens else []),
        ]  # fmt: skip
        while (left_s := seconds - (time.monotonic() - begun_s)) >= 1:
            log = _child(
                "guided", target, folder, *arguments, f"-max_total_time={int(left_s)}", f"-seed={seed % 2**31}", inputs
            )
            executions += _number(r"stat::number_of_executed_units: *(\d+)", log)
            seed += 1
            ended = _ended(folder)
            for file in ended:
                _died(folder, file, log)
            if not ended:
                break
    return executions, time.monotonic() - begun_s


def _quoted(token: bytes) -> str:
    """A line of libFuzzer's dictionary."""
    return '"' + "".join(f"\\x{byte:02x}" for byte in token) + '"\n'


def _drawn(target: Target, folder: Path, seconds: float, seed: int) -> tuple[int, float]:
    """With hypothesis, which begins with FOLDER/inputs too."""
    begun_s = time.monotonic()
    log = _child("drawn", target, folder, str(seconds), str(seed))
    for file in _ended(folder):
        _died(folder, file, log)
    return _number(r"executions: (\d+)", log), time.monotonic() - begun_s


def _child(module: str, target: Target, folder: Path, *arguments: str) -> str:
    """Run it in a process of its own; what it printed."""
    command = [sys.executable, "-m", f"tests.fuzz.{module}", target.name, str(folder), *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, check=False)
    log = (done.stdout + done.stderr).decode(errors="replace")
    (folder / "log").write_text(log, encoding="utf-8")
    if done.returncode and not _ended(folder) and not _number(r"(?:units|executions): *(\d+)", log):
        sys.exit(f"{target.name}: the process did not start:\n{log[-3000:]}")
    return log


def _ended(folder: Path) -> list[Path]:
    """The inputs with which processes ended: libFuzzer's, or the one that hypothesis had drawn."""
    return [file for kind in ("crash-*", "oom-*", "timeout-*", "current") for file in folder.glob(kind)]


def _died(folder: Path, file: Path, log: str) -> None:
    """A process ended with this input: it becomes a finding."""
    what = file.name.split("-")[0]
    Findings(folder / "findings").add(file.read_bytes(), Finding(f"the process ended ({what})", log[-4000:]))
    file.unlink()


def _kept(target: Target, folder: Path) -> int:
    """Keep short inputs that reach further than those that are kept."""
    known = (*target.seeds(), *corpus.kept(target.name))
    inputs = [file.read_bytes() for file in (folder / "inputs").iterdir()]
    return corpus.keep(target, worth_keeping(target, known, inputs))


def _number(pattern: str, log: str) -> int:
    return sum(map(int, re.findall(pattern, log)))


if __name__ == "__main__":
    main()
