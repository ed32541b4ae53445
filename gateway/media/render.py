"""From a medium's document, or from the event that will become one, to its JSON."""

from __future__ import annotations

from typing import Any

from connectors.ports import Document
from gateway.documents import part
from gateway.media import images
from gateway.media.schemas import (
    Credit,
    Damage,
    Held,
    Media,
    MediaLinks,
    MediaPlace,
    Probe,
    Rejection,
    Shelf,
)
from schemas import described, record, storage
from schemas.events import MediaUploaded
from schemas.health import DAMAGED
from schemas.place import FIELDS, OTHER
from schemas.shelving import shelved
from schemas.versions import FIRST, version_of

QUARANTINED = "quarantined"


def media_path(media_id: str) -> str:
    """Where a medium is."""
    return f"/api/v1/media/{media_id}"


def source_of(document: Document) -> str:
    """Which file of a medium its document describes, as events call it."""
    return str(document.get("source", document["_id"]))


def render(document: Document) -> Media | None:
    """The medium; None while its upload has not been seen, whatever else has."""
    upload = part(document, "upload")
    if not upload:
        return None
    return _media(
        document["_id"],
        upload,
        version=version_of(source_of(document)),
        status=part(document, "status")["name"],
        created_at=document["created_at"],
        probe=_found(Probe, document, "probe"),
        rejection=_found(Rejection, document, "rejection"),
        damaged=_damage(part(document, "health")),
        archived=shelf(document),
        quarantine=_held(document),
        images=images.shown(document, media_path(document["_id"])),
        image_failures=images.failures(document),
        kind=part(document, "probe").get("kind"),
        place=_place(document),
        people=credits_of(part(document, described.CHANGE)),
        **_said_of(part(document, record.CHANGE), _file_name(document), part(document, described.CHANGE)),
    )


def render_uploaded(event: MediaUploaded) -> Media:
    """The medium as it is right after its upload."""
    said = {
        name: getattr(event, name) for name in ("name", "owner_id", "size_bytes", "sha256", "content_type")
    }
    return _media(
        event.media_id,
        said,
        version=FIRST,
        status="uploaded",
        created_at=event.meta.occurred_at,
        probe=None,
        rejection=None,
        quarantine=None,
        images=[],
        image_failures=[],
        kind=None,
        **_said_of({}, event.name, {}),
    )


def shown_name(document: Document) -> str:
    """What a medium's file is called now."""
    name = part(part(document, record.CHANGE), record.NAME).get("value")
    return str(name or _file_name(document))


def place_of(document: Document) -> str | None:
    """Where in the operator's folders a medium has moved to, as root/path; None where it has not."""
    found: str | None = part(document, "moved").get("place")
    return found


def _file_name(document: Document) -> str:
    """What the file is called: in an operator's folder it may be another name by now."""
    moved = place_of(document)
    return moved.rpartition("/")[2] if moved else str(document["upload"]["name"])


def own_fields(kept: Document) -> dict[str, Any]:
    """The fields of a record that people thought of themselves, by name."""
    found = {record.name_of(key): each["value"] for key, each in part(kept, record.CUSTOM).items()}
    return {name: found[name] for name in sorted(found) if found[name] is not None}


def _said_of(kept: Document, uploaded_as: str, beside: Document) -> dict[str, Any]:
    """What people said of a medium; where they said nothing, what a file beside it does."""
    found = {**beside, record.CATEGORIES: beside.get("genres")}
    said = {field: _value(kept, field, found) for field in record.FIELDS}
    said |= {field: said[field] or [] for field in record.LABELS}
    return {**said, record.NAME: said[record.NAME] or uploaded_as, "custom": own_fields(kept)}


def credits_of(beside: Document) -> list[Credit]:
    """The people that a file beside media names."""
    return [Credit(id=described.person_id(each["name"]), **each) for each in beside.get("people") or []]


def _value(kept: Document, field: str, beside: Document) -> Any:
    register = part(kept, field)
    return register["value"] if register.get("value") is not None else beside.get(field)


def _place(document: Document) -> MediaPlace | None:
    """Where it stands; nothing where all that is known is that nothing is."""
    decided = shelved(document)
    if decided is None or decided.place.known == {"kind": OTHER}:
        return None
    return MediaPlace(**{name: getattr(decided.place, name) for name in FIELDS})


def _media(media_id: str, upload: Document, **known: Any) -> Media:
    return Media(
        id=media_id,
        owner_id=upload["owner_id"],
        size_bytes=upload["size_bytes"],
        sha256=upload["sha256"],
        content_type=upload.get("content_type"),
        links=_links(media_id),
        **known,
    )


def _links(media_id: str) -> MediaLinks:
    path = media_path(media_id)
    return MediaLinks(
        self=path,
        content=f"{path}/content",
        transcode=f"{path}/transcode",
        jobs=f"/api/v1/jobs?media_id={media_id}",
    )


def _damage(said: Document) -> Damage | None:
    if said.get("state") != DAMAGED:
        return None
    return Damage(what=said.get("what") or "", since=said["at"])


def shelf(document: Document) -> Shelf | None:
    """Where a file is archived."""
    said = part(document, storage.CHANGE)
    where = said.get(storage.CLASS, storage.STANDARD)
    if not storage.is_archived(where):
        return None
    return Shelf(storage=where, since=said["at"], readable=storage.is_readable(where))


def _held(document: Document) -> Held | None:
    said = part(document, "quarantine")
    if not said or part(document, "status")["name"] != QUARANTINED:
        return None
    return Held(finding=said["finding"], since=said["at"])


def _found(shape: type[Probe] | type[Rejection], document: Document, name: str) -> Any:
    said = part(document, name)
    return shape.model_validate(said) if said else None
