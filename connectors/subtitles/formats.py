"""The formats there are, and which of them some text is in."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePath
from types import MappingProxyType

from connectors.subtitles.json_cues import JsonCues
from connectors.subtitles.layout import Format
from connectors.subtitles.microdvd import MicroDvd
from connectors.subtitles.mpl2 import Mpl2
from connectors.subtitles.refusal import SubtitleRefused
from connectors.subtitles.sami import Sami
from connectors.subtitles.srt import Srt
from connectors.subtitles.substation import SubStation
from connectors.subtitles.tmp import Tmp
from connectors.subtitles.ttml import Ttml
from connectors.subtitles.webvtt import WebVtt

_HEAD = 64 << 10
_ALIKE = frozenset({"srt", "microdvd", "mpl2", "tmp"})
"""They have no header, so that a text may be like several of them."""
FORMATS: Mapping[str, Format] = MappingProxyType(
    {
        each.name: each
        for each in (
            WebVtt(),
            SubStation(),
            SubStation("ssa", ("ssa",)),
            Srt(),
            Ttml(),
            Sami(),
            JsonCues(),
            MicroDvd(),
            Mpl2(),
            Tmp(),
        )
    }
)
"""Those that tell themselves most clearly go first."""


def named(name: str) -> Format:
    """The format of that name, or of that ending of files' names. Raises SubtitleRefused."""
    found = FORMATS.get(name) or next((f for f in FORMATS.values() if name in f.endings), None)
    if found is None:
        raise SubtitleRefused(
            "format", f"{name!r} is no format that is known; say one of {', '.join(FORMATS)}"
        )
    return found


def detected(text: str, file_name: str = "") -> Format:
    """The format of a text. What it says counts, and its name only between those that it may be.

    Raises SubtitleRefused.
    """
    head = text[:_HEAD]
    found = [each for each in FORMATS.values() if each.matches(head)]
    ending = PurePath(file_name).suffix.lstrip(".").lower()
    best = found[0] if found else None
    if best and best.name in _ALIKE:
        best = next((each for each in found if ending in each.endings), best)
    if best is None:
        reason = f"it is like no subtitle format that is read ({', '.join(FORMATS)}); is it the right file?"
        raise SubtitleRefused("unknown_format", reason)
    return best
