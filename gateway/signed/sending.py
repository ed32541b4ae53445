"""The files that there may be addresses of, and whether someone may have one."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import Request

from gateway.audit import requests
from gateway.audit.entry import Target
from gateway.auth.as_now import as_now
from gateway.auth.dependencies import refuse_unless
from gateway.auth.principal import ADMIN, Principal
from gateway.auth.roles import Permission
from gateway.errors import Conflict, Forbidden, NotFound
from gateway.jobs import lookup as jobs
from gateway.media.existing import find_for_all
from gateway.media.lookup import find_file
from gateway.services import Services
from gateway.signed.permits import BadPermit, Kind, Permit

_TAKES: dict[Kind, Permission] = {"media": "media:read", "job": "jobs:read"}
_NO_LONGER = "This address is no longer good: ask for another."


@dataclass(frozen=True, slots=True)
class Sendable:
    """A blob, and what it is called."""

    location: str
    name: str
    content_type: str | None


async def file_of(services: Services, principal: Principal, kind: Kind, id: str) -> Sendable:
    """The file, for someone who may have it now. Raises NotFound, Gone, Conflict, Unavailable."""
    if kind == "media":
        media, document = await find_file(services, principal, id)
        return Sendable(document["upload"]["location"], media.name, media.content_type)
    job = await jobs.find(services, principal, id)
    if job.media_id:
        await find_for_all(services.read_models, job.media_id)
    if job.output is None:
        raise Conflict("no-output", f"The job is {job.state}: there is nothing to download.")
    return Sendable(job.output.location, job.output.name, None)


async def permitted(services: Services, request: Request, text: str) -> Sendable:
    """The file that an address leads to, as long as its maker might fetch it. Raises Forbidden, Gone,
    Unavailable.
    """
    try:
        permit = services.permits.read(text, services.clock.now())
    except BadPermit as error:
        raise Forbidden("bad-address", f"{error}.") from error
    requests.about(request.scope, Target(permit.kind, permit.id))
    maker = _maker(services, permit)
    requests.let_in(request.scope, maker)
    try:
        refuse_unless(maker, _TAKES[permit.kind])
        return await file_of(services, maker, permit.kind, permit.id)
    except (NotFound, Conflict, Forbidden) as error:  # why is its maker's business
        raise Forbidden("bad-address", _NO_LONGER) from error


def _maker(services: Services, permit: Permit) -> Principal:
    if permit.maker_id != ADMIN:
        services.identity.following.refuse_stale()
    maker = as_now(services.identity, permit.maker_id, services.clock.now())
    if maker is None:
        raise Forbidden("bad-address", _NO_LONGER)
    return maker
