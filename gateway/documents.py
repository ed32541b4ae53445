"""Reading fields out of the read models' documents, of which any may not be there yet."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from connectors.ports import Document

_NOTHING: Document = {}


def part(document: Mapping[str, Any], name: str) -> Document:
    """A sub-document; an empty one where there is none."""
    return cast(Document, document.get(name) or _NOTHING)
