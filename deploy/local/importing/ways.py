"""Finds series, seasons, artists and albums here, from the top of a library down."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from deploy.local.importing.door import Door
from deploy.local.importing.found import Step

Node = dict[str, Any]
Way = tuple[Step, ...]

_LOOKS, _LOOK_S = 15, 2.0


@dataclass(frozen=True, slots=True)
class Ways:
    """Those of one library."""

    door: Door
    path: str
    """Where what is in it is listed."""

    def to(self, ways: Sequence[Way]) -> dict[Way, Node]:
        """Where they lead to, once all of these are there or for a while none more comes. Raises Failure."""
        found: dict[Way, Node] = {}
        for look in range(_LOOKS):
            if look:
                self.door.wait(_LOOK_S)
            seen: dict[str | None, list[Node]] = {}
            for way in ways:
                if way not in found and (node := self._walk(way, seen)) is not None:
                    found[way] = node
            if found.keys() >= set(ways):
                break
        return found

    def _walk(self, way: Way, seen: dict[str | None, list[Node]]) -> Node | None:
        above: str | None = None
        node: Node | None = None
        for step in way:
            if above not in seen:
                seen[above] = [each for each in self.door.pages(self.path, parent=above) if not each["media"]]
            node = next((each for each in seen[above] if _is(each, step)), None)
            if node is None:
                return None
            above = node["id"]
        return node


def _is(node: Node, step: Step) -> bool:
    """Two of one name are told apart by their years."""
    if node["kind"] != step.kind:
        return False
    if step.number is not None:
        return bool(node["number"] == step.number)
    same = str(node["name"]).casefold() == step.name.casefold()
    return same and (None in (node["year"], step.year) or node["year"] == step.year)
