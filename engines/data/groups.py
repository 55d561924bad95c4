"""Groups of frames that show the same piece: as given, or found as near-duplicates."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

import numpy as np

from engines.data.description import Source
from engines.data.file_errors import as_data_errors
from engines.data.frame_list import FrameList
from engines.data.hashing import hash_grid, near_duplicates, perceptual_hash
from engines.data.images import Size, read_grey
from engines.data.labels import Candidate, OnProblem
from engines.data.matching import Labels
from engines.data.threads import in_threads
from engines.errors import DataError
from engines.files.tables import read_table
from engines.images.decoder import Decoder

FOUND = "found"
NONE = "none"
FOLDER = "folder"


@dataclass(frozen=True, slots=True)
class Grouping:
    """Group of each frame by name, and where it comes from."""

    groups: dict[str, str]
    given_by: str
    """What ``groups`` in a dataset.yaml would call it; empty where nothing gives groups."""
    by_similarity: bool
    """Whether near-duplicates belong together as well."""


def given_groups(source: Source, candidates: Sequence[Candidate], frames: FrameList | None) -> Grouping:
    """The groups that need no pixels.

    The ``groups`` of the description decide: a column of the list of frames, a CSV (``name,group``), ``folder`` (that of
    the frame), ``none`` (each frame its own), ``found`` (near-duplicates); ``+found`` behind one of the first three joins
    near-duplicates as well. Where it is silent: the list's own column, if any two frames share a value in it; none for
    simulated sheets, which are drawn apart; else ``found``.
    """
    named = source.description.groups or ""
    way = named.removesuffix("+" + FOUND)
    by_similarity = named.endswith(FOUND)
    own = {one.name: one.name for one in candidates}
    if way in (FOUND, NONE):
        return Grouping(own, "", by_similarity)
    if way == FOLDER:
        groups = {one.name: PurePosixPath(one.relative).parent.as_posix() for one in candidates}
        return Grouping(groups, FOLDER, by_similarity)
    if way.endswith(".csv"):
        return Grouping(_from_file(source, candidates, way), way, by_similarity)
    listed = {one.name: one.listed.group for one in candidates if one.listed is not None and one.listed.group}
    if way or len(set(listed.values())) < len(listed):
        return Grouping({**own, **listed}, (frames and frames.group_column) or "", by_similarity)
    return Grouping(own, "", not (frames is not None and frames.is_simulated))


def grouping_column(source: Source) -> str | None:
    """The column of the list of frames that the description names."""
    way = (source.description.groups or "").removesuffix("+" + FOUND)
    return None if not way or way in {FOUND, NONE, FOLDER} or way.endswith(".csv") else way


def found_groups(
    grouping: Grouping, candidates: Sequence[Candidate], decoder: Decoder, size: Size, on_problem: OnProblem
) -> dict[str, str]:
    """The given groups, joined where frames of ``size`` (height, width) are near-duplicates. Reads every frame."""
    grid = hash_grid(*size)

    def look(one: Candidate) -> np.ndarray[tuple[int, ...], np.dtype[np.int8]] | str:
        try:
            return perceptual_hash(read_grey(one.path, decoder), grid)
        except DataError as error:
            return str(error)

    hashes = []
    for seen in in_threads(look, candidates):
        if isinstance(seen, str):
            on_problem(seen)
        hashes.append(np.zeros(grid, np.int8) if isinstance(seen, str) else seen)
    names = [one.name for one in candidates]
    pairs = [(names[pair.first], names[pair.second]) for pair in near_duplicates(np.stack(hashes))]
    return join_groups(grouping.groups, pairs)


def join_groups(groups: Mapping[str, str], pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """The groups after those of each pair of names became one; a joined group has the name that sorts first."""
    parent = {group: group for group in groups.values()}

    def root(group: str) -> str:
        while parent[group] != group:
            parent[group] = parent[parent[group]]
            group = parent[group]
        return group

    for one, other in pairs:
        first, second = sorted((root(groups[one]), root(groups[other])))
        parent[second] = first
    return {name: root(group) for name, group in groups.items()}


@as_data_errors()
def _from_file(source: Source, candidates: Sequence[Candidate], file: str) -> dict[str, str]:
    path = source.place(file)
    groups = Labels((record["name"], (row, record["group"])) for row, record in read_table(path, ("name", "group")))
    given = {}
    for one in candidates:
        found = groups.find(one.name, one.relative)
        if not found or not found[0][1]:
            raise DataError(f"{path}: no group of {one.name}; add a row name,group for it")
        other = next((row for row, group in found if group != found[0][1]), None)
        if other is not None:
            raise DataError(f"{path}: row {other}: {one.name} is in another group in row {found[0][0]}")
        given[one.name] = found[0][1]
    return given
