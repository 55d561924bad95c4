"""Errors that a user can cause, each reported in one line."""

from __future__ import annotations


class UserError(Exception):
    """An error that the user can correct: the message is one line that names the file and key, what was found,
    what was expected and the command or edit that corrects it. The CLI prints it without a traceback and exits 2."""
