"""Errors of bundles, runtimes, data and recipes, each told in one line that says what to do."""

from __future__ import annotations


class BundleError(Exception):
    """A model bundle is missing, incomplete, altered or not of this format."""


class EngineError(Exception):
    """An engine cannot be loaded, disagrees with its golden frames, or gave an impossible answer."""


class DataError(Exception):
    """A data set, one of its files, or a split of it cannot be used."""


class RecipeError(Exception):
    """A training recipe, or the weights made with one, cannot be used."""


class TrainingError(Exception):
    """A training cannot go on: the message says where it stopped and what is left of it."""
