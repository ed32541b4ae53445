"""From an account to its JSON."""

from __future__ import annotations

from typing import Any

from connectors.ports import Document
from gateway.accounts.schemas import User
from gateway.auth import accounts
from gateway.auth.accounts import Personal
from gateway.auth.directory import Directory

_NOTHING = Personal(login="")


def render(directory: Directory, user: accounts.User, personal: Personal | None = None) -> User:
    """An account as this replica knows it, or with what has just become personal about it."""
    known = {name: getattr(user, name) for name in ("role", "state", "created_at")}
    return _shown(directory, user.id, personal, groups=sorted(user.groups), **known)


def render_document(directory: Directory, document: Document) -> User:
    """An account as the read models know it."""
    known = {name: document["now"][name] for name in ("role", "state", "groups")}
    return _shown(directory, document["_id"], None, created_at=document["created_at"], **known)


def _shown(directory: Directory, user_id: str, personal: Personal | None, **known: Any) -> User:
    person = personal or directory.personal(user_id) or _NOTHING
    return User(
        id=user_id,
        login=person.login or None,
        email=person.email,
        email_verified=person.email_verified,
        name=person.name,
        **known,
    )
