"""What is to be said of a medium for it to be what the item was. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from deploy.local.importing.found import Item

MARK = "import"
"""The field of a medium that says which item it is. It is said with all the rest, so it is there last."""
CAME = "imported as"
"""The field of a medium that says how it became one: sent, or found here."""
MADE_OF = "made from"
_MOST_FIELDS = 50
_OWN_FIELDS = 4
"""Those that an import keeps for itself, of pictures too."""

Media = Mapping[str, Any]


def order_of(item: Item, mark: str, medium: Media, *, with_place: bool) -> dict[str, Any]:
    """What to say of a medium. What people said of it here already stands."""
    said = {
        "title": item.title,
        "description": item.overview,
        "released": item.released,
        "rating": item.rating,
        "categories": list(item.genres) or None,
        "tags": list(item.tags) or None,
    }
    order: dict[str, Any] = {
        name: value for name, value in said.items() if value is not None and not medium.get(name)
    }
    if with_place and item.place:
        order["place"] = dict(item.place)
    return order | {"custom": _fields(item, medium) | {MARK: mark}}


def _fields(item: Item, medium: Media) -> dict[str, Any]:
    has = dict(medium.get("custom") or {})
    room = _MOST_FIELDS - len(has) - _OWN_FIELDS
    new = [(name, value) for name, value in item.fields.items() if name not in has]
    return dict(new[: max(0, room)])


def left_out(item: Item, *, with_place: bool) -> bool:
    """Whether something of it can't be said to this gateway."""
    return bool(item.place) and not with_place
