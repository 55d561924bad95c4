"""A plan's facts, and bytes that stand for a plan where nobody runs it."""

from __future__ import annotations

import msgspec

from engines.tensorrt.cache import Facts
from engines.tensorrt.library import FLAGS

FACTS = Facts(
    bundle="bars-1-0a",
    network="gate",
    onnx_sha256="ab" * 32,
    library="tensorrt_rtx",
    version="1.7",
    capability="8.9",
    max_batch=8,
    options=FLAGS["tensorrt_rtx"],
    workspace_mib=64,
    precisions={"HALF": 3},
    layers={"CAST": 1},
)
PLAN = bytes(range(256)) * 8


def facts_with(**changed: object) -> Facts:
    return msgspec.structs.replace(FACTS, **changed)
