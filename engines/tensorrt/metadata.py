"""The metadata of a plan (what it was built from and for), and the request for the plan that a GPU needs."""

from __future__ import annotations

import hashlib

import msgspec


class PlanMetadata(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a plan was built from and for, and how the build went. Two plans with the same key can replace each other."""

    bundle: str
    """Id of the bundle, for a person; plans are found by the digest of the graph."""
    network: str
    """`gate` or `segmenter`."""
    onnx_sha256: str
    library: str
    """`tensorrt` or `tensorrt_rtx`."""
    version: str
    """Version of the library."""
    capability: str
    """Compute capability of the GPU, as `8.9`."""
    driver: str = ""
    """Version of the driver; empty where the plan does not depend on it, as it was built ahead of time."""
    cuda: str = ""
    """Newest CUDA that the driver supports; empty likewise."""
    max_batch: int
    builder_flags: tuple[str, ...]
    """TensorRT's builder flags that were set."""
    workspace_mib: int
    """Most device memory that a layer could take while it was built."""
    precisions: dict[str, int]
    """Number of layers by the data type of their output."""
    layers: dict[str, int]
    """Number of layers by kind."""
    build_seconds: float = 0.0
    checked: bool = False
    """Whether it agreed with the golden frames when it was built; a plan built ahead of time for another GPU could not be run."""

    @property
    def key(self) -> str:
        """Name of the plan's file: a digest of everything that changes the plan."""
        decisive = msgspec.structs.replace(self, bundle="", precisions={}, layers={}, build_seconds=0.0, checked=False)
        return hashlib.sha256(msgspec.json.encode(decisive, order="deterministic")).hexdigest()[:24]


class PlanRequest(msgspec.Struct, frozen=True, kw_only=True):
    """The plan that a GPU needs for a network."""

    bundle: str
    network: str
    onnx_sha256: str
    library: str
    version: str
    capability: str
    driver: str
    cuda: str
    builder_flags: tuple[str, ...]
    max_batch: int
    """Largest batch that the plan must take."""

    def mismatch(self, plan: PlanMetadata) -> str:
        """Why a plan of the same graph cannot be used, in one clause; empty where it can."""
        for name in ("library", "version", "capability", "driver", "cuda"):
            needed, found = getattr(self, name), getattr(plan, name)
            if name in ("driver", "cuda") and not found:
                continue  # built ahead of time, for any
            if needed != found:
                return f"its plan is for {name} {found}, here it is {needed or 'not known'}"
        if plan.builder_flags != self.builder_flags:
            return f"its plan was built with {_joined(plan.builder_flags)}, here it is {_joined(self.builder_flags)}"
        if plan.max_batch < self.max_batch:
            return f"its plan is for batches up to {plan.max_batch}, not {self.max_batch}"
        return ""


def _joined(flags: tuple[str, ...]) -> str:
    return ", ".join(flags) or "no flags"
