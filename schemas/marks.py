"""Marks along an order: a few documents, chosen by their ids alone, that tell where many others are.

To look for a page up to the third mark is to look at some two hundred documents, however many there are and
however close together they lie. Nobody counts anything: a mark climbs with the document that it is of.
"""

from __future__ import annotations

from hashlib import sha256
from typing import Any

MARKS = "marks"
INDEXES = [["now.in", "now.order"]]
NEAR, FAR = LEVELS = (1, 2)
EACH = 64
"""About one of so many is a near mark, and of so many near ones one is a far mark as well."""


def levels(id: str) -> tuple[int, ...]:
    """Which marks a document is: mostly none."""
    drawn = int.from_bytes(sha256(id.encode()).digest()[:8])
    return tuple(level for level in LEVELS if drawn % EACH**level == 0)


def name(level: int, path: str, value: str) -> str:
    """What the marks of one level are looked up by, among those that have this value there."""
    return f"{level}/{path}/{value}"


def of(id: str, path: str, value: str, order: int, version: int = 0) -> dict[str, dict[str, Any]]:
    """The marks that a document is, by their ids: the fields of each."""
    return {
        f"{level}/{id}": {"now": {"version": version, "in": name(level, path, value), "order": order}}
        for level in levels(id)
    }
