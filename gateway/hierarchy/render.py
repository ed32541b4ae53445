"""From what is known of nodes and media to what lists show of them."""

from __future__ import annotations

from typing import Any

from connectors.ports import Document
from gateway.hierarchy.found import Known
from gateway.hierarchy.schemas import Item, ItemLinks, Node, Step
from gateway.hierarchy.scopes import Scope
from gateway.media import images, render
from gateway.media.render import media_path
from gateway.media.schemas import Image, Media
from schemas.naming.reading import MOVIE

_OTHER = "other"


def item(scope: Scope, known: Known) -> Item:
    """A node as lists show it."""
    return Item(**_shown(scope, known))


def node(
    scope: Scope, known: Known, parents: list[Document], media_count: int, inner: dict[str, int]
) -> Node:
    """A node with all that is known of it."""
    said = known.described
    medium = _film(known)
    return Node(
        **_shown(scope, known),
        parents=[Step(id=each["_id"], kind=each["kind"], name=each["name"]) for each in parents],
        media_count=media_count,
        node_counts=inner,
        description=said.get("description") or (medium.description if medium else None),
        released=said.get("released") or (medium.released if medium else None),
        rating=said.get("rating") if said.get("rating") is not None else (medium.rating if medium else None),
        genres=list(said.get("genres") or (medium.categories if medium else [])),
        ids=said.get("ids") or {},
        people=render.credits_of(said),
    )


def medium(one: Media, document: Document) -> Item:
    """A medium as lists show it."""
    place = one.place
    return Item(
        id=one.id,
        kind=(place.kind if place else None) or _OTHER,
        name=one.title or (place.title if place else None) or one.name,
        year=place.year if place else None,
        number=(place.track if place.episode is None else place.episode) if place else None,
        images=one.images,
        media=one,
        links=ItemLinks(self=media_path(document["_id"])),
    )


def _film(known: Known) -> Media | None:
    """What a film's own medium is: what is said of that is said of the film."""
    if known.node["kind"] != MOVIE or known.first is None:
        return None
    return render.render(known.first)


def _shown(scope: Scope, known: Known) -> dict[str, Any]:
    found = known.node
    path = f"{scope.path}/{found['_id']}"
    return {
        "id": found["_id"],
        "kind": found["kind"],
        "name": known.described.get("title") or found["name"],
        "year": found.get("year"),
        "number": found.get("number"),
        "images": _images(known, path),
        "links": ItemLinks(self=path, items=f"{scope.path}?parent={found['_id']}"),
    }


def _images(known: Known, path: str) -> list[Image]:
    own = images.listed(known.images.items(), path)
    if known.stand_in is None:
        return own
    theirs = images.shown(known.stand_in, media_path(known.stand_in["_id"]))
    return own + [each for each in theirs if each.kind == "poster"]
