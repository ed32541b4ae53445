"""The routes of signing in and out."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Body, Request, Response

from gateway.accounts import registration
from gateway.auth.cookies import REFRESH
from gateway.auth.dependencies import CurrentPrincipal, allow
from gateway.auth.live_tickets import LIFETIME
from gateway.auth.sessions import Session
from gateway.commands import Commanded, CommandedByAnyone
from gateway.errors import Conflict
from gateway.openapi import problems
from gateway.routing import Admits, Router
from gateway.services import ServicesOf
from gateway.sessions import schemas, signing_in

router = Router(
    admits=Admits.ANYONE, prefix="/auth", tags=["sessions"], responses=problems(401, 403, 422, 429, 503)
)
keys = Router(admits=Admits.ALL, tags=["sessions"])

_OWN = allow("account")


@keys.get("/.well-known/jwks.json")
async def get_signing_keys(services: ServicesOf, response: Response) -> dict[str, Any]:
    """The public keys that access tokens are signed with, for others who check them."""
    response.headers["Cache-Control"] = "public, max-age=3600"
    return services.identity.tokens.published()


@router.post("/register", status_code=202, responses=problems(403, 409))
async def register(command: CommandedByAnyone, said: schemas.Registration) -> schemas.Registered:
    """Makes an account of one's own, where that is open to whoever asks."""
    await registration.register(command, said)
    return schemas.Registered()


@router.post("/login")
async def sign_in(
    command: CommandedByAnyone, request: Request, response: Response, said: schemas.SignIn
) -> schemas.Tokens:
    """Opens a session."""
    if said.cookies:
        command.services.identity.cookies.refuse_other_origin(request)
    session = await signing_in.sign_in(command, request, said)
    if said.cookies:
        await signing_in.leave_former(command, request)
    return signing_in.tokens(command, session, response, cookies=said.cookies)


@router.post("/refresh", responses=problems(403))
async def renew_session(
    command: CommandedByAnyone,
    request: Request,
    response: Response,
    said: Annotated[schemas.Renewal | None, Body()] = None,
) -> schemas.Tokens:
    """Goes on with a session: each refresh token is good once. One that is shown again ends the session."""
    given = said.refresh_token if said else None
    session = await signing_in.renew(command, request, given)
    return signing_in.tokens(command, session, response, cookies=given is None)


@router.post("/logout", status_code=204, dependencies=[_OWN], responses=problems(403, 409))
async def sign_out(command: Commanded, response: Response) -> None:
    """Ends the session that asks."""
    session_id = command.principal.session_id
    if session_id is None:
        raise Conflict("no-session", "A key has no session; withdraw the key instead.")
    session = await signing_in.own_session(command, session_id)
    await signing_in.close(command, session, "signed_out")
    command.services.identity.cookies.clear(response)


@router.post("/password", dependencies=[_OWN], responses=problems(403, 409))
async def change_password(
    command: Commanded, request: Request, response: Response, said: schemas.PasswordChange
) -> schemas.Tokens:
    """Sets a new password. All sessions end; the answer opens a new one."""
    user = await signing_in.change_password(command, said)
    session = await signing_in.open_session(command, request, user, "password")
    return signing_in.tokens(command, session, response, cookies=REFRESH in request.cookies)


@router.get("/whoami")
async def whoami(services: ServicesOf, principal: CurrentPrincipal) -> schemas.Whoami:
    """Says who asks, and what they may do."""
    session = principal.session_id
    return schemas.Whoami(
        id=principal.id,
        role=principal.role,
        groups=sorted(principal.groups),
        permissions=sorted(principal.may),
        session_id=session,
        csrf_token=services.identity.cookies.csrf_token(session) if session else None,
    )


@router.get("/sessions", dependencies=[_OWN], responses=problems(403))
async def list_sessions(services: ServicesOf, principal: CurrentPrincipal) -> schemas.Sessions:
    """Lists one's sessions, the one used last first."""
    found = await services.identity.sessions.of(principal.id, services.clock.now())
    directory = services.identity.directory
    user = directory.user(principal.id)
    going_on = [each for each in found if user and directory.counts(user, each.id, each.opened_at)]
    return schemas.Sessions(items=[_shown(session, principal.session_id) for session in going_on])


@router.delete("/sessions/{session_id}", status_code=204, dependencies=[_OWN], responses=problems(403, 404))
async def end_session(command: Commanded, session_id: str) -> None:
    """Ends one of one's sessions."""
    session = await signing_in.own_session(command, session_id)
    await signing_in.close(command, session, "revoked")


@router.post("/tickets", dependencies=[allow("events:read")], responses=problems(403))
async def make_ticket(
    services: ServicesOf, principal: CurrentPrincipal, response: Response
) -> schemas.Ticket:
    """Makes a ticket that opens one live connection, for clients that can't send headers with it."""
    response.headers["Cache-Control"] = "no-store"
    ticket = services.identity.tickets.write(principal, services.clock.now())
    return schemas.Ticket(ticket=ticket, expires_in=int(LIFETIME.total_seconds()))


def _shown(session: Session, current: str | None) -> schemas.Session:
    return schemas.Session(
        id=session.id,
        method=session.method,
        client=session.client,
        address=session.address,
        opened_at=session.opened_at,
        used_at=session.used_at,
        expires_at=session.expires_at,
        current=session.id == current,
    )
