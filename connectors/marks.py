"""Where a page that begins somewhere is likely to end, by the marks along its order."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from connectors.ports import Between, Document, OneOf, Query
from schemas.marks import EACH, FAR, NEAR, name

Select = Callable[[str, Mapping[str, Any]], Awaitable[list[Document]]]

_SPARE = 3
"""Marks lie at random: up to the third there is a page in nineteen of twenty."""


async def stops(select: Select, query: Query, start: float) -> list[float]:
    """How far to look for a page, one place after the other until there is one; none where nothing tells."""
    if query.marks is None:
        return []
    far = await _after(select, query, FAR, Between(start, None))
    near = await _after(select, query, NEAR, Between(start, far[1] if len(far) > 1 else None))
    step = query.limit // EACH + _SPARE
    return [*near[step - 1 :: 2 * step], *far[1:]]


async def _after(select: Select, query: Query, level: int, between: Between) -> list[float]:
    """The marks of one level, in order: the database looks one value up at a time (mongo._lookups)."""
    assert query.marks is not None
    found: list[float] = []
    for path, value in query.key.items():
        for each in value.values if isinstance(value, OneOf) else (value,):
            asked = {"now.in": name(level, path, each), "now.order": between}
            found += [mark["now"]["order"] for mark in await select(query.marks, asked)]
    return sorted(found)
