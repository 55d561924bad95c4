"""Options of several commands."""

from __future__ import annotations

from enum import Enum
from typing import Annotated

import typer


class RuntimeName(str, Enum):
    """What runs the engines."""

    AUTO = "auto"
    TENSORRT = "tensorrt"
    TORCH = "torch"
    OPENVINO = "openvino"


RuntimeOption = Annotated[
    RuntimeName,
    typer.Option(
        help="What runs the engines. openvino: the CPU; auto: the first of tensorrt and torch that works here, else the CPU."
    ),
]
