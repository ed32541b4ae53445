"""A file in another format, in UTF-8, with a report of what that format can't hold."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from connectors.subtitles.document import Document, read
from connectors.subtitles.formats import named
from connectors.subtitles.layout import Format, Line
from connectors.subtitles.places import place_of
from connectors.subtitles.refusal import SubtitleRefused
from connectors.subtitles.source import printable
from schemas.cues import PLACE, Cue, Piece, plain

_SHORTEST_MS, _CHARACTER_MS = 500, 67
"""How long a cue is shown whose end is not said: as long as most need to read it."""
_KEPT_BLOCKS = frozenset({"rate", "unknown"})
_NO_END, _NO_OVERLAP = frozenset({"tmp"}), frozenset({"sami"})
_SAME_STYLES = frozenset({"ass", "ssa"})
_BARE_HEADER = re.compile(r"\s*(?:WEBVTT)?\s*")
_DECLARED = re.compile(r"(<\?xml[^>]*?encoding\s*=\s*[\"'])[^\"']*")


@dataclass(frozen=True, slots=True)
class Loss:
    """What the new file does not say, and where the old one said it."""

    what: str
    line: int
    cue: str | None = None


@dataclass(frozen=True, slots=True)
class Converted:
    """The new file, and what was lost on the way."""

    raw: bytes
    format: str
    cues: int
    losses: tuple[Loss, ...]

    def summary(self) -> list[tuple[str, int, int]]:
        """Each kind of loss, how often it happened, and the first line of it; the most frequent first."""
        counts = Counter(loss.what for loss in self.losses)
        first = {loss.what: loss.line for loss in reversed(self.losses)}
        return [(what, count, first[what]) for what, count in counts.most_common()]


def converted(
    document: Document, to: str, *, rate: Fraction | None = None, language: str | None = None
) -> Converted:
    """The file in another format; in its own, the same text as UTF-8.

    `rate` is for a format that counts frames, `language` chooses among those of a file that has several.
    Raises SubtitleRefused.
    """
    target = named(to)
    if target.name == document.format.name:
        return _recoded(document)
    own = document.parsed.rate if document.format.name == "microdvd" else None
    work = _Conversion(document, target, rate or own, language)
    lines = work.lines()
    work.beside()
    text = target.file(lines, work.rate)
    raw = text.encode("utf-8", "replace")
    if len(read(raw, format=target.name).cues) != len(lines):
        reason = f"what the cues say can't be told from {target.name}'s own signs; choose another format"
        raise SubtitleRefused("not_held", reason)
    return Converted(raw, target.name, len(lines), tuple(work.losses))


def _recoded(document: Document) -> Converted:
    text = _DECLARED.sub(r"\g<1>UTF-8", document.source.text, count=1)
    wrong = next((n for n, c in enumerate(text) if "\ud800" <= c <= "\udfff"), None)
    losses: tuple[Loss, ...] = ()
    if wrong is not None:
        line = text.count("\n", 0, wrong) + 1
        losses = (Loss(f"bytes that are none of {document.source.encoding}", line),)
    raw = text.encode("utf-8", "replace")
    return Converted(raw, document.format.name, len(document.cues), losses)


@dataclass(slots=True)
class _Conversion:
    document: Document
    target: Format
    rate: Fraction | None
    language: str | None
    losses: list[Loss] = field(default_factory=list)
    _cue: Cue | None = None
    _styles: set[str] = field(default_factory=set)

    def lost(self, what: str) -> None:
        """Notes a loss of the cue that is being written; the same one of a cue once."""
        cue = self._cue
        loss = Loss(what, cue.line, cue.id) if cue else Loss(what, 1)
        if loss not in self.losses[-20:]:
            self.losses.append(loss)

    def lines(self) -> list[Line]:
        """The cues that are shown."""
        chosen = list(self._chosen())
        if self.target.name in _NO_OVERLAP | _NO_END:
            chosen.sort(key=lambda each: each[1].start_ms)
        out = []
        for number, (index, cue) in enumerate(chosen):
            following = chosen[number + 1][1].start_ms if number + 1 < len(chosen) else None
            self._cue = cue
            line = self._line(index, cue, following)
            if line is not None:
                out.append(line)
        self._cue = None
        return out

    def _chosen(self) -> Iterator[tuple[int, Cue]]:
        """Cues of one language, without comments."""
        shown = [(n, cue) for n, cue in enumerate(self.document.cues) if cue.kind == "shown"]
        names = Counter(cue.language for _, cue in shown)
        wanted = self.language if self.language is not None else next(iter(names), "")
        if names and wanted not in names:
            reason = f"it has no cues in {wanted!r}; say one of {', '.join(filter(None, names)) or 'none'}"
            raise SubtitleRefused("language", reason)
        for cue in self.document.cues:
            if cue.kind == "comment":
                self.losses.append(Loss("a comment", cue.line, cue.id))
            elif cue.language != wanted:
                self.losses.append(Loss(f"the language {cue.language}", cue.line, cue.id))
        yield from (each for each in shown if each[1].language == wanted)

    def _line(self, index: int, cue: Cue, following: int | None) -> Line | None:
        pieces = self._pieces(cue)
        if not plain(pieces).strip():
            drawn = any(piece.kind == "hidden" for piece in pieces)
            self.lost("a cue that is a drawing" if drawn else "a cue without words")
            return None
        text = self.target.written(pieces, self.lost)
        start, end = self._times(cue, plain(pieces), following)
        self._named(cue)
        places = (int(each.value) for each in pieces if each.kind == "mark" and each.text == PLACE)
        return Line(start, end, text, next(places, 2))

    def _pieces(self, cue: Cue) -> list[Piece]:
        """A cue's own, within what its style, its settings and its speaker add."""
        styling = self.document.parsed.stylings.get(cue.style)
        before = list(styling.before) if styling else []
        if styling and cue.style not in self._styles and self.target.name not in _SAME_STYLES:
            self._styles.add(cue.style)
            self.losses += [Loss(f"the style {cue.style}: {what}", cue.line) for what in styling.lost]
        if (place := place_of(cue.settings)) is not None:
            before.append(Piece("mark", "", PLACE, str(place)))
        if cue.speaker and self.target.name == "vtt":
            before.append(Piece("open", "", "voice", cue.speaker))
        own = self.document.pieces(cue)
        has_place = any(each.kind == "mark" and each.text == PLACE for each in own)
        return [piece for piece in before if not has_place or piece.kind != "mark"] + own

    def _named(self, cue: Cue) -> None:
        """What a cue is called, said by, and where exactly it is."""
        if cue.speaker and self.target.name != "vtt":
            self.lost(f"the speaker {cue.speaker[:40]}")
        if cue.settings:
            self.lost(f"the settings {cue.settings[:40]}")
        if cue.label and not cue.label.isdigit():
            self.lost(f"the name {cue.label[:40]}")

    def _times(self, cue: Cue, words: str, following: int | None) -> tuple[int, int]:
        start, end = cue.start_ms, cue.end_ms
        if end is None:
            end = start + _SHORTEST_MS + _CHARACTER_MS * len(words)
            end = min(end, max(start, following)) if following is not None else end
            self.lost("nothing, but its end was not said and is an estimate")
        elif self.target.name in _NO_END:
            self.lost("its end")
        elif self.target.name in _NO_OVERLAP and following is not None and end > following:
            self.lost("its end, as the next one begins before")
        if start < 0 or end < start:
            self.lost("its times, which began before zero or went back")
        start = max(start, 0)
        end = max(end, start)
        self._rounded(start, end)
        return start, end

    def _rounded(self, start: int, end: int) -> None:
        step = {"ass": 10, "ssa": 10, "mpl2": 100, "tmp": 1000}.get(self.target.name, 1)
        if start % step or (end % step and self.target.name not in _NO_END):
            self.lost(f"exact times, which are rounded to {step} ms")

    def beside(self) -> None:
        """What stands beside the cues."""
        text = self.document.source.text
        for block in self.document.parsed.blocks:
            said = text[slice(*block.span)]
            if block.kind not in _KEPT_BLOCKS and not (
                block.kind == "header" and _BARE_HEADER.fullmatch(said)
            ):
                self.losses.append(Loss(f"the block {block.kind}", block.line))
        for remark in self.document.parsed.remarks:
            self.losses.append(Loss("what was not understood", remark.line))
        if self.target.name == "microdvd":
            self.losses.append(Loss("exact times, which are rounded to frames", 1))


def report(losses: Iterable[Loss]) -> Sequence[dict[str, object]]:
    """The losses for a program."""
    return [{"what": printable(loss.what), "line": loss.line, "cue": loss.cue} for loss in losses]
