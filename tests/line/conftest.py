"""A line on the tiny bundle, with cameras the test decides."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest
import yaml

from engines.bundle import Bundle
from inspector.config.load import parse_config
from inspector.config.tree import LineConfig
from inspector.line.line import Line
from tests.line.accounting import Account, account


def tiny_config(
    bundle: Path,
    journal: Path | None,
    cameras: tuple[str, ...] = ("top",),
    /,
    silent_after_s: float = 2.0,
    frame_check: dict[str, Any] | None = None,
    cameras_keys: dict[str, Any] | None = None,
    cameras_of_line: list[dict[str, Any]] | None = None,
    fits: dict[str, dict[str, Any]] | None = None,
    **changes: Any,
) -> LineConfig:
    """A live line on the tiny bundle, ``frame_check`` and further keys as given for each camera, ``fits`` by camera, or all cameras as they
    are in ``cameras_of_line``; ``changes`` replace top-level keys."""
    tree: dict[str, Any] = {
        "line": "t",
        "bundle": str(bundle),
        "cameras": cameras_of_line
        or [
            {
                "name": name,
                "source": {"kind": "simulator"},
                "silent_after_s": silent_after_s,
                "frame_check": frame_check or {},
                "fit": (fits or {}).get(name, {}),
                **(cameras_keys or {}),
            }
            for name in cameras
        ],
        "deadline_ms": 2000,
        "inference": {"runtime": "openvino", "precision": "f32", "lanes": 2, "restart_first_s": 0.05},
        "results": {"endpoint": "tcp://127.0.0.1:*"},
        "journal": {"path": None if journal is None else str(journal)},
    }
    for key, value in changes.items():
        tree[key] = {**tree[key], **value} if isinstance(value, dict) and key in tree else value
    return parse_config(yaml.safe_dump(tree), "test.yaml")


class Running:
    """A started line and the journal it writes."""

    def __init__(self, line: Line, journal: Path, stop: threading.Event) -> None:
        self.line = line
        self.journal = journal
        self.stop = stop

    def finish_only(self) -> None:
        """Wait for the end of the run and stop."""
        self.line.wait(self.stop, tick_s=0.01)
        self.line.stop()

    def finish(self, camera: str = "top") -> Account:
        """Wait for the end of the run, stop, and settle the account."""
        self.finish_only()
        return account(self.journal, camera)


@pytest.fixture
def start_line(tiny_bundle: Bundle, tmp_path: Path) -> Any:
    started: list[Running] = []

    def start(
        sources: dict[str, Any], bundle: Bundle | None = None, line_options: Any = None, **changes: Any
    ) -> Running:
        journal = tmp_path / f"journal-{len(started)}.sqlite"
        config = tiny_config((bundle or tiny_bundle).path, journal, tuple(sources), **changes)
        line = Line(config, bundle or tiny_bundle, sources=sources, **(line_options or {}))
        running = Running(line, journal, threading.Event())
        started.append(running)
        assert line.start(running.stop)
        return running

    yield start
    for running in started:
        running.line.stop()
