"""The soak itself, for some seconds: with faults everything holds, and what is planted is found."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest

from engines.bundle import Bundle
from inspector.cli.soak import DAEMON, in_words
from inspector.soak.plan import SoakSettings
from inspector.soak.planting import PLANTS
from inspector.soak.run import soak
from inspector.soak.summary import Summary
from tests.tiny_bundle import make_tiny_bundle


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    return make_tiny_bundle(tmp_path_factory.mktemp("bundle") / "tiny", gate_threshold=0.93)


def settings(bundle: Bundle, **changes: Any) -> SoakSettings:
    usual: dict[str, Any] = {
        "seconds": 30,
        "rate_hz": 100.0,
        "seed": 7,
        "bundle": str(bundle.path),
        "pause_s": (0.0, 0.1),
        "restart_every_s": 0.0,
        "patience_s": 20.0,
    }
    return SoakSettings(**{**usual, **changes})


def run(settings: SoakSettings, faults: int, tmp_path: Path) -> Summary:
    """Until so many faults are over."""
    stop, done = threading.Event(), []

    def tell(event: str, figures: dict[str, Any]) -> None:
        if event == "fault":
            done.append(figures["fault"])
            if len(done) >= faults:
                stop.set()

    return soak(settings, DAEMON, tmp_path, stop, tell)


def test_everything_holds_with_faults(bundle: Bundle, tmp_path: Path) -> None:
    summary = run(settings(bundle), 2, tmp_path)
    assert summary.sound, in_words(summary)
    assert sum(summary.faults.values()) >= 2
    assert summary.journal["rows"] > 100
    assert summary.controller["passed"] > 0
    assert summary.second_subscriber["compared"] > 0
    assert "every promise was kept" in in_words(summary)


def test_what_is_planted_is_found(bundle: Bundle, tmp_path: Path) -> None:
    summary = run(
        settings(bundle, faults=False, plant=tuple(PLANTS), warm_up_s=0.5, watched_s=1.0, allowed_mib=6.0), 0, tmp_path
    )
    assert summary.sound, in_words(summary)
    assert set(summary.caught_after_s) == set(PLANTS)
    assert all(found is not None for found in summary.caught_after_s.values())
