"""The routes of accounts."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import Annotated, Any

from fastapi import Query, Response

from connectors import ports
from connectors.ports import OneOf
from gateway import pages
from gateway.accounts import changes, names
from gateway.accounts.render import render, render_document
from gateway.accounts.schemas import (
    Export,
    NewUser,
    OwnOrder,
    PasswordOrder,
    State,
    User,
    UserAccepted,
    UserOrder,
)
from gateway.audit import looking
from gateway.auth import accounts
from gateway.auth.accounts import ACTIVE, API_KEY, DISABLED, ERASED
from gateway.auth.dependencies import CurrentPrincipal, allow, refuse_unless
from gateway.auth.keys import ApiKey
from gateway.auth.principal import ADMIN, Principal
from gateway.commands import Commanded
from gateway.errors import Conflict, Hidden, NotFound
from gateway.keys.endpoints import said as key_said
from gateway.media.existing import MEDIA
from gateway.openapi import problems
from gateway.routing import Router
from gateway.services import Services, ServicesOf
from gateway.sessions import signing_in
from gateway.viewings.render import viewings_of

router = Router(prefix="/users", tags=["users"], responses=problems(401, 403, 422, 429, 503))

_USERS = "users"
_ME = "me"
_OWN = allow("account")
_READ, _WRITE = allow("users:read"), allow("users:write")
_MOST_MEDIA = 10_000


@router.get("", dependencies=[_READ], responses=problems(400))
async def list_users(
    services: ServicesOf,
    paging: pages.Paged,
    role: Annotated[str | None, Query(description="Only those of this role.")] = None,
    state: Annotated[
        State | None, Query(description="Only those in this state; erased ones on demand.")
    ] = None,
) -> pages.Listing[User]:
    """Lists accounts, newest first."""
    where: dict[str, Any] = {"now.state": state or OneOf((ACTIVE, DISABLED))}
    if role is not None:
        where["now.role"] = role
    found = await pages.page(services.read_models, _USERS, where, paging)
    directory = services.identity.directory
    return pages.Listing(items=[render_document(directory, d) for d in found.items], next=found.next)


@router.post("", status_code=201, dependencies=[_WRITE], responses=problems(409))
async def make_user(command: Commanded, order: NewUser) -> UserAccepted:
    """Makes an account for someone."""
    person = names.personal(order.login, order.email, order.name)
    person = replace(person, email_verified=order.email_verified and person.email is not None)
    await command.services.identity.passwords.refuse_weak(order.password, *person.names)
    user, token = await changes.create(
        command, person, order.role, "created", order.password, state=order.state
    )
    return UserAccepted(user=render(command.services.identity.directory, user, person), token=token)


@router.get("/{user_id}", dependencies=[_OWN], responses=problems(400, 404, 409))
async def get_user(services: ServicesOf, principal: CurrentPrincipal, user_id: str) -> User:
    """Gets an account: one's own as `me`, those of others by who may see them."""
    return render(services.identity.directory, _user(services, principal, user_id))


@router.patch("/me", dependencies=[_OWN], responses=problems(409))
async def change_me(command: Commanded, order: OwnOrder) -> UserAccepted:
    """Changes what one is called, and what one signs in as.

    The latter takes the password, or a session that was opened in the last ten minutes.
    """
    directory = command.services.identity.directory
    user = _user(command.services, command.principal, _ME)
    person = directory.personal(user.id)
    if person is None:
        raise Conflict("account-erased", "What was personal about this account is erased.")
    wanted = _renamed(person, order)
    if (wanted.login, wanted.email) != (person.login, person.email):
        await signing_in.refuse_unproven(command, order.current)
    new, token = await changes.save_personal(command, user, wanted)
    return UserAccepted(user=render(directory, new, wanted), token=token)


@router.patch("/{user_id}", dependencies=[_WRITE], responses=problems(404, 409))
async def change_user(command: Commanded, user_id: str, order: UserOrder) -> UserAccepted:
    """Changes someone's role, groups or state; in force everywhere within a moment."""
    user = _user(command.services, command.principal, user_id)
    if user.id == command.principal.id:
        raise Conflict("own-account", "Someone else has to change your role, groups or state.")
    if user.state == ERASED:
        raise Conflict("account-erased", "This account is erased.")
    new, change = _changed(user, order)
    if new == user:
        return UserAccepted(user=render(command.services.identity.directory, user), token="")
    if new.state == DISABLED:
        new = changes.signed_out_everywhere(new, command.now)
    new, token = await changes.save(command, new, change)
    return UserAccepted(user=render(command.services.identity.directory, new), token=token)


