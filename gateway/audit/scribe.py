"""Makes links of one chain out of entries."""

from __future__ import annotations

from gateway.audit import chain
from gateway.audit.addresses import Addresses
from gateway.audit.entry import Entry
from schemas.events import AuditRecorded, Head, Meta, to_millis


class Scribe:
    """Knows where its chain is."""

    def __init__(self, name: str, key: bytes, addresses: Addresses) -> None:
        self._key = key
        self._addresses = addresses
        self.head = Head(chain=name, number=0, hash=chain.FIRST)

    def write(self, entry: Entry) -> AuditRecorded:
        """The next link: it says this."""
        made = chain.linked(self._key, self._unlinked(entry), self.head)
        self.head = chain.head_of(made)
        return made

    def _unlinked(self, entry: Entry) -> AuditRecorded:
        id = chain.link_id(self.head.chain, self.head.number + 1)
        actor, target = entry.actor, entry.target
        address, mark = self._addresses.written(actor.id, actor.address, id)
        return AuditRecorded(
            meta=_meta(id, entry),
            chain="",
            number=0,
            previous="",
            hash="",
            action=entry.action,
            outcome=entry.outcome,
            actor_id=actor.id,
            came_by=actor.came_by,
            target_kind=target.kind if target else None,
            target_id=target.id if target else None,
            request_id=entry.request_id,
            method=entry.method,
            route=entry.route,
            address=address,
            address_mark=mark,
            count=entry.count,
            details=dict(entry.details),
            heads=list(entry.heads),
        )


def _meta(id: str, entry: Entry) -> Meta:
    actor = entry.actor.id
    return Meta(
        event_id=id,
        occurred_at=to_millis(entry.at),
        correlation_id=entry.request_id or id,
        causation_id=None,
        actor=actor if actor.startswith("service:") else f"user:{actor}",
    )
