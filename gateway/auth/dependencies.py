"""What routes declare to know who is asking, and what they must be allowed to do.

None of it declares a dependency of its own: the framework solves those anew wherever they are named, and that
was the half of a request's time.
"""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Depends, Query, Request, WebSocket
from fastapi.openapi.models import HTTPBearer
from fastapi.security.base import SecurityBase
from fastapi.security.utils import get_authorization_scheme_param
from starlette.requests import HTTPConnection

from gateway.allowed_methods import READS
from gateway.audit.requests import let_in
from gateway.auth.cookies import ACCESS
from gateway.auth.principal import ADMIN, Principal
from gateway.auth.roles import Permission, permissions_of
from gateway.errors import Forbidden, Unauthorized
from gateway.freshness import fresh
from gateway.services import Services, services_of

_SEND = "Send the header Authorization: Bearer <token>."
_SET_UP = "Set up a second factor first, at /api/v1/auth/second-factor: you must have one here."
_ADMITTED = "admitted"
"""Where a request's state has who asks, once that has been found out and counted."""


class Bearer(SecurityBase):
    """What those declare who take a token: it is said in the OpenAPI document."""

    model = HTTPBearer(description="An access token, an API key or the administrator's token.")
    scheme_name = "token"


def token_of(connection: HTTPConnection) -> str | None:
    """The bearer token of a request, if it has one."""
    kind, token = get_authorization_scheme_param(connection.headers.get("authorization"))
    return token if kind.lower() == "bearer" and token else None


async def current_principal(request: Request) -> Principal:
    """Who asks, by the request's bearer token or its cookie; found out and counted once for each request.

    A read waits for what it is to show. Raises Unauthorized, Forbidden, Unavailable, OverBudget for who asks
    too often, and BadRequest.
    """
    found: Principal | None = request.scope["state"].get(_ADMITTED)
    if found is None:
        found = await _admit(services_of(request), request)
        request.scope["state"][_ADMITTED] = found
    return found


async def _admit(services: Services, request: Request) -> Principal:
    _refuse_two(request)
    token = token_of(request)
    if token is not None:
        principal = _noted(request, await services.authenticator.principal(token))
    else:
        principal = await by_cookie(services, request)
    await services.limits.request(request, principal)
    if request.method in READS:
        await fresh(request)
    return principal


def _refuse_two(connection: HTTPConnection) -> None:
    """Raises Unauthorized for two tokens: whoever is in front of us may have looked at the other."""
    if len(connection.headers.getlist("authorization")) > 1:
        raise Unauthorized("Send one header Authorization, and not several.")


def _noted(connection: HTTPConnection, principal: Principal) -> Principal:
    let_in(connection.scope, principal)
    return principal


class OfRequest(Bearer):
    """A dependency: who asks."""

    async def __call__(self, request: Request) -> Principal:
        """See current_principal."""
        return await current_principal(request)


CurrentPrincipal = Annotated[Principal, Depends(OfRequest())]


class Allowed(Bearer):
    """A dependency that lets only those pass who may do something."""

    def __init__(self, permission: Permission) -> None:
        self.permission: Permission = permission

    async def __call__(self, request: Request) -> None:
        """Raises Forbidden."""
        refuse_unless(await current_principal(request), self.permission)


def allow(permission: Permission) -> Any:
    """What a route puts among its dependencies: whoever asks must be allowed this."""
    return Depends(Allowed(permission))


def refuse_unless(principal: Principal, permission: Permission) -> None:
    """Raises Forbidden."""
    if permission not in principal.may and principal.lacks_second_factor:
        raise Forbidden("second-factor-required", _SET_UP)
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


class OfLive(Bearer):
    """A dependency: who opens a stream of events, as always or by a ticket."""

    async def __call__(
        self,
        request: Request,
        ticket: Annotated[str | None, Query(max_length=1000, description="A one-time ticket.")] = None,
    ) -> Principal:
        """Raises Unauthorized, Forbidden, Unavailable, OverBudget."""
        if ticket is not None and token_of(request) is None:
            return allowed_live(await by_ticket(services_of(request), ticket))
        return allowed_live(await current_principal(request))


async def socket_principal(services: Services, socket: WebSocket) -> Principal:
    """Who opens a WebSocket. Raises Unauthorized, Forbidden, Unavailable."""
    _refuse_two(socket)
    token = token_of(socket)
    if token is not None:
        found = _noted(socket, await services.authenticator.principal(token))
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
