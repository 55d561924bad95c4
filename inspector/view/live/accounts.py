"""Whether every frame of a run is accounted for, in words that say what is proven and what is not."""

from __future__ import annotations

from typing import Literal

import msgspec

from inspector.view.live.strip import Strip

Level = Literal["well", "open", "wrong"]


class Account(msgspec.Struct, frozen=True):
    """One line for a person."""

    level: Level
    """well: nothing is missing; open: it cannot be said; wrong: something is missing."""
    text: str
    frames: int
    """That have a verdict."""


def account(strip: Strip, missed: int) -> Account:
    """``missed``: messages of the run that did not arrive and could not be had."""
    books = strip.books
    frames = sum(one.frames for one in books)
    silent = sum(one.missing for one in books)
    if missed or silent:
        told = [f"{missed:,} messages did not arrive"] if missed else []
        told += [f"{silent:,} frames without a verdict"] if silent else []
        return Account("wrong", f"{frames:,} frames accounted for; {' and '.join(told)}", frames)
    if strip.ended:
        if not strip.begun:
            return Account("open", f"{frames:,} frames seen here; the run's beginning was not", frames)
        if all(one.complete for one in books if one.end is not None):
            return Account("well", f"all {frames:,} frames accounted for, as the line's own totals say", frames)
        return Account("wrong", f"{frames:,} frames counted here; the line's own totals say otherwise", frames)
    if not strip.begun:
        return Account("open", f"all {frames:,} frames since this viewer joined accounted for", frames)
    return Account("well", f"all {frames:,} frames so far accounted for", frames)
