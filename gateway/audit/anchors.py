"""Which chains there are that nobody vouches for yet, as the read models know them."""

from __future__ import annotations

import asyncio

import structlog

from connectors.ports import DatabaseUnavailable, Document
from connectors.read_models import NotBuilt, ReadModels
from gateway.audit.chain import is_ours, link_id
from gateway.audit.render import record_of
from schemas.events import Head

log = structlog.get_logger()

_AUDIT, _CHAINS = "audit", "audit_chains"
_MOST = 1000
_PATIENCE_S = 2.0


class Anchors:
    """Asks the read models for the last links of other chains."""

    def __init__(self, read_models: ReadModels, keys: list[bytes]) -> None:
        self._read_models = read_models
        self._keys = keys

    async def loose(self, own: str) -> tuple[Head, ...] | None:
        """Those that no record vouches for, but for one's own; None where that can't be told now."""
        try:
            async with asyncio.timeout(_PATIENCE_S):
                found = await self._read_models.select(_CHAINS, {"head.anchored": False}, _MOST)
                heads = [await self._head(each) for each in found if each["_id"] != own]
        except (DatabaseUnavailable, NotBuilt, TimeoutError) as error:
            log.info("other chains of the trail can't be looked up now", error=repr(error))
            return None
        return tuple(head for head in heads if head is not None)

    async def _head(self, document: Document) -> Head | None:
        """The link, unless somebody else wrote it: vouching for it would make that look like a loss."""
        said = document["head"]
        head = Head(chain=document["_id"], number=said["number"], hash=said["hash"])
        row = await self._read_models.get(_AUDIT, link_id(head.chain, head.number))
        record = record_of(row) if row else None
        if record is None or record.hash != head.hash or not is_ours(self._keys, record):
            log.warning(
                "a chain of the trail has a link that is not ours", chain=head.chain, number=head.number
            )
            return None
        return head
