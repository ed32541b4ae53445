"""Signing in, going on, and signing out: what the routes do."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from fastapi import Request, Response

from gateway.accounts import changes
from gateway.audit.entry import Target
from gateway.auth.accounts import ACTIVE, PASSWORD, User
from gateway.auth.cookies import ACCESS, REFRESH
from gateway.auth.sessions import Reused, Session
from gateway.commands import Command
from gateway.errors import Forbidden, Hidden, NotFound, Unauthorized
from gateway.second_factor import proving
from gateway.sessions import schemas
from schemas.events import Event, SessionChanged

_SESSIONS = "/api/v1/auth/sessions"
_MOST_CLIENT = 200
_PROVEN_FOR = timedelta(minutes=10)
_WRONG = "This name and password don't go together."
_OTHER = "The current password is another one."


async def sign_in(command: Command, request: Request, said: schemas.SignIn) -> Session:
    """Opens a session. Raises Unauthorized, in the same words and time whatever is wrong, CodeNeeded, and
    OverBudget.
    """
    identity = command.services.identity
    identity.following.refuse_stale()
    async with command.services.limits.attempt(request, said.login):
        user = identity.directory.find(said.login)
        kept = identity.directory.credential(PASSWORD, user.id) if user else None
        right = await identity.passwords.is_right(said.password, kept.value if kept else None)
        if not right or user is None or user.state != ACTIVE:
            mark = command.services.addresses.mark(said.login)
            command.about(Target("user", user.id) if user else Target.named("login", mark))
            raise Unauthorized(_WRONG)
        if said.code is not None:
            user = await proving.prove(command.acting_as(user.id), user, said.code)
    proving.refuse_without(identity, user, said.code)
    method = "password, code" if proving.factor_of(identity, user.id) else "password"
    return await open_session(command, request, user, method)


async def open_session(command: Command, request: Request, user: User, method: str) -> Session:
    """Opens a session for someone who has shown who they are."""
    identity = command.services.identity
    session = await identity.sessions.open(
        user.id,
        command.now,
        method=method,
        client=request.headers.get("user-agent", "")[:_MOST_CLIENT],
        address=request.client.host if request.client else "",
    )
    acting = command.acting_as(user.id)
    try:
        await acting.publish([_event(acting, session, "opened")], _SESSIONS)
    except BaseException:
        await identity.sessions.forget(session.id)
        raise
    return session


async def renew(command: Command, request: Request, given: str | None) -> Session:
    """The session of a refresh token, which counts no longer. Raises Unauthorized."""
    identity = command.services.identity
    identity.following.refuse_stale()
    token = given or request.cookies.get(REFRESH)
    if not token:
        raise Unauthorized("Send the refresh token.")
    if not given:
        identity.cookies.refuse_other_origin(request)
    try:
        session = await identity.sessions.renew(token, command.now)
    except Reused as error:
        await close(command.acting_as(error.session.user_id), error.session, "reused")
        raise
    user = identity.directory.active(session.user_id)
    if user is None or not identity.directory.counts(user, session.id, session.opened_at):
        raise Unauthorized("The session has ended: sign in again.")
    return session


async def close(command: Command, session: Session, reason: str) -> None:
    """Ends a session, everywhere, within a moment."""
    await command.publish([_event(command, session, "closed", reason)], _SESSIONS)
    await command.services.identity.sessions.forget(session.id)


async def own_session(command: Command, session_id: str) -> Session:
    """One of the sessions of whoever asks. Raises NotFound."""
    session = await command.services.identity.sessions.get(session_id)
    if session is None or session.user_id != command.principal.id:
        missing = NotFound if session is None else Hidden
        raise missing("session-not-found", "You have no such session.")
    return session


async def leave_former(command: Command, request: Request) -> None:
    """Ends the session that a page had when it signed in anew."""
    session = await command.services.identity.sessions.shown(request.cookies.get(REFRESH, ""))
    session = session or await _by_access(command, request)
    if session is not None:
        await close(command.acting_as(session.user_id), session, "replaced")


async def _by_access(command: Command, request: Request) -> Session | None:
    """Who comes back from a provider brings this cookie alone."""
    try:
        claims = command.services.identity.tokens.read(request.cookies.get(ACCESS, ""))
    except Unauthorized:
        return None
    return await command.services.identity.sessions.get(claims.session_id)


async def change_password(command: Command, said: schemas.PasswordChange) -> User:
    """Sets a new password; every session and token that there is ends. Raises Forbidden, Invalid."""
    user = command.services.identity.directory.user(command.principal.id)
    await _refuse_wrong(command, said.current)
    if user is None:
        raise Forbidden("wrong-password", _OTHER)
    return await set_password(command, user, said.new)


async def refuse_unproven(command: Command, password: str | None) -> None:
    """Raises Forbidden for who neither signed in a moment ago nor shows their password."""
    if password is not None:
        await _refuse_wrong(command, password)
        return
    session = await command.services.identity.sessions.get(command.principal.session_id or "")
    if session is None or command.now - session.opened_at > _PROVEN_FOR:
        raise Forbidden("prove-it", "Send your password as `current`, or sign in again first.")


async def _refuse_wrong(command: Command, password: str) -> None:
    """Raises Forbidden for another password than one's own, and OverBudget."""
    identity, user_id = command.services.identity, command.principal.id
    kept = identity.directory.credential(PASSWORD, user_id)
    async with command.services.limits.attempt(command.request, user_id):
        if not await identity.passwords.is_right(password, kept.value if kept else None):
            raise Forbidden("wrong-password", _OTHER)


async def set_password(command: Command, user: User, password: str, *more: Event) -> User:
    """Gives an account another password; its sessions and tokens end. Raises Invalid."""
    identity = command.services.identity
    personal = identity.directory.personal(user.id)
    await identity.passwords.refuse_weak(password, *(personal.names if personal else ()))
    kept = await identity.passwords.hashed(password)
    event = changes.credential(command, PASSWORD, user.id, user.id, kept)
    out = changes.signed_out_everywhere(user, command.now)
    new, _ = await changes.save(command, out, "password", event, *more)
    return new


def tokens(command: Command, session: Session, response: Response, *, cookies: bool) -> schemas.Tokens:
    """What the session goes on with, in the answer or in cookies."""
    identity = command.services.identity
    access, refresh = identity.tokens.issue(session.user_id, session.id), identity.sessions.token(session)
    access_s = int(identity.tokens.lifetime.total_seconds())
    said: dict[str, Any] = {"expires_in": access_s, "session_id": session.id}
    response.headers["Cache-Control"] = "no-store"
    if not cookies:
        return schemas.Tokens(access_token=access, refresh_token=refresh, **said)
    refresh_s = int((session.expires_at - command.now).total_seconds())
    identity.cookies.put(response, access, refresh, access_s=access_s, refresh_s=refresh_s)
    csrf = identity.cookies.csrf_token(session.id)
    return schemas.Tokens(access_token=None, refresh_token=None, csrf_token=csrf, **said)


def _event(command: Command, session: Session, state: str, reason: str | None = None) -> SessionChanged:
    return SessionChanged(
        meta=command.meta(),
        session_id=session.id,
        user_id=session.user_id,
        state=state,
        method=session.method,
        reason=reason,
        expires_at=session.expires_at,
    )
