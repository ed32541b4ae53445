"""The gateway, for work of hours: what may go better in a moment is tried again."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

from deploy.local.client import Gateway, at
from deploy.local.failures import Exit, Failure

_SOON = frozenset({"over-budget", "under-way"})
_A_MEDIUM, _A_PERSON = "/api/v1/media/{media_id}", "/api/v1/people/{person_id}"
_A_SHELF = "/api/v1/libraries/{library_id}/items/{item_id}"
_DELETED = "media-deleted"
_OF_ONE = frozenset(
    {"too-large", "empty", "not-an-image", "media-not-ready", "media-rejected", "media-quarantined", _DELETED}
)
_MOST_S = 15.0
_SHOWN_TRIES = 120
_SHOWN_S = 0.25

T = TypeVar("T")
Wait = Callable[[float], None]


@dataclass(frozen=True, slots=True)
class Door:
    """One gateway, and how long to go on with what it does not answer."""

    gateway: Gateway
    patience: int = 12
    """How often something is tried: with pauses that double up to 15 s, some two minutes."""
    wait: Wait = time.sleep

    def ask(self, call: Callable[[], T]) -> T:
        """What a call gives, once it does. Raises Failure."""
        for tries in range(self.patience):
            try:
                return call()
            except Failure as failure:
                if not _is_passing(failure) or tries == self.patience - 1:
                    raise
                self.wait(min(0.5 * 2.0**tries, _MOST_S))
        raise AssertionError("it was tried at least once")

    def shown(self, call: Callable[[], T]) -> T:
        """The same of what was made a moment ago, and may not be shown yet. Raises Failure."""
        for _ in range(_SHOWN_TRIES):
            try:
                return self.ask(call)
            except Failure as failure:
                if failure.code is not Exit.NOT_FOUND:
                    raise
                self.wait(_SHOWN_S)
        return self.ask(call)

    def medium(self, id: str) -> dict[str, Any] | None:
        """A medium; None where there is none any more. Raises Failure."""
        try:
            found: dict[str, Any] = self.shown(lambda: self.gateway.get(medium_at(id)))
        except Failure as failure:
            if failure.code is Exit.NOT_FOUND or failure.problem == _DELETED:
                return None
            raise
        return found

    def pages(self, path: str, **params: Any) -> Iterator[dict[str, Any]]:
        """All of a list. Raises Failure."""
        cursor = None
        while True:
            page = self._page(path, cursor, params)
            yield from page["items"]
            cursor = page.get("next")
            if cursor is None:
                return

    def _page(self, path: str, cursor: str | None, params: dict[str, Any]) -> dict[str, Any]:
        page: dict[str, Any] = self.ask(lambda: self.gateway.get(path, limit=100, cursor=cursor, **params))
        return page


def concerns_one(failure: Failure) -> bool:
    """Whether it says something of one file, and the next may do better."""
    return failure.problem in _OF_ONE


def medium_at(id: str, *more: str) -> str:
    """The path of something of a medium."""
    return at("media", id, *more)


def _is_passing(failure: Failure) -> bool:
    return failure.code is Exit.NOT_RUNNING or failure.problem in _SOON


@dataclass(frozen=True, slots=True)
class Offers:
    """What this gateway takes, which others may not."""

    place: bool = False
    artwork: bool = False
    shelves: bool = False
    photos: bool = False

    @classmethod
    def of(cls, door: Door) -> Offers:
        """As its own description says. Raises Failure."""
        answer = door.ask(lambda: door.gateway.ask("GET", f"{door.gateway.url}/openapi.json"))
        said = answer.json() if answer.is_success else {}
        order = said.get("components", {}).get("schemas", {}).get("RecordOrder", {})
        paths = said.get("paths", {})
        given = [paths.get(f"{path}/images/{{name}}", {}) for path in (_A_MEDIUM, _A_SHELF, _A_PERSON)]
        return cls("place" in order.get("properties", {}), *("put" in each for each in given))
