"""The routes of API keys. Each is its maker's own, and never allows more than they may do themselves."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from fastapi import Response

from gateway.accounts import changes
from gateway.auth import handed_out
from gateway.auth.accounts import API_KEY
from gateway.auth.dependencies import CurrentPrincipal, allow
from gateway.auth.keys import MARK, ApiKey
from gateway.auth.principal import ADMIN
from gateway.commands import Commanded
from gateway.errors import Conflict, Forbidden, Hidden, NotFound
from gateway.keys import schemas
from gateway.openapi import problems
from gateway.routing import Router
from gateway.services import ServicesOf
from schemas.events import to_millis

router = Router(prefix="/keys", tags=["users"], responses=problems(401, 403, 422, 429, 503))

_PATH = "/api/v1/keys"
_OWN = allow("account")


@router.post("", status_code=201, dependencies=[_OWN], responses=problems(409))
async def make_key(command: Commanded, response: Response, order: schemas.KeyOrder) -> schemas.NewKey:
    """Makes a key: note what is answered, it is not shown again."""
    principal = command.principal
    if principal.id == ADMIN:
        raise Conflict("no-account", "The administrator's token is no account: sign in as someone.")
    if beyond := set(order.scopes) - principal.may:
        raise Forbidden("not-allowed", f"You may not do this yourself: {', '.join(sorted(beyond))}.")
    secret, now = handed_out.new_secret(), to_millis(command.now)
    made = ApiKey(
        id=command.new_id(),
        user_id=principal.id,
        name=order.name,
        scopes=frozenset(order.scopes),
        digest=handed_out.digest_of(secret),
        created_at=now,
        expires_at=to_millis(now + timedelta(days=order.days)) if order.days else None,
    )
    event = changes.credential(command, API_KEY, made.id, principal.id, made.written())
    await command.publish([event], f"{_PATH}/{made.id}")
    response.headers["Cache-Control"] = "no-store"
    return schemas.NewKey(**said(made), key=handed_out.written(MARK, made.id, secret))


@router.get("", dependencies=[_OWN])
async def list_keys(services: ServicesOf, principal: CurrentPrincipal) -> schemas.Keys:
    """Lists one's keys, the newest first."""
    kept = services.identity.directory.credentials(API_KEY, principal.id)
    found = sorted(map(ApiKey.read, kept), key=lambda key: key.id, reverse=True)
    return schemas.Keys(items=[schemas.Key(**said(key)) for key in found])


@router.delete("/{key_id}", status_code=204, dependencies=[_OWN], responses=problems(404))
async def withdraw_key(command: Commanded, key_id: str) -> None:
    """Withdraws a key: it is refused everywhere within a moment."""
    kept = command.services.identity.directory.credential(API_KEY, key_id)
    if kept is None or kept.user_id != command.principal.id:
        missing = NotFound if kept is None else Hidden
        raise missing("key-not-found", "You have no such key.")
    await command.publish([changes.credential(command, API_KEY, key_id, kept.user_id, None)], _PATH)


def said(key: ApiKey) -> dict[str, Any]:
    """What is shown of a key."""
    shown = {name: getattr(key, name) for name in schemas.Key.model_fields}
    return {**shown, "scopes": sorted(key.scopes)}
