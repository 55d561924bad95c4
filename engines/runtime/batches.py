"""Batch sizes that are prepared: a batch of another size is filled up to the next larger one."""

from __future__ import annotations


def buckets(max_batch: int) -> list[int]:
    """The prepared sizes: powers of two below ``max_batch``, and ``max_batch``."""
    return [*(1 << n for n in range(max_batch.bit_length()) if 1 << n < max_batch), max_batch]


def bucket(count: int, max_batch: int) -> int:
    """The prepared size for ``count`` frames."""
    return min(1 << (count - 1).bit_length(), max_batch)
