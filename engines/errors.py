"""Errors of bundles and runtimes, each told in one line that says what to do."""

from __future__ import annotations


class BundleError(Exception):
    """A model bundle is missing, incomplete, altered or not of this format."""


class EngineError(Exception):
    """An engine cannot be loaded, disagrees with its golden frames, or gave an impossible answer."""
