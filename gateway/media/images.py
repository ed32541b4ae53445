"""The still pictures of a medium: what there is of them in its document, and sending one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from starlette.responses import Response

from connectors.ports import Document
from gateway.documents import part
from gateway.errors import NotFound
from gateway.files import Files, is_known
from gateway.media.schemas import Image, ImageFailure
from schemas import artwork, pictures
from schemas.pictures import KINDS, THUMBNAILS, Drawn, NotDrawn

_TYPES = {
    "jpg": "image/jpeg",
    "webp": "image/webp",
    "png": "image/png",
    "vtt": "text/vtt",
    "json": "application/json",
}
_FOR_EVER = "private, max-age=31536000, immutable"
_ASK_AGAIN = "private, no-cache"


@dataclass(frozen=True, slots=True)
class Found:
    """One picture, and the set that it is of."""

    drawn: Drawn
    image: pictures.Image

    @property
    def location(self) -> str:
        """Where it is in the store."""
        return f"{self.drawn.folder}/{self.image.name}"

    @property
    def etag(self) -> str:
        """What names these bytes: a set is drawn once."""
        return f'"{self.drawn.key}-{self.image.name}"'


def shown(document: Document, path: str) -> list[Image]:
    """All there are; `path` is the medium's own."""
    return listed(_said(document), path)


def listed(said: Iterable[tuple[str, Drawn | NotDrawn]], path: str) -> list[Image]:
    """The images of these sets; `path` is that of what they are images of."""
    return [
        Image(
            kind=kind,
            name=image.name,
            url=f"{path}/images/{image.name}?v={drawn.key}",
            type=type_of(image.name),
            size_bytes=image.size_bytes,
            width=image.width,
            height=image.height,
        )
        for kind, drawn in said
        if isinstance(drawn, Drawn)
        for image in drawn.images
    ]


def failures(document: Document) -> list[ImageFailure]:
    """The kinds that could not be drawn."""
    return [
        ImageFailure(kind=kind, code=said.code, reason=said.reason)
        for kind, said in _said(document)
        if isinstance(said, NotDrawn)
    ]


def find(document: Document, name: str) -> Found:
    """The picture of that name. Raises NotFound."""
    return named((said for _, said in _said(document) if isinstance(said, Drawn)), name)


def named(sets: Iterable[Drawn], name: str) -> Found:
    """The picture of that name in one of these sets. Raises NotFound."""
    for found in (Found(drawn, image) for drawn in sets for image in drawn.images):
        if found.image.name == name:
            return found
    raise NotFound("image-not-found", "There is no such picture, or not yet.")


def thumbnails(document: Document) -> Drawn | None:
    """The sheets of thumbnails, where there are some."""
    found = dict(_said(document)).get(THUMBNAILS)
    return found if isinstance(found, Drawn) and found.tiles else None


async def send(
    files: Files,
    found: Found,
    version: str | None,
    if_none_match: str | None,
    headers: Mapping[str, str],
) -> Response:
    """A picture: for ever good where the address says which it is, else to be asked for again.

    Raises BlobMissing.
    """
    caching = _FOR_EVER if version == found.drawn.key else _ASK_AGAIN
    said = {**headers, "ETag": found.etag, "Cache-Control": caching}
    if is_known(if_none_match, found.etag):
        return Response(status_code=304, headers=said)
    return await files.sent(found.location, type_of(found.image.name), said)


def type_of(name: str) -> str:
    """What a picture is, by its name."""
    return _TYPES.get(name.rpartition(".")[2], "application/octet-stream")


def _said(document: Document) -> Iterator[tuple[str, Drawn | NotDrawn]]:
    """What was given or found stands in the place of what was drawn."""
    drawn, own = part(document, "pictures"), artwork.shown(document)
    yield from own.items()
    for kind in KINDS:
        if kind in drawn and kind not in own:
            yield kind, pictures.of(drawn[kind])
    yield from artwork.failures(document)
