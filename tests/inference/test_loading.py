"""What the GPU runtime can be told to do without."""

from __future__ import annotations

import pytest

from engines.errors import EngineError
from engines.runtime.cuda.engines import CudaOptions
from inspector.inference.loading import cuda_options


def test_everything_is_on_unless_named() -> None:
    assert cuda_options("") == CudaOptions()
    assert cuda_options("graphs, direct") == CudaOptions(graphs=False, direct=False)


def test_a_name_that_is_none_is_refused() -> None:
    with pytest.raises(
        EngineError, match="INSPECTOR_CUDA_WITHOUT=graph: names graph; expected graphs, overlap, direct"
    ):
        cuda_options("graph")
