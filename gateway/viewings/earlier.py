"""What another system knew of someone's state of a work: it stands unless something newer was said. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Literal

from connectors.ports import Document
from gateway.auth.principal import Principal
from gateway.documents import part
from gateway.viewings.schemas import EarlierState
from gateway.viewings.state import Moment, Place, State, words
from schemas.events import Meta, ViewingChanged, to_millis
from schemas.viewings import FAVOURITE, PLAYED, POSITION

Outcome = Literal["set", "unchanged", "newer"]


@dataclass(frozen=True, slots=True)
class Scene:
    """Whose state, of how long a work that was here since when, and what was said of it so far."""

    place: Place
    duration_ms: int | None
    since: datetime
    before: Document | None


@dataclass(frozen=True, slots=True)
class Decided:
    """What is to be said for an earlier state to stand, and whether it does."""

    words: list[ViewingChanged]
    outcome: Outcome


def decided(scene: Scene, said: EarlierState, by: Principal, correlation_id: str) -> Decided:
    """What comes of an earlier state: of each register the newer word stands, whoever says it later."""
    before = State.read(scene.before)
    told, outcomes = list[ViewingChanged](), set[str]()
    for change, wanted, at in _wanted(scene, said, before):
        meta = partial(Meta.first, by.actor, at, correlation_id)
        new = list(words(before, wanted, scene.place, Moment(at, scene.duration_ms), meta))
        outcome = _outcome(part(scene.before or {}, change), at, is_new=bool(new))
        outcomes.add(outcome)
        told += new if outcome == "set" else []
    return Decided(told, _all_in_all(outcomes))


def _wanted(scene: Scene, said: EarlierState, before: State) -> Iterator[tuple[str, State, datetime]]:
    """The state as each register that is named would have it, and since when. What has no time is as old as
    the work is here: whatever was said of it here is newer.
    """
    if said.position_ms is not None and said.position_ms < (scene.duration_ms or said.position_ms + 1):
        at = to_millis(said.viewed_at or scene.since)
        there = replace(before, position_ms=said.position_ms, duration_ms=scene.duration_ms, viewed_at=at)
        yield POSITION, before if before.position_ms == said.position_ms else there, at
    if said.plays:
        at = to_millis(said.played_at or scene.since)
        yield PLAYED, replace(before, played=True, plays=said.plays), at
    if said.favourite:
        yield FAVOURITE, replace(before, favourite=True), to_millis(said.favourite_at or scene.since)


def _outcome(register: Document, at: datetime, *, is_new: bool) -> str:
    if not is_new:
        return "unchanged"
    return "newer" if register and register["at"] >= at else "set"


def _all_in_all(outcomes: set[str]) -> Outcome:
    if "set" in outcomes:
        return "set"
    return "newer" if "newer" in outcomes else "unchanged"
