"""Lets those through to a medium who may have it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from connectors.ports import Document
from gateway.access import policy
from gateway.access.libraries import Libraries
from gateway.access.policy import Level
from gateway.auth.principal import Principal
from gateway.errors import Forbidden, Hidden, NotFound


class Gate:
    """Decides by the medium's document and the libraries that there are."""

    def __init__(self, libraries: Libraries) -> None:
        self.libraries = libraries

    def level(self, principal: Principal, document: Document) -> Level:
        """What someone may do with a medium."""
        library = self.libraries.get(policy.library_of(document))
        return policy.level(principal, document, library.level(principal) if library else Level.NONE)

    def refuse_below(self, principal: Principal, document: Document, least: Level) -> None:
        """Raises NotFound for who may not even see the medium, Forbidden for who may not do this to it."""
        has = self.level(principal, document)
        if has < Level.VIEW:
            raise hidden(document["_id"])
        if has < least:
            raise Forbidden("not-yours", f"You may {has.name.lower()} this, and not {least.name.lower()} it.")

    def visible(self, principal: Principal) -> tuple[Mapping[str, Any], ...]:
        """Which media someone sees, as alternative conditions; none for those who see all."""
        seen = () if principal.sees_all else tuple(each.id for each in self.libraries.seen_by(principal))
        return policy.visible(principal, seen)


def not_found(media_id: str) -> NotFound:
    """The medium is not there."""
    return NotFound("media-not-found", _said(media_id))


def hidden(media_id: str) -> Hidden:
    """The medium is none of their business: to them that is as if it were not there."""
    return Hidden("media-not-found", _said(media_id))


def _said(media_id: str) -> str:
    return f"There is no medium {media_id}, or not yet."
