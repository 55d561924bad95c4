"""A reject controller on trial behind a real line, every part a process of its own: Aravis' fake camera, the daemon, a network that fails, the
controller, a PLC; random faults of each; and an account of what the camera sent, the daemon journaled and the PLC held.

    python -m tests.client.controller.trial --faults 20 --seed 1 [--burn 2]

It prints each fault, then one line of JSON: ``wrong_records`` and ``wrongly_open`` have to be empty, ``expected`` are the sheets that passed in
stretches without a fault, ``let_through`` those of them that the PLC was told to pass. ``--burn``: so many processes that use the processor beside it.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import Any

import msgspec
import numpy as np
import yaml

from inspector.client.control import ControlClient, NoAnswer
from inspector.client.controller.actuator import State
from inspector.client.controller.rearm import ask
from inspector.protocol.control import RunStart
from inspector.results.journal_reader import JournalReader
from tests.capture.genicam.fake_camera import FakeCamera, sent_frames
from tests.client.controller.harness import GateTrial
from tests.client.controller.ledger import Ledger
from tests.client.controller.plc_process import PlcProcess
from tests.faults.running import free_port
from tests.line.camera_line import ROOT, children_of
from tests.tiny_bundle import frame_with, make_tiny_bundle

RATE_HZ, FRAME_UM, SHEET_UM, DISTANCE_UM = 60, 10_000, 25_000, 1_500_000
IMAGES = [number not in (7, 22) for number in range(97)]
"""Whether each image is clean."""
ARRIVAL = {
    "by": "position", "distance_mm": DISTANCE_UM / 1000, "fastest_m_per_s": 0.75, "gate_ms": 0, "decide_ms": 300, "stale_ms": 500, "jitter_mm": 5,
}  # fmt: skip
"""The camera sends on time or up to two frames in a row late, so that positions jump by a frame."""
TRANSIT_S = 3.2
TOLERANCE_UM = FRAME_UM / 2
STEPS = {"+0s": 0.0, "+3600s": 3600.0, "-3600s": -3600.0}
PATIENCE_S = 60.0
_BURN = "while True: pass"


class LineTrial(GateTrial):
    """The gate, and the line's own faults beside those of network, PLC and controller."""

    def __init__(self, folder: Path, camera: FakeCamera, bundle: Path, faketime: dict[str, str]) -> None:
        self.camera = camera
        self._folder = folder
        self._control = f"ipc://{folder}/control"
        self._environment = {**os.environ, **faketime}
        self._clock = folder / "clock"
        self._runs = 0
        port = free_port()
        line = f"trial-{os.getpid()}"
        (folder / "line.yaml").write_text(yaml.safe_dump(self._tree(line, bundle, port)))
        self._daemon = self._start_daemon()
        super().__init__(
            folder, line=line, port=port, cameras=("top",), frame_um=FRAME_UM, sheet_um=SHEET_UM, transit_s=TRANSIT_S,
            arrival=ARRIVAL, control=self._control, plc=PlcProcess(folder / "plc.jsonl"),
        )  # fmt: skip
        self.faults |= {
            "camera frozen": self._camera_frozen,
            "camera lost": self._camera_lost,
            "packets lost": self._packets_lost,
            "inference killed": self._inference_killed,
            "inference stopped": self._inference_stopped,
            "daemon stopped": self._daemon_stopped,
            "daemon killed": self._daemon_killed,
        }
        if faketime:
            self.faults["daemon's clock set"] = self._clock_set

    def arm(self) -> None:
        """Until sheets may pass. Where positions ended with an interruption a person begins a run, which is what they do then."""
        until_s, begun_s = time.monotonic() + PATIENCE_S, 0.0
        while True:
            answer = self.status()
            status = answer.status if answer else None
            if status is not None and status.state is not State.ARMED:
                with contextlib.suppress(NoAnswer):
                    ask(self._endpoint, "rearm", "the trial")
            elif status is not None and not status.why_closed:
                return
            elif status is not None and "position" in status.why_closed and time.monotonic() - begun_s > 1.5:
                begun_s = time.monotonic()
                self._begin_run()
            assert time.monotonic() < until_s, (
                f"{status}\n{self.log[-2000:]}\n{(self._folder / 'daemon.log').read_text()[-2000:]}"
            )
            time.sleep(0.05)

    def close(self) -> None:
        """End every process."""
        super().close()
        self._daemon.send_signal(signal.SIGCONT)
        self._daemon.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._daemon.wait(10)
        self._daemon.kill()
        self._daemon.wait()

    def published(self) -> list[tuple[dict[str, Any], dict[str, Any]]]:
        """Headers and bodies from the journal, and those that were received: what a daemon had not yet journaled when it was killed is in these only."""
        with JournalReader(self._folder / "journal.sqlite") as reader:
            rows = [(msgspec.json.decode(row.header), msgspec.json.decode(row.body)) for row in reader.walk()]
        return [*rows, *self.audit.messages]

    def _tree(self, line: str, bundle: Path, port: int) -> dict[str, Any]:
        return {
            "line": line,
            "bundle": str(bundle),
            "cameras": [
                {"name": "top", "travel_um_per_frame": FRAME_UM, "source": {"kind": "genicam", "address": self.camera.address}}
            ],
            "deadline_ms": 800,
            "inference": {"runtime": "openvino", "precision": "f32", "restart_first_s": 0.05, "stall_timeout_s": 1.0},
            "results": {"endpoint": f"tcp://127.0.0.1:{port}", "wait_for_subscribers": 1, "heartbeat_ms": 100},
            "journal": {"path": str(self._folder / "journal.sqlite")},
            "control": {"endpoint": self._control},
        }  # fmt: skip

    def _start_daemon(self) -> subprocess.Popen[bytes]:
        with (self._folder / "daemon.log").open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-m", "inspector", "run", "-c", str(self._folder / "line.yaml")],
                stderr=log, cwd=ROOT, env=self._environment,
            )  # fmt: skip

    def _begin_run(self) -> None:
        self._runs += 1
        with contextlib.suppress(NoAnswer), ControlClient(self._control, timeout_s=1.0) as client:
            client.ask(RunStart(run=f"coil-{self._runs}"))

    def _child(self) -> int:
        found = [
            pid for pid in children_of(self._daemon.pid) if b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes()
        ]
        return found[-1]

    def _camera_frozen(self, seconds: float) -> None:
        self.camera.freeze()
        time.sleep(seconds)
        self.camera.thaw()

    def _camera_lost(self, seconds: float) -> None:
        self.camera.kill()
        time.sleep(seconds)
        self.camera.start()

    def _packets_lost(self, seconds: float) -> None:
        self.camera.tell("lost 0.05")
        time.sleep(seconds)
        self.camera.tell("lost 0")

    def _inference_killed(self, seconds: float) -> None:
        os.kill(self._child(), signal.SIGKILL)
        time.sleep(seconds)

    def _inference_stopped(self, seconds: float) -> None:
        pid = self._child()
        os.kill(pid, signal.SIGSTOP)
        time.sleep(seconds)
        with contextlib.suppress(ProcessLookupError):  # one that hangs is ended by the daemon
            os.kill(pid, signal.SIGCONT)

    def _daemon_stopped(self, seconds: float) -> None:
        self._daemon.send_signal(signal.SIGSTOP)
        time.sleep(seconds)
        self._daemon.send_signal(signal.SIGCONT)

    def _daemon_killed(self, seconds: float) -> None:
        self._daemon.kill()
        self._daemon.wait()
        time.sleep(seconds)
        self._daemon = self._start_daemon()

    def _clock_set(self, seconds: float) -> None:
        now = self._clock.read_text()
        self._clock.write_text(next(step for step in STEPS if step != now))
        time.sleep(1 + seconds)  # libfaketime looks once a second


