"""The hierarchy in the read models: each medium's place, and the nodes that media are in. Pure.

A node's document is never taken away: it is shown as long as a medium's place names it.
"""

from __future__ import annotations

from typing import Any

from connectors.ports import Merge
from schemas import events, nodes, shelving

NODES = "nodes"
NODE_INDEXES = [["parent", "order"]]


def placed(event: events.MediaChanged) -> tuple[dict[str, Any], list[Merge]]:
    """A medium's place, and steps of the nodes that it is in."""
    decided = shelving.read(event.values)
    shelf = nodes.shelf(decided)
    place = {"version": event.version, "parent": shelf.parent, "order": shelf.order}
    place |= {"within": [node.id for node in shelf.nodes], "known": decided.place.known}
    return place, [Merge(NODES, node.id, node.written()) for node in shelf.nodes]
