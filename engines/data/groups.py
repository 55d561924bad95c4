"""Which frames show the same thing: as given, or found by their looks."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePosixPath

from engines.data.description import Source
from engines.data.frame_list import FrameList, read_table
from engines.data.labels import Candidate
from engines.errors import DataError


def group_frames(
    source: Source, candidates: Sequence[Candidate], frames: FrameList | None, find: bool
) -> dict[str, str]:
    """Group of every candidate, by name.

    The ``groups`` of the description decide: a column of the list of frames, a CSV (``name,group``), ``folder`` (that of
    the frame), ``none`` (each frame its own), ``found`` (near-duplicates). Where it is silent: the list's own column where
    it has one, none for simulated sheets, which are drawn apart, else ``found``, unless ``find`` is false.
    """
    named = source.description.groups
    if named is not None and named.endswith(".csv"):
        return _given(source, candidates, named)
    if named == "folder":
        return {one.name: PurePosixPath(one.relative).parent.as_posix() for one in candidates}
    own = {one.name: one.name for one in candidates}
    listed = {one.name: one.listed.group for one in candidates if one.listed is not None and one.listed.group}
    if named not in {"found", "none"} and listed:
        return {**own, **listed}
    return own


def _given(source: Source, candidates: Sequence[Candidate], file: str) -> dict[str, str]:
    path = source.place(file)
    groups = {record["name"]: record["group"] for _, record in read_table(path, ("name", "group"))}
    missing = next((one.name for one in candidates if not groups.get(one.name)), None)
    if missing is not None:
        raise DataError(f"{path}: no group of {missing}; add a row name,group for it")
    return {one.name: groups[one.name] for one in candidates}
