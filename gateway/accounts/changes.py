"""What can become of an account, as events. Each says all of the account, as it is from then on."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime

from connectors.sealing import KEY_BYTES, new_key, seal
from gateway.auth.accounts import (
    ACTIVE,
    API_KEY,
    ERASED,
    IDENTITY,
    PASSWORD,
    RESET,
    SECOND_FACTOR,
    USER_KEY,
    Personal,
    User,
)
from gateway.auth.identity import Identity
from gateway.commands import Command
from gateway.errors import Conflict
from gateway.viewings.forgetting import forget_what_came_late, words_to_forget
from schemas.events import CredentialChanged, Event, UserChanged, to_millis

PATH = "/api/v1/users"


class NameTaken(Conflict):
    """Someone else signs in by this name."""

    def __init__(self) -> None:
        super().__init__("name-taken", "Someone else signs in by this name or address.")


async def create(
    command: Command,
    personal: Personal,
    role: str,
    change: str,
    password: str | None,
    *more: Event,
    id: str | None = None,
    state: str = ACTIVE,
) -> tuple[User, str]:
    """A new account, and the token to read it by. Raises NameTaken, and Conflict."""
    identity = command.services.identity
    kept = await identity.passwords.hashed(password) if password else None
    now = to_millis(command.now)
    user = User(
        id=id or command.new_id(),
        version=1,
        role=role,
        state=state,
        groups=frozenset(),
        created_at=now,
        valid_from=now,
        sealed=None,
    )
    key = new_key()
    user = replace(user, sealed=sealed(key, user.id, personal))
    events: list[Event] = [credential(command, USER_KEY, user.id, user.id, key)]
    if kept:
        events.append(credential(command, PASSWORD, user.id, user.id, kept))
    async with _taking(identity, user.id, personal.names):
        token = await command.publish([*events, changed(command, user, change), *more], f"{PATH}/{user.id}")
    return user, token


async def save(command: Command, user: User, change: str, *more: Event) -> tuple[User, str]:
    """The account as it is to be, one version on. Raises Conflict where it is being changed elsewhere."""
    new = replace(user, version=user.version + 1)
    async with command.services.identity.claims.deciding(f"user/{user.id}/{new.version}"):
        token = await command.publish([changed(command, new, change), *more], f"{PATH}/{user.id}")
    return new, token


async def save_personal(command: Command, user: User, personal: Personal) -> tuple[User, str]:
    """The account with this in place of what was personal. Raises NameTaken, and Conflict."""
    identity = command.services.identity
    key = identity.directory.credential(USER_KEY, user.id)
    if key is None:
        raise Conflict("account-erased", "What was personal about this account is erased.")
    new = replace(user, sealed=sealed(key.value, user.id, personal))
    known = identity.directory.personal(user.id)
    async with _taking(identity, user.id, personal.names - (known.names if known else frozenset())):
        return await save(command, new, "personal")


async def erase(command: Command, user: User) -> tuple[User, str]:
    """The account without anything that tells whose it was: the key to it goes, and with it all history."""
    directory = command.services.identity.directory
    gone = [(kind, user.id) for kind in (USER_KEY, PASSWORD, SECOND_FACTOR, RESET)]
    gone += [(kind, each.id) for kind in (API_KEY, IDENTITY) for each in directory.credentials(kind, user.id)]
    events = [credential(command, kind, id, user.id, None) for kind, id in gone]
    seen = await words_to_forget(command, user.id)
    new = replace(user, state=ERASED, sealed=None, groups=frozenset(), valid_from=to_millis(command.now))
    erased = await save(command, new, "erased", *events, *seen)
    await forget_what_came_late(command, user.id, f"{PATH}/{user.id}")
    return erased


def changed(command: Command, user: User, change: str) -> UserChanged:
    """The event of an account as it is now."""
    return UserChanged(
        meta=command.meta(),
        user_id=user.id,
        version=user.version,
        change=change,
        role=user.role,
        state=user.state,
        groups=sorted(user.groups),
        created_at=user.created_at,
        valid_from=user.valid_from,
        personal=user.sealed,
    )


def credential(
    command: Command, kind: str, id: str, user_id: str | None, value: bytes | None
) -> CredentialChanged:
    """The event of a credential that is set, or withdrawn."""
    identity = command.services.identity
    name = f"{kind}/{id}"
    return CredentialChanged(
        meta=command.meta(),
        credential=name,
        kind=kind,
        id=id,
        user_id=user_id,
        version=identity.directory.version_of(kind, id) + 1,
        value=None if value is None else identity.secret.seal(value, name),
    )


def sealed(key: bytes, user_id: str, personal: Personal) -> bytes:
    """What is personal, for the log."""
    assert len(key) == KEY_BYTES
    return seal(key, personal.written(), f"user/{user_id}")


def signed_out_everywhere(user: User, now: datetime) -> User:
    """The account, with none of its tokens good any more."""
    return replace(user, valid_from=to_millis(now))


@asynccontextmanager
async def _taking(identity: Identity, user_id: str, names: Iterable[str]) -> AsyncIterator[None]:
    """Holds names while they are taken, under what tells nobody which they are. Raises NameTaken."""
    key, held = identity.secret.derive("names"), []
    identity.following.refuse_stale()
    for name in names:
        found = identity.directory.find(name)
        if found is not None and found.id != user_id:
            raise NameTaken
        held.append(f"name/{hmac.new(key, name.encode(), hashlib.sha256).hexdigest()}")
    async with identity.claims.deciding(*held, otherwise=NameTaken()):
        yield
