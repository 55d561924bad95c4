"""A running line is asked to change: runs, recipes, bundles, rules. Every frame keeps its one verdict, and says what it was inspected with."""

from __future__ import annotations

import os
import shutil
import signal
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml

from engines.bundle import Bundle
from engines.operating_point import write_operating_point
from inspector.config.load import load_config
from inspector.config.tree import LineConfig
from inspector.errors import UserError
from inspector.inference.state import State
from inspector.line.commands import LineCommands
from inspector.line.line import Line
from inspector.protocol import control as asked
from inspector.protocol.codec import Packet
from inspector.protocol.messages import ChangeBody, EndBody, LineState, ResultBody, StartBody, StatusBody
from inspector.results.journal_reader import JournalReader
from tests.line.sources import ListCamera
from tests.line.test_line import BAD, CLEAN, wait_until
from tests.tiny_bundle import make_tiny_bundle


@pytest.fixture(scope="module")
def second_bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    """The same classes; its gate lets every frame through."""
    return make_tiny_bundle(tmp_path_factory.mktemp("bundle") / "second", name="second", gate_threshold=0.1)


class Asked:
    """A line of two cameras that deliver without end, and what it was asked."""

    def __init__(self, running: Any, folder: Path) -> None:
        self.running = running
        self.line: Line = running.line
        self.folder = folder
        self.config: Callable[[], LineConfig] = lambda: self.line.config
        self.commands = LineCommands(self.line, running.stop, lambda: self.config(), folder)

    def ask(self, command: asked.Command) -> dict[str, Any]:
        return self.commands.perform(command)

    def some_more(self, frames: int = 30) -> None:
        seen = self.line.ledger.resolved_through("side")
        wait_until(lambda: self.line.ledger.resolved_through("side") > seen + frames)

    def packets(self, camera: str = "top") -> list[Packet]:
        """All that was published, after a stop. Checked: every frame one verdict, and every run's end has its frames."""
        self.line.stop()
        with JournalReader(self.running.journal) as reader:
            (epoch,) = reader.epochs()
            packets = [row.packet() for row in reader.rows(epoch, camera, limit=1_000_000)]
        frames = [one.header.frame for one in packets if isinstance(one.body, ResultBody)]
        assert sorted(frames) == list(range(len(frames)))
        for end in (one for one in packets if isinstance(one.body, EndBody)):
            counted = [one for one in packets if isinstance(one.body, ResultBody) and one.header.run == end.header.run]
            assert isinstance(end.body, EndBody)
            assert end.body.frames == len(counted)
        return packets


@pytest.fixture
def line(start_line: Callable[..., Any], tmp_path: Path) -> Asked:
    (tmp_path / "recipes").mkdir()
    cameras = {name: ListCamera([CLEAN, BAD], rate_hz=300, endless=True) for name in ("top", "side")}
    return Asked(start_line(cameras, run="coil-1", recipes=str(tmp_path / "recipes")), tmp_path)


def recipe(line: Asked, name: str, **keys: Any) -> None:
    (line.folder / "recipes" / f"{name}.yaml").write_text(yaml.safe_dump(keys))


def results(packets: list[Packet], run: str | None) -> list[Packet]:
    return [one for one in packets if isinstance(one.body, ResultBody) and one.header.run == run]


def verdicts(packets: list[Packet]) -> set[tuple[str, str]]:
    return {(one.body.verdict.value, one.body.reason.value) for one in packets if isinstance(one.body, ResultBody)}


