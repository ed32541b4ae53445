"""SAMI: marks in time (SYNC), and what each class of reader is shown from there on."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from connectors.subtitles.layout import Gathering, Line, NewCue, OnLoss, Parsed, Span, Spot
from connectors.subtitles.refusal import SubtitleRefused
from connectors.subtitles.sami_text import pieces_of, text_of
from connectors.subtitles.source import Patch, line_end
from schemas.cues import Piece, plain

_TAG = re.compile(r"<!--.*?(?:-->|\Z)|<(/?)(SYNC|P|BODY|SAMI)\b([^<>]*)>", re.I | re.S)
_START = re.compile(r"\bStart\s*=\s*[\"']?\s*(-?\d{1,12})(?:ms)?\s*(?:[\"']|(?=[\s>/])|\Z)", re.I)
_CLASS = re.compile(r"\bClass\s*=\s*[\"']?([^\s\"'>]+)", re.I)
_HEAD = """<SAMI>
<HEAD>
<STYLE TYPE="text/css">
<!--
P { text-align: center; }
.CC { Name: Subtitles; SAMIType: CC; }
-->
</STYLE>
</HEAD>
<BODY>
"""
_CLASS_WRITTEN = "CC"


@dataclass(slots=True)
class _Entry:
    """What one class of reader is shown."""

    language: str
    text_at: Span
    is_blank: bool


@dataclass(slots=True)
class _Sync:
    """A mark in time."""

    tag: Span
    start_at: Span
    ms: int
    entries: list[_Entry] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Sami:
    """See Format."""

    name: str = "sami"
    endings: tuple[str, ...] = ("smi", "sami")

    def matches(self, head: str) -> bool:
        return re.search(r"<(?:SAMI|SYNC\s[^<>]{0,200}Start)\b", head, re.I) is not None

    def parse(self, text: str, rate: Fraction | None) -> Parsed:
        found = Gathering(text)
        syncs = list(_syncs(found))
        used: set[Span] = set()
        for spot in _spots(found, syncs):
            found.cue(spot)
            used |= {spot.start_at, spot.end_at or spot.start_at}
        if syncs:
            found.block("header", (0, syncs[0].tag[0]))
        loose = [(sync.start_at, sync.ms) for sync in syncs if sync.start_at not in used]
        return found.done(loose=loose)

    def pieces(self, raw: str) -> list[Piece]:
        return pieces_of(raw)

    def texted(self, text: str, spot: Spot, new: str) -> Patch:
        if not new.strip():
            raise SubtitleRefused("text", "a cue without a text is none here; delete it", spot.line)
        return Patch(*spot.text_at, new)

    def timed(
        self, text: str, parsed: Parsed, index: int, start_ms: int | None, end_ms: int | None
    ) -> list[Patch]:
        spot = parsed.spots[index]
        patches = []
        if start_ms is not None and start_ms != spot.start_ms:
            patches.append(Patch(*spot.start_at, str(start_ms)))
        if end_ms is not None and end_ms != spot.end_ms:
            if spot.end_at is None:
                reason = "nothing ends this cue; insert one after it, or convert the file to another format"
                raise SubtitleRefused("no_end", reason, spot.line)
            patches.append(Patch(*spot.end_at, str(end_ms)))
        return patches

    def inserted(self, text: str, parsed: Parsed, index: int, cue: NewCue) -> Patch:
        near = parsed.spots[min(index, len(parsed.spots) - 1)] if parsed.spots else None
        at = near.whole[0] if near and index < len(parsed.spots) else self._tail(text)
        nl = line_end(text, at)
        prior = parsed.spots[index - 1] if index else None
        late = near and index < len(parsed.spots) and near.start_ms < (cue.end_ms or cue.start_ms)
        if late or (prior and (prior.end_ms or prior.start_ms) > cue.start_ms):
            reason = "the new cue would touch other cues in time; in this format none may overlap"
            raise SubtitleRefused("overlap", reason, near.line if near else 1)
        name = near.language if near and near.language else _CLASS_WRITTEN
        end = "" if cue.end_ms is None else f"<SYNC Start={cue.end_ms}><P Class={name}>&nbsp;{nl}"
        return Patch(at, at, f"<SYNC Start={cue.start_ms}><P Class={name}>{cue.text}{nl}{end}")

    def _tail(self, text: str) -> int:
        end = re.search(r"</(?:BODY|SAMI)\s*>", text, re.I)
        return end.start() if end else len(text)

    def removed(self, text: str, parsed: Parsed, index: int) -> Patch:
        return Patch(*parsed.spots[index].text_at, "&nbsp;")

    def grain_ms(self, parsed: Parsed) -> Fraction:
        return Fraction(1)

    def written(self, pieces: Sequence[Piece], lost: OnLoss) -> str:
        return text_of(pieces, lost)

    def file(self, lines: Sequence[Line], rate: Fraction | None) -> str:
        out = [_HEAD]
        for number, line in enumerate(lines):
            following = lines[number + 1].start_ms if number + 1 < len(lines) else None
            out.append(f"<SYNC Start={line.start_ms}><P Class=CC>{line.text}\n")
            if following is None or line.end_ms < following:
                out.append(f"<SYNC Start={line.end_ms}><P Class=CC>&nbsp;\n")
        return "".join((*out, "</BODY>\n</SAMI>\n"))


def _syncs(found: Gathering) -> Iterator[_Sync]:
    """The marks in their order, each with what follows it."""
    sync: _Sync | None = None
    language, start = "", -1
    for tag in _TAG.finditer(found.text):
        name = (tag[2] or "").upper()
        if not name:
            continue
        if sync and start >= 0:
            _enter(found, sync, language, (start, tag.start()))
        start = -1
        if name == "P" and not tag[1]:
            said = _CLASS.search(tag[3])
            language, start = said[1] if said else "", tag.end()
        elif name == "SYNC" and not tag[1]:
            if sync:
                yield sync
            sync, language, start = _sync(found, tag), "", tag.end()
    if sync:
        if start >= 0:
            _enter(found, sync, language, (start, len(found.text)))
        yield sync


def _sync(found: Gathering, tag: re.Match[str]) -> _Sync | None:
    said = _START.search(tag[3])
    if said is None:
        found.remark(tag.start(), "this SYNC has no time (Start=1000)")
        return None
    at = (tag.start(3) + said.start(1), tag.start(3) + said.end(1))
    return _Sync(tag.span(), at, int(said[1]))


def _enter(found: Gathering, sync: _Sync, language: str, span: Span) -> None:
    start, end = span
    raw = found.text[start:end]
    start += len(raw) - len(raw.lstrip(" \t\r\n"))
    raw = raw.strip(" \t\r\n")
    if not raw and not language:
        return
    is_blank = not plain(pieces_of(raw)).strip()
    sync.entries.append(_Entry(language, (start, start + len(raw)), is_blank))


def _spots(found: Gathering, syncs: Sequence[_Sync]) -> Iterator[Spot]:
    """A cue ends where its class is shown something else, or nothing."""
    following: dict[str, _Sync] = {}
    ends: list[list[_Sync | None]] = []
    for sync in reversed(syncs):
        ends.append([following.get(entry.language) for entry in sync.entries])
        following.update(dict.fromkeys((entry.language for entry in sync.entries), sync))
    for sync, until in zip(syncs, reversed(ends), strict=True):
        for entry, end in zip(sync.entries, until, strict=True):
            if not entry.is_blank:
                yield Spot(
                    found.line(sync.tag[0]),
                    (sync.tag[0], entry.text_at[1]),
                    sync.start_at,
                    end.start_at if end else None,
                    entry.text_at,
                    sync.ms,
                    end.ms if end else None,
                    language=entry.language,
                )
