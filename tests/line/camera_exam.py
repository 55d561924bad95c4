"""The whole line on a real GVSP stream, measured: Aravis' fake camera, the daemon and a subscriber, a process each.

    python -m tests.line.camera_exam --bundle demo --rate 15 --seconds 70 --json

Prints what came of it: whether every verdict is the one that `inspector replay` gives the image; the frames per second that arrive and are
inspected without loss (the rate is raised step by step until one is not); processor time per frame; the time from a frame's first packet to its
result in the subscriber at ``--rate``; and what is told and accounted for when the camera is killed and when it is stopped. Exit status 1 where
a verdict differs, a frame has not exactly one, or the camera does not come back. ``--bundle tiny`` is the tests' bundle, which costs
next to nothing: what remains is the line's own.
"""

from __future__ import annotations

import argparse
import gc
import json
import logging
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np

from engines.bundle import open_bundle
from engines.errors import BundleError
from inspector.bench.latency import percentile
from inspector.bench.lines import render_pool
from inspector.client import Packet
from inspector.protocol.messages import ResultBody
from tests.capture.genicam.fake_camera import FakeCamera
from tests.line.accounting import account
from tests.line.camera_line import Daemon, Judgement, Replay, Sent, children_of, cpu_s, judgement, line_tree
from tests.line.camera_loss import is_inspected, losses, reasons_of
from tests.tiny_bundle import make_tiny_bundle

log = logging.getLogger("camera_exam")

REPETITIONS = 7
STEP = 1.25
"""The rate is raised by this factor."""
MOST_HZ = 4000.0
SETTLING_S = 1.5
BUFFERS, SLOTS = 64, 32
"""Of the source, and of the ring."""


class Exam:
    """A line that has started, and what it said of the frames that it inspected."""

    def __init__(self, camera: FakeCamera, daemon: Daemon) -> None:
        self.camera, self.daemon = camera, daemon
        self.inspected: dict[int, Judgement] = {}
        """By the camera's time stamp."""
        pid = daemon.process.pid
        self.pids = {"daemon": [pid], "inference": children_of(pid), "fake camera, which waits in a loop": [camera.pid]}

    def stretch(self, seconds: float) -> dict[str, Any]:
        """Frames of some seconds: how many came, how many were not inspected, latencies, processor time."""
        self._take(SETTLING_S)
        used = self._cpu_s()
        begun_s = time.monotonic()
        packets = self._take(seconds)
        passed_s = time.monotonic() - begun_s
        used = {name: s - used[name] for name, s in self._cpu_s().items()}
        latency_ms = np.array([ms for packet, ms in packets if is_inspected(packet)])
        return {
            "frames/s": latency_ms.size / passed_s,
            "frames": latency_ms.size,
            "not inspected": reasons_of(packet for packet, _ in packets).total() - latency_ms.size,
            "latency_ms": latency_ms,
            "cpu_ms": {name: 1000 * s / max(1, latency_ms.size) for name, s in used.items()},
        }

    def _cpu_s(self) -> dict[str, float]:
        return {name: sum(map(cpu_s, pids)) for name, pids in self.pids.items()}

    def _take(self, seconds: float) -> list[tuple[Packet, float]]:
        """What comes, and the time from its capture to its arrival, ms."""
        until_s = time.monotonic() + seconds
        found = []
        while time.monotonic() < until_s:
            packet = self.daemon.next()
            captured_ns = packet.header.captured_unix_ns
            found.append((packet, (time.time_ns() - captured_ns) / 1e6 if captured_ns is not None else 0.0))
            if is_inspected(packet):
                assert isinstance(packet.body, ResultBody)
                assert packet.header.camera_ns is not None
                self.inspected[packet.header.camera_ns] = judgement(packet.body)
        return found


def highest_rate(exam: Exam, first_hz: float, seconds: float) -> dict[str, Any]:
    """The highest rate at which every frame was inspected, and what ended the search."""
    best: dict[str, Any] = {}
    hz = first_hz
    while hz < MOST_HZ:
        exam.camera.tell(f"rate {hz:g}")
        found = exam.stretch(seconds)
        log.info(
            "%.0f frames/s: %.1f came, %d of them were not inspected", hz, found["frames/s"], found["not inspected"]
        )
        if found["not inspected"]:
            return {**best, "ended by": f"{found['not inspected']} of {found['frames']} not inspected at {hz:.0f}/s"}
        if found["frames/s"] < max(0.7 * hz, 1.02 * best.get("frames/s", 0)):
            return {**best, "ended by": f"the fake camera sends no more than {found['frames/s']:.0f}/s"}
        best = {"frames/s": round(found["frames/s"], 1), "frames": found["frames"]}
        hz *= STEP
    return {**best, "ended by": "the highest rate"}


