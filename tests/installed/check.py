"""Every `inspector` command of README, in its order, from a wheel and in a folder of its own, then the demo.

    python -m tests.installed.check

Takes some minutes. The folders and files that README supposes are simulated. Trainings are cut to a batch, and left out with what builds on
them where the training extra is missing. Prints each command with its time; exit status 1 where one failed.
"""

from __future__ import annotations

import csv
import importlib.util
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import cv2
import numpy as np

from engines.data.dataset import open_dataset
from engines.data.run_lengths import encode_run_lengths
from tests.installed.install import ROOT, Installed, build_wheel, install

SHORT = "--set phases='[{loss: bce, epochs: 1}]' --set steps_per_epoch=1 --set batches.size=2 --no-progress"
EXTRA = importlib.util.find_spec("lightning") is not None
OF_THE_EXTRA = ("train", "bundle", "calibrate", "evaluate")
"""Commands that need a training, or the bundle that is built from two."""
FEW_FRAMES = ("calibrate",)
"""Commands that may end with status 1 here: so few frames prove no miss rate."""


def commands() -> list[str]:
    """The commands in README's blocks of shell, without comments."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    text = "\n".join(re.findall(r"```sh\n(.*?)```", readme, flags=re.DOTALL)).replace("\\\n", " ")
    lines = (line.split(" #")[0].strip() for line in text.splitlines())
    return [line for line in lines if line.startswith("inspector ")]


def main() -> None:
    """Run all, print what came of it."""
    with tempfile.TemporaryDirectory(prefix="inspector-installed-") as name:
        here = install(build_wheel(Path(name)), Path(name))
        prepare(here)
        failed = [command for command in (*commands(), "inspector demo") if not _works(here, command)]
    print(f"failed: {failed}" if failed else "all commands worked")
    sys.exit(bool(failed))


def prepare(here: Installed) -> None:
    """What README supposes: a line, a data set, frames, and their truth as run lengths and as masks that hold class numbers; wider frames."""
    made = here.sh(
        "inspector simulate severstal --frames 40 --seed 3 --defect-rate 0.8 --class-mix 1,1,1,1"
        " && cp -r severstal/images frames && inspector config example > line.yaml"
    )
    assert made.returncode == 0, made.stderr
    dataset = open_dataset(here.folder / "severstal")
    for name in ("masks", "strips"):
        (here.folder / name).mkdir()
    for frame in dataset.frames[:4]:
        pixels = cv2.imread(str(frame.path), cv2.IMREAD_GRAYSCALE)
        assert pixels is not None
        cv2.imwrite(str(here.folder / "strips" / f"{frame.path.stem}.png"), np.hstack([pixels, pixels])[:, :2000])
    with (here.folder / "train.csv").open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(("ImageId", "ClassId", "EncodedPixels"))
        for frame in dataset.frames:
            mask = frame.mask()
            numbers = np.zeros_like(mask)
            for k in frame.classes:
                numbers[mask >> k & 1 == 1] = k + 1
            cv2.imwrite(str(here.folder / "masks" / f"{frame.path.stem}.png"), numbers)
            rows.writerows((frame.path.name, k + 1, encode_run_lengths(mask >> k & 1 == 1)) for k in frame.classes)


def _works(here: Installed, command: str) -> bool:
    word = command.split()[1]
    if word in OF_THE_EXTRA and not EXTRA:
        print(f"   left out  {command}")
        return True
    began = time.monotonic()
    if word == "init":
        command += " --no-input made.yaml"  # nobody answers, and line.yaml is there already
    if word == "run":
        problem = _run_line(here, command)
    elif word == "subscribe":
        return True  # beside the line, see _run_line
    else:
        done = here.sh(f"{command} {SHORT}" if word == "train" else command, 600)
        well = done.returncode in ((0, 1) if word in FEW_FRAMES else (0,)) and "Traceback" not in done.stderr
        problem = "" if well else f"status {done.returncode}: {done.stderr[-2000:]}"
    print(f"{time.monotonic() - began:9.1f} s  {command}{f': {problem}' if problem else ''}", flush=True)
    return not problem


def _run_line(here: Installed, command: str) -> str:
    """The line with a subscriber beside it; returns what went wrong."""
    with _started(here, command) as line, _started(here, "inspector subscribe") as subscriber:
        assert subscriber.stdout is not None
        seen = next((told for told in subscriber.stdout if "PASS" in told or "REJECT" in told), "")
        began = time.monotonic()
        line.send_signal(signal.SIGTERM)
        status = line.wait(10)
        took = time.monotonic() - began
        subscriber.send_signal(signal.SIGINT)
    if not seen:
        return "no verdict was received"
    return "" if status == 0 and took < 2 else f"ended with status {status} after {took:.1f} s"


@contextmanager
def _started(here: Installed, command: str) -> Iterator[subprocess.Popen[str]]:
    """A command in the background, ended with the block."""
    process = subprocess.Popen(
        ["sh", "-c", f"exec {command}"], cwd=here.folder, env=here.variables(), stdout=subprocess.PIPE, text=True
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


if __name__ == "__main__":
    main()
