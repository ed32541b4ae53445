"""Takes over what another system knew of many people's state, in one read of each kind and one publish."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from connectors.ports import Document, OneOf
from gateway.access.gate import not_found
from gateway.audit.acts import Act
from gateway.audit.entry import Target
from gateway.auth.accounts import ERASED
from gateway.auth.principal import ADMIN
from gateway.commands import Command
from gateway.documents import part
from gateway.errors import Invalid, NotFound, Problem
from gateway.media import versions
from gateway.media.existing import MEDIA, there
from gateway.media.render import source_of
from gateway.middleware import request_id
from gateway.viewings.earlier import Decided, Scene, decided
from gateway.viewings.kept import VIEWINGS
from gateway.viewings.schemas import EarlierResult, EarlierState, TakenOver
from gateway.viewings.state import Place
from schemas.events import ViewingChanged
from schemas.viewings import viewing_id

_PATH = "/api/v1/viewing"
_FIRST_YEAR = 1900
_TWICE = Invalid("named-twice", "Someone's state of a medium is named twice: say it once, as it was last.")


@dataclass(frozen=True, slots=True)
class _Known:
    """What is here of all that is spoken of."""

    media: Mapping[str, Document]
    states: Mapping[str, Document]


async def take_over(command: Command, items: Sequence[EarlierState], *, dry_run: bool) -> TakenOver:
    """Sets what nobody has said anything newer of, and tells what became of each. Raises Unavailable."""
    async with command.services.viewings.at_rest():
        known = await _known(command, items)
        named = Counter((item.user_id, item.media_id) for item in items)
        found = [
            _decided(command, known, item) if named[item.user_id, item.media_id] == 1 else _TWICE
            for item in items
        ]
        said = [word for one in found if isinstance(one, Decided) for word in one.words]
        token = ""
        if said and not dry_run:
            token = await command.publish(said, _PATH, acts=_acts(said))
    return TakenOver(results=[_result(*pair) for pair in zip(items, found, strict=True)], token=token)


async def _known(command: Command, items: Sequence[EarlierState]) -> _Known:
    read_models = command.services.read_models
    ids = tuple({item.media_id for item in items})
    media = await versions.shown(read_models, await read_models.select(MEDIA, {"_id": OneOf(ids)}, len(ids)))
    keys = tuple({viewing_id(item.user_id, item.media_id) for item in items})
    states = await read_models.select(VIEWINGS, {"_id": OneOf(keys)}, len(keys))
    return _Known({each["_id"]: each for each in media}, {each["_id"]: each for each in states})


def _decided(command: Command, known: _Known, item: EarlierState) -> Decided | Problem:
    """What is to be said of one, or why it is refused."""
    try:
        _refuse_unknown(command, item.user_id)
        _refuse_impossible(command.now, item)
        scene = _scene(known, item)
    except Problem as problem:
        return problem
    return decided(scene, item, command.principal, request_id(command.request))


def _scene(known: _Known, item: EarlierState) -> Scene:
    document = known.media.get(item.media_id)
    if document is None:
        raise not_found(item.media_id)
    there(document)
    place = Place(item.user_id, item.media_id, source_of(document))
    duration_ms = part(document, "probe").get("duration_ms")
    return Scene(place, duration_ms, document["created_at"], known.states.get(place.id))


def _refuse_unknown(command: Command, user_id: str) -> None:
    user = command.services.identity.directory.user(user_id)
    if user_id != ADMIN and (user is None or user.state == ERASED):
        raise NotFound("user-not-found", f"There is no account {user_id}, or not yet.")


def _refuse_impossible(now: datetime, item: EarlierState) -> None:
    """What is said to be of tomorrow would stand over all that people do until then; and before there were
    films nobody watched any.
    """
    for at in (item.viewed_at, item.played_at, item.favourite_at):
        if at is not None and (at.year < _FIRST_YEAR or at > now):
            raise Invalid("no-such-time", "It can't have been then: say when it was, or nothing.")


def _acts(said: Sequence[ViewingChanged]) -> list[Act]:
    """One for each person: it is not they who did it, and not now."""
    counted = Counter(word.user_id or "" for word in said)
    return [Act("viewing.taken_over", Target("user", id), {"words": str(n)}) for id, n in counted.items()]


def _result(item: EarlierState, found: Decided | Problem) -> EarlierResult:
    whose = {"user_id": item.user_id, "media_id": item.media_id}
    if isinstance(found, Problem):
        return EarlierResult(**whose, outcome="refused", code=found.code, detail=found.detail)
    return EarlierResult(**whose, outcome=found.outcome)
