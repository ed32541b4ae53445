"""Media by the state of any of their files. A medium's document has that of its first file, and of later ones
only what some of them was at some time: those that are not so any more are left out afterwards.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from connectors.ports import Document, OneOf
from connectors.read_models import ReadModels
from gateway.documents import part
from gateway.media.versions import VERSIONS
from schemas.storage import ARCHIVE, CLASSES, STANDARD, is_archived
from schemas.versions import ANY_LATER, ARCHIVED, later

Condition = Mapping[str, Any]

_DELETED = "deleted"
_OF_THE_FIRST: Mapping[str, Condition] = {ARCHIVED: {"storage.class": OneOf((ARCHIVE, *CLASSES))}}
_MOST_OF_ONE = 1000


@dataclass(frozen=True, slots=True)
class Wanted:
    """What one file has to be: in this status, or archived."""

    status: str | None
    archived: bool

    @property
    def groups(self) -> list[Sequence[Condition]]:
        """What a medium's document has to have, of each at least one."""
        return [self._alternatives(each) for each in self._asked]

    @property
    def is_of_files(self) -> bool:
        """Whether anything is asked that later files may have: a medium is deleted as a whole."""
        return self.archived or self.status not in (None, _DELETED)

    @property
    def lookups(self) -> list[Condition]:
        """What to look up where few media are in the status."""
        first = {"status.name": self.status}
        return [first, {ANY_LATER: True}] if self.is_of_files else [first]

    @property
    def _asked(self) -> list[str]:
        return [each for each in (self.status, ARCHIVED if self.archived else None) if each is not None]

    def _alternatives(self, what: str) -> list[Condition]:
        first = _OF_THE_FIRST.get(what, {"status.name": what})
        return [first] if what == _DELETED else [first, {later(what): True}]

    async def among(self, read_models: ReadModels, media: Sequence[Document]) -> list[Document]:
        """Those of these media that have what is asked for, each in some file, in the same order."""
        unsure = tuple(each["_id"] for each in media if not all(_is(each, what) for what in self._asked))
        if not unsure:
            return list(media)
        found = await read_models.select(VERSIONS, {"of": OneOf(unsure)}, _MOST_OF_ONE * len(unsure))
        files: dict[str, list[Document]] = {}
        for each in found:
            files.setdefault(each["of"], []).append(each)
        return [each for each in media if self._has(each, files.get(each["_id"], []))]

    def _has(self, medium: Document, later: Sequence[Document]) -> bool:
        return all(any(_is(file, what) for file in (medium, *later)) for what in self._asked)


def _is(file: Document, what: str) -> bool:
    status = part(file, "status").get("name")
    if what == ARCHIVED:
        is_kept = status != _DELETED and "dropped_at" not in file
        return is_kept and is_archived(part(file, "storage").get("class", STANDARD))
    return bool(status == what)
