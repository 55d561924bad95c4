"""The quickest scenarios; ``make faults`` runs them all. Those that do with a usual line share one, and its end is checked after the last."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.materials import Materials
from tests.faults.running import RunningLine
from tests.faults.scenario import Scenario, Unavailable, load
from tests.faults.stage import Stage

QUICK = [one for one in load().values() if one.quick]
SEED = 15


@pytest.fixture(scope="module")
def materials(tmp_path_factory: pytest.TempPathFactory) -> Materials:
    return Materials(tmp_path_factory.mktemp("faults") / "materials")


@pytest.fixture(scope="module")
def shared(materials: Materials, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningLine]:
    stage = Stage(tmp_path_factory.mktemp("shared"), materials, SEED)
    with stage.line(source=stage.replay(rate_hz=200)) as line:
        yield line
        line.finish()


@pytest.mark.parametrize("one", QUICK, ids=[one.name for one in QUICK])
def test_promise(one: Scenario, materials: Materials, shared: RunningLine, tmp_path: Path) -> None:
    try:
        one.run(Stage(tmp_path, materials, SEED, shared))
    except Unavailable as reason:
        pytest.skip(str(reason))
