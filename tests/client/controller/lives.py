"""Lives of a controller in simulated time: what all tests of its decisions begin with, and what may happen to frames."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from inspector.client.controller.decision import DecisionCore
from inspector.frames.outcome import Verdict
from tests.client.controller.messages import MS, SECOND, config_of
from tests.client.controller.world import Fate, Outcome, World

DISTANCE, SHEET = 2_000_000, 250_000
STEADY = [1000] * 60
"""1 m/s for 6 s: 60 frames, of which 40 are at the gate in the end: 16 sheets, and one more is decided."""
BY_TIME = {"by": "time", "transport_ms": 2000, "passing_ms": 100, "tolerance_ms": 5, "gate_ms": 0, "decide_ms": 100}
POSITION = {"by": "position", "distance_mm": 2000, "fastest_m_per_s": 2, "gate_ms": 0, "decide_ms": 100}
LIES = st.one_of(st.integers(-5_000_000, -2_500), st.just(13_000_000))
"""Positions that cannot be true. One that is wrong and plausible, nobody can tell."""
fates = st.builds(
    Fate,
    verdict=st.sampled_from([Verdict.PASS] * 12 + [Verdict.REJECT, Verdict.SCRAP, Verdict.UNINSPECTED]),
    delay=st.one_of(st.just(MS), st.just(MS), st.integers(MS, 4 * SECOND)),
    lost=st.sampled_from([False] * 12 + [True]),
    twice=st.sampled_from([False] * 12 + [True]),
    gap=st.sampled_from([False] * 12 + [True]),
    position=st.one_of(st.just(0), st.just(0), st.just(0), st.none(), LIES),
)
moments = st.integers(300 * MS, 6 * SECOND)


def lived(world: World, armed: bool = True, sheet_um: int = SHEET, **changes: Any) -> tuple[Outcome, DecisionCore]:
    if world.exchanges:
        changes["control"] = {"endpoint": "ipc:///tmp/x"}
    changes.setdefault("cameras", [{"name": name, "frame_mm": 100} for name in world.cameras])
    core = DecisionCore(config_of(**changes), armed=armed)
    hold = changes["actuator"]["watchdog_ms"] * 2 * MS + 100 * MS if "actuator" in changes else 0
    return world.run(core, DISTANCE, sheet_um, hold), core
