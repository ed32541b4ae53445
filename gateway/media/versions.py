"""A medium's document as one of its versions has it: what people say stays, the rest is of that file."""

from __future__ import annotations

from collections.abc import Sequence

from connectors.ports import Document, OneOf
from connectors.read_models import ReadModels
from gateway.documents import part
from schemas.shelving import FIRST_FILE
from schemas.versions import FIRST, current, source_id, version_of

VERSIONS = "versions"
_MOST = 1000
_OF_THE_FILE = ("upload", "probe", "rejection", "pictures", "health", "quarantine", "storage", "status")
_DELETED = "deleted"


async def shown(read_models: ReadModels, documents: Sequence[Document]) -> list[Document]:
    """Media as their present versions have them."""
    sources = {document["_id"]: _present(document) for document in documents}
    later = tuple(source for id, source in sources.items() if source != id)
    found = await read_models.select(VERSIONS, {"_id": OneOf(later)}, len(later)) if later else []
    files = {each["_id"]: each for each in found}
    return [_with(document, files.get(sources[document["_id"]])) for document in documents]


async def as_of(read_models: ReadModels, document: Document, source: str) -> Document:
    """A medium as that file of it has it."""
    if version_of(source) == FIRST:
        return document
    return _with(document, await read_models.get(VERSIONS, source))


async def later(read_models: ReadModels, media_id: str) -> list[Document]:
    """What took the place of a medium's first file, or tried to; deleted ones among them."""
    found = await read_models.select(VERSIONS, {"of": media_id}, _MOST)
    return sorted((each for each in found if "upload" in each), key=lambda each: version_of(each["_id"]))


def _present(document: Document) -> str:
    return source_id(document["_id"], current(document))


def _with(medium: Document, file: Document | None) -> Document:
    """The medium keeps its name and its owner, and is gone for good once it is deleted."""
    if file is None or "upload" not in file or part(medium, "status").get("name") == _DELETED:
        return medium
    kept = {name: value for name, value in medium.items() if name not in _OF_THE_FILE}
    of_file = {name: file[name] for name in _OF_THE_FILE if name in file}
    upload = {**file["upload"], **{name: medium["upload"][name] for name in ("name", "owner_id")}}
    first = {name: medium[name] for name in ("upload", "probe") if name in medium}
    return {**kept, **of_file, "upload": upload, "source": file["_id"], FIRST_FILE: first}
