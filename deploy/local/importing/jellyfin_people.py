"""The accounts of a Jellyfin."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import orjson

from deploy.local.importing.found import Found, Person, Trouble
from deploy.local.importing.rows import Row, Tables, flag, id_of, line, whole

Numbers = dict[int | str, str]
"""People's ids by what the library calls them: a number, or the id itself."""

_ADMIN, _DISABLED = 0, 2
_NAME = 200


def read(tables: Sequence[Tables], found: Found) -> Numbers:
    """Adds the people of these, and tells by what their states name them. Raises Failure."""
    numbers: Numbers = {}
    for each in tables:
        permits = _permits(each)
        for row in each.rows("Users", "Id", "Username", "InternalId"):
            _add(found, numbers, row, permits.get(id_of(row.get("Id")) or "", frozenset()))
        for row in each.rows("LocalUsersv2", "Id", "guid", "data"):
            _add(found, numbers, _older(row), frozenset())
    return numbers


def _add(found: Found, numbers: Numbers, row: Row, permits: frozenset[int]) -> None:
    id, name = id_of(row.get("Id")), line(row.get("Username"), _NAME)
    if id is None or name is None:
        found.troubles.append(Trouble(name or "an account", "it has no id, or no name"))
        return
    if id not in numbers.values():
        found.people.append(Person(id, name, _ADMIN in permits, _DISABLED in permits))
    numbers[id] = id
    if (number := whole(row.get("InternalId"))) is not None:
        numbers[number] = id


def _permits(tables: Tables) -> dict[str, frozenset[int]]:
    """What each may, or is, by the number that permissions have."""
    held: dict[str, set[int]] = defaultdict(set)
    names = ("UserId", "Permission_Permissions_Guid")
    for row in tables.rows("Permissions", *names, "Kind", "Value"):
        id = next((found for name in names if (found := id_of(row.get(name)))), None)
        kind = whole(row.get("Kind"))
        if id and kind is not None and flag(row.get("Value")):
            held[id].add(kind)
    return {id: frozenset(kinds) for id, kinds in held.items()}


def _older(row: Row) -> dict[str, Any]:
    """An account of before 10.7; what it may is in a file of its own, and not read."""
    try:
        said = orjson.loads(row.get("data") or b"{}")
    except (orjson.JSONDecodeError, TypeError):
        said = {}
    name = said.get("Name") if isinstance(said, dict) else None
    return {"Id": row.get("guid"), "Username": name, "InternalId": row.get("Id")}
