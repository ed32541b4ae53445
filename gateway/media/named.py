"""Finds a medium by its id or by the name that it was uploaded with, for those who know no ids."""

from __future__ import annotations

import unicodedata

from connectors.ports import Document, OneOf, Query
from gateway import names
from gateway.access.policy import Level
from gateway.auth.principal import Principal
from gateway.errors import Invalid, NotFound
from gateway.media.existing import MEDIA
from gateway.media.lookup import find_usable
from gateway.media.schemas import Media
from gateway.services import Services

READY = "ready"
_USABLE = OneOf(("uploaded", "ready"))


def checked(wanted: str) -> str:
    """An id or a name, which is never a path. Raises Invalid."""
    named = names.clean(wanted)
    if named != unicodedata.normalize("NFC", wanted):
        raise Invalid("bad-name", "This is neither the id nor the name of a medium.")
    return named


def missing(kind: type[NotFound] = NotFound) -> NotFound:
    """There is none, or none for whoever asks."""
    return kind("media-not-found", "There is no medium of that id or name.")


async def newest(services: Services, principal: Principal, name: str, status: str | OneOf) -> Document | None:
    """The newest medium of that name and status, of those that someone sees."""
    key, where = {"upload.name": name}, {"status.name": status}
    asked = Query(key=key, where=where, any_of=services.gate.visible(principal), limit=1)
    page = await services.read_models.page(MEDIA, asked)
    return page.items[0] if page.items else None


async def find_named(services: Services, principal: Principal, wanted: str, least: Level) -> Media:
    """The medium of that id, else the newest of that name, if something can be made of it.

    Raises Invalid for what is no name, NotFound, Gone, Forbidden and Conflict.
    """
    named = checked(wanted)
    document = await services.read_models.get(MEDIA, named)
    document = document or await newest(services, principal, named, _USABLE)
    if document is None:
        raise missing()
    return await find_usable(services, principal, document["_id"], least)
