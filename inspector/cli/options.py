"""Options that several commands have."""

from __future__ import annotations

from typing import Annotated

import typer

RuntimeOption = Annotated[
    str,
    typer.Option(
        help="What runs the engines: openvino (the CPU), tensorrt, torch, or auto, the first of the GPU's that there is, else the CPU."
    ),
]
