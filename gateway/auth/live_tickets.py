"""One-time tickets for live connections: what opens them may end up in logs, and is worth nothing there."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from itsdangerous import BadData, URLSafeSerializer

from connectors.sealing import Secret
from gateway.auth.principal import Principal
from gateway.claims import Claims
from gateway.errors import Unauthorized
from schemas.events import new_id

LIFETIME = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class Held:
    """Whose a ticket is, of which session or key, what they may do, and since when."""

    user_id: str
    session_id: str | None
    may: frozenset[str]
    key_id: str | None
    issued_at: datetime


class LiveTickets:
    """Writes tickets, and takes each once. Any replica takes those of any other."""

    def __init__(self, secret: Secret, claims: Claims) -> None:
        self._signer = URLSafeSerializer(secret.every("live tickets")[::-1], salt="live")
        self._claims = claims

    def write(self, principal: Principal, now: datetime) -> str:
        """A ticket for someone."""
        until = (now + LIFETIME).timestamp()
        who = [principal.id, principal.session_id, sorted(principal.may), principal.key_id]
        return str(self._signer.dumps([new_id(), until, *who]))

    async def take(self, ticket: str, now: datetime) -> Held:
        """What a ticket says. Raises Unauthorized for a used one."""
        try:
            id, until, user_id, session_id, may, key_id = self._signer.loads(ticket)
        except (BadData, ValueError, TypeError) as error:
            raise Unauthorized("This ticket was not made here.") from error
        if now.timestamp() >= until or not await self._claims.take(f"ticket/{id}", 2 * LIFETIME):
            raise Unauthorized("This ticket is used or too old: ask for another.")
        issued_at = datetime.fromtimestamp(until, UTC) - LIFETIME
        return Held(user_id, session_id, frozenset(may), key_id, issued_at)
