"""Changes of a file: each is a patch of its bytes, and what they give is read again before it is believed."""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from connectors.subtitles.document import Document, fresh_id, placed
from connectors.subtitles.encodings import reopened
from connectors.subtitles.layout import NewCue
from connectors.subtitles.refusal import MOST_EDITS, SubtitleRefused
from connectors.subtitles.source import Patch, line_end
from schemas.cues import Cue

_ENDS = re.compile(r"\r\n|\r|\n")
_BACKWARDS = "it would end before it begins; give other times"


@dataclass(frozen=True, slots=True)
class SetText:
    """Another text, with the format's own tags. Its lines end as the cue's did."""

    id: str
    text: str


@dataclass(frozen=True, slots=True)
class SetTimes:
    """Other times. One that is None, or as it was, keeps its bytes."""

    id: str
    start_ms: int | None = None
    end_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Insert:
    """A new cue, before another or after all."""

    start_ms: int
    end_ms: int | None
    text: str
    before: str | None = None


@dataclass(frozen=True, slots=True)
class Delete:
    """One cue less."""

    id: str


@dataclass(frozen=True, slots=True)
class Shift:
    """All cues, comments too, later by so much."""

    by_ms: int


Edit = SetText | SetTimes | Insert | Delete | Shift


@dataclass(slots=True)
class _Wanted:
    """A cue as it has to be afterwards."""

    id: str
    start_ms: int
    end_ms: int | None
    text: str
    was: Cue | None
    retimed: bool = False


def edited(document: Document, edits: Sequence[Edit]) -> Document:
    """The file with all of the changes, or none. Every other cue's bytes, and its id, are what they were.

    Raises SubtitleRefused.
    """
    if len(edits) > MOST_EDITS:
        raise SubtitleRefused(
            "too_many_edits", f"up to {MOST_EDITS} changes are made at once; send them in parts"
        )
    work = _Work(document)
    for edit in edits:
        work.take(edit)
    raw = document.source.patched(work.patches())
    wanted = work.wanted()
    return _checked(document, raw, wanted)


