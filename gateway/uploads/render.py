"""From an upload to its JSON, and to the headers that tus has for it."""

from __future__ import annotations

from starlette.datastructures import MutableHeaders

from gateway.freshness import TOKEN_HEADER
from gateway.media.render import media_path
from gateway.media.schemas import Accepted
from gateway.uploads import protocol
from gateway.uploads import upload as uploads
from gateway.uploads.schemas import Upload, UploadLinks

MEDIA = "Sluice-Media"
"""The header that says where the medium is which an upload has become."""


def upload_path(id: str) -> str:
    """Where an upload is."""
    return f"/api/v1/uploads/{id}"


def direct_path(id: str) -> str:
    """Where one is whose bytes go straight into the store."""
    return f"/api/v1/uploads/direct/{id}"


def render(upload: uploads.Upload, offset: int) -> Upload:
    """The upload, as far as it has come."""
    return Upload(
        id=upload.id,
        state="uploading" if upload.accepted is None else "accepted",
        name=upload.said.name,
        offset=offset,
        size_bytes=upload.length,
        created_at=upload.created_at,
        expires_at=upload.expires_at,
        accepted=Accepted.model_validate(upload.accepted) if upload.accepted else None,
        links=UploadLinks(self=upload_path(upload.id)),
    )


def tell(headers: MutableHeaders, upload: uploads.Upload, offset: int) -> None:
    """Says how far an upload has come, and what it has become."""
    headers[protocol.OFFSET] = str(offset)
    headers["Cache-Control"] = "no-store"
    if upload.accepted is None:
        headers[protocol.EXPIRES] = protocol.date(upload.expires_at)
    else:
        headers[MEDIA] = media_path(upload.accepted["media"]["id"])
        headers[TOKEN_HEADER] = upload.accepted["token"]


def tell_all(headers: MutableHeaders, upload: uploads.Upload, offset: int) -> None:
    """The same, with what its sender said of it."""
    tell(headers, upload, offset)
    if upload.length is None:
        headers[protocol.DEFER] = "1"
    else:
        headers[protocol.LENGTH] = str(upload.length)
    if upload.said.metadata:
        headers[protocol.METADATA] = upload.said.metadata
