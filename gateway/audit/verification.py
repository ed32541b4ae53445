"""Whether a log of the trail is whole: what is missing, changed, or there twice in two forms. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from gateway.audit import chain
from schemas.events import AuditRecorded, Head

CHANGED, GAP, UNLINKED, FORK = "changed", "gap", "unlinked", "fork"
HEAD_MISSING, AFTER_THE_END = "head-missing", "after-the-end"

RUNNING, CLOSED, BROKEN_OFF = "running", "closed", "broken-off"
"""What became of a chain's writer: it was heard of lately, it said that it stops, or it fell silent."""

SILENT_AFTER = timedelta(hours=2)
"""A writer that runs says something every hour."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Damage:
    """Something that can't come from our writing, or from Kafka's delivering twice."""

    kind: str
    chain: str
    number: int
    about: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainFound:
    """One chain."""

    chain: str
    records: int
    state: str
    last_at: datetime | None
    head: Head | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What was found."""

    records: int
    repeated: int
    chains: list[ChainFound]
    damages: list[Damage]

    @property
    def whole(self) -> bool:
        """Whether nothing is missing or changed, as far as the log can tell."""
        return not self.damages


@dataclass(slots=True)
class _Seen:
    """What is known of one chain."""

    links: dict[int, tuple[str, str]] = field(default_factory=dict)
    """By number: the hash, and the one before."""
    last_at: datetime | None = None
    closed_at: int | None = None

    def note(self, record: AuditRecorded) -> None:
        """Takes note of a link that was not known."""
        self.links[record.number] = (record.hash, record.previous)
        self.last_at = max(self.last_at or record.meta.occurred_at, record.meta.occurred_at)
        if record.action == chain.CLOSED:
            self.closed_at = record.number


class Verification:
    """Takes records in any order, and says at the end what they are worth."""

    def __init__(self, keys: list[bytes], known: Iterable[Head] = ()) -> None:
        self._keys = keys
        self._heads: set[Head] = set(known)
        self._seen: dict[str, _Seen] = {}
        self._damages: dict[Damage, None] = {}
        self._repeated = 0

    def take(self, record: AuditRecorded) -> None:
        """Takes note of one record."""
        if not chain.is_ours(self._keys, record):
            self._damage(CHANGED, chain.head_of(record), "it is not as it was written, or not written by us")
            return
        seen = self._seen.setdefault(record.chain, _Seen())
        known = seen.links.get(record.number)
        if known is None:
            seen.note(record)
            self._heads.update(record.heads)
        elif known[0] == record.hash:
            self._repeated += 1
        else:
            self._damage(FORK, chain.head_of(record), "there are two of this number, both made with our key")

    def report(self, now: datetime) -> Report:
        """What was found."""
        for name, seen in self._seen.items():
            for damage in _broken_links(name, seen):
                self._damages[damage] = None
        for head in self._heads:
            if not self._has(head):
                self._damage(HEAD_MISSING, head, "another record vouches for it, and it is not there")
        return Report(
            records=sum(len(seen.links) for seen in self._seen.values()),
            repeated=self._repeated,
            chains=[_found(name, seen, now) for name, seen in sorted(self._seen.items())],
            damages=sorted(self._damages, key=lambda d: (d.chain, d.number, d.kind)),
        )

    def _has(self, head: Head) -> bool:
        seen = self._seen.get(head.chain)
        return seen is not None and seen.links.get(head.number, ("", ""))[0] == head.hash

    def _damage(self, kind: str, at: Head, about: str) -> None:
        self._damages[Damage(kind=kind, chain=at.chain, number=at.number, about=about)] = None


def _broken_links(name: str, seen: _Seen) -> Iterator[Damage]:
    """Where a chain does not go on from one link to the next."""
    before, hash = 0, chain.FIRST
    for number, (own, previous) in sorted(seen.links.items()):
        if number != before + 1:
            about = f"{number - before - 1} before it are missing"
            yield Damage(kind=GAP, chain=name, number=number, about=about)
        elif previous != hash:
            yield Damage(
                kind=UNLINKED, chain=name, number=number, about="it follows another than the one before"
            )
        before, hash = number, own
    if seen.closed_at is not None and before > seen.closed_at:
        about = f"the chain was closed at {seen.closed_at}"
        yield Damage(kind=AFTER_THE_END, chain=name, number=before, about=about)


def _found(name: str, seen: _Seen, now: datetime) -> ChainFound:
    last = max(seen.links)
    return ChainFound(
        chain=name,
        records=len(seen.links),
        state=_state(seen, now),
        last_at=seen.last_at,
        head=Head(chain=name, number=last, hash=seen.links[last][0]),
    )


def _state(seen: _Seen, now: datetime) -> str:
    if seen.closed_at is not None:
        return CLOSED
    is_silent = seen.last_at is None or now - seen.last_at > SILENT_AFTER
    return BROKEN_OFF if is_silent else RUNNING
