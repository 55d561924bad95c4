"""The areas, in the order of the table."""

from __future__ import annotations

from importlib import import_module

AREAS = {
    "cameras": "Cameras",
    "frames": "Recorded and simulated frames",
    "inference": "Inference",
    "overload": "Overload and deadlines",
    "observers": "Recordings and shadows",
    "subscribers": "Subscribers",
    "recovery": "Recovery",
    "network": "The network",
    "journal": "The journal's disk",
    "journal_file": "The journal's file",
    "clock": "The clock",
    "daemon": "The daemon",
    "control": "The control socket",
    "controller": "The reject controller",
    "host": "The machine",
}
"""Modules of this folder, and the heading of each."""


def load() -> None:
    """Import them all."""
    for name in AREAS:
        import_module(f"tests.faults.{name}")
