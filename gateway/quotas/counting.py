"""Counts what someone has in the store, from the read models."""

from __future__ import annotations

from collections.abc import AsyncIterator

from connectors.ports import Document, Query
from connectors.read_models import ReadModels
from gateway.media.existing import MEDIA

_AT_ONCE = 500
_SAME = 1000
_GONE = frozenset({"deleted", "rejected"})
"""What the bytes of such media are is nobody's to pay for: they are removed."""


async def count(read_models: ReadModels, owner_id: str) -> tuple[int, set[str]]:
    """The bytes that someone has, the same ones once, and which media were seen. Raises NotBuilt."""
    sizes: dict[str, int] = {}
    seen: set[str] = set()
    async for document in _media_of(read_models, owner_id):
        seen.add(document["_id"])
        if _counts(document):
            sizes[document["upload"]["sha256"]] = document["upload"]["size_bytes"]
    return sum(sizes.values()), seen


async def has_another(read_models: ReadModels, owner_id: str, sha256: str, media_id: str) -> bool:
    """Whether someone has the same bytes in another medium too."""
    found = await read_models.select(MEDIA, {"upload.sha256": sha256}, _SAME)
    others = [each for each in found if each["_id"] != media_id and _counts(each)]
    return any(each["upload"]["owner_id"] == owner_id for each in others)


async def _media_of(read_models: ReadModels, owner_id: str) -> AsyncIterator[Document]:
    cursor: str | None = None
    while True:
        query = Query({"upload.owner_id": owner_id}, limit=_AT_ONCE, cursor=cursor)
        page = await read_models.page(MEDIA, query)
        for document in page.items:
            yield document
        cursor = page.next
        if cursor is None:
            return


def _counts(document: Document) -> bool:
    return document["status"]["name"] not in _GONE
