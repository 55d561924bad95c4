"""Errors that a user can cause, told in one line."""

from __future__ import annotations


class UserError(Exception):
    """A mistake a user can mend: the message is one line that names the file and key, what was found,
    what was expected and the command or edit that mends it. The CLI prints it without a traceback and exits 2."""
