"""Counts what someone has in the store, from the read models."""

from __future__ import annotations

from connectors.ports import Document, Query
from connectors.read_models import ReadModels
from connectors.rooted.located import is_in_root
from gateway.media.existing import MEDIA
from gateway.media.versions import VERSIONS

_AT_ONCE = 500
_SAME = 1000
_FILES = (MEDIA, VERSIONS)
"""Where files are: media have their first ones, and what took their place has documents of its own."""
_GONE = frozenset({"deleted", "rejected"})
"""What the bytes of such media are is nobody's to pay for: they are removed."""


async def count(read_models: ReadModels, owner_id: str) -> tuple[int, set[str]]:
    """The bytes that someone has, the same ones once, and which media were seen. Raises NotBuilt."""
    sizes: dict[str, int] = {}
    seen: set[str] = set()
    for name in _FILES:
        query = Query({"upload.owner_id": owner_id}, limit=_AT_ONCE)
        async for document in read_models.all_of(name, query):
            seen.add(document["_id"])
            if counts(document):
                sizes[document["upload"]["sha256"]] = document["upload"]["size_bytes"]
    return sum(sizes.values()), seen


async def has_another(read_models: ReadModels, owner_id: str, sha256: str, media_id: str) -> bool:
    """Whether someone has the same bytes in another medium too."""
    same = {"upload.sha256": sha256}
    found = [each for name in _FILES for each in await read_models.select(name, same, _SAME)]
    others = [each for each in found if each["_id"] != media_id and counts(each)]
    return any(each["upload"]["owner_id"] == owner_id for each in others)


def counts(document: Document) -> bool:
    """Whether the bytes of a medium's first file, or of a later version, are kept in the store: what lies in
    an operator's folder is not.
    """
    is_gone = document["status"]["name"] in _GONE or "dropped_at" in document
    return not is_gone and not is_in_root(document["upload"]["location"])
