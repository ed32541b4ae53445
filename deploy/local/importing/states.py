"""What is to be said for people's states to be what they were. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from deploy.local.importing.found import Watched

AT_ONCE = 200
_NEVER = datetime(1970, 1, 1, tzinfo=UTC)

Order = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Whose:
    """Who people are here, and what became of items: a work may be several media, or one of several files."""

    accounts: Mapping[str, str]
    media: Mapping[str, Sequence[str]]


def orders(watched: Iterable[Watched], whose: Whose, now: datetime) -> list[Order]:
    """One for each state of a person and a medium that both are here."""
    merged: dict[tuple[str, str], Watched] = {}
    for said in watched:
        account = whose.accounts.get(said.person)
        for medium in whose.media.get(said.item, ()) if account else ():
            key = (account or "", medium)
            merged[key] = _one(merged[key], said) if key in merged else said
    return [_order(*key, said, now) for key, said in merged.items()]


def missing(watched: Iterable[Watched], whose: Whose) -> int:
    """How many states are of people or items that are not here."""
    return sum(said.person not in whose.accounts or not whose.media.get(said.item) for said in watched)


def batches(every: Sequence[Order]) -> Iterator[Sequence[Order]]:
    """As many at once as are sent at once."""
    for start in range(0, len(every), AT_ONCE):
        yield every[start : start + AT_ONCE]


def _one(first: Watched, second: Watched) -> Watched:
    """Of several files of one work: where they were last, and all that they did."""
    last = max(first, second, key=lambda said: said.at or _NEVER)
    favourite = first.favourite or second.favourite
    return replace(last, plays=max(first.plays, second.plays), favourite=favourite)


def _order(user_id: str, media_id: str, said: Watched, now: datetime) -> Order:
    """A time that has not come tells nothing."""
    at = said.at.isoformat() if said.at and said.at <= now else None
    order: Order = {"user_id": user_id, "media_id": media_id}
    if said.position_ms:
        order |= {"position_ms": said.position_ms, "viewed_at": at}
    if said.plays:
        order |= {"plays": said.plays, "played_at": at}
    return order | ({"favourite": True} if said.favourite else {})
