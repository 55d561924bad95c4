"""The decoders that are fuzzed, by name. A module of them is imported when one of its targets is wanted."""

from __future__ import annotations

import importlib

from tests.fuzz.target import Target

MODULES: dict[str, tuple[str, ...]] = {
    "wire": ("message", "mask", "order"),
    "control": ("control_request", "control_reply", "control_frames"),
    "recovery": ("recovery_request", "recovery_frames", "recovery_answer"),
    "receiving": ("reception",),
    "yaml_files": (
        "yaml", "line_config", "recipe", "bundle_manifest", "operating_point", "golden_frames", "data_set", "training_recipe", "scale"
    ),
    "tables": ("run_lengths", "truth_table", "frame_list", "replay_list", "csv"),
    "images": ("image_jpeg", "image_png", "image_tiff", "image_others", "image_raw", "image_mask"),
    "bundles": ("bundle_files", "onnx_graph", "plan_entry"),
    "calibrations": ("flat_field", "flat_field_members"),
    "recordings": ("recording_index", "recording_manifest"),
    "archives": ("backup_archive", "backup_manifest"),
    "journals": ("journal_patched", "journal_written", "journal_recovered", "journal_bytes", "journal_mask", "shadow_rows", "command_answer"),
    "keys": ("key_file",),
    "network": ("camera_search", "admission"),
    "controller": ("controller_config", "controller_state"),
    "coil": ("coil_config", "coil_stream"),
    "coil_messages": ("coil_messages",),
    "pages": ("view_cookies", "view_bodies", "view_users", "archive_reviews"),
}  # fmt: skip
TARGETS = tuple(name for names in MODULES.values() for name in names)


def find(name: str) -> Target:
    """The target of this name. Raises KeyError."""
    module = next((module for module, names in MODULES.items() if name in names), None)
    if module is None:
        raise KeyError(name)
    found: dict[str, Target] = {one.name: one for one in importlib.import_module(f"{__name__}.{module}").TARGETS}
    return found[name]
