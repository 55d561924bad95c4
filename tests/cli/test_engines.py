"""``inspector engines``: plans are built for real, by TensorRT-RTX, which needs no GPU for that; what they answer needs one."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from engines.bundle import Bundle
from engines.tensorrt.cache import PlanCache
from engines.tensorrt.metadata import PlanMetadata
from inspector.cli.engines_needed import wanted
from tests.cli.command import one_line_of
from tests.cli.in_process import inspector
from tests.engines.tensorrt.plans import PLAN, metadata_with
from tests.line_file import write_line


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> PlanCache:
    """Of the test's own, where the commands look."""
    monkeypatch.setenv("INSPECTOR_CACHE", str(tmp_path / "plans"))
    return PlanCache(tmp_path / "plans")


@pytest.fixture
def no_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a machine that has one too."""
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "-1")


@pytest.fixture
def tensorrt_rtx() -> None:
    pytest.importorskip("tensorrt_rtx", reason="needs tensorrt-rtx (make test-tensorrt)")


ahead_of_time = pytest.mark.usefixtures("no_gpu", "tensorrt_rtx")


def metadata_in(folder: Path) -> list[PlanMetadata]:
    """That of every plan."""
    cache = PlanCache(folder)
    return [cache.entry(path).metadata for path in cache.plans()]


def store(cache: PlanCache, bundle: Bundle) -> list[Path]:
    """Bytes for plans of both networks."""
    return [
        cache.store(metadata_with(bundle=bundle.id, network=name, onnx_sha256=digest), PLAN)
        for name, digest in bundle.graph_digests().items()
    ]


@ahead_of_time
def test_built_listed_verified_and_removed(cache: PlanCache) -> None:
    built = inspector("engines", "build", "demo", "--capability", "8.9", "--library", "tensorrt_rtx")
    assert built.returncode == 0, built.stderr
    gate, segmenter, unchecked, where = built.stdout.splitlines()
    for line, network in ((gate, "gate"), (segmenter, "segmenter")):
        assert line.startswith(f"{network}: ")
        assert {"layers,", "half", "MB,", "s"} <= set(line.split())
    assert "golden frames are run each time a plan is loaded" in unchecked
    assert where == f"stored in {cache.folder}"
    assert [line.split(":")[0] for line in built.stderr.splitlines()] == ["gate", "segmenter"]
    assert "usually under a minute" in built.stderr
    stored = metadata_in(cache.folder)
    assert {(one.network, one.capability, one.driver, one.checked) for one in stored} == {
        ("gate", "8.9", "", False),
        ("segmenter", "8.9", "", False),
    }
    assert all(one.build_seconds > 0 and one.precisions["HALF"] > 0.7 * sum(one.precisions.values()) for one in stored)
    assert inspector("engines", "verify", "demo").stdout.count("sound: ") == 2
    assert len(json.loads(inspector("engines", "list", "--json").stdout)["plans"]) == 2
    assert "2 plans of demo removed" in inspector("engines", "clean", "demo", "--yes").stdout
    assert cache.plans() == []


@ahead_of_time
def test_the_next_build_knows_how_long_it_takes(tiny_bundle: Bundle, tmp_path: Path) -> None:
    other = tmp_path / "other"
    options = ("--library", "tensorrt_rtx", "--cache", other)
    first = inspector("engines", "build", tiny_bundle.path, "--capability", "7.5", *options)
    assert f"INSPECTOR_CACHE={other}" in first.stdout, first.stderr
    second = inspector("engines", "build", tiny_bundle.path, "--capability", "12.0", "--max-batch", "2", *options)
    assert second.stderr.count("the last time it took") == 2
    assert {(one.capability, one.max_batch) for one in metadata_in(other)} == {
        ("7.5", 8),
        ("12.0", 2),
    }


@ahead_of_time
def test_without_a_gpu_one_has_to_be_named(cache: PlanCache) -> None:
    told = one_line_of(inspector("engines", "build", "demo", "--library", "tensorrt_rtx"))
    assert "no GPU to build for" in told
    assert "name one with --capability: tensorrt_rtx" in told
    assert "7.5, 8.0" in told
    told = one_line_of(inspector("engines", "build", "demo", "--library", "tensorrt_rtx", "--capability", "9.9"))
    assert "compute capability 9.9: cannot be built for here" in told
    assert cache.plans() == []


@ahead_of_time
def test_too_little_workspace_names_the_option(cache: PlanCache) -> None:
    options = ("--library", "tensorrt_rtx", "--capability", "8.9", "--workspace-mib", "1")
    failed = inspector("engines", "build", "demo", *options)
    assert failed.returncode == 2
    assert failed.stderr.splitlines()[-1].endswith("; give it more with --workspace-mib")
    assert cache.plans() == []


@ahead_of_time
def test_an_altered_bundle_is_not_built(tiny_bundle: Bundle, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(tiny_bundle.path, copy)
    (copy / "gate.onnx").write_bytes(b"x")
    assert "gate.onnx: was altered" in one_line_of(inspector("engines", "build", copy, "--capability", "8.9"))


def test_a_cache_that_cannot_be_written_is_told_first(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    told = one_line_of(inspector("engines", "build", "no such bundle", "--cache", tmp_path / "file" / "plans"))
    assert "plans cannot be stored there" in told
    assert "--cache or INSPECTOR_CACHE" in told


def test_tensorrt_that_is_not_installed_is_told() -> None:
    from importlib.util import find_spec

    if find_spec("tensorrt") is not None:
        pytest.skip("tensorrt is installed here")
    told = one_line_of(inspector("engines", "build", "demo", "--library", "tensorrt"))
    assert "tensorrt: is not installed; pip install tensorrt on a workstation" in told


@pytest.mark.usefixtures("no_gpu")
def test_the_list_is_for_people_and_for_scripts(cache: PlanCache, tiny_bundle: Bundle) -> None:
    assert "no plans in" in inspector("engines", "list").stdout
    store(cache, tiny_bundle)
    cache.store(metadata_with(library="tensorrt", driver="580.1", cuda="13.0", checked=True, max_batch=16), PLAN)
    (cache.folder / f"{'0' * 24}.plan").write_bytes(PLAN)
    shown = inspector("engines", "list")
    assert shown.returncode == 0, shown.stderr
    for told in (f"{tiny_bundle.id}, tensorrt_rtx 1.7", "580.1, 13.0", "1-16", "not checked: ", "damaged: ", "now"):
        assert told in shown.stdout
    assert "this machine cannot run plans: " in shown.stdout
    told = json.loads(inspector("engines", "list", "--json").stdout)
    assert told["gpu"] is None
    assert told["no_gpu"]
    assert len(told["damaged"]) == 1
    assert {(one["bundle"], one["network"], one["checked"], one["runs_here"]) for one in told["plans"]} == {
        (tiny_bundle.id, "gate", False, False),
        (tiny_bundle.id, "segmenter", False, False),
        ("bars-1-0a", "gate", True, False),
    }


@pytest.mark.usefixtures("no_gpu")
def test_a_plan_that_was_touched_is_not_verified(cache: PlanCache, tiny_bundle: Bundle) -> None:
    assert "no plans of demo" in inspector("engines", "verify", "demo").stdout
    gate, _ = store(cache, tiny_bundle)
    other = cache.store(metadata_with(), PLAN)
    proved = inspector("engines", "verify", tiny_bundle.path)
    assert proved.returncode == 0
    assert proved.stdout.count("sound: ") == 2
    assert "golden frames were not run: " in proved.stdout
    other.write_bytes(PLAN[1:])
    assert inspector("engines", "verify", tiny_bundle.path).returncode == 0
    gate.write_bytes(PLAN[:-1])
    again = "was altered, or stored with another key; build it again with `inspector engines build`"
    assert again in inspector("engines", "verify").stdout
    for arguments, sound, wrong in ((("verify",), 1, 2), (("verify", tiny_bundle.id), 1, 1)):
        finished = inspector("engines", *arguments)
        assert finished.returncode == 1
        assert [finished.stdout.count(word) for word in ("sound: ", "wrong: ")] == [sound, wrong]
        assert f"{gate}: was altered" in finished.stdout
    assert "bundle in `inspector engines list`" in one_line_of(inspector("engines", "verify", "nope"))


def test_plans_are_removed_when_asked_twice(cache: PlanCache, tiny_bundle: Bundle) -> None:
    plans = store(cache, tiny_bundle)
    other = cache.store(metadata_with(), PLAN)
    told = one_line_of(inspector("engines", "clean", tiny_bundle.path))
    assert "would remove 2 plans" in told
    assert "add --yes" in told
    assert sorted(cache.plans()) == sorted([*plans, other])
    cleaned = inspector("engines", "clean", tiny_bundle.path, "--yes").stdout
    assert f"gate of {tiny_bundle.id} for 8.9" in cleaned
    assert cache.plans() == [other]
    assert "1 plan removed" in inspector("engines", "clean", "--yes").stdout
    assert "0 plans removed" in inspector("engines", "clean").stdout
    assert [path.name for path in cache.folder.iterdir()] == ["key"]


@pytest.mark.gpu
@pytest.mark.timeout(300)
def test_plans_for_the_gpu_here_are_checked_on_it(cache: PlanCache) -> None:
    from engines.tensorrt.machine import this_machine

    machine = this_machine()
    if isinstance(machine, str):
        pytest.skip(machine)
    built = inspector("engines", "build", "demo")
    assert "checked on " in built.stdout, built.stderr
    assert all(one.checked for one in metadata_in(cache.folder))
    listed = json.loads(inspector("engines", "list", "--json").stdout)
    assert all(one["runs_here"] for one in listed["plans"])
    proved = inspector("engines", "verify", "demo")
    assert proved.returncode == 0, proved.stdout
    assert "golden frames, scores off by" in proved.stdout


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--gate", "w.pt"), "--gate, --segmenter: weights are for --route torch-tensorrt"),
        (("--route", "torch-tensorrt", "--gate", "w.pt"), "--route torch-tensorrt: needs --gate and --segmenter"),
        (("--capability", "abc"), "--capability: 'abc' is no compute capability; expected one as 8.9"),
    ],
)
def test_what_cannot_be_meant_is_refused_first(options: tuple[str, ...], told: str, tmp_path: Path) -> None:
    assert told in one_line_of(inspector("engines", "build", "demo", "--cache", tmp_path / "plans", *options))
    assert not (tmp_path / "plans").exists()


def test_verifying_a_bundle_without_plans_fails(tmp_path: Path) -> None:
    finished = inspector("engines", "verify", "demo", "--cache", tmp_path)
    assert (finished.returncode, finished.stdout) == (1, f"no plans of demo in {tmp_path}\n")


@pytest.mark.usefixtures("no_gpu")
def test_nothing_is_built_where_a_line_needs_no_plan(cache: PlanCache, tiny_bundle: Bundle, tmp_path: Path) -> None:
    """Also where the runtime is TensorRT and no GPU is there: the line itself says what is wrong then."""
    for runtime, why in (("openvino", "inference.runtime is openvino"), ("auto", ""), ("tensorrt", "")):
        line = write_line(tmp_path, tiny_bundle.path, inference={"runtime": runtime})
        done = inspector("engines", "build", "--config", str(line), "--if-needed")
        assert done.returncode == 0, done.stderr
        assert done.stdout.startswith(f"nothing to build: {why}")
        assert len(done.stdout.splitlines()) == 1
    assert not cache.folder.exists()


def test_what_is_needed_is_what_the_line_would_load(cache: PlanCache, tiny_bundle: Bundle, tmp_path: Path) -> None:
    line = write_line(tmp_path, tiny_bundle.path, inference={"runtime": "tensorrt", "max_batch": 16})
    one = wanted(None, line, 8)
    assert (one.bundle.id, one.max_batch, one.runtime) == (tiny_bundle.id, 16, "tensorrt")
    assert wanted(str(tiny_bundle.path), None, 8).max_batch == 8


@pytest.mark.parametrize(
    "arguments", [[], ["demo", "--config", "line.yaml"], ["demo", "--if-needed", "--capability", "8.9"]]
)
def test_a_build_is_of_one_thing(arguments: list[str]) -> None:
    one_line_of(inspector("engines", "build", *arguments))
