"""Images that somebody gave, or that lie beside media: which kinds there are, and how events tell of them.

`artwork_wanted` names bytes that may be anything. Once they were seen to be an image, `artwork` tells of the
pictures that were made of it. Both carry one version, and whatever is said with the greater one stands.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal, get_args

import orjson

from schemas import pictures
from schemas.pictures import Drawn, NotDrawn

Kind = Literal["poster", "backdrop", "banner", "logo", "thumb"]
KINDS: tuple[str, ...] = get_args(Kind)
POSTER, BACKDROP, BANNER, LOGO, THUMB = KINDS
PHOTO = "photo"
"""Of a person."""
ALL_KINDS = (*KINDS, PHOTO)

WANTED, CHANGE = "artwork_wanted", "artwork"
TASK = "artwork"
"""The kind of task that makes pictures of an image."""

FOUND, GIVEN = SOURCES = ("found", "given")
"""Who has an image of a thing: it lay beside it, or somebody gave it. What was given goes before."""

_RECIPE = 1
"""Raised by hand when what is made of an image changes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Bytes that are said to be an image."""

    location: str
    source: str
    """The identity of the bytes."""


def field_of(source: str, kind: str) -> str:
    """What an event calls a kind of image from one of the sources."""
    return f"{source}:{kind}"


def wanted(values: Mapping[str, str]) -> Iterator[tuple[str, str, Wanted]]:
    """What `artwork_wanted` names: source, kind, and where the bytes are."""
    for source, kind, text in _fields(values):
        yield source, kind, Wanted(**orjson.loads(text))


def told(said: Wanted | Drawn | NotDrawn | None) -> str:
    """What an event says of one image; None: there is none any more."""
    if isinstance(said, Wanted):
        return orjson.dumps(asdict(said)).decode()
    return "null" if said is None else pictures.written(said)


def registers(change: str, version: int, values: Mapping[str, str]) -> dict[str, Any]:
    """What the event sets in a document of the read models."""
    if change == WANTED:
        return {f"asked.{source}.{kind}": version for source, kind, _ in _fields(values)}
    if change != CHANGE:
        return {}
    return {
        f"artwork.{source}.{kind}": {"version": version, "said": _read(text)}
        for source, kind, text in _fields(values)
    }


def version_of(document: Mapping[str, Any], source: str, kind: str) -> int:
    """The last version that is known of an image, whether or not it was made yet."""
    asked: int = _part(document, "asked", source).get(kind) or 0
    made: int = (_part(document, "artwork", source).get(kind) or {}).get("version", 0)
    return max(asked, made)


def shown(document: Mapping[str, Any]) -> dict[str, Drawn]:
    """The pictures that stand for a thing, by kind."""
    every = (each for source in SOURCES for each in _said(document, source))
    return {kind: said for kind, said in every if isinstance(said, Drawn)}


def failures(document: Mapping[str, Any]) -> list[tuple[str, NotDrawn]]:
    """The images that are none, by kind."""
    said = [each for source in SOURCES for each in _said(document, source)]
    return [(kind, one) for kind, one in said if isinstance(one, NotDrawn)]


def sources_in(document: Mapping[str, Any]) -> Iterator[str]:
    """The identities of the images that a document has pictures of."""
    for source in SOURCES:
        yield from (one.source for _, one in _said(document, source) if isinstance(one, Drawn))


def key_of(kind: str) -> str:
    """What names the pictures of a kind that are made as we make them now."""
    return hashlib.sha256(f"{CHANGE}/{kind}/{_RECIPE}".encode()).hexdigest()[:16]


def _said(document: Mapping[str, Any], source: str) -> Iterator[tuple[str, Drawn | NotDrawn]]:
    registers = _part(document, "artwork", source)
    for kind in ALL_KINDS:
        said = (registers.get(kind) or {}).get("said")
        if said is not None:
            yield kind, pictures.of(said)


def _part(document: Mapping[str, Any], *names: str) -> Mapping[str, Any]:
    for name in names:
        document = document.get(name) or {}
    return document


def _fields(values: Mapping[str, str]) -> Iterator[tuple[str, str, str]]:
    """What is known of these sources and kinds; those of later versions are passed over."""
    for field, text in values.items():
        source, _, kind = field.partition(":")
        if source in SOURCES and kind in ALL_KINDS:
            yield source, kind, text


def _read(text: str) -> dict[str, Any] | None:
    return None if text == "null" else asdict(pictures.read(text))
