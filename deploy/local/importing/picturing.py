"""Gives media the pictures that their items had, once: whoever changes one here is not overruled."""

from __future__ import annotations

import mimetypes
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deploy.local.failures import Failure
from deploy.local.importing.door import Door, Offers, concerns_one, medium_at
from deploy.local.importing.found import Item
from deploy.local.importing.places import OutOfReach
from deploy.local.importing.report import Report
from deploy.local.importing.sources import At

_ENDINGS = frozenset({".jpg", ".jpeg", ".png", ".webp"})
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
        elif given := [kind for kind in new if self._give(item, medium["id"], kind)]:
            order = {"custom": {GIVEN: " ".join([*before, *given])}}
            self.door.shown(lambda: self.door.gateway.patch(medium_at(medium["id"]), order))

    def _give(self, item: Item, id: str, kind: str) -> bool:
        try:
            with self.at(item.pictures[kind]) as file:
                if file.suffix.lower() not in _ENDINGS:
                    raise OutOfReach(f"{file.name} is not called as pictures are")
                self.door.shown(self._put(medium_at(id, "images", kind), file))
        except (OutOfReach, OSError, Failure) as error:
            if isinstance(error, Failure) and not concerns_one(error):
                raise
            self.report.lacks(f"the {kind} of {item.title or item.path}", error)
            return False
        self.report.pictures["given"] += 1
        return True

    def _put(self, path: str, file: Path) -> Callable[[], Any]:
        def put() -> Any:
            kind = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
            said = file.read_bytes()
            return self.door.gateway.put_bytes(path, _whole(said), len(said), kind)

        return put


def _whole(said: bytes) -> Iterator[bytes]:
    yield said
