"""Finds many media for someone at once."""

from __future__ import annotations

from collections.abc import Sequence

from connectors.ports import OneOf
from gateway.access.policy import Level
from gateway.auth.principal import Principal
from gateway.media import versions
from gateway.media.existing import MEDIA
from gateway.media.render import render
from gateway.media.schemas import Media
from gateway.services import Services
from gateway.viewings.render import with_states


async def seen(services: Services, principal: Principal, ids: Sequence[str]) -> list[Media | None]:
    """The media of these ids that someone may see; nothing for the others, and for deleted ones."""
    if not ids:
        return []
    found = await services.read_models.select(MEDIA, {"_id": OneOf(tuple(ids))}, len(ids))
    allowed = [each for each in found if services.gate.level(principal, each) >= Level.VIEW]
    current = await versions.shown(services.read_models, allowed)
    pairs = [(one, each) for each in current if (one := render(each)) and one.status != "deleted"]
    shown = {one.id: one for one in await with_states(services, principal, pairs)}
    return [shown.get(id) for id in ids]
