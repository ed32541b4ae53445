"""The route of the audit log."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Literal

from fastapi import Query

from gateway import pages
from gateway.audit import looking
from gateway.audit.schemas import AuditItem
from gateway.auth.dependencies import allow
from gateway.moments import Moment
from gateway.openapi import problems
from gateway.routing import Router
from gateway.services import ServicesOf

router = Router(tags=["audit"])

Text = Annotated[str | None, Query(max_length=200)]


@router.get("/audit", dependencies=[allow("audit:read")], responses=problems(400))
async def list_audit(
    services: ServicesOf,
    paging: pages.Paged,
    actor: Annotated[Text, Query(description="Only what they wanted.")] = None,
    action: Annotated[Text, Query(description="Only this, as in media.deleted.")] = None,
    outcome: Annotated[
        Literal["allowed", "refused", "failed"] | None, Query(description="Only what ended so.")
    ] = None,
    kind: Annotated[Text, Query(description="Only what was about such things.")] = None,
    target: Annotated[Text, Query(description="Only what was about this one.")] = None,
    since: Annotated[Moment, Query(alias="from", description="Nothing before this.")] = None,
    until: Annotated[Moment, Query(alias="to", description="Nothing after this.")] = None,
) -> pages.Listing[AuditItem]:
    """Lists who was let do what, and who was refused; newest first."""
    asked = {
        "record.target_id": target,
        "record.actor_id": actor,
        "record.action": action,
        "record.target_kind": kind,
        "record.outcome": outcome,
    }
    where = {path: value for path, value in asked.items() if value is not None}
    found = await pages.page(
        services.read_models, looking.AUDIT, where, paging, since=_zoned(since), until=_zoned(until)
    )
    return pages.Listing(items=looking.shown(services, found.items), next=found.next)


def _zoned(when: datetime | None) -> datetime | None:
    """A moment that says no zone is in UTC."""
    return when.replace(tzinfo=UTC) if when is not None and when.tzinfo is None else when
