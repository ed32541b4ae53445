"""The routes of signing in with an account of others."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query, Request
from pydantic import BaseModel
from starlette.responses import RedirectResponse, Response

from gateway.auth.cookies import ACCESS
from gateway.auth.dependencies import by_cookie
from gateway.commands import Command, CommandedByAnyone
from gateway.errors import Forbidden, NotFound, Unauthorized
from gateway.openapi import Responses, problems
from gateway.providers import linking, trips
from gateway.providers.asking import Person
from gateway.providers.known import Provider
from gateway.providers.trips import Trip
from gateway.routing import Admits, Router
from gateway.services import Services, ServicesOf
from gateway.sessions import signing_in

router = Router(
    admits=Admits.ALL,
    prefix="/auth/providers",
    tags=["sessions"],
    responses=problems(403, 404, 409, 422, 502, 503),
)

_MOST = 2000
_AWAY: Responses = {302: {"description": "The way on"}}


class ProviderShown(BaseModel):
    """Someone whose accounts are good here."""

    id: str
    name: str
    url: str


class ProvidersShown(BaseModel):
    """All of them."""

    items: list[ProviderShown]


@router.get("")
async def list_providers(services: ServicesOf) -> ProvidersShown:
    """Lists those whose accounts one may sign in with."""
    items = [
        ProviderShown(id=each.id, name=each.shown, url=f"/api/v1/auth/providers/{each.id}/start")
        for each in services.asking.providers.providers
    ]
    return ProvidersShown(items=items)


@router.get("/{provider_id}/start", response_class=Response, status_code=302, responses=_AWAY)
async def start_with_provider(
    command: CommandedByAnyone,
    request: Request,
    provider_id: str,
    return_to: Annotated[str, Query(max_length=_MOST, description="Where to go afterwards, here.")] = "/",
    invitation: Annotated[
        str | None, Query(max_length=200, description="For who has no account yet.")
    ] = None,
    link: Annotated[bool, Query(description="Link it with the account that is signed in.")] = False,
) -> Response:
    """Sends a browser to a provider, to sign in there. To link takes a session of the last ten minutes."""
    provider, services = _provider(command.services, provider_id), command.services
    services.identity.cookies.refuse_sent(request)
    who = await _who_links(command, request) if link else None
    way = await services.asking.way(provider, _back(services, request, provider))
    trip = Trip(provider.id, way, trips.local(return_to), invitation, who, services.clock.now())
    answer = RedirectResponse(way.url, 302, {"Cache-Control": "no-store"})
    trips.pack(answer, services.identity.secret, trip)
    return answer


@router.get(
    "/{provider_id}/callback", response_class=Response, status_code=302, responses=_AWAY | problems(401)
)
async def return_from_provider(
    command: CommandedByAnyone,
    request: Request,
    provider_id: str,
    code: Annotated[str | None, Query(max_length=_MOST)] = None,
    state: Annotated[str | None, Query(max_length=_MOST)] = None,
    error: Annotated[str | None, Query(max_length=_MOST)] = None,
) -> Response:
    """Takes back who was sent to a provider, and signs them in."""
    services = command.services
    provider = _provider(services, provider_id)
    trip = await trips.unpacked(request, services.identity, provider.id, state, command.now)
    if error is not None or code is None:
        raise Forbidden(
            "provider-refused", f"{provider.shown} did not let you through: {error or 'no code'}."
        )
    person = await services.asking.person(provider, code, trip.way, _back(services, request, provider))
    answer = RedirectResponse(trip.return_to, 302, {"Cache-Control": "no-store"})
    trips.forget(answer)
    if trip.link_to is not None:
        await _link(command, request, provider, trip, person)
        return answer
    user = await linking.account_of(command, provider, person, trip.invitation)
    session = await signing_in.open_session(command, request, user, provider.id)
    await signing_in.leave_former(command, request)
    signing_in.tokens(command, session, answer, cookies=True)
    return answer


async def _who_links(command: Command, request: Request) -> str:
    """Whose account is to be linked. Raises Unauthorized, and Forbidden for who didn't sign in lately."""
    principal = await by_cookie(command.services, request)
    await signing_in.refuse_unproven(command.acting_as(principal.id, principal.session_id), None)
    return principal.id


async def _link(command: Command, request: Request, provider: Provider, trip: Trip, person: Person) -> None:
    """Only who set out to link may: another's session may have taken its place meanwhile."""
    services = command.services
    token = request.cookies.get(ACCESS)
    if token is None:
        raise Unauthorized("The session has ended: sign in again.")
    principal = await services.authenticator.principal(token)
    user = services.identity.directory.user(principal.id)
    if principal.id != trip.link_to or user is None:
        raise Forbidden("another-session", "Someone else is signed in by now: begin again.")
    await linking.link(command.acting_as(user.id), provider, person, user)


def _provider(services: Services, provider_id: str) -> Provider:
    found = services.asking.providers.get(provider_id)
    if found is None:
        raise NotFound("provider-not-found", f"There is no provider {provider_id!r} here.")
    return found


def _back(services: Services, request: Request, provider: Provider) -> str:
    """Where the provider is to send people: exactly what is registered there."""
    origin = services.settings.origin or str(request.base_url).rstrip("/")
    return f"{origin}/api/v1/auth/providers/{provider.id}/callback"