def test_a_run_begins_with_a_prepared_recipe_between_two_frames(line: Asked, second_bundle: Bundle) -> None:
    """Bundle, rules and scale of the recipe hold for the frames of its run and for no other."""
    scale = {"mm_per_px_x": 0.5, "mm_per_px_y": 0.5}
    recipe(
        line,
        "strict",
        bundle=str(second_bundle.path),
        rules=[{"verdict": "scrap"}],
        cameras=[{"name": "top", "scale": scale}],
    )
    tiny = line.line.bundle.id
    with pytest.raises(asked.CommandRefused, match="recipe strict: is not prepared"):
        line.ask(asked.RunStart(run="coil-2", recipe="strict"))
    assert line.ask(asked.RecipePrepare(recipe="strict"))["bundle"] == second_bundle.id
    assert line.ask(asked.RecipeList()) == {"recipes": ["strict"], "prepared": "strict", "active": None}
    with pytest.raises(asked.CommandRefused, match="run coil-1: is open already"):
        line.ask(asked.RunStart(run="coil-1", recipe="strict"))
    line.some_more()
    done = line.ask(asked.RunStart(run="coil-2", recipe="strict"))
    assert done == {
        "run": "coil-2",
        "recipe": "strict",
        "bundle": second_bundle.id,
        "operating_point": second_bundle.operating_point.id,
    }
    line.some_more()
    assert line.ask(asked.RunEnd()) == {"ended": "coil-2"}
    packets = line.packets()
    before, during = results(packets, "coil-1"), results(packets, "coil-2")
    assert {(one.header.bundle, one.header.recipe, one.header.calibration) for one in before} == {(tiny, None, None)}
    assert {(one.header.bundle, one.header.recipe, one.header.calibration) for one in during} == {
        (second_bundle.id, "strict", "strict")
    }
    assert verdicts(before) == {("PASS", "gate_clean"), ("REJECT", "defect")}
    assert verdicts(during) == {("PASS", "no_defect"), ("SCRAP", "defect")}
    starts = [one for one in packets if isinstance(one.body, StartBody)]
    assert [(one.header.run, one.header.recipe, one.header.bundle) for one in starts] == [
        ("coil-1", None, tiny),
        ("coil-2", "strict", second_bundle.id),
    ]
    assert not [one for one in packets if isinstance(one.body, ChangeBody)], "a run's start says it all"


def test_a_recipe_that_does_not_fit_is_refused_and_the_line_goes_on(line: Asked, tmp_path: Path) -> None:
    tall = make_tiny_bundle(tmp_path / "tall", height=64)
    odd: list[tuple[dict[str, Any], str]] = [
        ({"bundle": "nowhere"}, "no model bundle there"),
        ({"bundle": str(tall.path)}, "is for frames of 64x48"),
        ({"rules": [{"class": "holes"}]}, "'holes' is not a class of the bundle"),
        ({"rules": [{"min_area_mm2": 3}]}, "needs the size of a pixel"),
        ({"cameras": [{"name": "left", "scale": {"mm_per_px_x": 1, "mm_per_px_y": 1}}]}, "no camera 'left'"),
        ({"speed": 3}, "speed"),
        ({"operating_point": "none.yaml"}, "none.yaml"),
    ]
    for keys, said in odd:
        recipe(line, "odd", **keys)
        with pytest.raises(asked.CommandRefused, match=said):
            line.ask(asked.RecipePrepare(recipe="odd"))
    with pytest.raises(asked.CommandRefused, match="is not prepared"):
        line.ask(asked.RunStart(run="coil-2", recipe="odd"))
    packets = line.packets()
    assert {one.header.run for one in packets if isinstance(one.body, ResultBody)} == {"coil-1"}
    told = [one.body.text for one in packets if isinstance(one.body, StatusBody) and one.body.code == "change_refused"]
    assert all(said in text for (_, said), text in zip(odd, told, strict=True))


def test_a_bundle_takes_over_and_the_one_before_comes_back(line: Asked, second_bundle: Bundle) -> None:
    tiny = line.line.bundle.id
    with pytest.raises(asked.CommandRefused, match="no bundle to go back to"):
        line.ask(asked.BundleRollback())
    assert line.ask(asked.BundleActivate(bundle=str(second_bundle.path)))["before"] == tiny
    line.some_more()
    roles = {(one["role"], one["bundle"]) for one in line.ask(asked.BundleList())["bundles"]}
    assert roles == {("active", second_bundle.id), ("standby", tiny)}
    assert line.ask(asked.BundleRollback())["bundle"] == tiny
    line.some_more()
    packets = line.packets()
    changes = [(one.header.bundle, one.body.why) for one in packets if isinstance(one.body, ChangeBody)]
    assert changes == [
        (second_bundle.id, f"bundle {second_bundle.id} takes over"),
        (tiny, f"back to bundle {tiny}"),
    ]
    order = [one.header.bundle for one in sorted(results(packets, "coil-1"), key=lambda one: one.header.frame or 0)]
    turns = [bundle for number, bundle in enumerate(order) if number == 0 or bundle != order[number - 1]]
    assert turns == [tiny, second_bundle.id, tiny], "between two frames, each time"
    assert None not in order


def test_the_same_bundle_loaded_again_leaves_the_way_back(line: Asked, second_bundle: Bundle) -> None:
    tiny = line.line.bundle.id
    for _ in range(2):
        line.ask(asked.BundleActivate(bundle=str(second_bundle.path)))
    assert line.ask(asked.BundleRollback())["bundle"] == tiny
    line.packets()