@contextmanager
def line_on_trial(folder: Path, address: str = "127.0.5.1") -> Iterator[LineTrial]:
    """Camera, daemon, network, controller and PLC. Raises RuntimeError where a part does not start."""
    from tests.capture.genicam.faked_time import FAKETIME

    bundle = make_tiny_bundle(folder / "bundle").path
    clean, bad = frame_with([]), frame_with([(192, 6)])
    images = np.stack([clean if one else bad for one in IMAGES])
    (folder / "clock").write_text("+0s")
    faketime = {} if FAKETIME is None else {
        "LD_PRELOAD": str(FAKETIME), "FAKETIME_DONT_FAKE_MONOTONIC": "1", "FAKETIME_TIMESTAMP_FILE": str(folder / "clock"),
        "FAKETIME_CACHE_DURATION": "1",
    }  # fmt: skip
    with FakeCamera(address, images=images, rate_hz=RATE_HZ, sent=folder / "sent") as camera:
        trial = LineTrial(folder, camera, bundle, faketime)
        with trial:
            yield trial


def ledger_of(trial: LineTrial, folder: Path) -> Ledger:
    """The account as it stands. A fault ends when what it cost is through the gate, so its stretch needs no more on either side."""
    plc = trial.plc
    assert isinstance(plc, PlcProcess)
    return Ledger(
        pitch_um=FRAME_UM, sheet_um=SHEET_UM, distance_um=DISTANCE_UM, period_s=1 / RATE_HZ, ahead_s=time.time() - time.monotonic(),
        sent=[(stamp, IMAGES[image]) for stamp, image in sent_frames(folder / "sent").tolist()],
        messages=trial.published(), plc=plc.logged(), steps_s=tuple(STEPS.values()),
        faults=[(begin_s + TRANSIT_S, end_s - TRANSIT_S) for begin_s, end_s in trial.audit.faults],
    )  # fmt: skip


