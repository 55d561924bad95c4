"""What TensorRT measured is kept for the next build, and nothing else is handed to it."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from engines.tensorrt.keyed_digest import KEY_FILE, read_sealed, write_sealed
from engines.tensorrt.library import Library
from engines.tensorrt.log import logger
from engines.tensorrt.timings import remove_timings, timings_of, timings_path, use_timings

TIMINGS = bytes(range(200))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return timings_path(tmp_path, Library("tensorrt", "10.3.0", None), "8.7")


def test_a_file_for_each_version_and_gpu(path: Path) -> None:
    assert path.name == "tensorrt-10.3.0-8.7.timings"
    assert read_sealed(path) == b""
    write_sealed(path, TIMINGS)
    write_sealed(path, TIMINGS[::-1])
    assert read_sealed(path) == TIMINGS[::-1]
    assert {stat.S_IMODE(one.stat().st_mode) for one in path.parent.iterdir()} == {0o600}
    assert sorted(one.name for one in path.parent.iterdir()) == [KEY_FILE, path.name]
    assert remove_timings(path.parent) == len(TIMINGS) + 32
    assert read_sealed(path) == b""


def test_what_was_touched_counts_as_none(path: Path) -> None:
    write_sealed(path, TIMINGS)
    sealed = path.read_bytes()
    for content in (sealed[:-1], sealed + b"x", sealed[:40] + b"x" + sealed[41:], TIMINGS, b""):
        path.write_bytes(content)
        assert read_sealed(path) == b""
    path.write_bytes(sealed)
    assert read_sealed(path) == TIMINGS
    other = path.with_name("tensorrt-10.3.0-8.9.timings")
    other.write_bytes(sealed)
    assert read_sealed(other) == b""
    (path.parent / KEY_FILE).unlink()
    assert read_sealed(path) == b""


def test_the_calls_are_those_of_the_api() -> None:
    """TensorRT-RTX has them too, and says that they do nothing there: that is why it is spared them."""
    api = pytest.importorskip("tensorrt_rtx", reason="needs tensorrt-rtx (make test-tensorrt)")
    assert not Library("tensorrt_rtx", api.__version__, api).keeps_timings
    assert Library("tensorrt", api.__version__, api).keeps_timings
    builder = api.Builder(logger(api))
    config = builder.create_builder_config()
    with pytest.warns(DeprecationWarning, match="no-ops in TensorRT-RTX"):
        use_timings(config, b"")
    with pytest.warns(DeprecationWarning, match="no-ops in TensorRT-RTX"):
        assert timings_of(config)
    with pytest.warns(DeprecationWarning, match="no-ops in TensorRT-RTX"):
        assert timings_of(builder.create_builder_config()) == b""
