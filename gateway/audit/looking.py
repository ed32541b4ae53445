"""Looks decisions up."""

from __future__ import annotations

from collections.abc import Sequence

from connectors.ports import Document, Query
from gateway.audit.chain import PURPOSE
from gateway.audit.render import render
from gateway.audit.schemas import AuditItem
from gateway.services import Services

AUDIT = "audit"
_MOST = 10_000


def shown(services: Services, documents: Sequence[Document]) -> list[AuditItem]:
    """Rows of the read model for people."""
    keys = services.identity.secret.every(PURPOSE)
    return [render(document, services.addresses, keys) for document in documents]


async def of_actor(services: Services, user_id: str) -> list[AuditItem]:
    """What someone wanted, the newest first."""
    query = Query(key={"record.actor_id": user_id}, limit=_MOST)
    return shown(services, (await services.read_models.page(AUDIT, query)).items)
