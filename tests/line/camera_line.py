"""The whole line on a real GVSP stream: a fake camera, the daemon (``inspector run``) and a subscriber, and what the daemon says of each frame.

The fake camera writes down which image it sent with which time stamp, and a result carries that stamp: so each frame is known, whatever was lost.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any

import cv2
import numpy as np
import yaml
from numpy.typing import NDArray

from inspector.client import Packet, Subscriber
from inspector.protocol.messages import ResultBody, StatusBody
from tests.capture.genicam.fake_camera import FakeCamera, sent_frames
from tests.line.accounting import account

ROOT = Path(__file__).parents[2]
COMMAND = [sys.executable, "-m", "inspector"]
LINE = f"camera-line-{os.getpid()}"
PERIOD_S = 1 / os.sysconf("SC_CLK_TCK")

Judgement = tuple[str, str, float | None, tuple[tuple[str, int], ...], tuple[object, ...]]
"""What a result says of the pixels: verdict, reason, gate score, pixels and defects."""


def line_tree(bundle: str, cameras: dict[str, FakeCamera], journal: Path, **changes: Any) -> dict[str, Any]:
    """The configuration of a line with these cameras; ``changes`` replace top-level keys, ``source`` and ``camera`` those of each camera."""
    source, camera = changes.pop("source", {}), changes.pop("camera", {})
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return {
        "line": LINE,
        "bundle": bundle,
        "cameras": [
            {"name": name, "source": {"kind": "genicam", "address": one.address, **source}, **camera}
            for name, one in cameras.items()
        ],
        "deadline_ms": 2000,
        "inference": {"runtime": "openvino", "precision": "f32"},
        "results": {"endpoint": f"tcp://127.0.0.1:{port}", "wait_for_subscribers": 1},
        "journal": {"path": str(journal)},
        **changes,
    }


@contextmanager
def started(*cameras: FakeCamera) -> Iterator[None]:
    """Starts cameras at once, which is sooner than one after the other, and ends them."""
    with ExitStack() as stack:
        with ThreadPoolExecutor(len(cameras)) as pool:
            for camera in cameras:
                stack.push(camera)
            list(pool.map(FakeCamera.start, cameras))
        yield


class Daemon:
    """``inspector run`` on a configuration, and a subscriber to all that it publishes. Raises RuntimeError where it does not start."""

    def __init__(self, folder: Path, tree: dict[str, Any], environment: dict[str, str] | None = None) -> None:
        self.config = folder / "line.yaml"
        self.config.write_text(yaml.safe_dump(tree))
        self.log = folder / "daemon.log"
        self.statuses: list[tuple[int, StatusBody]] = []
        """Published when, Unix ns, and what."""
        self.missed = 0
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                [*COMMAND, "run", "-c", str(self.config)],
                stderr=log,
                cwd=ROOT,
                env={**os.environ, **(environment or {})},
            )
        while "publishing on" not in self.log.read_text():  # connecting earlier ends in waits that grow
            if self.process.poll() is not None:
                raise self._failed("did not start")
            time.sleep(0.01)
        self.subscriber = Subscriber(tree["results"]["endpoint"], f"v1/{LINE}/")

    def __enter__(self) -> Daemon:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.process.kill()
        self.process.wait()
        self.subscriber.close()

    def next(self, silence_s: float = 30.0) -> Packet:
        """The next message. Raises RuntimeError where none comes."""
        until_s = time.monotonic() + silence_s
        while time.monotonic() < until_s:
            event = self.subscriber.receive(500)
            if isinstance(event, Packet):
                if isinstance(event.body, StatusBody):
                    self.statuses.append((event.header.published_unix_ns, event.body))
                return event
            if self.process.poll() is not None:
                break
        raise self._failed("says nothing more")

    def results(self, inspected: int) -> list[Packet]:
        """The results that come until so many of them are of inspected frames."""
        found: list[Packet] = []
        while inspected > 0:
            packet = self.next()
            if isinstance(packet.body, ResultBody):
                found.append(packet)
                inspected -= packet.body.gate_score is not None
        return found

    def until(self, holds: Callable[[], bool]) -> list[Packet]:
        """The results that come until a condition, which is asked after each message, holds."""
        found = []
        while not holds():
            packet = self.next()
            if isinstance(packet.body, ResultBody):
                found.append(packet)
        return found

    def told(self, code: str, about: str = "") -> bool:
        """Whether a status with this code has come whose text begins so."""
        return any(body.code == code and body.text.startswith(about) for _, body in self.statuses)

    def stop(self) -> list[Packet]:
        """End it as a service is ended, and return the results that were still to come. Raises RuntimeError where it fails."""
        self.process.send_signal(signal.SIGTERM)
        rest = self.until(lambda: self.told("stopped"))
        if self.process.wait(20) != 0:
            raise self._failed("failed")
        return rest

    def _failed(self, how: str) -> RuntimeError:
        return RuntimeError(f"the daemon {how}:\n{self.log.read_text()[-2000:]}")


def judgement(body: ResultBody) -> Judgement:
    """What it says of the pixels."""
    return body.verdict.value, body.reason.value, body.gate_score, tuple(sorted(body.pixels.items())), body.defects


class Replay:
    """``inspector replay`` of images, uint8 [N, H, W], in a process of its own: what the verdict of each is."""

    def __init__(self, folder: Path, config: Path, images: NDArray[np.uint8]) -> None:
        files = folder / "images"
        files.mkdir()
        for number, image in enumerate(images):
            cv2.imwrite(str(files / f"{number:06}.png"), image)
        self._report = folder / "report"
        self._process = subprocess.Popen(
            [*COMMAND, "replay", str(files), "-c", str(config), "--report", str(self._report), "--json"],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT,
        )  # fmt: skip

    def judgements(self) -> list[Judgement]:
        """Of each image, in their order."""
        out, error = self._process.communicate(timeout=300)
        if self._process.returncode != 0:
            raise RuntimeError(f"the replay failed: {error}\n{out}")
        (journal,) = self._report.glob("*.sqlite")
        results = account(journal).results
        assert [results[n].name for n in sorted(results)] == [f"{n:06}.png" for n in range(len(results))]
        return [judgement(results[number]) for number in sorted(results)]


class Sent:
    """Which image a result is about."""

    def __init__(self, path: Path) -> None:
        self.frames = sent_frames(path)
        """int64 [N, 2]: time stamp and image."""
        self.images = dict(self.frames.tolist())
        """By time stamp."""

    def image(self, packet: Packet) -> int:
        """Number of the image that the camera sent with the result's time stamp."""
        assert packet.header.camera_ns is not None
        return self.images[packet.header.camera_ns]


def cpu_s(pid: int) -> float:
    """Processor time that a process has used so far, all its threads."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) * PERIOD_S


def children_of(pid: int) -> list[int]:
    """Its child processes."""
    lists = (task / "children" for task in Path(f"/proc/{pid}/task").iterdir())
    return [int(child) for one in lists for child in one.read_text().split()]