def at_rate(exam: Exam, hz: float, seconds: float) -> dict[str, Any]:
    """Latency and processor time at one rate: the median of the repetitions' figures."""
    exam.camera.tell(f"rate {hz:g}")
    runs = [exam.stretch(seconds) for _ in range(REPETITIONS)]
    latencies: dict[str, Any] = {}
    for name, percent in (("p50", 50.0), ("p99", 99.0), ("p99.9", 99.9)):
        each = [percentile(run["latency_ms"], percent) for run in runs]
        known = [one for one in each if one is not None]
        latencies[name] = round(float(np.median(known)), 2) if len(known) == REPETITIONS else None
        latencies[f"{name} of the repetitions"] = [None if one is None else round(one, 2) for one in each]
    return {
        "frames/s": round(float(np.median([run["frames/s"] for run in runs])), 1),
        "frames of a repetition": int(np.median([run["frames"] for run in runs])),
        "not inspected": sum(run["not inspected"] for run in runs),
        "capture to subscriber ms": latencies,
        "cpu ms of a frame": {
            name: round(float(np.median([run["cpu_ms"][name] for run in runs])), 2) for name in exam.pids
        },
    }


def exam(folder: Path, options: argparse.Namespace) -> dict[str, Any]:
    """Run it."""
    bundle = (
        make_tiny_bundle(folder / "tiny", gate_threshold=0.8)
        if options.bundle == "tiny"
        else open_bundle(options.bundle)
    )
    images = np.stack(render_pool(bundle.height, bundle.width, options.images))
    found: dict[str, Any] = {"bundle": bundle.id, "frame": f"{bundle.height}x{bundle.width}", "images": len(images)}
    with FakeCamera(images=images, rate_hz=options.rate, sent=folder / "sent") as camera:
        tree = line_tree(
            str(bundle.path),
            {"top": camera},
            folder / "journal.sqlite",
            deadline_ms=options.deadline_ms,
            inference={"runtime": "auto", "allow_cpu": True},
            ring={"slots": SLOTS},
            source={"packet_size": options.packet_size, "buffers": BUFFERS},
        )
        with Daemon(folder, tree) as daemon:
            daemon.results(len(images))
            made = Exam(camera, daemon)
            if not options.no_search:
                found["without loss"] = highest_rate(made, options.rate, options.search_seconds)
            found["at a rate"] = at_rate(made, options.rate, options.seconds)
            if not options.no_loss:
                camera.tell(f"rate {options.rate:g}")
                made.stretch(1.0)
                found["loss"] = losses(daemon, camera, folder / "sent")
            daemon.stop()
    found["settings"] = {
        "deadline_ms": options.deadline_ms, "packet_size": options.packet_size, "buffers": BUFFERS, "ring slots": SLOTS,
        "pacing": "the fake camera's own timer", "repetitions": REPETITIONS, "seconds": options.seconds,
    }  # fmt: skip
    found["accounted"] = dict(account(folder / "journal.sqlite").reasons)
    found["verdicts"] = compared(made, Replay(folder, daemon.config, images).judgements(), Sent(folder / "sent"))
    found["sound"] = not found["verdicts"]["different"]
    return found


def compared(made: Exam, expected: list[Judgement], sent: Sent) -> dict[str, Any]:
    """The verdicts of all inspected frames beside those of the replay."""
    images = {stamp: sent.images[stamp] for stamp in made.inspected}
    different = [stamp for stamp, one in made.inspected.items() if one != expected[images[stamp]]]
    kinds = Counter(one[0] for one in made.inspected.values())
    return {"compared": len(images), "images": len(set(images.values())), "different": len(different), **kinds}


def main() -> int:
    """The command."""
    gc.disable()  # messages are kept to the end: to look through them again and again would hold up the subscriber ever longer
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bundle", default="tiny", help="tiny, or a bundle as in a configuration, such as demo")
    parser.add_argument(
        "--rate", type=float, default=200.0, help="frames per second of latencies and losses; the search begins there"
    )
    parser.add_argument(
        "--seconds", type=float, default=55.0, help=f"of each of {REPETITIONS} repetitions at this rate"
    )
    parser.add_argument("--search-seconds", type=float, default=8.0, help="of each step of the search")
    parser.add_argument("--images", type=int, default=64, help="simulated frames, sent again and again")
    parser.add_argument("--deadline-ms", type=float, default=1000.0)
    parser.add_argument("--packet-size", type=int, default=9000, help="bytes")
    parser.add_argument("--no-search", action="store_true")
    parser.add_argument("--no-loss", action="store_true")
    parser.add_argument("--json", action="store_true", help="print JSON alone, without what is going on")
    options = parser.parse_args()
    logging.basicConfig(level=logging.WARNING if options.json else logging.INFO, format="%(message)s")
    with tempfile.TemporaryDirectory(prefix="inspector-camera-") as directory:
        try:
            found = exam(Path(directory), options)
        except BundleError as error:
            parser.error(f"--bundle: {error}")
    print(json.dumps(found, indent=2))
    return 0 if found["sound"] else 1


if __name__ == "__main__":
    sys.exit(main())
