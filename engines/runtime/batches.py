"""Batch sizes that are prepared apart from each other: a batch of another size is filled up to the next."""

from __future__ import annotations


def buckets(max_batch: int) -> list[int]:
    """Powers of two below the largest batch, and that."""
    return [*(1 << n for n in range(max_batch.bit_length()) if 1 << n < max_batch), max_batch]


def bucket(count: int, max_batch: int) -> int:
    """The prepared size for ``count`` frames."""
    return min(1 << (count - 1).bit_length(), max_batch)
