"""The hierarchy in the read models: each medium's place, and the nodes that media are in. Pure.

Places have documents of their own: a medium's is in many indexes, all of which would be written anew.
A node's document is never taken away: it is shown as long as a medium's place names it.
"""

from __future__ import annotations

from connectors.ports import Merge
from schemas import events, marks, nodes, shelving

NODES, PLACES = "nodes", "places"
NODE_INDEXES = [["parent", "order"]]
PLACE_INDEXES = [["now.parent", "now.order"], ["now.within", "now.order"]]


def placed(event: events.MediaChanged) -> list[Merge]:
    """A medium's place, and steps of the nodes that it is in."""
    decided = shelving.read(event.values)
    shelf = nodes.shelf(decided)
    now = {"version": event.version, "parent": shelf.parent, "order": shelf.order}
    now["within"] = [node.id for node in shelf.nodes]
    place = Merge(PLACES, event.media_id, {"now": now})
    marked = marks.of(event.media_id, "now.parent", shelf.parent, shelf.order, event.version)
    for node in shelf.nodes:
        marked |= marks.of(node.id, "parent", node.parent, node.order)
    told = [Merge(NODES, node.id, node.written()) for node in shelf.nodes]
    return [place, *told, *(Merge(marks.MARKS, id, fields) for id, fields in marked.items())]


def unplaced(media_id: str) -> Merge:
    """A deleted medium is nowhere."""
    return Merge(PLACES, media_id, {"gone": True})
