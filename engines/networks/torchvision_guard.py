"""Lets torchvision be imported beside a CPU build of torch. Import this before timm, segmentation-models-pytorch or Lightning.

PyPI's torchvision is built against CUDA. Beside a CPU build of torch its compiled part cannot be loaded, so that the
two operators which its import registers shapes for do not exist, and the import fails ("operator torchvision::nms does
not exist"). timm, segmentation-models-pytorch and Lightning import it and use neither operator. Where torch is a CPU build and
the compiled part is missing, the operators are declared, without an implementation; a torchvision that fits its torch
is left alone.
"""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import torch

_SCHEMA = "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor"
_OPERATORS = ("nms", "qnms")
_kept: list[Any] = []
"""Keeps the `torch.library.Library` alive: its declarations vanish with it."""


def declare_missing_operators() -> tuple[str, ...]:
    """Declare the missing operators, once; returns their names, `()` where none is missing."""
    if torch.version.cuda is not None or _kept:
        return ()
    _load_compiled_part()
    missing = tuple(name for name in _OPERATORS if not hasattr(torch.ops.torchvision, name))
    if missing:
        library = torch.library.Library("torchvision", "DEF")  # type: ignore[no-untyped-call]
        for name in missing:
            library.define(f"{name}{_SCHEMA}")  # type: ignore[no-untyped-call]
        _kept.append(library)
    return missing


def _load_compiled_part() -> None:
    """Load torchvision's own operators if they can be; torchvision does the same when it is imported."""
    spec = importlib.util.find_spec("torchvision")
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        for path in (*Path(folder).glob("_C*.so"), *Path(folder).glob("_C*.pyd")):
            try:
                torch.ops.load_library(path)  # type: ignore[no-untyped-call]
            except OSError:
                continue


declare_missing_operators()
