"""A subtitle file that was read: its bytes, its cues, and where in the bytes each of them is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from hashlib import blake2s
from typing import Any

from connectors.subtitles.encodings import opened
from connectors.subtitles.formats import detected, named
from connectors.subtitles.layout import Format, Parsed, Spot
from connectors.subtitles.refusal import MOST_TEXT, SubtitleRefused
from connectors.subtitles.source import Source, line_end, printable
from schemas.cues import Cue, Piece, plain


@dataclass(frozen=True, slots=True)
class Document:
    """A file and what is in it. `raw` is what writing it gives: the bytes that were read."""

    source: Source
    format: Format
    parsed: Parsed
    cues: tuple[Cue, ...]
    rate: Fraction | None = None
    """Frames a second as the caller said it."""

    @property
    def raw(self) -> bytes:
        return self.source.raw

    @property
    def ids(self) -> tuple[str, ...]:
        """Of the cues, in the file's order."""
        return tuple(cue.id for cue in self.cues)

    @property
    def line_end(self) -> str:
        """How its first line ends."""
        return line_end(self.source.text)

    def pieces(self, cue: Cue) -> list[Piece]:
        """What a cue's text is made of."""
        return self.format.pieces(cue.text)

    def said(self, index: int) -> tuple[str, str | None]:
        """The start and the end of a cue in the format's own words: frames, ticks, hundredths."""
        spot, text = self.parsed.spots[index], self.source.text
        return text[slice(*spot.start_at)], text[slice(*spot.end_at)] if spot.end_at else None


def as_object(document: Document, index: int) -> dict[str, Any]:
    """A cue for a program: all of it, and what viewers read."""
    cue = document.cues[index]
    said = {name: getattr(cue, name) for name in cue.__slots__}
    said["plain"] = plain(document.pieces(cue))
    return {name: printable(each) if isinstance(each, str) else each for name, each in said.items()}


def read(
    raw: bytes,
    file_name: str = "",
    *,
    format: str | None = None,
    encoding: str | None = None,
    rate: Fraction | None = None,
    ids: Sequence[str] | None = None,
) -> Document:
    """Reads a file. What is not said of it is found out.

    `ids` are those that its cues had before, where they were edited; otherwise they follow from what is in
    the file. Raises SubtitleRefused.
    """
    source = opened(raw, encoding)
    known = named(format) if format else detected(source.text, file_name)
    return parsed(source, known, rate, ids)


def parsed(source: Source, format: Format, rate: Fraction | None, ids: Sequence[str] | None) -> Document:
    """The cues of a text in a format. Raises SubtitleRefused."""
    return placed(Document(source, format, format.parse(source.text, rate), (), rate), ids)


def placed(document: Document, ids: Sequence[str] | None) -> Document:
    """The cues of a text that was parsed. Raises SubtitleRefused."""
    source, found = document.source, document.parsed
    long = next((s for s in found.spots if s.text_at[1] - s.text_at[0] > MOST_TEXT), None)
    if long:
        reason = f"the text of a cue has more than {MOST_TEXT} characters; split it"
        raise SubtitleRefused("text_too_long", reason, long.line)
    texts = [source.text[slice(*spot.text_at)] for spot in found.spots]
    names = ids if ids is not None else list(_ids(found.spots, texts))
    if len(names) != len(texts) or len({*names}) != len(texts):
        reason = f"{len(names)} ids are said, and it has {len(texts)} cues; read it without them"
        raise SubtitleRefused("ids", reason)
    cues = tuple(map(_cue, names, found.spots, texts))
    return replace(document, cues=cues)


def _cue(id: str, spot: Spot, text: str) -> Cue:
    return Cue(
        id=id,
        start_ms=spot.start_ms,
        end_ms=spot.end_ms,
        text=text,
        line=spot.line,
        kind=spot.kind,
        label=spot.label,
        style=spot.style,
        speaker=spot.speaker,
        language=spot.language,
        settings=spot.settings,
    )


def fresh_id(start_ms: int, end_ms: int | None, text: str, language: str, taken: dict[str, int]) -> str:
    """An id that follows from what a cue says; equal ones are counted."""
    said = f"{start_ms}\0{end_ms}\0{language}\0{text}".encode("utf-8", "surrogatepass")
    id = blake2s(said, digest_size=8).hexdigest()
    count = taken[id] = taken.get(id, 0) + 1
    return id if count == 1 else f"{id}-{count}"


def _ids(spots: Sequence[Spot], texts: Sequence[str]) -> Iterator[str]:
    taken: dict[str, int] = {}
    for spot, text in zip(spots, texts, strict=True):
        yield fresh_id(spot.start_ms, spot.end_ms, text, spot.language, taken)
