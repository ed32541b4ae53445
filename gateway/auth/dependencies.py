"""What routes declare to know who is asking, and what they must be allowed to do."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Depends, Query, Request, WebSocket
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from starlette.requests import HTTPConnection

from gateway.audit.requests import let_in
from gateway.auth.cookies import ACCESS
from gateway.auth.principal import ADMIN, Principal
from gateway.auth.roles import Permission, permissions_of
from gateway.errors import Forbidden, Unauthorized
from gateway.services import Services, ServicesOf

bearer = HTTPBearer(
    auto_error=False,
    scheme_name="token",
    description="An access token, an API key or the administrator's token.",
)

_SEND = "Send the header Authorization: Bearer <token>."


async def current_principal(
    services: ServicesOf,
    request: Request,
    credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(bearer)],
) -> Principal:
    """Who asks, by the request's bearer token or its cookie.

    Raises Unauthorized, Forbidden, Unavailable, and OverBudget for who asks too often.
    """
    _refuse_two(request)
    if credentials is not None:
        principal = _noted(request, await services.authenticator.principal(credentials.credentials))
    else:
        principal = await by_cookie(services, request)
    await services.limits.request(request, principal)
    return principal


def _refuse_two(connection: HTTPConnection) -> None:
    """Raises Unauthorized for two tokens: whoever is in front of us may have looked at the other."""
    if len(connection.headers.getlist("authorization")) > 1:
        raise Unauthorized("Send one header Authorization, and not several.")


def _noted(connection: HTTPConnection, principal: Principal) -> Principal:
    let_in(connection.scope, principal)
    return principal


CurrentPrincipal = Annotated[Principal, Depends(current_principal)]


class Allowed:
    """A dependency that lets only those pass who may do something."""

    def __init__(self, permission: Permission) -> None:
        self.permission: Permission = permission

    async def __call__(self, principal: CurrentPrincipal) -> None:
        """Raises Forbidden."""
        refuse_unless(principal, self.permission)


def allow(permission: Permission) -> Any:
    """What a route puts among its dependencies: whoever asks must be allowed this."""
    return Depends(Allowed(permission))


def refuse_unless(principal: Principal, permission: Permission) -> None:
    """Raises Forbidden."""
    if permission not in principal.may:
        raise Forbidden("not-allowed", f"This takes the permission {permission}, which you don't have.")


async def by_cookie(services: Services, connection: HTTPConnection) -> Principal:
    """Who asks, by the cookie of a page of ours. Raises Unauthorized, Forbidden, Unavailable."""
    token = connection.cookies.get(ACCESS)
    if token is None:
        raise Unauthorized(_SEND)
    principal = _noted(connection, await services.authenticator.principal(token))
    services.identity.cookies.refuse_forged(connection, principal.session_id or "")
    return principal


async def live_principal(
    services: ServicesOf,
    request: Request,
    credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(bearer)],
    ticket: Annotated[str | None, Query(max_length=1000, description="A one-time ticket.")] = None,
) -> Principal:
    """Who opens a stream of events: as always, or by a ticket."""
    if ticket is not None and credentials is None:
        return allowed_live(await by_ticket(services, ticket))
    return allowed_live(await current_principal(services, request, credentials))


async def socket_principal(services: Services, socket: WebSocket) -> Principal:
    """Who opens a WebSocket. Raises Unauthorized, Forbidden, Unavailable."""
    _refuse_two(socket)
    kind, _, token = socket.headers.get("authorization", "").partition(" ")
    if kind.lower() == "bearer":
        found = _noted(socket, await services.authenticator.principal(token.strip()))
    elif (ticket := socket.query_params.get("ticket")) is not None:
        found = await by_ticket(services, ticket)
    else:
        found = await by_cookie(services, socket)
    await services.limits.request(socket, found)
    return allowed_live(found)


async def by_ticket(services: Services, ticket: str) -> Principal:
    """Whose one-time ticket this is. Raises Unauthorized, Unavailable."""
    identity = services.identity
    held = await identity.tickets.take(ticket, services.clock.now())
    if held.user_id == ADMIN:
        return Principal(ADMIN)
    identity.following.refuse_stale()
    user = identity.directory.user(held.user_id)
    if user is not None:
        may = permissions_of(user.role) & held.may
        found = Principal(
            user.id, user.role, may, user.groups, held.session_id, held.issued_at, key_id=held.key_id
        )
        if services.authenticator.still_good(found):
            return found
    raise Unauthorized("The session has ended: sign in again.")


def allowed_live(principal: Principal) -> Principal:
    """The same, if they may follow events. Raises Forbidden."""
    refuse_unless(principal, "events:read")
    return principal
