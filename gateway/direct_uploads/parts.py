"""Which parts a file is put into the store in. Pure."""

from __future__ import annotations

from collections.abc import Mapping

_MIB = 1 << 20
_LEAST_BYTES = 16 * _MIB
"""S3 wants 5 MiB of all but the last."""
_MOST_PARTS = 5000
"""S3 takes 10,000."""


Sizes = Mapping[int, int]
"""Of parts, by their numbers."""


def part_bytes(size_bytes: int) -> int:
    """How large each part of a file is, but the last."""
    wanted = -(-size_bytes // _MOST_PARTS)
    return max(_LEAST_BYTES, -(-wanted // _MIB) * _MIB)


def count(size_bytes: int, part_bytes: int) -> int:
    """How many there are."""
    return -(-size_bytes // part_bytes)


def sizes(size_bytes: int, part_bytes: int, first: int = 1, at_most: int | None = None) -> Sizes:
    """How large each is from one on, by its number."""
    last = count(size_bytes, part_bytes)
    end = last if at_most is None else min(last, first + at_most - 1)
    return {n: min(part_bytes, size_bytes - (n - 1) * part_bytes) for n in range(first, end + 1)}
