"""From who a provider says that someone is to an account here."""

from __future__ import annotations

import hashlib
import hmac

import orjson

from gateway.accounts import changes
from gateway.accounts.admission import admitted, refuse_uninvited
from gateway.auth.accounts import ACTIVE, IDENTITY, Personal, User, folded
from gateway.commands import Command
from gateway.errors import Conflict, Forbidden
from gateway.providers.asking import Person
from gateway.providers.known import Provider
from schemas.events import CredentialChanged

_ACCOUNT = "/api/v1/users/me"


async def account_of(command: Command, provider: Provider, person: Person, invitation: str | None) -> User:
    """The account of someone, made or linked where that may be. Raises Forbidden and Conflict.

    By an address alone nobody gets into an account, unless both sides have verified that it is theirs: who
    registers another's address here must not be given what its owner brings along.
    """
    directory = command.services.identity.directory
    command.services.identity.following.refuse_stale()
    kept = directory.credential(IDENTITY, _id(command, provider, person))
    user = directory.user(kept.user_id or "") if kept else None
    if user is not None:
        if user.state != ACTIVE:
            raise Forbidden("account-closed", "This account is closed.")
        return user
    if person.email and person.email_verified and (found := directory.find(person.email)) is not None:
        return await _link_by_address(command, provider, person, found)
    return await _make(command, provider, person, invitation)


async def link(command: Command, provider: Provider, person: Person, user: User) -> None:
    """Lets someone who has signed in come by this provider from now on. Raises Conflict."""
    kept = command.services.identity.directory.credential(IDENTITY, _id(command, provider, person))
    if kept is not None and kept.user_id != user.id:
        raise Conflict("linked-elsewhere", f"This account of {provider.shown} belongs to someone else here.")
    if kept is None:
        await command.publish([_linked(command, provider, person, user.id)], _ACCOUNT)


async def _link_by_address(command: Command, provider: Provider, person: Person, user: User) -> User:
    known = command.services.identity.directory.personal(user.id)
    same = known is not None and known.email and folded(known.email) == folded(person.email or "")
    if not same or known is None or not known.email_verified:
        raise Conflict(
            "address-taken",
            "There is an account with this address. Sign in to it with its password, and link the two there.",
        )
    if user.state != ACTIVE:
        raise Forbidden("account-closed", "This account is closed.")
    await command.publish([_linked(command, provider, person, user.id)], _ACCOUNT)
    return user


async def _make(command: Command, provider: Provider, person: Person, invitation: str | None) -> User:
    if _is_admitted(provider, person):
        invitation = None
    else:
        refuse_uninvited(command, invitation)
    verified = person.email if person.email_verified else None
    login = verified or f"{provider.id}-{_id(command, provider, person).rpartition('.')[2][:12]}"
    personal = Personal(login, verified, verified is not None, person.name)
    user_id = command.new_id()
    linked = _linked(command, provider, person, user_id)
    async with admitted(command, invitation, provider.role) as (role, used):
        user, _ = await changes.create(command, personal, role, "registered", None, linked, *used, id=user_id)
    return user


def _is_admitted(provider: Provider, person: Person) -> bool:
    """Whether everyone with such an address may have an account."""
    domain = (person.email or "").rpartition("@")[2].casefold()
    return person.email_verified and domain in provider.admits


def _linked(command: Command, provider: Provider, person: Person, user_id: str) -> CredentialChanged:
    said = orjson.dumps({"provider": provider.id, "subject": person.subject})
    return changes.credential(command, IDENTITY, _id(command, provider, person), user_id, said)


def _id(command: Command, provider: Provider, person: Person) -> str:
    """Under which an identity is kept: it tells nobody who that is."""
    key = command.services.identity.secret.derive("identities")
    digest = hmac.new(key, f"{provider.id}/{person.subject}".encode(), hashlib.sha256)
    return f"{provider.id}.{digest.hexdigest()[:40]}"