def run_trial(folder: Path, faults: int, seed: int) -> dict[str, Any]:
    """So many random faults, each followed by a stretch without one; the account."""
    rng = Random(seed)
    with line_on_trial(folder, f"127.0.5.{1 + seed % 250}") as trial:
        with trial.trouble():
            trial.arm()
        trial.quiet(4)
        kinds = list(trial.faults)
        for number in range(faults):
            kind, seconds = rng.choice(kinds), rng.uniform(0.1, 1.5)
            print(f"{number + 1:3} {time.monotonic():.3f} {kind}, {seconds:.2f} s", flush=True)
            trial.fault(kind, seconds)
            trial.quiet(rng.uniform(2.5, 5))
        end_s = time.monotonic()
        plc = trial.plc
        assert isinstance(plc, PlcProcess)
    ledger = ledger_of(trial, folder)
    expected = ledger.expected(end_s)
    held_back = ledger.held_back(end_s, ARRIVAL["decide_ms"] / 1000 + 0.15)  # type: ignore[operator]
    reasons = [
        ([number, round(at_s, 3), trial.why(number, at_s)], trial.starved(number, at_s)) for number, at_s in held_back
    ]
    return {
        "seed": seed,
        "sent": len(ledger.sent),
        "records": len(trial.plc.taken),
        "passed": sum(one.verdict == 1 for one in trial.plc.taken),
        "opened": len(ledger.opened()),
        "open_s": round(sum(end - begin for begin, end in ledger.opened()), 1),
        "wrong_records": ledger.wrong_records(),
        "wrongly_open": ledger.wrongly_open(TOLERANCE_UM),
        "expected": len(expected),
        "let_through": len(expected) - len(held_back),
        "held_back": [one for one, is_starved in reasons if not is_starved],
        "starved": [one for one, is_starved in reasons if is_starved],
        "unplanned": trial.unplanned,
        "planted": planted(trial, ledger),
        "read_late": ledger.read_late(trial.audit.read_s),
        "shifted": ledger.shifted(),
        "plc_stalls": [one["stalled"] for one in plc.logged() if one.get("stalled", 0) > 0.1],
    }


def planted(trial: LineTrial, ledger: Ledger) -> bool:
    """Whether the account finds a PASS that nobody gave: a record for a sheet that was rejected, and a gate that is open for a defect."""
    rejected = [
        one
        for one in ledger.plc
        if "taken" in one and one["taken"][2] != 1 and "verdict" in trial.why(one["taken"][1], one["at"])
    ]
    before = len(ledger.wrong_records()), len(ledger.wrongly_open(TOLERANCE_UM))
    bad_s = [at_s for at_s in ledger.defects_at_gate() if at_s < rejected[-1]["at"]][-1]
    sequence, number, _ = rejected[-1]["taken"]
    pass_ = {"at": rejected[-1]["at"], "taken": [sequence, number, 1]}
    open_ = [{"at": bad_s - 1 / RATE_HZ, "open": True}, {"at": bad_s + 2 / RATE_HZ, "open": False}]
    known, ledger.plc = ledger.plc, [*ledger.plc, pass_, *open_]
    found = len(ledger.wrong_records()) - before[0], len(ledger.wrongly_open(TOLERANCE_UM)) - before[1]
    ledger.plc = known
    return found[0] == 1 and found[1] > 0


def main() -> None:
    """See above."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--faults", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--burn", type=int, default=0)
    parser.add_argument("--folder", type=Path, help="kept; otherwise a temporary one")
    options = parser.parse_args()
    burners = [subprocess.Popen([sys.executable, "-c", _BURN]) for _ in range(options.burn)]
    try:
        with tempfile.TemporaryDirectory() as scratch:
            folder = options.folder or Path(scratch)
            folder.mkdir(parents=True, exist_ok=True)
            found = run_trial(folder, options.faults, options.seed)
    finally:
        for one in burners:
            one.kill()
            one.wait()
    print(json.dumps(found))
    raise SystemExit(
        1 if found["wrong_records"] or found["wrongly_open"] or found["held_back"] or not found["planted"] else 0
    )


if __name__ == "__main__":
    main()
