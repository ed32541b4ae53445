"""Finds the cues of a TTML document: elements p, or the spans in one that have the times instead."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from fractions import Fraction
from xml.etree.ElementTree import ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import XMLParser

from connectors.subtitles.layout import Gathering, Parsed, Span, Spot
from connectors.subtitles.refusal import SubtitleRefused
from connectors.subtitles.source import line_at
from connectors.subtitles.ttml_times import Rates, rates_of

_TOKEN = re.compile(
    r"<!--.*?-->|<!\[CDATA\[.*?\]\]>|<\?.*?\?>"
    r"|<(/?)([^\s/>!?]+)((?:\s+[^\s=/>]+\s*=\s*(?:\"[^\"]*\"|'[^']*'))*)\s*(/?)>",
    re.S,
)
_ATTRIBUTE = re.compile(r"([^\s=/>]+)\s*=\s*(?:\"([^\"]*)\"|'([^']*)')")
NAME = re.compile(r"<([^\s/>]+)((?:\s+[^\s=/>]+\s*=\s*(?:\"[^\"]*\"|'[^']*'))*)")
_MOST_DEPTH = 200


class _Nothing:
    """Builds no tree."""

    def start(self, tag: str, attributes: object) -> None: ...

    def end(self, tag: str) -> None: ...

    def data(self, data: str) -> None: ...

    def close(self) -> None: ...


def check(text: str) -> None:
    """Refuses what is no well-formed XML, or declares anything. Raises SubtitleRefused."""
    parser = XMLParser(target=_Nothing(), encoding="utf-8", forbid_dtd=True)
    try:
        parser.feed(text.encode("utf-8", "replace"))
        parser.close()
    except DefusedXmlException:
        at = max(0, text.upper().find("<!DOCTYPE"))
        reason = "it declares a document type or entities, which are not read; remove the declaration"
        raise SubtitleRefused("declarations", reason, line_at(text, at)) from None
    except ParseError as error:
        reason = f"it is no well-formed XML: {error.msg}; correct it"
        raise SubtitleRefused("xml", reason, error.position[0]) from None


@dataclass(slots=True)
class _Element:
    name: str
    tag: Span
    base_ms: int
    """What the times of its own children are counted from."""
    start_ms: int
    end_ms: int | None
    said: dict[str, tuple[str, Span]] = field(default_factory=dict)
    has_cues: bool = False
    is_broken: bool = False

    @property
    def is_timed(self) -> bool:
        return not {"begin", "end", "dur"}.isdisjoint(self.said)


class Reading:
    """One pass over the tags of a document that is well-formed."""

    def __init__(self, text: str, rate: Fraction | None) -> None:
        self.text = text
        self.found = Gathering(text)
        self.rates = Rates(rate) if rate else Rates()
        self._said_rate = rate
        self._open: list[_Element] = []

    def run(self) -> Parsed:
        """All cues, in the order in which they end. Raises SubtitleRefused."""
        for token in _TOKEN.finditer(self.text):
            if token[2] is None:
                continue
            if not token[1]:
                self._begin(token)
            if token[1] or token[4]:
                self._end(token)
        self._blocks()
        return self.found.done(rate=self.rates.frames, ticks=self.rates.ticks)

    def _begin(self, token: re.Match[str]) -> None:
        name = token[2].rpartition(":")[2]
        said = _attributes(token)
        line = self.found.line(token.start())
        if len(self._open) >= _MOST_DEPTH:
            raise SubtitleRefused("depth", "its elements lie too deep in each other; flatten them", line)
        if said.get("timeContainer", ("",))[0] == "seq":
            reason = 'times that follow one another (timeContainer="seq") are not read; write begin and end'
            raise SubtitleRefused("seq", reason, line)
        if name == "tt":
            plain = {key: value for key, (value, _) in said.items()}
            self.rates = rates_of(plain, self._said_rate)
        self._open.append(self._element(name, token, said))

    def _element(self, name: str, token: re.Match[str], said: dict[str, tuple[str, Span]]) -> _Element:
        parent = self._open[-1] if self._open else _Element("", (0, 0), 0, 0, None)
        times = {key: self.rates.read(said[key][0].strip()) for key in ("begin", "end", "dur") if key in said}
        base = parent.start_ms
        start = base + (times.get("begin") or 0)
        end = parent.end_ms
        if (length := times.get("dur")) is not None:
            end = start + length
        if (last := times.get("end")) is not None:
            end = base + last
        made = _Element(name, token.span(), base, start, end, said)
        if None in times.values():
            made.is_broken = True
            self.found.remark(token.start(), "this element has a time of no form that is read")
        return made

    def _end(self, token: re.Match[str]) -> None:
        element = self._open.pop()
        parents = [each for each in self._open if each.name == "p"]
        is_span_cue = element.name == "span" and element.is_timed and parents and not parents[-1].is_timed
        if element.is_broken or not (element.name == "p" or is_span_cue):
            return
        if element.name == "p" and element.has_cues:
            return
        for each in parents:
            each.has_cues = True
        self.found.cue(self._spot(element, token))

    def _spot(self, element: _Element, token: re.Match[str]) -> Spot:
        start_tag, said = element.tag, element.said
        tag = NAME.match(self.text, start_tag[0])
        after_name = start_tag[0] + 1 + len(tag[1]) if tag else start_tag[1]
        length = "end" not in said and "dur" in said
        end_at = said["dur"][1] if length else said["end"][1] if "end" in said else None
        closed = bool(token[4])
        return Spot(
            self.found.line(start_tag[0]),
            (start_tag[0], token.end()),
            said["begin"][1] if "begin" in said else (after_name, after_name),
            end_at,
            (start_tag[1], start_tag[1] if closed else token.start()),
            element.start_ms,
            element.end_ms,
            label=said["id"][0] if "id" in said else "",
            style=said["style"][0] if "style" in said else "",
            speaker=said["agent"][0] if "agent" in said else "",
            language=said["lang"][0] if "lang" in said else "",
            settings=said["region"][0] if "region" in said else "",
            base_ms=element.base_ms,
            form=" ".join([*(["dur"] if length else []), *(["closed"] if closed else [])]),
        )

    def _blocks(self) -> None:
        for match in re.finditer(r"<(?:[\w.-]+:)?(style|region|metadata)[\s/>]", self.text):
            self.found.block(match[1], match.span())


def _attributes(token: re.Match[str]) -> dict[str, tuple[str, Span]]:
    """Values by local names, with where they are."""
    out: dict[str, tuple[str, Span]] = {}
    start = token.start(3)
    for each in _ATTRIBUTE.finditer(token[3]):
        group = 2 if each[2] is not None else 3
        at = (start + each.start(group), start + each.end(group))
        out[each[1].rpartition(":")[2]] = (each[group], at)
    return out
