"""The route of activity: one's own, and that of others for who reads the audit log, which it is from."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Query

from connectors.ports import Document
from connectors.read_models import ReadModels
from gateway import pages
from gateway.activity.schemas import Activities, Activity
from gateway.auth.dependencies import CurrentPrincipal, allow, refuse_unless
from gateway.auth.principal import Principal
from gateway.openapi import problems
from gateway.routing import Router
from gateway.services import ServicesOf
from schemas.activity import MONTHS, month_of, of_month

router = Router(tags=["audit"])

_ME, _EVERYONE = "me", "everyone"
_MOST_MONTHS = 10_000
_MONTH = r"^[0-9]{4}-(0[1-9]|1[0-2])$"


@router.get("/activity", dependencies=[allow("account")], responses=problems(400))
async def list_activity(
    services: ServicesOf,
    principal: CurrentPrincipal,
    paging: pages.Paged,
    user: Annotated[
        str, Query(max_length=200, description="me; an account's id, or everyone, for administrators.")
    ] = _ME,
    month: Annotated[
        str | None, Query(pattern=_MONTH, description="Which month, in UTC; the present one without it.")
    ] = None,
) -> Activities:
    """Lists what someone did with media in one month, newest first: uploaded, played, fetched, deleted, …

    Months are kept for as long as SLUICE_ACTIVITY_MONTHS says; the audit log goes further back.
    """
    wanted = month or month_of(services.clock.now())
    page = await pages.page(services.read_models, of_month(wanted), _whose(principal, user), paging)
    earlier = await _earlier(services.read_models, wanted)
    items = [_shown(document) for document in page.items]
    return Activities(items=items, next=page.next, month=wanted, earlier=earlier)


def _whose(principal: Principal, user: str) -> dict[str, Any]:
    """Raises Forbidden."""
    if user in (_ME, principal.id):
        return {"user_id": principal.id}
    refuse_unless(principal, "audit:read")
    return {} if user == _EVERYONE else {"user_id": user}


async def _earlier(read_models: ReadModels, month: str) -> str | None:
    known = await read_models.select(MONTHS, {}, _MOST_MONTHS)
    return max((each["_id"] for each in known if each["_id"] < month), default=None)


def _shown(document: Document) -> Activity:
    said = {name: document[name] for name in ("action", "kind", "target", "count", "details")}
    return Activity(id=document["_id"], at=document["created_at"], user=document["user_id"], **said)
