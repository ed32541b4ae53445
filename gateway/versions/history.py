"""The versions of a medium that there are, and each by its number."""

from __future__ import annotations

from connectors.ports import Document
from connectors.read_models import ReadModels
from gateway.documents import part
from gateway.errors import NotFound
from gateway.media import versions
from gateway.media.existing import MEDIA
from gateway.media.render import media_path, shelf
from gateway.media.schemas import Rejection
from gateway.versions.schemas import Version
from schemas.versions import FIRST, version_of

_DELETED = "deleted"


async def files(read_models: ReadModels, media_id: str) -> list[Document]:
    """The documents of a medium's files that were not deleted, the latest first."""
    medium = await read_models.get(MEDIA, media_id)
    kept = [medium] if medium is not None and "dropped_at" not in medium else []
    later = await versions.later(read_models, media_id)
    kept += [each for each in later if part(each, "status").get("name") != _DELETED]
    return kept[::-1]


async def file(read_models: ReadModels, media_id: str, version: int) -> Document:
    """The document of one of a medium's files. Raises NotFound."""
    for found in await files(read_models, media_id):
        if version_of(found["_id"]) == version:
            return found
    raise NotFound("version-not-found", f"The medium {media_id} has no version {version}, or not any more.")


def render(media_id: str, document: Document, shown: int) -> Version:
    """A version, where `shown` is the one that the medium is now."""
    upload, version = document["upload"], version_of(document["_id"])
    rejection = part(document, "rejection")
    return Version(
        version=version,
        shown=version == shown,
        status=part(document, "status")["name"],
        **{name: upload[name] for name in ("name", "size_bytes", "sha256")},
        content_type=upload.get("content_type"),
        created_at=document["created_at"],
        by=upload["owner_id"],
        rejection=Rejection.model_validate(rejection) if rejection else None,
        archived=shelf(document),
        content=f"{media_path(media_id)}/versions/{version}/content",
    )


async def last(read_models: ReadModels, media_id: str) -> int:
    """The highest version that is known, also of those that were deleted."""
    later = await versions.later(read_models, media_id)
    return version_of(later[-1]["_id"]) if later else FIRST