def test_what_is_no_file_in_the_folder_of_recipes_is_not_waited_for(line: Asked) -> None:
    folder = line.folder / "recipes"
    os.mkfifo(folder / "pipe.yaml")
    (folder / "folder.yaml").mkdir()
    (folder / "two\nlines.yaml").write_text("description: d\n")
    recipe(line, "thin", description="d")
    assert line.ask(asked.RecipeList())["recipes"] == ["thin"]
    for name in ("pipe", "folder", "absent"):
        with pytest.raises(asked.CommandRefused, match=rf"holds no file {name}\.yaml; its recipes: thin"):
            line.ask(asked.RecipePrepare(recipe=name))
    line.packets()


def test_a_bundle_that_fails_soon_after_it_took_over_is_replaced_by_the_one_before(
    line: Asked, second_bundle: Bundle
) -> None:
    tiny = line.line.inference.active
    config = msgspec.structs.replace(line.line.config, bundle=str(second_bundle.path))
    line.config = lambda: config
    line.ask(asked.Reload())
    line.some_more()
    failing = line.line.inference.active.supervisor
    os.kill(failing.child_pid or 0, signal.SIGKILL)
    wait_until(lambda: line.line.inference.active is tiny)
    wait_until(lambda: line.line.status.state is LineState.DEGRADED)  # told after it was done
    line.some_more()
    wait_until(lambda: failing.state is State.STOPPED)
    (again,) = line.ask(asked.Reload())["changed"]
    assert again["key"] == "bundle", "the configured one is tried again"
    assert line.line.inference.active.identity.bundle == second_bundle.id
    wait_until(lambda: line.line.status.state is LineState.RUNNING)
    packets = line.packets()
    (told,) = [one.body for one in packets if isinstance(one.body, StatusBody) and one.body.code == "bundle_put_back"]
    assert "killed by SIGKILL" in told.text
    assert line.line.failures == []


