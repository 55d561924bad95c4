"""What kind of machine this is, and how to get on it what a GPU needs."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from inspector.doctor.reading import is_jetson, read

JETPACKS = {36: 6, 38: 7, 39: 7}
"""Release of Jetson Linux: JetPack."""
PYTHONS = {6: "3.10", 7: "3.12"}
"""JetPack: the system's Python, the only one that its TensorRT is for."""
MORE = "docs/jetson.md"


@dataclass(frozen=True)
class GpuHost:
    """A workstation or a Jetson, with what the driver says of its GPU."""

    jetpack: int | None = None
    """JetPack's first number; 0 on a Jetson where it is unknown or neither 6 nor 7; None on a workstation."""
    cuda: str = ""
    """Newest CUDA that the driver supports, as `13.0`; empty without a GPU that can be used."""
    capability: str = ""
    """Compute capability of the first GPU, as `8.9`; empty without one."""

    @property
    def has_gpu(self) -> bool:
        """Whether the driver shows a GPU."""
        return bool(self.capability)

    @property
    def driver(self) -> str:
        """How to get the driver."""
        if self.jetpack is None:
            return "install NVIDIA's driver (Ubuntu: `sudo ubuntu-drivers install`; Debian: nvidia-driver) and reboot"
        return "it belongs to Jetson Linux: flash the board again, or in a container use NVIDIA's runtime"

    @property
    def libcuda(self) -> str:
        """How to get the driver's user library."""
        if self.jetpack is None:
            return "install the driver's user libraries (Ubuntu: libnvidia-compute; Debian: libcuda1); a container needs `--gpus all`"
        return "`sudo apt-get install --reinstall nvidia-l4t-cuda`; a container needs `--runtime nvidia`"

    @property
    def toolkit(self) -> str:
        """How to get nvcc and the headers."""
        if self.jetpack is None:
            return "NVIDIA's package cuda-toolkit, then /usr/local/cuda/bin on the PATH"
        return "`sudo apt-get install nvidia-jetpack`, then /usr/local/cuda/bin on the PATH"

    @property
    def tensorrt(self) -> str:
        """How to get TensorRT."""
        if self.jetpack is None:
            return "`python -m pip install tensorrt-rtx` for GeForce and RTX, `tensorrt` for any other"
        python = PYTHONS.get(self.jetpack, "")
        return (
            f"`sudo apt-get install nvidia-jetpack`: it is for the system's Python{' ' if python else ''}{python}, which a "
            f"virtual environment sees if made with --system-site-packages ({MORE})"
        )

    @property
    def tensorrt_for_any_gpu(self) -> str:
        """How to get a TensorRT that knows this GPU, where TensorRT-RTX does not."""
        return (
            "`python -m pip install tensorrt`, which knows data-centre GPUs too"
            if self.jetpack is None
            else self.tensorrt
        )

    @property
    def newer_tensorrt(self) -> str:
        """How to get a TensorRT that is new enough."""
        return (
            "`python -m pip install --upgrade` it" if self.jetpack is None else f"JetPack 6.1 or later has it ({MORE})"
        )

    @property
    def torch(self) -> str:
        """How to get a torch that runs on the GPU."""
        if self.jetpack == 6:
            return f"NVIDIA's wheels for JetPack 6 ({MORE}); PyPI's do not run on an Orin"
        return f"its build for CUDA {self.cuda.split('.')[0]} from PyTorch's own index, and onnx"

    def too_new(self, cuda: str) -> bool:
        """Whether a package that was built for this CUDA needs a newer driver: any driver of the same major version is new enough."""
        return bool(self.cuda and cuda) and int(cuda.split(".")[0]) > int(self.cuda.split(".")[0])


def jetpack(root: Path) -> int | None:
    """See ``GpuHost.jetpack``."""
    if not is_jetson(root):
        return None
    release = re.match(r"# R(\d+)", read(root / "etc/nv_tegra_release"))
    return JETPACKS.get(int(release[1]), 0) if release else 0
