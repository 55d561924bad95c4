"""The mean of trainings, and what has none."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

torch = pytest.importorskip("torch", reason="needs the training extra")

from engines.errors import DataError  # noqa: E402
from engines.networks.spec import NetworkSpec  # noqa: E402
from engines.training import average  # noqa: E402
from engines.training.average import average_weights  # noqa: E402
from engines.training.weights import load_weights  # noqa: E402
from tests.engines.export.weights import trained, write  # noqa: E402

GATE = NetworkSpec(architecture="lite0-gate", stages=2)


def test_weights_are_averaged_and_parts_put_together(tmp_path: Path) -> None:
    one = replace(trained("gate", GATE, ("a", "b"), (32, 48)), trained_on=("fold-1", "fold-2"))
    other = replace(one, trained_on=("fold-0", "fold-2"), state={key: value * 3 for key, value in one.state.items()})
    mean = average_weights([one, other])
    assert (mean.trained_on, mean.metrics, mean.network) == (("fold-0", "fold-1", "fold-2"), {}, one.network)
    for key, value in mean.state.items():
        assert value.dtype == one.state[key].dtype
        if value.is_floating_point():
            torch.testing.assert_close(value, one.state[key] * 2)
    paths = [write(one, tmp_path / "one.pt"), write(other, tmp_path / "other.pt")]
    command = [sys.executable, "-m", "engines.training.average", *map(str, paths), "--out", str(tmp_path / "mean.pt")]
    finished = subprocess.run(command, capture_output=True, text=True, timeout=50, check=True)
    assert "mean of 2 trainings, learnt from fold-0, fold-1, fold-2" in finished.stdout
    torch.testing.assert_close(load_weights(tmp_path / "mean.pt").state, mean.state)
    assert mean.build() is not None


def test_only_trainings_of_a_kind_have_a_mean() -> None:
    one = trained("gate", GATE, ("a", "b"), (32, 48))
    with pytest.raises(DataError, match="average: split_id is  in the first training and s2 in another"):
        average_weights([one, replace(one, split_id="s2")])
    with pytest.raises(DataError, match="average: classes"):
        average_weights([one, replace(one, classes=("a", "c"))])


def test_the_mean_never_replaces_one_of_the_trainings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("a.pt", "b.pt"):
        (tmp_path / name).write_bytes(b"weights")
    (tmp_path / "link.pt").symlink_to("b.pt")
    given = ["average", str(tmp_path / "a.pt"), str(tmp_path / "b.pt"), "--out", str(tmp_path / "link.pt")]
    monkeypatch.setattr("sys.argv", given)
    assert average.main() == 2
    assert "is one of the trainings; name another file" in capsys.readouterr().err
    assert (tmp_path / "b.pt").read_bytes() == b"weights"
