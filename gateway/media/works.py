"""Which work a medium is of: what people's own state is tied to, whatever file they watch it from."""

from __future__ import annotations

from connectors.ports import Document
from gateway.documents import part


def work_of(document: Document) -> str:
    """The work's id. A medium that was not said to be a version of another one is a work of its own."""
    return str(part(document, "work").get("id") or document["_id"])
