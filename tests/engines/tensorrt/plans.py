"""Metadata of a plan, and bytes in place of a plan where none is run."""

from __future__ import annotations

import msgspec

from engines.tensorrt.library import BUILDER_FLAGS
from engines.tensorrt.metadata import PlanMetadata

METADATA = PlanMetadata(
    bundle="bars-1-0a",
    network="gate",
    onnx_sha256="ab" * 32,
    library="tensorrt_rtx",
    version="1.7",
    capability="8.9",
    max_batch=8,
    builder_flags=BUILDER_FLAGS["tensorrt_rtx"],
    workspace_mib=64,
    precisions={"HALF": 3},
    layers={"CAST": 1},
)
PLAN = bytes(range(256)) * 8


def metadata_with(**changed: object) -> PlanMetadata:
    return msgspec.structs.replace(METADATA, **changed)
