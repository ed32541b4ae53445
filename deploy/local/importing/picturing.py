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
from deploy.local.importing.found import Item, Shelf
from deploy.local.importing.places import OutOfReach
from deploy.local.importing.report import Report
from deploy.local.importing.sources import At
from deploy.local.importing.ways import Ways
from schemas.described import person_id

_ENDINGS = frozenset({".jpg", ".jpeg", ".png", ".webp"})
_MANY = {"series": "series", "season": "seasons", "artist": "artists", "album": "albums"}
_PHOTO = "photo"
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
        of, files = item.title or item.path, item.pictures
        given = [kind for kind in new if self._give(of, kind, files[kind], medium_at(id, "images", kind))]
        if given:
            order = {"custom": {GIVEN: " ".join([*before, *given])}}
            self.door.shown(lambda: self.door.gateway.patch(medium_at(id), order))

    def picture_shelves(self, library: str, *, every: Sequence[Shelf], dry_run: bool) -> None:
        """Gives what media of a library belong to theirs, where there is none of a kind. Raises Failure."""
        if dry_run or not self.offers.shelves:
            told = self.report.pictures if dry_run and self.offers.shelves else self.report.not_taken_over
            for each in every:
                told[f"pictures of {_MANY[each.way[-1].kind]}"] += len(each.pictures)
            return
        found = Ways(self.door, at("libraries", library, "items")).to([each.way for each in every])
        for each in every:
            if (node := found.get(each.way)) is None:
                self.report.lacks(f"the pictures of {each.title}", "there is nothing called so here yet")
                continue
            has = {image["kind"] for image in node["images"]}
            self.report.pictures += Counter({"there": len(has & each.pictures.keys())})
            for kind in sorted(each.pictures.keys() - has):
                path = at("libraries", library, "items", node["id"], "images", kind)
                self._give(each.title, kind, each.pictures[kind], path)

    def picture_people(self, photos: Mapping[str, str], *, dry_run: bool) -> None:
        """Gives people who had a part in something their photos, where they have none. Raises Failure."""
        if dry_run or not self.offers.photos:
            told = self.report.pictures if dry_run and self.offers.photos else self.report.not_taken_over
            told += Counter({"photos of people": len(photos)})
            return
        for name, file in photos.items():
            path = at("people", person_id(name))
            if self._has_photo(path):
                self.report.pictures["there"] += 1
            else:
                self._give(name, _PHOTO, file, f"{path}/images/{_PHOTO}")

    def _has_photo(self, path: str) -> bool:
        return bool(self.door.ask(lambda: self.door.gateway.get(path))["images"])

    def _give(self, of: str, kind: str, named: str, path: str) -> bool:
        try:
            with self.at(named) as file:
                if file.suffix.lower() not in _ENDINGS:
                    raise OutOfReach(f"{file.name} is not called as pictures are")
                self.door.shown(self._put(path, file))
        except (OutOfReach, OSError, Failure) as error:
            if isinstance(error, Failure) and not concerns_one(error):
                raise
            self.report.lacks(f"the {kind} of {of}", error)
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
