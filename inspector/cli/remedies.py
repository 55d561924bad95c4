"""What to type to mend an error that the rooms below describe in data: they know nothing of a command line."""

from __future__ import annotations

from engines.errors import HeldOutError


def remedy(error: Exception) -> str:
    """What to add to the error's own line; empty where that says it all."""
    if isinstance(error, HeldOutError):
        if error.reason == "no_split":
            return "; give the split file of the training with --split"
        if error.reason == "other_split":
            return "; give the split file of its training with --split, or train both networks with this one"
        return "; name it with --part, or measure by --folds"
    return ""
