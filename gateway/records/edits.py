"""What an order makes of a medium's record: the event that says so, and the record as it is then. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

from connectors.ports import Document
from gateway import names
from gateway.documents import part
from gateway.errors import Invalid
from gateway.media.render import own_fields
from gateway.records.schemas import MOST_FIELDS, PlaceOrder, RecordOrder
from gateway.records.texts import clean_text
from schemas import place as places
from schemas import record
from schemas.events import MediaChanged, Meta
from schemas.versions import next_version
from schemas.words import label

_MOST_EVER = 4 * MOST_FIELDS
"""Names of one's own that a medium may have had: each leaves behind that it was removed."""


def values_of(order: RecordOrder, document: Document) -> dict[str, Any]:
    """The new values by field. Raises Invalid."""
    given = {name: getattr(order, name) for name in order.model_fields_set}
    custom, place = given.pop(record.CUSTOM, {}), given.pop(record.PLACE, PlaceOrder())
    if given.get(record.NAME) is not None:
        given[record.NAME] = names.clean(given[record.NAME])
    for field in record.LABELS:
        given |= {field: given[field] or None} if field in given else {}
    return given | _placed(place) | _own(custom, document)


def event_of(meta: Meta, document: Document, values: Mapping[str, Any]) -> MediaChanged:
    """What is said, so that it stands over all that was there when it was read, whatever the clocks say."""
    kept = part(document, record.CHANGE)
    read = [_register(kept, record.place(field)).get("version", 0) for field in values]
    return MediaChanged(
        meta=meta,
        media_id=document["_id"],
        version=next_version(meta.occurred_at, max(read, default=0)),
        change=record.CHANGE,
        values=record.written(values),
    )


def after(document: Document, event: MediaChanged) -> Document:
    """The medium's document as it is once the event is heard of."""
    kept = dict(part(document, record.CHANGE))
    for place, register in record.registers(event.version, event.values).items():
        field, _, key = place.partition(".")
        kept[field] = {**part(kept, field), key: register} if key else register
    return {**document, record.CHANGE: kept}


def etag(document: Document) -> str:
    """What is another one whenever the record was changed."""
    kept = dict(part(document, record.CHANGE))
    nested = [kept.pop(name, None) or {} for name in (record.CUSTOM, record.PLACE)]
    every = [each for fields in (kept, *nested) for each in fields.items()]
    versions = sorted((place, each["version"]) for place, each in every)
    return f'"{hashlib.sha256(repr(versions).encode()).hexdigest()[:20]}"'


def is_current(if_match: str, tag: str) -> bool:
    """Whether an If-Match header names this state, also where a proxy has called it weak."""
    named = {each.strip().removeprefix("W/") for each in if_match.split(",")}
    return "*" in named or tag in named


def relabelled(
    document: Document, field: str, add: Sequence[str], remove: Sequence[str], most: int
) -> list[str] | None:
    """The labels of a medium with these more and those less; None where that changes nothing.

    Raises Invalid where it would have too many.
    """
    before: list[str] = labels(document, field)
    gone, known = {label(each) for each in remove}, {label(each) for each in before}
    new = [each for each in add if label(each) not in known]
    found = [each for each in [*before, *new] if label(each) not in gone]
    if len(found) > most:
        raise Invalid(f"too-many-{field}", f"It would have {len(found)} {field}, and may have {most}.")
    return None if found == before else found


def labels(document: Document, field: str) -> list[str]:
    """A medium's tags, or its categories."""
    return list(_register(part(document, record.CHANGE), field).get("value") or [])


def _placed(order: PlaceOrder | None) -> dict[str, Any]:
    """The fields of a place that are set, or all of them removed."""
    if order is None:
        return {record.of_place(name): None for name in places.FIELDS}
    return {record.of_place(name): getattr(order, name) for name in order.model_fields_set}


def _own(custom: Mapping[str, Any] | None, document: Document) -> dict[str, Any]:
    """The fields of one's own that are set, or all of them removed. Raises Invalid."""
    present = own_fields(part(document, record.CHANGE))
    if custom is None:
        return {record.own(name): None for name in present}
    given = {clean: value for name, value in custom.items() if (clean := clean_text(name))}
    left = {name for name, value in {**present, **given}.items() if value is not None}
    ever = {record.place(record.own(name)) for name in given}
    ever |= {f"{record.CUSTOM}.{key}" for key in part(part(document, record.CHANGE), record.CUSTOM)}
    if len(left) > MOST_FIELDS:
        raise Invalid("too-many-fields", f"A medium may have {MOST_FIELDS} fields of one's own.")
    if len(ever) > _MOST_EVER:
        raise Invalid("too-many-fields", "It had too many names of fields: use one that it had before.")
    return {record.own(name): value for name, value in given.items()}


def _register(kept: Mapping[str, Any], place: str) -> Document:
    field, _, key = place.partition(".")
    return part(part(kept, field), key) if key else part(kept, field)
