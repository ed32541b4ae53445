"""Libraries, and who may have what, as JSON."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, Field, StringConstraints

from gateway.json_types import Exact

LevelName = Literal["view", "edit", "manage"]
Whom = Annotated[
    str, StringConstraints(pattern=r"^(user:[\w-]{1,64}|group:[\w .-]{1,64}|everyone)$", max_length=80)
]
AccessMap = Annotated[
    dict[Whom, LevelName],
    Field(
        max_length=500,
        json_schema_extra={"additionalProperties": False},
        description="To whom what is allowed: user:<id>, group:<name> or everyone; view, edit or manage.",
        examples=[{"group:family": "view", "user:0198c9a2-7d0e-7c11-9d3f-5e6a1b2c3d4e": "edit"}],
    ),
]


_Folder = Annotated[str, StringConstraints(min_length=1, max_length=4096)]
FolderList = Annotated[
    list[_Folder],
    Field(
        max_length=100,
        description="Folders below the roots that SLUICE_ROOTS names, each as root/path: what lies in them "
        "is in the library by itself. To name them takes the permission files:write.",
        examples=[["films/2024", "films/classics"]],
    ),
]


class LibraryOrder(Exact):
    """A library to be made."""

    name: str = Field(min_length=1, max_length=100, examples=["Films at home"])
    access: AccessMap = Field({})
    folders: FolderList = Field([])


class LibraryChange(Exact):
    """What is to change about a library; what is left out stays."""

    name: str | None = Field(None, min_length=1, max_length=100)
    access: AccessMap | None = None
    folders: FolderList | None = None


class Library(BaseModel):
    """A library."""

    id: str
    name: str
    owner_id: str
    access: dict[str, str] = Field(description="Shown to who may manage it.")
    folders: list[str] = Field(
        [],
        description="The folders that it is made of; shown to who may manage it.",
        examples=[["films/2024"]],
    )
    may: str = Field(description="What one may do with it: view, edit or manage.")
    created_at: datetime


class Libraries(BaseModel):
    """The libraries that one sees, the newest first."""

    items: list[Library]


class LibraryAccepted(BaseModel):
    """A library was made, changed or removed."""

    library: Library
    token: str = Field(description="Send it with a read to see this command's effect.")


class ScanAccepted(BaseModel):
    """A library's folders are scanned."""

    id: str
    token: str = Field(description="Send it with a read to see this command's effect.")


class Place(Exact):
    """Where a medium is to be."""

    library_id: str | None = Field(max_length=64, description="A shared library; null for one's own.")


class MediaAccess(Exact):
    """Who else may have a medium."""

    access: AccessMap


class AccessAccepted(BaseModel):
    """It was said who else may have a medium, or where it is to be."""

    id: str
    token: str = Field(description="Send it with a read to see this command's effect.")
