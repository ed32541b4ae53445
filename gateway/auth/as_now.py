"""Someone as what they are now, for what was handed out to them before."""

from __future__ import annotations

from datetime import datetime

from gateway.auth.identity import Identity
from gateway.auth.links import MAY
from gateway.auth.principal import ADMIN, Principal
from gateway.auth.roles import permissions_of

_LINK = "share:"


def as_now(identity: Identity, id: str, now: datetime) -> Principal | None:
    """Who has this id, with what they may do now; None for who is shut out, and for a link that has ended."""
    if id == ADMIN:
        return Principal(ADMIN)
    if id.startswith(_LINK):
        share = identity.links.good(id.removeprefix(_LINK), now)
        return Principal(id, "link", MAY, only=share.media_id) if share else None
    user = identity.directory.active(id)
    return Principal(user.id, user.role, permissions_of(user.role), user.groups) if user else None
