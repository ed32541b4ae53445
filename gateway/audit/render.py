"""Records of the trail as the API shows them."""

from __future__ import annotations

from connectors.ports import Document
from gateway.audit.addresses import Addresses
from gateway.audit.chain import is_ours
from gateway.audit.schemas import AuditItem
from schemas.events import AuditRecorded, Head, Meta


def record_of(document: Document) -> AuditRecorded:
    """The record that a row of the read model was made of."""
    said = dict(document["record"])
    meta, heads = Meta(**said.pop("meta")), [Head(**each) for each in said.pop("heads")]
    return AuditRecorded(meta=meta, heads=heads, **said)


def render(document: Document, addresses: Addresses, keys: list[bytes]) -> AuditItem:
    """A row for people."""
    record = record_of(document)
    address = addresses.read(record.actor_id, record.address, record.meta.event_id)
    return AuditItem(
        id=record.meta.event_id,
        at=record.meta.occurred_at,
        action=record.action,
        outcome=record.outcome,
        actor=record.actor_id,
        came_by=record.came_by,
        kind=record.target_kind,
        target=record.target_id,
        count=record.count,
        details=record.details,
        request_id=record.request_id,
        method=record.method,
        route=record.route,
        address=address,
        address_mark=record.address_mark,
        chain=record.chain,
        number=record.number,
        intact=is_ours(keys, record),
    )
