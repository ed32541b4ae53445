"""The still pictures of a medium: which kinds there are, where they are, and how events tell of them.

A set of pictures lies in a folder that is named by the source's bytes and by what else the pictures depend
on: the kind, and the recipe it is drawn by.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter

POSTER, THUMBNAILS, WAVEFORM = "poster", "thumbnails", "waveform"
KINDS = (POSTER, THUMBNAILS, WAVEFORM)

CHANGE = "pictures"
"""What `media.changed` calls it; its values are texts by kind."""

_RECIPES = {POSTER: 1, THUMBNAILS: 1, WAVEFORM: 1}
"""Raised by hand when what is drawn changes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tiles:
    """Which moments thumbnails stand for, and how they lie on their sheets."""

    duration_ms: int
    step_ms: int
    count: int
    columns: int
    rows: int
    width: int
    """Of one of them."""
    height: int

    @property
    def sheets(self) -> tuple[str, ...]:
        """The sheets' names."""
        return tuple(f"sheet-{n:03}.jpg" for n in range(math.ceil(self.count / self.per_sheet)))

    @property
    def per_sheet(self) -> int:
        """How many lie on a full one."""
        return self.columns * self.rows

    def on_sheet(self, number: int) -> int:
        """How many lie on a sheet."""
        return min(self.per_sheet, self.count - number * self.per_sheet)


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """A file of a set; its size in pixels where it is a picture."""

    name: str
    size_bytes: int
    width: int | None = None
    height: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """A set of pictures that is in the store."""

    source: str
    key: str
    images: tuple[Image, ...]
    tiles: Tiles | None = None

    @property
    def folder(self) -> str:
        """Where it is."""
        return folder(self.source, self.key)


@dataclass(frozen=True, slots=True, kw_only=True)
class NotDrawn:
    """Why there is no set of a kind: `code` for programs, the reason for people."""

    code: str
    reason: str


_ADAPTER: TypeAdapter[Drawn | NotDrawn] = TypeAdapter(Drawn | NotDrawn)


def written(said: Drawn | NotDrawn) -> str:
    """A set, or why there is none, as events tell of it."""
    return _ADAPTER.dump_json(said).decode()


def read(text: str) -> Drawn | NotDrawn:
    """What `written` wrote. Raises ValueError for anything else."""
    return _ADAPTER.validate_json(text)


def of(document: Mapping[str, Any]) -> Drawn | NotDrawn:
    """What a document of the read models says of one kind."""
    return _ADAPTER.validate_python(document)


def recipe_key(kind: str) -> str:
    """What names the sets of a kind that are drawn as we draw them now."""
    return hashlib.sha256(f"{kind}/{_RECIPES[kind]}".encode()).hexdigest()[:16]


def folder(source: str, key: str) -> str:
    """Where a set is."""
    return f"images/{source[:2]}/{source}/{key}"
