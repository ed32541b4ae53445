"""The text tracks of a medium in the forms that players and encoders read: WebVTT, and ASS to be drawn, or
Matroska where the text is pictures already.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from schemas.medium import Medium
from schemas.segments import rendition_folder, store_key

Form = Literal["webvtt", "ass", "matroska"]

_SUFFIXES: dict[Form, str] = {"webvtt": "vtt", "ass": "ass", "matroska": "mks"}


@dataclass(frozen=True, kw_only=True)
class TextRendition:
    """One text track in one form: a single file."""

    source: str
    stream: int
    form: Form = "webvtt"
    language: str | None = None
    title: str | None = None
    is_default: bool = False
    is_forced: bool = False
    shown_on: tuple[int, int] | None = None
    """How large the pictures are that pictures of text are drawn into."""

    @cached_property
    def key(self) -> str:
        """What names it in the store."""
        return store_key({"text": self.stream, "form": self.form})

    @property
    def group(self) -> str:
        """What it is made together with: the file is read once for all its texts."""
        return f"{self.source}/texts"

    @property
    def name(self) -> str:
        """What its file is called, in the store and in addresses."""
        return f"text.{_SUFFIXES[self.form]}"

    @property
    def location(self) -> str:
        """Where its file is."""
        return f"{rendition_folder(self.source, self.key)}/{self.name}"


def texts(medium: Medium) -> tuple[TextRendition, ...]:
    """The text tracks that viewers can choose from."""
    return tuple(
        TextRendition(
            source=medium.source,
            stream=stream.index,
            language=stream.language,
            title=stream.title,
            is_default=stream.is_default,
            is_forced=stream.is_forced,
        )
        for stream in medium.texts
    )


def drawn_text(medium: Medium, stream: int) -> TextRendition:
    """A track as it is drawn into the picture."""
    if all(each.index != stream for each in medium.drawn_texts):
        return TextRendition(source=medium.source, stream=stream, form="ass")
    video = medium.main("video")
    size = (video.width or 2, video.height or 2) if video else None
    return TextRendition(source=medium.source, stream=stream, form="matroska", shown_on=size)
