"""What media that lie in operators' folders are called among blobs: which bytes, which medium, where. Pure.

A location stays what it is when the file moves: who opens it asks where the medium is now.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from connectors.ports import BlobMissing
from connectors.rooted.paths import Inside, PathRefused, inside

_AREA = "roots/"
_LOCATION = re.compile(
    r"roots/(?P<fan>[0-9a-f]{2})/(?P<identity>[0-9a-f]{64})/(?P<media>[0-9a-f-]{36})/"
    r"(?P<root>[a-z0-9][a-z0-9-]{0,39})/(?P<path>.+)",
    re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Place:
    """A path in one of the roots; written as root/path."""

    root: str
    path: Inside

    def __str__(self) -> str:
        return f"{self.root}/{self.path}" if self.path.names else self.root

    def __contains__(self, other: Place) -> bool:
        """Whether the other one is this, or lies in it."""
        return self.root == other.root and other.path in self.path

    def __truediv__(self, name: str) -> Place:
        return Place(self.root, self.path / name)


@dataclass(frozen=True, slots=True)
class Located:
    """A medium in a root."""

    identity: str
    """What its bytes are known by; see connectors.rooted.identity."""
    media_id: str
    place: Place
    """Where it was found first."""

    def __str__(self) -> str:
        return f"{_AREA}{self.identity[:2]}/{self.identity}/{self.media_id}/{self.place}"


def place(said: str) -> Place:
    """The place that was written. Raises PathRefused."""
    root, _, path = said.partition("/")
    return Place(root, inside(path))


def is_in_root(location: str) -> bool:
    """Whether a location is of what lies in an operator's folder."""
    return location.startswith(_AREA)


def located(location: str) -> Located:
    """What a location says. Raises BlobMissing for what is no location in a root."""
    found = _LOCATION.fullmatch(location)
    if found is None or found["fan"] != found["identity"][:2]:
        raise BlobMissing(f"{location!r} is no location in a root")
    try:
        where = Place(found["root"], inside(found["path"]))
    except PathRefused as error:
        raise BlobMissing(f"{location!r} is no location in a root: {error}") from error
    return Located(found["identity"], found["media"], where)
