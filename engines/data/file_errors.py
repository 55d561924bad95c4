"""Turns errors of files into errors of the data set that they belong to."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from engines.errors import DataError, FileError


@contextmanager
def as_data_errors() -> Iterator[None]:
    """A FileError from within becomes a DataError with its text; usable as a decorator."""
    try:
        yield
    except FileError as error:
        raise DataError(str(error)) from None
