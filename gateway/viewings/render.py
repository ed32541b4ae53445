"""From a state to its JSON, alone and with the media that it belongs to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from connectors.ports import Document
from gateway.auth.principal import Principal
from gateway.documents import part
from gateway.media.schemas import Media
from gateway.services import Services
from gateway.viewings import kept
from gateway.viewings.schemas import ViewingState
from gateway.viewings.state import State
from schemas.viewings import CHANGES


def shown(work_id: str, state: State) -> ViewingState:
    """A state for whose it is."""
    said = {name: getattr(state, name) for name in ViewingState.model_fields if name != "work_id"}
    return ViewingState(work_id=work_id, **said)


async def with_states(
    services: Services, principal: Principal, media: Sequence[tuple[Media, Document]]
) -> list[Media]:
    """The same media with the state that someone has of each, in one read for all of them."""
    if principal.only is not None:
        return [one for one, _ in media]
    works = [one.id for one, _ in media]
    states = await kept.of_works(services.read_models, principal.id, works)
    return [
        one.model_copy(update={"viewing": shown(work, states[work])}) if work in states else one
        for (one, _), work in zip(media, works, strict=True)
    ]


async def viewings_of(services: Services, user_id: str) -> list[dict[str, Any]]:
    """All of someone's state, for themselves to take along."""
    found = await kept.of_user(services.read_models, user_id)
    return [shown(_work(document), State.read(document)).model_dump() for document in found]


def _work(document: Document) -> str:
    return next(str(said["work_id"]) for change in CHANGES if (said := part(document, change)).get("work_id"))
