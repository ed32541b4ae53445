"""The routes of links to media."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import orjson
from fastapi import Response

from gateway import resources
from gateway.access import libraries
from gateway.access.policy import Level
from gateway.accounts import changes
from gateway.audit.entry import Target
from gateway.auth import handed_out
from gateway.auth.accounts import SHARE
from gateway.auth.dependencies import CurrentPrincipal, allow
from gateway.auth.links import LIFETIME
from gateway.commands import Commanded, CommandedByAnyone
from gateway.errors import Forbidden, NotFound
from gateway.media.lookup import find
from gateway.openapi import problems
from gateway.routing import Admits, Router
from gateway.services import Services, ServicesOf
from gateway.shares.schemas import NewShare, Opened, Opening, Share, ShareOrder, Shares
from schemas.events import to_millis

router = Router(tags=["libraries"])
opening = Router(admits=Admits.ANYONE, tags=["libraries"], responses=problems(403, 422, 503))

_PATH = "/api/v1/shares"
_MARK = "sls_"
_WRITE = allow("media:write")


@router.post("/media/{media_id}/shares", dependencies=[_WRITE], status_code=201, responses=problems(404, 410))
async def share_media(command: Commanded, response: Response, media_id: str, order: ShareOrder) -> NewShare:
    """Makes a link to a medium: note what is answered, it is not shown again."""
    media, _ = await find(command.services, command.principal, media_id, Level.MANAGE)
    passwords, now = command.services.identity.passwords, to_millis(command.now)
    secret = handed_out.new_secret()
    made = libraries.Share(
        id=command.new_id(),
        version=1,
        media_id=media.id,
        by=command.principal.id,
        created_at=now,
        expires_at=to_millis(now + timedelta(days=order.days)),
    )
    kept = await passwords.hashed(order.password) if order.password else None
    said = {"digest": handed_out.digest_of(secret), "password": kept.decode() if kept else None}
    credential = changes.credential(command, SHARE, made.id, None, orjson.dumps(said))
    shared = resources.changed(command, libraries.SHARE, made.id, made.version, made.written())
    await command.publish([credential, shared], f"{_PATH}/{made.id}")
    response.headers["Cache-Control"] = "no-store"
    shown = _shown(command.services, made).model_dump()
    return NewShare(**shown, link=handed_out.written(_MARK, made.id, secret))


@router.get("/media/{media_id}/shares", dependencies=[_WRITE], responses=problems(400, 404, 410))
async def list_shares(services: ServicesOf, principal: CurrentPrincipal, media_id: str) -> Shares:
    """Lists the links to a medium, the newest first."""
    media, _ = await find(services, principal, media_id, Level.MANAGE)
    now = services.clock.now()
    found = [each for each in services.gate.libraries.shares_of(media.id) if each.expires_at > now]
    return Shares(items=[_shown(services, each) for each in found])


@router.delete("/shares/{share_id}", dependencies=[_WRITE], status_code=204, responses=problems(404, 410))
async def withdraw_share(command: Commanded, share_id: str) -> None:
    """Withdraws a link: it is refused everywhere within a moment."""
    share = command.services.gate.libraries.share(share_id)
    if share is None:
        raise NotFound("share-not-found", "There is no such link.")
    if share.by != command.principal.id:
        await find(command.services, command.principal, share.media_id, Level.MANAGE)
    credential = changes.credential(command, SHARE, share.id, None, None)
    gone = resources.changed(command, libraries.SHARE, share.id, share.version + 1, None)
    await command.publish([credential, gone], _PATH)


@opening.post("/shares/open")
async def open_share(command: CommandedByAnyone, response: Response, said: Opening) -> Opened:
    """Opens a link, with its password if it has one, for whoever has it."""
    identity = command.services.identity
    identity.following.refuse_stale()
    id, secret = handed_out.read(_MARK, said.link)
    command.about(Target.named(SHARE, id))
    share, kept = identity.links.good(id, command.now), _kept(command.services, id)
    known = kept.get("digest", "")
    if share is None or not handed_out.is_it(secret, known):
        raise Forbidden("bad-link", "This link is not known here, withdrawn, or too old.")
    password = kept["password"]
    async with command.services.limits.attempt(command.request, share.id):
        if password and not await identity.passwords.is_right(said.password or "", password.encode()):
            raise Forbidden("link-password", "This link wants its password.")
    response.headers["Cache-Control"] = "no-store"
    return Opened(
        media_id=share.media_id,
        access_token=identity.links.write(share, command.now),
        expires_in=int(LIFETIME.total_seconds()),
    )


def _kept(services: Services, share_id: str) -> dict[str, Any]:
    credential = services.identity.directory.credential(SHARE, share_id)
    return orjson.loads(credential.value) if credential else {}


def _shown(services: Services, share: libraries.Share) -> Share:
    return Share(
        id=share.id,
        media_id=share.media_id,
        by=share.by,
        has_password=bool(_kept(services, share.id).get("password")),
        created_at=share.created_at,
        expires_at=share.expires_at,
    )
