"""What is in a node, in its order: nodes first, and then media. What is in a node that one may not see is in
no list, and neither is a node in which there is nothing.
"""

from __future__ import annotations

from dataclasses import replace

from connectors.ports import BadCursor, Document, OneOf, Query
from gateway.access.policy import Level
from gateway.auth.principal import Principal
from gateway.documents import part
from gateway.errors import NotFound
from gateway.hierarchy import render
from gateway.hierarchy.found import NODES, PLACES, Known, known, media_of, places_in
from gateway.hierarchy.schemas import Item, Node
from gateway.hierarchy.scopes import Scope
from gateway.media import versions
from gateway.media.render import render as render_medium
from gateway.pages import Listing, Paging
from gateway.services import Services
from gateway.viewings.render import with_states
from schemas import nodes
from schemas.marks import MARKS

_NODES, _MEDIA = "n", "m"
"""What a cursor begins with: whether it goes on among the nodes or the media."""
_PAGE = 500


async def page(
    services: Services, principal: Principal, scope: Scope, parent: str | None, paging: Paging
) -> Listing[Item]:
    """Some of what is in a node, or in the whole. Raises NotFound, BadCursor."""
    above = await _above(services, scope, parent)
    phase, cursor = (paging.cursor or _NODES)[:1], (paging.cursor or "")[1:] or None
    if phase not in (_NODES, _MEDIA):
        raise BadCursor
    items: list[Item] = []
    while phase == _NODES and len(items) < paging.limit:
        found = await services.read_models.page(NODES, _nodes(above, paging.limit - len(items), cursor))
        shown = [each for each in found.items if each["_id"] not in scope.above]
        items += [render.item(scope, each) for each in await known(services.read_models, scope, shown)]
        phase, cursor = (_NODES, found.next) if found.next else (_MEDIA, None)
    next = f"{phase}{cursor or ''}"
    if phase == _MEDIA and len(items) < paging.limit:
        asked = _media(above, paging.limit - len(items), cursor)
        found = await services.read_models.page(PLACES, asked)
        media = await media_of(services.read_models, scope, found.items)
        items += await _shown(services, principal, media)
        return Listing(items=items, next=f"{_MEDIA}{found.next}" if found.next else None)
    return Listing(items=items, next=next)


async def node(services: Services, scope: Scope, node_id: str) -> Node:
    """One node. Raises NotFound."""
    found = await find(services, scope, node_id)
    asked = replace(places_in({"now.within": node_id}), limit=_PAGE)
    places = [each async for each in services.read_models.all_of(PLACES, asked)]
    inner: dict[str, int] = {}
    asked = _nodes(await _above(services, scope, node_id), _PAGE, None)
    below = {id for each in places for id in each["now"]["within"]}
    async for each in services.read_models.all_of(NODES, asked):
        if each["_id"] in below:
            inner[each["kind"]] = inner.get(each["kind"], 0) + 1
    return render.node(scope, found, await _parents(services, scope, found.node), len(places), inner)


async def find(services: Services, scope: Scope, node_id: str) -> Known:
    """A node that there is something in. Raises NotFound."""
    document = await services.read_models.get(NODES, node_id)
    if document is None or document.get("scope") != scope.id:
        raise _missing(node_id)
    there = await known(services.read_models, scope, [document])
    if not there:
        raise _missing(node_id)
    return there[0]


async def _above(services: Services, scope: Scope, parent: str | None) -> OneOf:
    """What those are in that are in a node: itself, and the folders that are its own."""
    if parent is None:
        return scope.tops
    document = (await find(services, scope, parent)).node
    own = (nodes.folder_node(scope.id, path) for path in part(document, "folders").values())
    return OneOf(tuple(dict.fromkeys((parent, *own))))


async def _parents(services: Services, scope: Scope, document: Document) -> list[Document]:
    found: list[Document] = []
    while (above := await services.read_models.get(NODES, document["parent"])) is not None:
        if above["_id"] in scope.above:
            break
        found.insert(0, above)
        document = above
    return found


def _nodes(above: OneOf, limit: int, cursor: str | None) -> Query:
    return Query(
        key={"parent": above},
        order_by="order",
        numbers=True,
        ascending=True,
        edge=0,
        marks=MARKS,
        limit=limit,
        cursor=cursor,
    )


def _media(above: OneOf, limit: int, cursor: str | None) -> Query:
    return replace(places_in({"now.parent": above}), marks=MARKS, limit=limit, cursor=cursor)


async def _shown(services: Services, principal: Principal, found: list[Document]) -> list[Item]:
    allowed = [each for each in found if services.gate.level(principal, each) >= Level.VIEW]
    documents = await versions.shown(services.read_models, allowed)
    pairs = [(one, each) for each in documents if (one := render_medium(each)) is not None]
    media = await with_states(services, principal, pairs)
    return [render.medium(one, each) for one, (_, each) in zip(media, pairs, strict=True)]


def _missing(node_id: str) -> NotFound:
    return NotFound("item-not-found", f"There is no item {node_id} in this library, or nothing in it.")
