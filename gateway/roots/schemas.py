"""Files below roots, as JSON."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, Field

from gateway.json_types import Exact

PathText = Field(min_length=1, max_length=4096, examples=["Films/Alien (1979)/alien.mkv"])


class RootShown(BaseModel):
    """One root."""

    name: str = Field(examples=["films"])
    writable: bool


class RootsShown(BaseModel):
    """All roots."""

    items: list[RootShown]


class Entry(BaseModel):
    """What is at a path."""

    name: str = Field(examples=["alien.mkv"])
    path: str = Field(description="From the root on.", examples=["Films/Alien (1979)/alien.mkv"])
    kind: Literal["file", "folder", "link", "other"] = Field(description="Links are never followed.")
    size_bytes: int | None = Field(description="Of a file.")
    modified_at: datetime


class Folder(BaseModel):
    """What is in a folder, by name."""

    path: str
    items: list[Entry]
    next: str | None = Field(description="Give it as `after` for what follows; null at the end.")


class NewFolder(Exact):
    """A folder to be made."""

    path: str = PathText


class Way(Exact):
    """From where to where."""

    path: str = PathText
    to: str = PathText


class Written(BaseModel):
    """A file was written."""

    entry: Entry
    replaced: str | None = Field(description="What the trash has the file as that was there before.")


class Thrown(BaseModel):
    """Something in the trash."""

    id: str = Field(examples=["0198c9a2-7d0e-7c11-9d3f-5e6a1b2c3d4e"])
    path: str = Field(description="Where it was.")
    kind: Literal["file", "folder", "link", "other"]
    at: datetime
    by: str = Field(description="Who threw it away.")
    why: Literal["deleted", "replaced"]
    ends_at: datetime = Field(description="When it is deleted for good.")


class Trash(BaseModel):
    """What is in a root's trash, the latest first."""

    items: list[Thrown]


class Restoring(Exact):
    """Where something of the trash is to go."""

    to: str | None = Field(None, min_length=1, max_length=4096, description="Without it, where it was.")
