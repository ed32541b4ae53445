"""Whose hierarchy is meant: a library's, or that of one's own media that are in none."""

from __future__ import annotations

from dataclasses import dataclass, field

from connectors.ports import Document, OneOf
from gateway.access import policy
from gateway.access.policy import Level
from gateway.auth.principal import Principal
from gateway.documents import part
from gateway.errors import Forbidden, Hidden, NotFound
from gateway.media.listing import SHOWN
from gateway.services import Services
from schemas import nodes
from schemas.shelving import OWN as OF_ONE

OWN = "own"
"""What stands for a library's id where one's own media are meant."""


@dataclass(frozen=True, slots=True)
class Scope:
    """A part of all media that has a hierarchy of its own."""

    id: str
    """What nodes call it."""
    library_id: str
    """What paths call it."""
    shared: str | None
    """The library that its media are in; None for somebody's own."""
    owner_id: str | None = None
    """Whose its media are, where they are in no library."""
    folders: tuple[str, ...] = field(default=())
    """The folders that it is made of, as root/path."""

    @property
    def path(self) -> str:
        """Where its items are."""
        return f"/api/v1/libraries/{self.library_id}/items"

    @property
    def tops(self) -> OneOf:
        """What its first nodes are in: nothing, or the folders that it is made of."""
        return OneOf((nodes.top(self.id), *(nodes.folder_node(self.id, each) for each in self.folders)))

    @property
    def above(self) -> frozenset[str]:
        """The nodes of folders that lie above its own, and of these."""
        names = [each.split("/") for each in self.folders]
        paths = {"/".join(each[:end]) for each in names for end in range(1, len(each) + 1)}
        return frozenset(nodes.folder_node(self.id, path) for path in paths)

    def has(self, document: Document) -> bool:
        """Whether a medium is shown in it, wherever its place was decided to be before."""
        upload, status = part(document, "upload"), part(document, "status").get("name")
        is_here = policy.library_of(document) == self.shared
        is_theirs = self.owner_id in (None, upload.get("owner_id"))
        return bool(upload) and status in SHOWN.values and is_here and is_theirs


def find(services: Services, principal: Principal, library_id: str, least: Level = Level.VIEW) -> Scope:
    """The scope, for someone who may do so much with what is in it. Raises NotFound, Forbidden."""
    if library_id == OWN:
        return Scope(f"{OF_ONE}{principal.id}", OWN, None, principal.id)
    found = services.gate.libraries.get(library_id)
    has = found.level(principal) if found else Level.NONE
    if found is None or has < Level.VIEW:
        missing = NotFound if found is None else Hidden
        raise missing("library-not-found", f"There is no library {library_id}, or not yet.")
    if has < least:
        raise Forbidden(
            "not-yours", f"You may {has.name.lower()} this library, and not {least.name.lower()} it."
        )
    return Scope(found.id, found.id, found.id, folders=found.folders)
