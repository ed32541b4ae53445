"""Labels of many media at once: each is permitted by itself, and told of by itself."""

from __future__ import annotations

from collections.abc import Mapping

from connectors.ports import Document, OneOf
from gateway.access.gate import not_found
from gateway.access.policy import Level
from gateway.commands import Command
from gateway.errors import Problem
from gateway.media.existing import MEDIA, there
from gateway.records import edits
from gateway.records.schemas import MOST_CATEGORIES, MOST_TAGS, BulkEdited, BulkOrder, BulkResult
from schemas.events import MediaChanged
from schemas.record import CATEGORIES, TAGS

_PATH = "/api/v1/media"


async def edit(command: Command, order: BulkOrder) -> BulkEdited:
    """Changes those that may be, with one publish, and says what became of each."""
    ids = list(dict.fromkeys(order.media_ids))
    found = await command.services.read_models.select(MEDIA, {"_id": OneOf(tuple(ids))}, len(ids))
    known = {document["_id"]: document for document in found}
    said = [(id, _decided(command, order, known, id)) for id in ids]
    events = [one for _, one in said if isinstance(one, MediaChanged)]
    token = await command.publish(events, _PATH) if events else ""
    return BulkEdited(results=[_result(id, one) for id, one in said], token=token)


def _decided(
    command: Command, order: BulkOrder, known: Mapping[str, Document], id: str
) -> MediaChanged | Problem | None:
    """The event for one medium, why there is none, or None where nothing is to be done."""
    try:
        return _event(command, order, known, id)
    except Problem as problem:
        return problem


def _event(command: Command, order: BulkOrder, known: Mapping[str, Document], id: str) -> MediaChanged | None:
    document = known.get(id)
    if document is None or "upload" not in document:
        raise not_found(id)
    command.services.gate.refuse_below(command.principal, document, Level.EDIT)
    there(document)
    tags = edits.relabelled(document, TAGS, order.add_tags, order.remove_tags, MOST_TAGS)
    categories = edits.relabelled(
        document, CATEGORIES, order.add_categories, order.remove_categories, MOST_CATEGORIES
    )
    new = {
        field: each or None for field, each in ((TAGS, tags), (CATEGORIES, categories)) if each is not None
    }
    return edits.event_of(command.meta(), document, new) if new else None


def _result(id: str, one: MediaChanged | Problem | None) -> BulkResult:
    if isinstance(one, Problem):
        return BulkResult(id=id, outcome="refused", code=one.code, detail=one.detail)
    return BulkResult(id=id, outcome="changed" if one else "unchanged")
