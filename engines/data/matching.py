"""Which label belongs to which frame, where labels name frames in their own way.

A label may name its frame with or without folders (``/`` or ``\\`` between them) and with or without a suffix, or with that of another
copy of it. It belongs to the frame with the same last part, if the folders that both have agree. Nothing is guessed beyond that: 7 is
not 0007.jpg, and a label that fits several frames, or a frame that several labels fit, is an error.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Generic, NamedTuple, TypeVar

from engines.errors import DataError
from engines.files.text import brief, spelled_out
from engines.images.suffixes import SUFFIXES

Item = TypeVar("Item")

_SUFFIXES = SUFFIXES | {".webp", ".gif", ".jp2"}


class Place(NamedTuple):
    """A name of a frame, taken apart."""

    folders: tuple[str, ...]
    stem: str
    suffix: str


def place_of(name: str) -> Place:
    """The name taken apart; only suffixes of images count, so that coil1.0007 has none."""
    folders = [part for part in re.split(r"[/\\]", spelled_out(name).strip()) if part not in ("", ".")]
    last = folders.pop() if folders else ""
    stem, dot, suffix = last.rpartition(".")
    if not dot or f".{suffix.lower()}" not in _SUFFIXES:
        return Place(tuple(folders), last, "")
    return Place(tuple(folders), stem, suffix)


def last_part(name: str) -> str:
    """The name without its folders."""
    place = place_of(name)
    return f"{place.stem}.{place.suffix}" if place.suffix else place.stem


@dataclass(frozen=True, slots=True)
class Match:
    """How labels and frames fit together."""

    labels: int
    """Labels, several of one frame counted once."""
    strangers: tuple[str, ...]
    """Labels of none of the frames."""
    alike: tuple[tuple[str, str], ...]
    """Of these, the ones that differ from a frame without a label only in capitals or in zeros before a number, with that frame."""

    @property
    def none(self) -> bool:
        """Whether there are labels, and none is of one of the frames."""
        return 0 < self.labels == len(self.strangers)


class Labels(Generic[Item]):
    """Labels by the name that each has for its frame."""

    def __init__(self, items: Iterable[tuple[str, Item]]) -> None:
        self._names: dict[Place, str] = {}
        self._items: dict[Place, list[Item]] = defaultdict(list)
        self._by_stem: dict[str, list[Place]] = defaultdict(list)
        for name, item in items:
            place = place_of(name)
            if place not in self._names:
                self._names[place] = name
                self._by_stem[place.stem].append(place)
            self._items[place].append(item)

    @property
    def names(self) -> tuple[str, ...]:
        """What the labels call their frames, each once."""
        return tuple(self._names.values())

    def find(self, name: str, relative: str = "") -> tuple[Item, ...]:
        """The labels of a frame, none where it has none. ``name`` has as many folders as tell it from the other frames, ``relative`` all.

        Raises DataError where it cannot be told which label is meant, or which frame.
        """
        place = self._place(name, relative)
        return tuple(self._items[place]) if place is not None else ()

    def compare(self, frames: Sequence[tuple[str, str]]) -> Match:
        """How the labels fit ``frames``, each a name and its relative path as in ``find``."""
        used: set[Place] = set()
        without: dict[str, str] = {}
        for name, relative in frames:
            stem = place_of(name).stem
            try:
                place = self._place(name, relative)
            except DataError:  # told where the frame is labelled
                used.update(self._by_stem[stem])
                continue
            if place is None:
                without[_blurred(stem)] = name
            else:
                used.add(place)
        strangers = [place for place in self._names if place not in used]
        likely = [(one, without[_blurred(one.stem)]) for one in strangers if _blurred(one.stem) in without]
        alike = tuple((self._names[one], frame) for one, frame in likely if _is_padded(one.stem, place_of(frame).stem))
        return Match(len(self._names), tuple(self._names[one] for one in strangers), alike)

    def _place(self, name: str, relative: str) -> Place | None:
        frame = place_of(name)
        places = self._by_stem.get(frame.stem)
        if not places:
            return None
        whole = place_of(relative).folders if relative else frame.folders
        fitting = [one for one in places if _agree(one.folders, whole)]
        exact = [one for one in fitting if one == frame] or [one for one in fitting if one.folders == whole]
        chosen = exact or fitting
        if len(chosen) > 1:
            chosen = [one for one in chosen if one.suffix == frame.suffix] or chosen
        if len(chosen) > 1:
            raise DataError(
                f"{brief(name)}: {brief(self._names[chosen[0]])} and {brief(self._names[chosen[1]])} may both be meant; "
                "name each frame once, with its folders"
            )
        if chosen and len(chosen[0].folders) < len(frame.folders):
            raise DataError(
                f"{brief(name)}: {brief(self._names[chosen[0]])} may be this frame or another of that name; name it with its folders"
            )
        return chosen[0] if chosen else None


def require_match(match: Match, origin: str, labels: str, frames: str, count: int) -> str:
    """A note about labels without a frame, empty where there are none; ``origin`` names the file of the labels, ``labels`` and
    ``frames`` say in the plural what it has and whose they should be ("frames of images/"), of which there are ``count``.

    Raises DataError where no label has a frame, or where names differ from those of the files only in zeros or capitals.
    """
    first = brief(match.strangers[0]) if match.strangers else ""
    if match.alike:
        label, frame = match.alike[0]
        more = f" (and {len(match.alike) - 1} more like it)" if len(match.alike) > 1 else ""
        raise DataError(
            f"{origin}: says {brief(label)}, but the frame is called {brief(frame)}{more}; write the names as the files have them"
        )
    if match.none:
        raise DataError(
            f"{origin}: none of its {match.labels} {labels} is among the {count} {frames}, the first: {first}; "
            "write the names as the files have them"
        )
    if not match.strangers:
        return ""
    return f"{origin}: {len(match.strangers)} of its {match.labels} {labels} are not among the {count} {frames}, the first: {first}"


def _agree(one: Sequence[str], other: Sequence[str]) -> bool:
    """Whether folders agree, from the last on, as far as both go."""
    return all(first == second for first, second in zip(reversed(one), reversed(other), strict=False))


def _is_padded(one: str, other: str) -> bool:
    """Whether two stems that are equal when blurred differ in capitals or by zeros in front: in what is all of one length, as the
    hexadecimal names of public sets, zeros at different places are different names."""
    return one.casefold() == other.casefold() or len(one) != len(other)


def _blurred(stem: str) -> str:
    return re.sub(r"\d+", lambda digits: digits[0].lstrip("0") or "0", stem.casefold())
