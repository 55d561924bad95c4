"""What a scenario gets: a folder of its own, the materials, chance from a seed, and lines."""

from __future__ import annotations

import itertools
import os
import random
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from inspector.client import Packet
from inspector.protocol.messages import ResultBody
from tests.faults.materials import Materials
from tests.faults.running import RunningLine, free_port

RATE_HZ = 100
_LINES = itertools.count()
"""A name of a line is used by one daemon on a machine."""


class Stage:
    """One scenario's."""

    def __init__(self, folder: Path, materials: Materials, seed: int, usual: RunningLine | None = None) -> None:
        """``usual``: a line that runs already, for scenarios that do with a usual one."""
        self.folder = folder
        self.materials = materials
        self.random = random.Random(seed)
        self._usual = usual

    @contextmanager
    def usual(self) -> Iterator[RunningLine]:
        """A line as usual. One that is shared has seen other scenarios before, and is stopped and checked by whoever gave it."""
        if self._usual is not None:
            yield self._usual
            return
        with self.line() as line:
            yield line
            line.finish()

    def line(self, **options: Any) -> RunningLine:
        """A line of its own; ``options`` are keys of the configuration (whole sections are merged), ``camera`` and ``source`` are those of its camera, or of ``RunningLine`` where it has them."""
        own = {name: options.pop(name) for name in _OWN if name in options}
        camera = options.pop("camera", {})
        if "source" in options:
            camera = {**camera, "source": options.pop("source")}
        tree = self.tree(**options)
        tree["cameras"][0] |= camera
        return RunningLine(self.folder, tree, lambda: self.materials.expected, own.pop("image_of", name_of), **own)

    def tree(self, **changes: Any) -> dict[str, Any]:
        """The configuration of a line that replays the images at 100 frames/s."""
        tree: dict[str, Any] = {
            "line": f"faults-{os.getpid()}-{next(_LINES)}",
            "bundle": str(self.materials.bundle.path),
            "cameras": [{"name": "top", "source": self.replay()}],
            "deadline_ms": 2000,
            "inference": {"runtime": "openvino", "precision": "f32", "restart_first_s": 0.05, "stall_timeout_s": 1.0},
            "results": {"endpoint": f"tcp://127.0.0.1:{free_port()}", "wait_for_subscribers": 1},
            "journal": {"path": str(self.folder / "journal.sqlite")},
            "control": {"endpoint": f"ipc://{self.folder / 'control'}"},
        }
        for key, value in changes.items():
            tree[key] = {**tree[key], **value} if isinstance(value, dict) and key in tree else value
        return tree

    def replay(self, **changes: Any) -> dict[str, Any]:
        """The source of such a line."""
        return {"kind": "replay", "path": str(self.materials.pictures), "rate_hz": RATE_HZ, "loop": True, **changes}


_OWN = (
    "image_of",
    "environment",
    "launch",
    "watch_at",
    "watch_launch",
    "watch_keys",
    "command",
    "start",
    "preexec_fn",
    "stderr",
    "close_fds",
    "pass_fds",
)


def name_of(packet: Packet) -> str | None:
    """The image of a result, in a replay."""
    assert isinstance(packet.body, ResultBody)
    return packet.body.name