@router.post("/{user_id}/password", status_code=204, dependencies=[_WRITE], responses=problems(404, 409))
async def set_user_password(command: Commanded, user_id: str, order: PasswordOrder) -> None:
    """Gives someone a new password and ends their sessions."""
    user = _user(command.services, command.principal, user_id)
    if user.id == command.principal.id:
        raise Conflict("own-account", "Change your own password at /api/v1/auth/password.")
    if user.state == ERASED:
        raise Conflict("account-erased", "This account is erased.")
    await signing_in.set_password(command, user, order.password)


@router.delete("/{user_id}", status_code=202, dependencies=[_OWN], responses=problems(404, 409))
async def erase_user(command: Commanded, user_id: str) -> UserAccepted:
    """Erases an account: what is personal can't be read any more, also not in the log. Media stay."""
    user = _user(command.services, command.principal, user_id)
    if user.id != command.principal.id:
        refuse_unless(command.principal, "users:write")
    if user.state == ERASED:
        raise Conflict("account-erased", "This account is erased already.")
    new, token = await changes.erase(command, user)
    sessions = command.services.identity.sessions
    for session in await sessions.of(user.id, command.now):
        await sessions.forget(session.id)
    return UserAccepted(user=render(command.services.identity.directory, new), token=token)


@router.get("/{user_id}/export", dependencies=[_OWN], responses=problems(400, 404, 409))
async def export_user(
    services: ServicesOf, principal: CurrentPrincipal, user_id: str, response: Response
) -> Export:
    """Answers with everything that is kept about someone, but for the bytes of their media."""
    identity = services.identity
    user = _user(services, principal, user_id)
    sessions = await identity.sessions.of(user.id, services.clock.now())
    keys = identity.directory.credentials(API_KEY, user.id)
    response.headers["Content-Disposition"] = 'attachment; filename="account.json"'
    return Export(
        user=render(identity.directory, user),
        sessions=[_without(asdict(session), "generation") for session in sessions],
        keys=[key_said(ApiKey.read(key)) for key in keys],
        media=await _media_of(services, user.id),
        viewing=await viewings_of(services, user.id),
        audit=await looking.of_actor(services, user.id),
    )


def _without(said: dict[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in said.items() if key != name}


async def _media_of(services: Services, user_id: str) -> list[dict[str, Any]]:
    query = ports.Query(key={"upload.owner_id": user_id}, limit=_MOST_MEDIA)
    page = await services.read_models.page(MEDIA, query)
    return [
        {"id": d["_id"], "name": d["upload"]["name"], "sha256": d["upload"]["sha256"], "at": d["created_at"]}
        for d in page.items
    ]


def _user(services: Services, principal: Principal, user_id: str) -> accounts.User:
    """One's own account, or another that one may see. Raises NotFound, Conflict."""
    if user_id == _ME:
        user_id = principal.id
    if user_id == ADMIN:
        raise Conflict("no-account", "The administrator's token is no account: sign in as someone.")
    user = services.identity.directory.user(user_id)
    if user is None or (user_id != principal.id and "users:read" not in principal.may):
        missing = NotFound if user is None else Hidden
        raise missing("user-not-found", f"There is no account {user_id}, or not yet.")
    return user


def _renamed(person: accounts.Personal, order: OwnOrder) -> accounts.Personal:
    """What someone is to be called, and to sign in as."""
    given = order.model_dump(exclude_unset=True)
    if order.login is not None:
        person = replace(person, login=names.clean_login(order.login))
    if "email" in given and (email := names.clean_email(order.email)) != person.email:
        person = replace(person, email=email, email_verified=False)
    if "name" in given:
        person = replace(person, name=names.clean_name(order.name))
    return person


def _changed(user: accounts.User, order: UserOrder) -> tuple[accounts.User, str]:
    """The account as ordered, and what to call the change."""
    new, change = user, "groups"
    if order.groups is not None:
        new = replace(new, groups=frozenset(order.groups))
    if order.role is not None and order.role != user.role:
        new, change = replace(new, role=order.role), "role"
    if order.state is not None and order.state != user.state:
        new, change = replace(new, state=order.state), "enabled" if order.state == ACTIVE else "disabled"
    return new, change
