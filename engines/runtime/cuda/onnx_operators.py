"""ONNX operators in torch: those that exported bundles contain, each tested against ONNX's reference implementation."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from typing import Any

from engines.errors import EngineError


class Operators:
    """The operators, by their ONNX names; an optional input that is left out is None."""

    def __init__(self, torch: Any) -> None:
        self._torch = torch
        self._nn = torch.nn.functional
        helper = importlib.import_module("onnx").helper
        self._numpy_type: Callable[[int], Any] = helper.tensor_dtype_to_np_dtype

    # Names are ONNX's.
    # ruff: noqa: N802, N803

    def Conv(self, x: Any, w: Any, b: Any = None, *, pads: Any = (0, 0, 0, 0), strides: Any = (1, 1), dilations: Any = (1, 1),
             group: int = 1, kernel_shape: Any = None, auto_pad: str = "NOTSET") -> Any:  # fmt: skip
        x, padding = self._padded(x, pads, auto_pad)
        return self._nn.conv2d(x, w, b, tuple(strides), padding, tuple(dilations), group)

    def _padded(self, x: Any, pads: Any, auto_pad: str, value: float = 0.0) -> tuple[Any, tuple[int, int]]:
        if auto_pad not in ("NOTSET", "VALID"):
            raise EngineError(f"auto_pad {auto_pad} is not known to the torch runtime; export the bundle again")
        top, left, bottom, right = pads
        if (top, left) == (bottom, right):
            return x, (top, left)
        return self._nn.pad(x, (left, right, top, bottom), value=value), (0, 0)

    def Clip(self, x: Any, low: Any = None, high: Any = None) -> Any:
        return self._torch.clamp(x, low, high)

    def Relu(self, x: Any) -> Any:
        return self._torch.relu(x)

    def Sigmoid(self, x: Any) -> Any:
        return self._torch.sigmoid(x)

    def Softmax(self, x: Any, *, axis: int = -1) -> Any:
        return self._torch.softmax(x, axis)

    def Log(self, x: Any) -> Any:
        return self._torch.log(x)

    def Exp(self, x: Any) -> Any:
        return self._torch.exp(x)

    def Add(self, a: Any, b: Any) -> Any:
        return a + b

    def Sub(self, a: Any, b: Any) -> Any:
        return a - b

    def Mul(self, a: Any, b: Any) -> Any:
        return a * b

    def Div(self, a: Any, b: Any) -> Any:
        return a / b

    def Max(self, first: Any, *others: Any) -> Any:
        for other in others:
            first = self._torch.maximum(first, other)
        return first

    def GreaterOrEqual(self, a: Any, b: Any) -> Any:
        return a >= b

    def Cast(self, x: Any, *, to: int, saturate: int = 1) -> Any:
        return x.to(getattr(self._torch, self._numpy_type(to).name))

    def ReduceMean(self, x: Any, axes: Any = None, *, keepdims: int = 1, noop_with_empty_axes: int = 0) -> Any:
        return x.mean(dim=_axes(x, axes), keepdim=bool(keepdims))

    def ReduceSum(self, x: Any, axes: Any = None, *, keepdims: int = 1, noop_with_empty_axes: int = 0) -> Any:
        return x.sum(dim=_axes(x, axes), keepdim=bool(keepdims), dtype=x.dtype)

    def ReduceMax(self, x: Any, axes: Any = None, *, keepdims: int = 1, noop_with_empty_axes: int = 0) -> Any:
        return x.amax(dim=_axes(x, axes), keepdim=bool(keepdims))

    def GlobalAveragePool(self, x: Any) -> Any:
        return x.mean(dim=(2, 3), keepdim=True)

    def AveragePool(self, x: Any, *, kernel_shape: Any, strides: Any = (1, 1), pads: Any = (0, 0, 0, 0), auto_pad: str = "NOTSET",
                    ceil_mode: int = 0, count_include_pad: int = 0, dilations: Any = None) -> Any:  # fmt: skip
        x, padding = self._padded(x, pads, auto_pad)
        return self._nn.avg_pool2d(
            x, tuple(kernel_shape), tuple(strides), padding, bool(ceil_mode), bool(count_include_pad)
        )

    def MaxPool(self, x: Any, *, kernel_shape: Any, strides: Any = (1, 1), pads: Any = (0, 0, 0, 0), auto_pad: str = "NOTSET",
                ceil_mode: int = 0, dilations: Any = (1, 1), storage_order: int = 0) -> Any:  # fmt: skip
        x, padding = self._padded(x, pads, auto_pad, value=float("-inf"))
        return self._nn.max_pool2d(x, tuple(kernel_shape), tuple(strides), padding, tuple(dilations), bool(ceil_mode))

    def Flatten(self, x: Any, *, axis: int = 1) -> Any:
        return x.flatten(axis) if axis == 1 else x.reshape(-1 if axis == 0 else x.shape[:axis].numel(), -1)

    def Reshape(self, x: Any, shape: Sequence[int], *, allowzero: int = 0) -> Any:
        return x.reshape([x.shape[i] if size == 0 and not allowzero else size for i, size in enumerate(shape)])

    def Transpose(self, x: Any, *, perm: Any) -> Any:
        return x.permute(tuple(perm))

    def Unsqueeze(self, x: Any, axes: Sequence[int]) -> Any:
        for axis in sorted(axes):
            x = x.unsqueeze(axis)
        return x

    def Squeeze(self, x: Any, axes: Sequence[int]) -> Any:
        return x.squeeze(tuple(axes))

    def Expand(self, x: Any, shape: Sequence[int]) -> Any:
        return x.expand(self._torch.broadcast_shapes(tuple(x.shape), tuple(shape)))

    def Shape(self, x: Any, *, start: int = 0, end: int | None = None) -> Any:
        return [int(size) for size in x.shape[start:end]]

    def Concat(self, *parts: Any, axis: int) -> Any:
        if all(isinstance(part, list) for part in parts):
            return [size for part in parts for size in part]
        return self._torch.cat(parts, axis)

    def Gather(self, x: Any, indices: Any, *, axis: int = 0) -> Any:
        if isinstance(indices, list):
            return self._torch.cat([x.narrow(axis, i % x.shape[axis], 1) for i in indices], axis)
        return x.select(axis, indices)

    def Slice(self, x: Any, starts: Any, ends: Any, axes: Any = None, steps: Any = None) -> Any:
        for i, (start, end) in enumerate(zip(starts, ends, strict=True)):
            axis = axes[i] if axes is not None else i
            index = [slice(None)] * x.ndim
            index[axis] = slice(start, end, steps[i] if steps is not None else 1)
            x = x[tuple(index)]
        return x

    def Pad(self, x: Any, pads: Any, value: Any = None, axes: Any = None, *, mode: str = "constant") -> Any:
        if mode not in _PADS or axes is not None:
            raise EngineError(f"padding by {mode} is not known to the torch runtime; export the bundle again")
        half = len(pads) // 2
        flat = [side for axis in reversed(range(half)) for side in (pads[axis], pads[axis + half])]
        while flat and flat[-2:] == [0, 0]:
            flat = flat[:-2]
        extra = {"value": value or 0.0} if mode == "constant" else {}
        return self._nn.pad(x, flat, mode=_PADS[mode], **extra)

    def DepthToSpace(self, x: Any, *, blocksize: int, mode: str = "DCR") -> Any:
        if mode == "DCR":
            n, channels, height, width = x.shape
            x = x.view(n, blocksize * blocksize, channels // blocksize**2, height, width).transpose(1, 2).flatten(1, 2)
        return self._nn.pixel_shuffle(x, blocksize)

    def Resize(self, x: Any, roi: Any = None, scales: Any = None, sizes: Any = None, *, mode: str = "nearest",
               coordinate_transformation_mode: str = "half_pixel", nearest_mode: str = "round_prefer_floor",
               **_: Any) -> Any:  # fmt: skip
        target = list(sizes[2:]) if sizes is not None else None
        if target is None:
            target = [int(side * scale) for side, scale in zip(x.shape[2:], scales[2:], strict=True)]
        whole = all(new % side == 0 for new, side in zip(target, x.shape[2:], strict=True))
        # At whole factors every rounding mode of nearest gives the same: each pixel becomes a block.
        if mode == "nearest" and whole:
            return self._nn.interpolate(x, size=target, mode="nearest")
        if mode == "linear" and coordinate_transformation_mode in ("half_pixel", "pytorch_half_pixel", "align_corners"):
            corners = coordinate_transformation_mode == "align_corners"
            return self._nn.interpolate(x, size=target, mode="bilinear", align_corners=corners)
        raise EngineError(f"resizing by {mode}, {coordinate_transformation_mode} is not known to the torch runtime")

    def Gemm(
        self, a: Any, b: Any, c: Any = None, *, alpha: float = 1.0, beta: float = 1.0, transA: int = 0, transB: int = 0
    ) -> Any:
        product = (a.t() if transA else a) @ (b.t() if transB else b)
        product = product if alpha == 1.0 else product * alpha
        return product if c is None else product + (c if beta == 1.0 else c * beta)

    def MatMul(self, a: Any, b: Any) -> Any:
        return a @ b


_PADS = {"constant": "constant", "edge": "replicate", "reflect": "reflect"}


def _axes(x: Any, axes: Sequence[int] | None) -> tuple[int, ...]:
    return tuple(axes) if axes else tuple(range(x.ndim))
