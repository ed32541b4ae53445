"""Whether whoever was given an address may still use it."""

from __future__ import annotations

from gateway.auth.as_now import as_now
from gateway.errors import Forbidden
from gateway.playback.tickets import Ticket
from gateway.services import Services
from schemas.versions import work_of


async def refuse_former(services: Services, ticket: Ticket) -> None:
    """Raises Forbidden where the viewer was shut out, or may not see the medium any more."""
    viewer = as_now(services.identity, ticket.viewer_id, services.clock.now())
    if viewer is None or not await services.audience.may_see(viewer, work_of(ticket.media_id)):
        raise Forbidden("bad-address", "This address is no longer good: ask for playback again.")
