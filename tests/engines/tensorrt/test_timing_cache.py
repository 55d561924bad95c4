"""The timing cache is kept for the next build; one that was altered is never handed to TensorRT."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from engines.tensorrt.keyed_digest import DIGEST_BYTES, KEY_FILE, read_with_digest, write_with_digest
from engines.tensorrt.library import Library
from engines.tensorrt.log import logger
from engines.tensorrt.timing_cache import (
    remove_timing_caches,
    serialized_timing_cache,
    set_timing_cache,
    timing_cache_path,
)

TIMINGS = bytes(range(200))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return timing_cache_path(tmp_path, Library("tensorrt", "10.3.0", None), "8.7")


def test_a_file_for_each_version_and_gpu(path: Path) -> None:
    assert path.name == "tensorrt-10.3.0-8.7.timings"
    assert read_with_digest(path) == b""
    write_with_digest(path, TIMINGS)
    write_with_digest(path, TIMINGS[::-1])
    assert read_with_digest(path) == TIMINGS[::-1]
    assert {stat.S_IMODE(one.stat().st_mode) for one in path.parent.iterdir()} == {0o600}
    assert sorted(one.name for one in path.parent.iterdir()) == [KEY_FILE, path.name]
    assert remove_timing_caches(path.parent) == len(TIMINGS) + DIGEST_BYTES
    assert read_with_digest(path) == b""


def test_what_was_altered_is_ignored(path: Path) -> None:
    write_with_digest(path, TIMINGS)
    stored = path.read_bytes()
    for content in (stored[:-1], stored + b"x", stored[:40] + b"x" + stored[41:], TIMINGS, b""):
        path.write_bytes(content)
        assert read_with_digest(path) == b""
    path.write_bytes(stored)
    assert read_with_digest(path) == TIMINGS
    other = path.with_name("tensorrt-10.3.0-8.9.timings")
    other.write_bytes(stored)
    assert read_with_digest(other) == b""
    (path.parent / KEY_FILE).unlink()
    assert read_with_digest(path) == b""


def test_the_calls_are_those_of_the_api() -> None:
    """TensorRT-RTX has them too, and warns that they do nothing there, which is why they are not called."""
    api = pytest.importorskip("tensorrt_rtx", reason="needs tensorrt-rtx (make test-tensorrt)")
    assert not Library("tensorrt_rtx", api.__version__, api).uses_timing_cache
    assert Library("tensorrt", api.__version__, api).uses_timing_cache
    builder = api.Builder(logger(api))
    config = builder.create_builder_config()
    with pytest.warns(DeprecationWarning, match="no-ops in TensorRT-RTX"):
        set_timing_cache(config, b"")
    with pytest.warns(DeprecationWarning, match="no-ops in TensorRT-RTX"):
        assert serialized_timing_cache(config)
    with pytest.warns(DeprecationWarning, match="no-ops in TensorRT-RTX"):
        assert serialized_timing_cache(builder.create_builder_config()) == b""
