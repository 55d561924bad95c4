"""Small files of /proc and /sys."""

from __future__ import annotations

from pathlib import Path

ROOT = Path("/")


def read(path: Path) -> str:
    """The text of ``path`` without surrounding blanks; empty where it cannot be read."""
    try:
        return path.read_text(errors="replace").strip(" \n\t\0")
    except OSError:
        return ""


def numbers(path: Path) -> list[int]:
    """The whole numbers in ``path``, other words left out."""
    return [int(word) for word in read(path).split() if word.lstrip("-").isdigit()]


def is_jetson(root: Path = ROOT) -> bool:
    """Whether this is an NVIDIA Jetson."""
    return (root / "etc/nv_tegra_release").exists() or "Jetson" in read(root / "proc/device-tree/model")
