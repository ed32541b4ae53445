"""The routes of limits."""

from __future__ import annotations

from gateway import resources
from gateway.auth.dependencies import CurrentPrincipal, allow
from gateway.auth.principal import Principal
from gateway.commands import Commanded
from gateway.errors import Invalid, NotFound
from gateway.limits.budgets import OFF, Budget, Kind, parse, written
from gateway.limits.counting import Standing
from gateway.limits.own import LIMITS, STORAGE, as_value
from gateway.limits.schemas import Limit, Limits, LimitsChanged, LimitsOrder
from gateway.openapi import problems
from gateway.quotas import amounts
from gateway.routing import Router
from gateway.services import Services, ServicesOf

router = Router(tags=["users"], responses=problems(401, 403, 422, 429, 503))

_READ, _WRITE = allow("users:read"), allow("users:write")
_APART = "logins"
"""What is counted by address and name, and is nobody's own."""


@router.get("/limits")
async def get_limits(services: ServicesOf, principal: CurrentPrincipal) -> Limits:
    """Says what one may have in a while, and what is left of it."""
    return await _shown(services, principal)


@router.get("/users/{user_id}/limits", dependencies=[_READ], responses=problems(404))
async def get_user_limits(services: ServicesOf, user_id: str) -> Limits:
    """Says what someone may have in a while, and what is left of it."""
    return await _shown(services, _account(services, user_id))


@router.put("/users/{user_id}/limits", dependencies=[_WRITE], status_code=202, responses=problems(404))
async def put_user_limits(command: Commanded, user_id: str, order: LimitsOrder) -> LimitsChanged:
    """Gives someone budgets other than everyone's; what is left out is as for everyone again."""
    own = command.services.limits.own
    _account(command.services, user_id)
    given = _given(order)
    event = resources.changed(command, LIMITS, user_id, own.next_version(user_id), as_value(given))
    token = await command.publish([event], f"/api/v1/users/{user_id}/limits")
    return LimitsChanged(limits=given, token=token)


def _given(order: LimitsOrder) -> dict[str, str]:
    """As people write them, the shortest way."""
    said: dict[str, str] = order.model_dump(exclude_none=True)
    storage = said.pop(STORAGE, None)
    try:
        budgets: dict[Kind, Budget | None] = {kind: parse(text) for kind, text in said.items()}  # type: ignore[misc]
        kept = {} if storage is None else {STORAGE: amounts.written(amounts.amount(storage))}
        return written(budgets) | kept
    except ValueError as error:
        raise Invalid("bad-budget", f"{error}.") from error


def _account(services: Services, user_id: str) -> Principal:
    user = services.identity.directory.user(user_id)
    if user is None:
        raise NotFound("user-not-found", f"There is no account {user_id}, or not yet.")
    return Principal(user.id, user.role)


async def _shown(services: Services, principal: Principal) -> Limits:
    standings = await services.limits.standings(principal)
    shown = {kind: _limit(each) for kind, each in standings.items() if kind != _APART}
    return Limits(limits={**shown, STORAGE: await _storage(services, principal)})


async def _storage(services: Services, principal: Principal) -> Limit:
    standing = await services.quotas.standing(principal.id)
    if standing is None:
        return Limit(limit=OFF, left=None, resets_in_s=None)
    return Limit(limit=amounts.written(standing.limit), left=standing.left, resets_in_s=None)


def _limit(standing: Standing | None) -> Limit:
    if standing is None:
        return Limit(limit=OFF, left=None, resets_in_s=None)
    return Limit(limit=str(standing.budget), left=standing.left, resets_in_s=standing.resets_in_s)
