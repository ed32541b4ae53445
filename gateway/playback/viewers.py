"""Whether whoever was given an address may still use it."""

from __future__ import annotations

from gateway.auth.principal import ADMIN, Principal
from gateway.auth.roles import permissions_of
from gateway.errors import Forbidden
from gateway.playback.tickets import Ticket
from gateway.services import Services
from schemas.versions import work_of

_LINK = "share:"


async def refuse_former(services: Services, ticket: Ticket) -> None:
    """Raises Forbidden where the viewer was shut out, or may not see the medium any more."""
    viewer = _viewer(services, ticket.viewer_id)
    if viewer is None or not await services.audience.may_see(viewer, work_of(ticket.media_id)):
        raise Forbidden("bad-address", "This address is no longer good: ask for playback again.")


def _viewer(services: Services, viewer_id: str) -> Principal | None:
    """As what they are now; None for who is shut out."""
    identity = services.identity
    if viewer_id == ADMIN:
        return Principal(ADMIN)
    if viewer_id.startswith(_LINK):
        share = identity.links.good(viewer_id.removeprefix(_LINK), services.clock.now())
        return Principal(viewer_id, "link", only=share.media_id) if share else None
    user = identity.directory.active(viewer_id)
    return Principal(user.id, user.role, permissions_of(user.role), user.groups) if user else None
