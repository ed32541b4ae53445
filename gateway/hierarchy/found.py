"""What is known of nodes beside what their media have in common: images, descriptions, and whether there is
still a medium in them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from connectors.ports import Document, OneOf, Query
from connectors.read_models import ReadModels
from gateway.documents import part
from gateway.hierarchy.scopes import Scope
from gateway.media.existing import MEDIA
from schemas import artwork, described, nodes
from schemas.naming.reading import ALBUM, MOVIE, SEASON
from schemas.pictures import Drawn

NODES, ITEMS, PLACES = "nodes", "items", "places"
_LIKE_ITS_MEDIUM = frozenset({MOVIE, ALBUM})
"""Of these a medium's own poster is theirs: a film's, and the cover that a song carries."""
_AT_ONCE = 8
_LOOKED_AT = 3
"""One is enough, unless it has just left for another library."""


@dataclass(slots=True)
class Known:
    """A node with what is known of it."""

    node: Document
    first: Document | None = None
    """One of its media; None where there is none left."""
    items: list[Document] = field(default_factory=list)
    """What was said of it and of its folders; what was said of itself comes last."""

    @property
    def images(self) -> dict[str, Drawn]:
        """Its own, by kind."""
        found: dict[str, Drawn] = {}
        for each in self.items:
            found |= artwork.shown(each)
        return found

    @property
    def described(self) -> Document:
        """What files beside its media say of it."""
        said = [part(each, described.CHANGE) for each in self.items]
        return next((each for each in reversed(said) if each.get("title") or each.get("description")), {})

    @property
    def stand_in(self) -> Document | None:
        """The medium whose poster is its own where it has none."""
        has_none = "poster" not in self.images
        return self.first if has_none and self.node["kind"] in _LIKE_ITS_MEDIUM else None


async def known(read_models: ReadModels, scope: Scope, found: Sequence[Document]) -> list[Known]:
    """Those of these nodes that a medium is in, with what is known of them."""
    there = [each for each in await _with_media(read_models, scope, found) if each.first]
    by_id = await _items(read_models, {id for each in there for id in item_ids(each.node)})
    for each in there:
        each.items = [by_id[id] for id in item_ids(each.node) if id in by_id]
    return there


def item_ids(node: Document) -> list[str]:
    """Under which names something may be known of a node."""
    paths = sorted(part(node, "folders").values())
    ids = [nodes.item_of_folder(path) for path in paths]
    if node["kind"] == SEASON and node.get("number") is not None:
        ids += [
            nodes.item_of_season(path, node["number"])
            for path in sorted(part(node, "series_folders").values())
        ]
    return [*ids, nodes.item_of_node(node["_id"])]


async def _with_media(read_models: ReadModels, scope: Scope, found: Sequence[Document]) -> list[Known]:
    slots = asyncio.Semaphore(_AT_ONCE)

    async def look(node: Document) -> Known:
        async with slots:
            return Known(node, await first_in(read_models, scope, node["_id"]))

    return list(await asyncio.gather(*map(look, found)))


async def first_in(read_models: ReadModels, scope: Scope, node_id: str) -> Document | None:
    """The first medium that is in a node; None where there is none."""
    asked = replace(places_in({"now.within": node_id}), limit=_LOOKED_AT)
    page = await read_models.page(PLACES, asked)
    media = await media_of(read_models, scope, page.items)
    return media[0] if media else None


def places_in(key: dict[str, Any]) -> Query:
    """The places of media that are somewhere, in their order."""
    ordered = Query(order_by="now.order", numbers=True, ascending=True, edge=0)
    return replace(ordered, key=key, where={"gone": None})


async def media_of(read_models: ReadModels, scope: Scope, places: Sequence[Document]) -> list[Document]:
    """The media that have these places, of those that are shown and still in the scope, in the same order."""
    ids = tuple(each["_id"] for each in places)
    if not ids:
        return []
    found = {each["_id"]: each for each in await read_models.select(MEDIA, {"_id": OneOf(ids)}, len(ids))}
    return [found[id] for id in ids if id in found and scope.has(found[id])]


async def _items(read_models: ReadModels, ids: set[str]) -> dict[str, Any]:
    if not ids:
        return {}
    found = await read_models.select(ITEMS, {"_id": OneOf(tuple(sorted(ids)))}, len(ids))
    return {each["_id"]: each for each in found}
