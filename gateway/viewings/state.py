"""One person's state of one work, and what becomes of it. Pure.

A position near either end is none: before 5% of the length (a minute at most) nothing has begun, and beyond
90% it is played. This is what the known media servers do, so that players agree with what they show.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from connectors.ports import Document
from gateway.documents import part
from schemas.events import Meta, ViewingChanged
from schemas.viewings import CHANGES, FAVOURITE, PLAYED, POSITION, viewing_id, viewing_key

_PLAYED_AT = 0.9
_BEGUN_AT = 0.05
_BEGUN_BY_MS = 60_000

NewMeta = Callable[[], Meta]


@dataclass(frozen=True, slots=True)
class Place:
    """Whose state, of which work, and by which of its versions it is spoken of."""

    user_id: str
    work_id: str
    source: str

    @property
    def id(self) -> str:
        """The state's id."""
        return viewing_id(self.user_id, self.work_id)


@dataclass(frozen=True, slots=True)
class Moment:
    """When something is said of a state, of how long a version, and by which playback, if one says it."""

    at: datetime
    duration_ms: int | None = None
    session_id: str | None = None


@dataclass(frozen=True, slots=True)
class State:
    """One person's state of one work; as it is here where nothing was ever said."""

    position_ms: int = 0
    duration_ms: int | None = None
    viewed_at: datetime | None = None
    played: bool = False
    plays: int = 0
    played_at: datetime | None = None
    played_in: str | None = None
    """The playback that it was counted for."""
    favourite: bool = False
    favourite_at: datetime | None = None

    @classmethod
    def read(cls, document: Document | None) -> State:
        """From the read model."""
        position, played, favourite = (part(document or {}, change) for change in CHANGES)
        return cls(
            position_ms=position.get("position_ms", 0),
            duration_ms=position.get("duration_ms"),
            viewed_at=_when(position),
            played=played.get("on", False),
            plays=played.get("times", 0),
            played_at=_when(played),
            played_in=played.get("session_id"),
            favourite=favourite.get("on", False),
            favourite_at=_when(favourite),
        )


def _when(said: Document) -> datetime | None:
    """Since when it is so; what was forgotten never was."""
    at: datetime | None = said.get("at") if said.get("user_id") is not None else None
    return at


def at_position(state: State, position_ms: int, moment: Moment) -> State:
    """The state of who is there now: near the end it is played, and counted once for each playback."""
    duration_ms = moment.duration_ms or 0
    if duration_ms and position_ms >= _PLAYED_AT * duration_ms:
        return played(state, moment)
    begun_ms = min(_BEGUN_AT * duration_ms, _BEGUN_BY_MS)
    kept_ms = position_ms if position_ms >= begun_ms else 0
    if kept_ms == state.position_ms:
        return state
    return replace(state, position_ms=kept_ms, duration_ms=moment.duration_ms, viewed_at=moment.at)


def played(state: State, moment: Moment) -> State:
    """The state of who has come to the end."""
    done = _left(state, moment)
    if _is_counted(state, moment):
        return done
    return replace(done, played=True, plays=state.plays + 1, played_at=moment.at, played_in=moment.session_id)


def _is_counted(state: State, moment: Moment) -> bool:
    """A player goes on telling until it stops; one that names no playback counts once in a length."""
    if not state.played or state.played_at is None:
        return False
    if moment.session_id is not None:
        return moment.session_id == state.played_in
    return (moment.at - state.played_at).total_seconds() * 1000 < (moment.duration_ms or 0)


def marked_played(state: State, moment: Moment, *, on: bool) -> State:
    """The state as someone says it is: what is not played was never played, and has no position."""
    left = _left(state, moment)
    if on == state.played:
        return left
    plays = max(1, state.plays) if on else 0
    return replace(left, played=on, plays=plays, played_at=moment.at, played_in=None)


def marked_favourite(state: State, moment: Moment, *, on: bool) -> State:
    """The state as someone says it is."""
    return state if on == state.favourite else replace(state, favourite=on, favourite_at=moment.at)


def _left(state: State, moment: Moment) -> State:
    if state.position_ms == 0:
        return state
    return replace(state, position_ms=0, duration_ms=moment.duration_ms, viewed_at=moment.at)


def words(
    before: State, after: State, place: Place, moment: Moment, meta: NewMeta
) -> Iterator[ViewingChanged]:
    """What is to be said for one state to become the other: of each register that differs, all of it."""
    if (before.position_ms, before.viewed_at) != (after.position_ms, after.viewed_at):
        yield _word(
            POSITION, place, moment, meta, position_ms=after.position_ms, duration_ms=after.duration_ms
        )
    if (before.played, before.plays) != (after.played, after.plays):
        yield _word(PLAYED, place, moment, meta, on=after.played, times=after.plays)
    if before.favourite != after.favourite:
        yield _word(FAVOURITE, place, moment, meta, on=after.favourite)


def _word(
    change: str,
    place: Place,
    moment: Moment,
    meta: NewMeta,
    *,
    position_ms: int = 0,
    duration_ms: int | None = None,
    on: bool = False,
    times: int = 0,
) -> ViewingChanged:
    return ViewingChanged(
        meta=meta(),
        viewing=viewing_key(change, place.id),
        change=change,
        user_id=place.user_id,
        work_id=place.work_id,
        media_id=place.source,
        position_ms=position_ms,
        duration_ms=duration_ms,
        on=on,
        times=times,
        session_id=moment.session_id,
    )


def forgotten(document: Document, meta: NewMeta) -> Iterator[ViewingChanged]:
    """What is to be said for nothing to be left of a state, not even whose it was."""
    for change in CHANGES:
        if part(document, change).get("user_id") is not None:
            key = viewing_key(change, document["_id"])
            yield ViewingChanged(meta=meta(), viewing=key, change=change)
