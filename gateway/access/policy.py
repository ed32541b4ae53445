"""What someone may do with one medium. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum
from typing import Any

from connectors.ports import Document, OneOf
from gateway.auth.principal import Principal
from gateway.documents import part

EVERYONE = "everyone"


class Level(IntEnum):
    """How much someone may do with a thing; each level holds those below."""

    NONE = 0
    VIEW = 1
    EDIT = 2
    MANAGE = 3


LEVELS = {level.name.lower(): level for level in Level if level}
"""The levels that can be given: view, edit, manage."""

Access = Mapping[str, str]
"""To whom which level is given: `user:<id>`, `group:<name>` or `everyone`."""


def names_of(principal: Principal) -> tuple[str, ...]:
    """What grants may call someone."""
    groups = sorted(f"group:{group}" for group in principal.groups)
    return (f"user:{principal.id}", *groups, EVERYONE)


def given(access: Access, principal: Principal) -> Level:
    """The highest level that is given to someone."""
    return max(LEVELS.get(access.get(name, ""), Level.NONE) for name in names_of(principal))


def level(principal: Principal, document: Document, in_library: Level) -> Level:
    """What someone may do with a medium, given what they may do in the library that it is in."""
    if principal.only is not None:
        return Level.VIEW if document["_id"] == principal.only else Level.NONE
    if principal.sees_all or part(document, "upload").get("owner_id") == principal.id:
        return Level.MANAGE
    return max(in_library, given(part(document, "access").get("value") or {}, principal))


def library_of(document: Document) -> str | None:
    """The shared library that a medium is in; None for its owner's own."""
    return part(document, "library").get("id")


def visible(principal: Principal, libraries: tuple[str, ...]) -> tuple[Mapping[str, Any], ...]:
    """Which media someone sees, as alternative conditions; none for those who see all."""
    if principal.sees_all:
        return ()
    if principal.only is not None:
        return ({"_id": principal.only},)
    seen: list[Mapping[str, Any]] = [
        {"upload.owner_id": principal.id},
        {"access.names": OneOf(names_of(principal))},
    ]
    if libraries:
        seen.append({"library.id": OneOf(libraries)})
    return tuple(seen)
