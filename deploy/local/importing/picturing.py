"""Gives media the pictures that their items had, once: whoever changes one here is not overruled."""

from __future__ import annotations

import mimetypes
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deploy.local.client import at
from deploy.local.failures import Failure
from deploy.local.importing.door import Door, Offers, concerns_one, medium_at
from deploy.local.importing.found import Item, Series
from deploy.local.importing.places import OutOfReach
from deploy.local.importing.report import Report
from deploy.local.importing.sources import At

_LOOKS, _LOOK_S = 15, 2.0
_ENDINGS = frozenset({".jpg", ".jpeg", ".png", ".webp"})
Node = dict[str, Any]
GIVEN = "import pictures"
"""The field of a medium that says which it was given."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Picturing:
    """How pictures are given."""

    door: Door
    offers: Offers
    at: At
    report: Report

    def picture(self, item: Item, medium: Mapping[str, Any], *, dry_run: bool) -> None:
        """Gives a medium those of an item that it was not given yet. Raises Failure."""
        before = str((medium.get("custom") or {}).get(GIVEN, "")).split()
        self.report.pictures += Counter({"there": len(before)})
        new = [kind for kind in sorted(item.pictures) if kind not in before]
        if not self.offers.artwork:
            self.report.not_taken_over["pictures"] += len(new)
        elif dry_run:
            self.report.pictures["to be given"] += len(new)
        else:
            self._give_all(item, medium["id"], before, new)

    def _give_all(self, item: Item, id: str, before: Sequence[str], new: Sequence[str]) -> None:
        given = [kind for kind in new if self._give(item, kind, medium_at(id, "images", kind))]
        if given:
            order = {"custom": {GIVEN: " ".join([*before, *given])}}
            self.door.shown(lambda: self.door.gateway.patch(medium_at(id), order))

    def picture_series(self, library: str, *, every: Sequence[Series], dry_run: bool) -> None:
        """Gives series in a library theirs, where it has none of that kind. Raises Failure."""
        if dry_run or not self.offers.series:
            told = self.report.pictures if dry_run and self.offers.series else self.report.not_taken_over
            told["pictures of series"] += sum(len(each.pictures) for each in every)
            return
        nodes = self._nodes(library, every)
        for series in every:
            node = next((each for each in nodes if _is(each, series)), None)
            if node is None:
                self.report.lacks(f"the pictures of {series.name}", "there is no such series here yet")
                continue
            has = {image["kind"] for image in node["images"]}
            self.report.pictures += Counter({"there": len(has & series.pictures.keys())})
            for kind in sorted(series.pictures.keys() - has):
                self._give(series, kind, at("libraries", library, "items", node["id"], "images", kind))

    def _nodes(self, library: str, every: Sequence[Series]) -> list[Node]:
        """The series of a library, once all of these are there or for a while none more comes."""
        for _ in range(_LOOKS):
            nodes = [each for each in self.door.pages(at("libraries", library, "items")) if not each["media"]]
            if all(any(_is(node, series) for node in nodes) for series in every):
                break
            self.door.wait(_LOOK_S)
        return nodes

    def _give(self, item: Item | Series, kind: str, path: str) -> bool:
        try:
            with self.at(item.pictures[kind]) as file:
                if file.suffix.lower() not in _ENDINGS:
                    raise OutOfReach(f"{file.name} is not called as pictures are")
                self.door.shown(self._put(path, file))
        except (OutOfReach, OSError, Failure) as error:
            if isinstance(error, Failure) and not concerns_one(error):
                raise
            name = item.name if isinstance(item, Series) else item.title or item.path
            self.report.lacks(f"the {kind} of {name}", error)
            return False
        self.report.pictures["given"] += 1
        return True

    def _put(self, path: str, file: Path) -> Callable[[], Any]:
        def put() -> Any:
            kind = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
            said = file.read_bytes()
            return self.door.gateway.put_bytes(path, _whole(said), len(said), kind)

        return put


def _is(node: Node, series: Series) -> bool:
    """Two series of one name are told apart by their years."""
    same = str(node["name"]).casefold() == series.name.casefold() and node["kind"] == "series"
    return same and (None in (node["year"], series.year) or node["year"] == series.year)


def _whole(said: bytes) -> Iterator[bytes]:
    yield said