class _Work:
    """Changes are gathered first: all are patches of the same text."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.index = {cue.id: number for number, cue in enumerate(document.cues)}
        self.texts: dict[int, str] = {}
        self.times: dict[int, tuple[int | None, int | None]] = {}
        self.deleted: set[int] = set()
        self.shifted_ms = 0
        self.inserted: dict[int, list[Insert]] = {}

    def take(self, edit: Edit) -> None:
        """Gathers a change. Raises SubtitleRefused."""
        if isinstance(edit, SetText):
            self.texts[self._once(self.texts, self.at(edit.id))] = edit.text
        elif isinstance(edit, SetTimes):
            self.times[self._once(self.times, self.at(edit.id))] = (edit.start_ms, edit.end_ms)
        elif isinstance(edit, Delete):
            self.deleted.add(self.at(edit.id))
        elif isinstance(edit, Insert):
            at = len(self.document.cues) if edit.before is None else self.at(edit.before)
            self.inserted.setdefault(at, []).append(edit)
        else:
            self._shift(edit.by_ms)

    def at(self, id: str) -> int:
        """Which cue it is. Raises SubtitleRefused."""
        try:
            return self.index[id]
        except KeyError:
            raise SubtitleRefused("no_such_cue", f"there is no cue {id!r}; read the file again") from None

    def _once(self, of: Container[int], index: int) -> int:
        if index in of:
            reason = "it is changed twice; make one change after the other"
            raise SubtitleRefused("overlap", reason, self.document.cues[index].line)
        return index

    def _shift(self, by_ms: int) -> None:
        self.shifted_ms = by_ms
        for index, cue in enumerate(self.document.cues):
            start_ms = cue.start_ms + by_ms
            if start_ms < 0 <= cue.start_ms:
                reason = f"it would begin {-start_ms} ms before zero; shift by {by_ms - start_ms} ms at most"
                raise SubtitleRefused("before_zero", reason, cue.line)
            end_ms = None if cue.end_ms is None else cue.end_ms + by_ms
            self.times[self._once(self.times, index)] = (start_ms, end_ms)

    def patches(self) -> Iterable[Patch]:
        """What is put into the text; what two cues share, and change alike, once. Raises SubtitleRefused."""
        return dict.fromkeys(self._patches())

    def _patches(self) -> Iterator[Patch]:
        document, text = self.document, self.document.source.text
        for index, new in self.texts.items():
            if index not in self.deleted:
                patch = document.format.texted(text, document.parsed.spots[index], self._ended(index, new))
                yield _smallest(text, patch)
        for index, (start_ms, end_ms) in self.times.items():
            if index not in self.deleted:
                self._check_times(index, start_ms, end_ms)
                yield from document.format.timed(text, document.parsed, index, start_ms, end_ms)
        if self.shifted_ms:
            loose = document.parsed.loose
            yield from (Patch(*at, str(max(0, ms + self.shifted_ms))) for at, ms in loose)
        yield from (document.format.removed(text, document.parsed, index) for index in self.deleted)
        news = [(index, each) for index in sorted(self.inserted) for each in self.inserted[index]]
        yield from (self._insertion(index, each, before) for before, (index, each) in enumerate(news))

    def _insertion(self, index: int, edit: Insert, before: int) -> Patch:
        document = self.document
        if edit.end_ms is not None and edit.end_ms < edit.start_ms:
            raise SubtitleRefused(
                "times", "it would end before it begins; give other times", self._line(index)
            )
        cue = NewCue(edit.start_ms, edit.end_ms, self._ended(index, edit.text), before)
        return document.format.inserted(document.source.text, document.parsed, index, cue)

    def _line(self, index: int) -> int:
        cues = self.document.cues
        return cues[min(index, len(cues) - 1)].line if cues else 1

    def _check_times(self, index: int, start_ms: int | None, end_ms: int | None) -> None:
        cue = self.document.cues[index]
        start = cue.start_ms if start_ms is None else start_ms
        end = cue.end_ms if end_ms is None else end_ms
        was_backwards = cue.end_ms is not None and cue.end_ms < cue.start_ms
        if end is not None and end < start and not was_backwards:
            raise SubtitleRefused("times", _BACKWARDS, cue.line)

    def _ended(self, index: int, text: str) -> str:
        """A text whose lines end as those of the cue that is there."""
        spots = self.document.parsed.spots
        near = spots[min(index, len(spots) - 1)].whole[0] if spots else 0
        return _ENDS.sub(line_end(self.document.source.text, near), text)

    def wanted(self) -> list[_Wanted]:
        """Each cue as it has to be, in order."""
        out: list[_Wanted] = []
        taken = dict.fromkeys(self.document.ids, 1)
        for index in range(len(self.document.cues) + 1):
            for new in self.inserted.get(index, ()):
                id = fresh_id(new.start_ms, new.end_ms, new.text, "", taken)
                text = self._ended(index, new.text)
                out.append(_Wanted(id, new.start_ms, new.end_ms, text, None, retimed=True))
            if index < len(self.document.cues) and index not in self.deleted:
                out.append(self._kept(index, self.document.cues[index]))
        return out

    def _kept(self, index: int, cue: Cue) -> _Wanted:
        start_ms, end_ms = self.times.get(index, (None, None))
        text = self._ended(index, self.texts[index]) if index in self.texts else cue.text
        return _Wanted(
            cue.id,
            cue.start_ms if start_ms is None else start_ms,
            cue.end_ms if end_ms is None else end_ms,
            text,
            cue,
            retimed=index in self.times,
        )


def _smallest(text: str, patch: Patch) -> Patch:
    """Leaves out what stays: bytes that have a second way to be written keep the one they had."""
    old, new = text[patch.start : patch.end], patch.text
    most = min(len(old), len(new))
    first = next((n for n in range(most) if old[n] != new[n]), most)
    last = next((n for n in range(most - first) if old[-1 - n] != new[-1 - n]), most - first)
    return Patch(patch.start + first, patch.end - last, new[first : len(new) - last])


def _checked(document: Document, raw: bytes, wanted: Sequence[_Wanted]) -> Document:
    """What the bytes say, if that is what was wanted. Raises SubtitleRefused."""
    old = document.source
    source = reopened(raw, old)
    body = source.text
    found = document.format.parse(body, document.rate)
    if len(found.spots) != len(wanted):
        pairs = zip(found.spots, wanted, strict=False)
        line = next((s.line for s, w in pairs if body[slice(*s.text_at)] != w.text), 1)
        reason = (
            "the change would make more or fewer cues than it should; take what looks like times or tags out"
        )
        raise SubtitleRefused("text", reason, line)
    after = placed(replace(document, source=source, parsed=found), [each.id for each in wanted])
    grain = document.format.grain_ms(document.parsed)
    for cue, want in zip(after.cues, wanted, strict=True):
        if not _is(cue, want, float(grain)):
            reason = "the change would touch other cues, or not say what it should; make it another way"
            raise SubtitleRefused("not_alone", reason, cue.line)
    return after


def _is(cue: Cue, want: _Wanted, grain_ms: float) -> bool:
    if cue.text != want.text or not _near(cue, want, grain_ms if want.retimed else 0):
        return False
    was = want.was
    return was is None or (cue.kind, cue.label, cue.style, cue.speaker, cue.language, cue.settings) == (
        was.kind,
        was.label,
        was.style,
        was.speaker,
        was.language,
        was.settings,
    )


def _near(cue: Cue, want: _Wanted, grain_ms: float) -> bool:
    if cue.end_ms is None or want.end_ms is None:
        same_end = want.end_ms is None or want.was is None
    else:
        same_end = abs(cue.end_ms - want.end_ms) <= grain_ms
    return same_end and abs(cue.start_ms - want.start_ms) <= grain_ms
