"""A Jellyfin's collections: what is in one is kept in its row, as JSON. Here they are tags of their media."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

import orjson

from deploy.local.importing.jellyfin_titles import kind_of
from deploy.local.importing.rows import Row, id_of, line, text

KIND = "BoxSet"
_LABEL, _MOST_PATH = 64, 4096


def collections(rows: Mapping[str, Row]) -> dict[str, list[str]]:
    """The names of those that an item is in, by the item."""
    by_path = {path: id for id, row in rows.items() if (path := text(row.get("Path"), _MOST_PATH))}
    found: dict[str, list[str]] = defaultdict(list)
    for row in rows.values():
        name = name_of(row)
        if name is None:
            continue
        for said in _linked(row):
            id = by_path.get(text(said.get("Path"), _MOST_PATH) or "") or _id(said)
            if id in rows:
                found[id].append(name)
    return found


def name_of(row: Row) -> str | None:
    """What a collection is called here; None for what is none."""
    return line(row.get("Name"), _LABEL) if kind_of(row) == KIND else None


def _linked(row: Row) -> Iterator[Mapping[str, Any]]:
    try:
        said = orjson.loads(row.get("data") or b"{}")
    except (orjson.JSONDecodeError, TypeError):
        return
    linked = said.get("LinkedChildren") if isinstance(said, dict) else None
    yield from (each for each in linked or () if isinstance(each, dict))


def _id(said: Mapping[str, Any]) -> str:
    return next((id for name in ("ItemId", "LibraryItemId") if (id := id_of(said.get(name)))), "")
