"""The order in which the database compares values, and steps taken together before they are sent."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from connectors.ports import Merge


def together(merges: Iterable[Merge]) -> list[Merge]:
    """The same climb with one step for each document: a batch of events tells of few documents, often."""
    documents: dict[tuple[str, str], dict[str, Any]] = {}
    for merge in merges:
        fields = documents.setdefault((merge.collection, merge.id), {})
        for path, value in merge.fields.items():
            if path not in fields or greater(value, fields[path]):
                fields[path] = value
    return [Merge(collection, id, fields) for (collection, id), fields in documents.items()]


def greater(one: Any, other: Any) -> bool:
    """The order of BSON values, as far as our documents go."""
    return _rank(one) > _rank(other)


def _rank(value: Any) -> tuple[Any, ...]:
    if value is None:
        return (1,)
    if isinstance(value, bool):
        return (8, value)
    if isinstance(value, int | float):
        return (2, value)
    if isinstance(value, str):
        return (3, value.encode())
    if isinstance(value, Mapping):
        return (4, [(_rank(v)[0], k, _rank(v)) for k, v in value.items()])
    if isinstance(value, list | tuple):
        return (5, [_rank(v) for v in value])
    return (9, value)
