"""What is in a library, as JSON."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field

from gateway.media.schemas import Credit, Image, Media

NODE_ID = "4c5f9f6e-52b8-5d3f-8e0b-1d3a1f5c2e77"
NodeKind = Literal["movie", "series", "season", "artist", "album", "folder"]


class ItemLinks(BaseModel):
    """Where to go from here."""

    self: str
    items: str | None = Field(None, description="What is in it; null for a medium.")


class Item(BaseModel):
    """A node of the hierarchy, or a medium in it."""

    id: str = Field(examples=[NODE_ID])
    kind: str = Field(
        description="Of a node movie, series, season, artist, album or folder; of a medium its place's.",
        examples=["series"],
    )
    name: str = Field(examples=["Show"])
    year: int | None = Field(None, examples=[2019])
    number: int | None = Field(None, description="Of a season, an episode or a track.")
    images: list[Image] = Field([], description="Those that lie beside it, or that were given to it.")
    media: Media | None = Field(None, description="The medium; null for a node.")
    links: ItemLinks


class Step(BaseModel):
    """A node on the way down to another."""

    id: str
    kind: str
    name: str


class Node(Item):
    """One node, with what is known of it."""

    parents: list[Step] = Field(description="The nodes that it is in, from the library down.")
    media_count: int = Field(description="How many media are in it and in what is in it.")
    node_counts: dict[str, int] = Field(
        description="How many nodes are in it, by kind.", examples=[{"season": 3}]
    )
    description: str | None = None
    released: str | None = None
    rating: float | None = None
    genres: list[str] = []
    ids: dict[str, str] = Field({}, description="What others call it.", examples=[{"tvdb": "81189"}])
    people: list[Credit] = []