def test_a_rollback_to_a_bundle_that_was_altered_is_refused(line: Asked, second_bundle: Bundle, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(second_bundle.path, copy)
    line.ask(asked.BundleActivate(bundle=str(copy)))
    line.ask(asked.BundleActivate(bundle=str(line.line.bundle.path)))
    graph = copy / "gate.onnx"
    graph.write_bytes(graph.read_bytes()[:-1] + b"\0")
    with pytest.raises(asked.CommandRefused, match=r"gate\.onnx: was altered"):
        line.ask(asked.BundleRollback())
    manifest = copy / "bundle.yaml"
    manifest.write_text(manifest.read_text() + "\n")
    with pytest.raises(asked.CommandRefused, match=r"holds \S+ now, not"):
        line.ask(asked.BundleRollback())
    line.some_more()
    assert {one.header.bundle for one in results(line.packets(), "coil-1")[-20:]} == {line.line.bundle.id}


def test_a_reload_applies_what_it_can_and_names_what_needs_a_restart(line: Asked, second_bundle: Bundle) -> None:
    before = line.line.config
    replace = msgspec.structs.replace
    rules = replace(before.verdicts, rules=(replace(before.verdicts.rules[0], verdict="scrap"),))
    line.config = lambda: replace(
        before,
        verdicts=rules,
        bundle=str(second_bundle.path),
        deadline_ms=1500.0,
        results=replace(before.results, heartbeat_ms=150),
    )
    found = line.ask(asked.Reload())
    assert found["needs_restart"] == ["results.heartbeat_ms"]
    assert {one["key"] for one in found["changed"]} == {
        "bundle",
        "deadline_ms",
        "verdicts.rules[0].verdict",
        "results.heartbeat_ms",
    }
    line.some_more()
    assert line.ask(asked.Reload())["changed"] == [], "the second time nothing differs"
    packets = line.packets()
    (change,) = [one for one in packets if isinstance(one.body, ChangeBody)]
    assert isinstance(change.body, ChangeBody)
    assert (change.header.bundle, change.body.deadline_ms, change.body.rules) == (
        second_bundle.id,
        1500.0,
        ("SCRAP: any class",),
    )
    last = results(packets, "coil-1")[-10:]
    assert verdicts(last) == {("PASS", "no_defect"), ("SCRAP", "defect")}


def test_thresholds_that_were_calibrated_anew_are_taken_over(line: Asked, tmp_path: Path) -> None:
    bundle = make_tiny_bundle(tmp_path / "mine", name="mine")
    line.config = lambda: msgspec.structs.replace(line.line.config, bundle=str(bundle.path))
    line.ask(asked.Reload())
    point = msgspec.structs.replace(bundle.operating_point, gate_threshold=0.1)
    write_operating_point(point, bundle.path / "operating_point.yaml")
    (found,) = line.ask(asked.Reload())["changed"]
    assert found["key"] == "bundle"
    assert line.line.runs.now.setup.dispatcher.identity.operating_point == point.id


def test_a_configuration_that_is_refused_changes_nothing(line: Asked, tmp_path: Path) -> None:
    before, replace = line.line.config, msgspec.structs.replace
    bad = tmp_path / "bad.yaml"
    bad.write_text("line: [1")
    broken = make_tiny_bundle(tmp_path / "broken", name="broken")
    (broken.path / "segmenter.onnx").write_bytes(b"\0" * 100)
    unknown = replace(before.verdicts, rules=(replace(before.verdicts.rules[0], class_name="x"),))
    wrong: list[Callable[[], LineConfig]] = [
        lambda: replace(before, deadline_ms=7.0, verdicts=unknown),
        lambda: replace(before, deadline_ms=7.0, bundle=str(broken.path)),
        lambda: load_config(bad),
    ]
    for line.config in wrong:
        with pytest.raises(asked.CommandRefused):
            line.ask(asked.Reload())
        assert line.line.config == before
    line.some_more()
    packets = line.packets()
    assert not [one for one in packets if isinstance(one.body, ChangeBody)]
    assert len(line.line.inference.loaded()) == 1


def test_a_child_that_dies_while_it_loads_leaves_the_old_one_running(line: Asked, second_bundle: Bundle) -> None:
    refused: list[BaseException] = []

    def activate() -> None:
        try:
            line.ask(asked.BundleActivate(bundle=str(second_bundle.path)))
        except asked.CommandRefused as error:
            refused.append(error)

    asking = threading.Thread(target=activate)
    asking.start()
    wait_until(
        lambda: any(role == "loading" and one.supervisor.child_pid for role, one in line.line.inference.loaded())
    )
    ((_, loading),) = [one for one in line.line.inference.loaded() if one[0] == "loading"]
    os.kill(loading.supervisor.child_pid or 0, signal.SIGKILL)
    asking.join(20)
    assert "killed by SIGKILL" in str(refused[0])
    line.some_more()
    assert {one.header.bundle for one in results(line.packets(), "coil-1")} == {line.line.bundle.id}


def test_a_pause_and_the_parts_of_a_run_and_what_is_answered_after_the_end(line: Asked) -> None:
    body = line.ask(asked.ReadStart())["cameras"]["side"]
    assert (body["classes"], body["rules"], body["repeat"]) == (
        ("dark", "bright"),
        line.line.announcer.start_bodies(line.line.runs.now.setup)["side"].rules,
        True,
    ), "what a late subscriber asks for"
    line.ask(asked.Part(part="sheet-1"))
    line.some_more()
    assert line.ask(asked.Pause(why="roll change")) == {"paused": True}
    assert line.line.status.state is LineState.PAUSED
    line.ask(asked.Pause())
    line.some_more()
    line.ask(asked.RunStart(run="coil-2"))
    line.some_more()
    line.ask(asked.Resume())
    line.some_more()
    assert line.line.status.state is LineState.RUNNING
    line.ask(asked.Drain())
    assert line.running.stop.is_set()
    packets = line.packets()
    first, second = results(packets, "coil-1"), results(packets, "coil-2")
    assert {one.header.part for one in first} == {None, "sheet-1"}
    assert {one.header.part for one in second} == {None}, "a part ends with its run"
    for run in (first, second):
        assert ("UNINSPECTED", "paused") in verdicts(run)
    assert verdicts(second[-20:]) == {("PASS", "gate_clean"), ("REJECT", "defect")}
    codes = [one.body.code for one in packets if isinstance(one.body, StatusBody)]
    assert codes.count("paused") == codes.count("resumed") == 1
    with pytest.raises(asked.CommandRefused) as caught:
        line.ask(asked.Pause())
    assert caught.value.code == "stopping"
    assert line.ask(asked.RecipeList())["recipes"] == [], "only questions are answered"


def test_a_bundle_that_stood_by_is_released(
    start_line: Callable[..., Any], second_bundle: Bundle, tmp_path: Path
) -> None:
    running = start_line({"top": ListCamera([CLEAN], rate_hz=100, endless=True)}, inference={"standby_s": 0.05})
    commands = LineCommands(running.line, running.stop, lambda: running.line.config, tmp_path)
    commands.perform(asked.BundleActivate(bundle=str(second_bundle.path)))
    wait_until(lambda: len(running.line.inference.loaded()) == 1)
    with pytest.raises(UserError, match="is active already"):
        running.line.bundles.activate(running.line.inference.active)
