"""Errors of the engines reach whoever runs a line in one line, with the key or the command that mends them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from engines.errors import (
    DamagedPlanError,
    DeviceMemoryError,
    DisagreementError,
    EngineError,
    MissingPlanError,
    NoGpuError,
    PageLockError,
    PlanKeyError,
    RefusedPlanError,
)
from inspector.config.inference import InferenceConfig
from inspector.config.ring import RingConfig
from inspector.inference import loading, remedies
from inspector.inference.remedies import with_remedy

AGAIN = "build it again with `inspector engines build`"
KEY = Path("plans/key")


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (
            NoGpuError("no driver", "auto"),
            "no GPU to run the engines on (no driver); `inspector doctor` shows why; or set inference.allow_cpu: true",
        ),
        (
            NoGpuError("no driver", "tensorrt"),
            "no GPU to run the engines on (no driver); `inspector doctor` shows why; or choose the runtime auto, and allow the CPU",
        ),
        (
            MissingPlanError("gate", "bars-1-0a", "8.9", 8, "has no plan in plans"),
            f"gate of bars-1-0a: has no plan in plans; {AGAIN}",
        ),
        (
            MissingPlanError("gate", "bars-1-0a", "8.9", 16, "its plan is for batches up to 8, not 16"),
            "gate of bars-1-0a: its plan is for batches up to 8, not 16; build it again with `inspector engines build --max-batch 16`",
        ),
        (DamagedPlanError(Path("a.plan"), "was altered"), f"a.plan: was altered; {AGAIN}"),
        (RefusedPlanError("gate", "its plan takes no batch of 9"), f"gate: its plan takes no batch of 9; {AGAIN}"),
        (PlanKeyError(KEY, "cannot be read"), f"plans/key: cannot be read; {AGAIN} as the user who runs the line"),
        (
            PlanKeyError(KEY, "can be read by others", known_to_others=True),
            f"plans/key: can be read by others; remove plans, then {AGAIN} as the user who runs the line",
        ),
        (
            DeviceMemoryError("64 MiB on A GPU", "batches"),
            "64 MiB on A GPU: out of device memory; use a smaller inference.max_batch, or stop what else uses the GPU",
        ),
        (
            DeviceMemoryError("64 MiB on A GPU", "frame ring"),
            "64 MiB on A GPU: out of device memory; use fewer ring.slots, or stop what else uses the GPU",
        ),
        (
            PageLockError(64, "this system does not support it"),
            "64 MiB of frames cannot be page-locked: this system does not support it; use fewer ring.slots, or start with "
            "INSPECTOR_CUDA_WITHOUT=direct in the environment",
        ),
        (EngineError("the gate answered nan"), "the gate answered nan"),
    ],
)
def test_one_line_with_what_mends_it(error: EngineError, line: str) -> None:
    assert with_remedy(error) == line


def test_disagreement_says_by_how_much() -> None:
    line = with_remedy(DisagreementError("A CPU", 0.3, 0.02, 0.5, 0.995))
    assert line.startswith(
        "A CPU: disagrees with the bundle's golden frames (score off by 0.3, at most 0.02 allowed; masks"
    )
    assert "agree on 50.00%, at least 99.5% needed); set inference.precision: f32 (on a CPU)" in line
    assert line.endswith("or export the bundle again")


def test_keys_and_variables_that_are_named_exist() -> None:
    text = Path(remedies.__file__).read_text(encoding="utf-8")
    named = set(re.findall(r"\b(?:inference|ring)\.([a-z_]+)", text.replace("inspector.inference.", "")))
    assert named >= {"allow_cpu", "slots"}
    assert named <= {*InferenceConfig.__struct_fields__, *RingConfig.__struct_fields__}
    assert set(re.findall(r"INSPECTOR_\w+", text)) == {loading.WITHOUT}
