"""Several files of one work belong together: whoever played one has played the work. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from deploy.local.importing.found import Item


@dataclass(frozen=True, slots=True)
class Work:
    """The files of a work, the one that is to be shown last."""

    files: Sequence[Item]

    @property
    def head(self) -> Item:
        """What is said of this is said of the work."""
        return self.files[-1]


def works(items: Iterable[Item]) -> list[Work]:
    """Each item, with its other files; an item whose work is not there is a work by itself."""
    known = {item.id: item for item in items}
    others: dict[str, list[Item]] = {}
    for item in known.values():
        head = _head(item, known)
        if head is not item:
            others.setdefault(head.id, []).append(item)
    more = {item.id for files in others.values() for item in files}
    return [
        Work([*sorted(others.get(item.id, ()), key=lambda each: each.path), item])
        for item in known.values()
        if item.id not in more
    ]


def _head(item: Item, known: dict[str, Item]) -> Item:
    """The one that an item is another file of; itself where that goes in a circle."""
    seen = {item.id}
    head = item
    while head.version_of in known:
        head = known[head.version_of or ""]
        if head.id in seen:
            return item
        seen.add(head.id)
    return head
