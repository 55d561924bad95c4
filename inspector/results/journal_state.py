"""What is known of the journal at a moment, and what is wrong with it."""

from __future__ import annotations

from typing import NamedTuple

import msgspec


class JournalState(msgspec.Struct, frozen=True, kw_only=True):
    """The state of the journal."""

    path: str
    error: str = ""
    """Why the last commit failed; empty where it did not."""
    committed: int = 0
    commits: int = 0
    waiting: int = 0
    not_journaled: int = 0
    """Publications dropped because the disk was too slow or refused them."""
    commands_waiting: int = 0
    commands_not_journaled: int = 0
    """Commands that were dropped: thousands waited, or a value cannot be stored."""
    shadow_not_journaled: int = 0
    """Disagreements and counts of a shadow bundle that were dropped. They are the first to be."""
    oldest_s: float = 0.0
    """How long the oldest of those that wait has waited."""
    committed_bytes: int = 0
    """Of the committed ones, before their masks are compressed."""


class Condition(NamedTuple):
    """What is wrong with the journal; both empty where nothing is."""

    code: str = ""
    """For a program."""
    text: str = ""
    """One line for a person."""
