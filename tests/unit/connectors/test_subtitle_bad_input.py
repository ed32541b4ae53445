"""Subtitle files that nobody should have made: refused with the line, or treated exactly, in bounded time."""

from __future__ import annotations

import contextlib
import random
import tracemalloc
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.subtitles.conversion import converted
from connectors.subtitles.document import Document, read
from connectors.subtitles.editing import SetText, Shift, edited
from connectors.subtitles.formats import FORMATS
from connectors.subtitles.layout import joined
from connectors.subtitles.refusal import MOST_BYTES, MOST_TEXT, SubtitleRefused
from tests.unit.connectors.subtitle_files import FEATURES, files, srt

_LOL = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
_PROGRAM = b"\x7fELF\x02\x01\x01" + bytes(range(256)) * 20
_CUE = "00:00:01,000 --> 00:00:02,000\nx\n\n"
REFUSED: dict[str, tuple[Callable[[], bytes], str]] = {
    "a program": (
        lambda: b"\x7fELF\x02\x01\x01" + bytes(200) + bytes(range(256)),
        "line 1: .* no subtitle file",
    ),
    "noise": (lambda: random.Random(1).randbytes(5000), "line .*: it holds bytes that no text has"),
    "words": (lambda: b"Once upon a time.\n" * 50, "line 1: it is like no subtitle format"),
    "nothing": (lambda: b"", "line 1: it is like no subtitle format"),
    "too many bytes": (lambda: b"x" * (MOST_BYTES + 1), "line 1: it has 33554433 bytes"),
    "a line of 10 MB": (
        lambda: f"1\n{_CUE}{'x' * 10_000_000}".encode(),
        "line 5: it has 10000000 characters",
    ),
    "a long text": (lambda: srt("x\n" * MOST_TEXT).encode(), "line 1: the text of a cue has more than"),
    "a billion laughs": (
        lambda: f'<!DOCTYPE tt [<!ENTITY l0 "lol">{_LOL}]><tt><p begin="1s">&l9;</p></tt>'.encode(),
        "line 1: it declares a document type",
    ),
    "a file's text": (
        lambda: b'<?xml version="1.0"?>\n<!DOCTYPE tt [<!ENTITY x SYSTEM "file:///etc/passwd">]><tt>&x;</tt>',
        "line 2: it declares a document type",
    ),
    "XML that is cut off": (lambda: b'<tt>\n<p begin="1s">', "line 2: it is no well-formed XML"),
    "XML without a bottom": (lambda: b"<tt>" + b"<div>" * 900 + b"</div>" * 900 + b"</tt>", "too deep"),
    "times in sequence": (lambda: b'<tt>\n<body timeContainer="seq"/></tt>', "line 2: times that follow"),
    "JSON that is cut off": (lambda: b'{"events": [\n{"start": 1', "line 2: it is no JSON"),
    "JSON without a bottom": (lambda: b'{"events": ' + b"[" * 100_000, "line 1: it is no JSON"),
    "a time beyond all": (lambda: b"99999999:00:00,000 --> 00:00:02,000\nx\n", "line 1: a time of more than"),
    "500,000 cues at one instant": (
        lambda: b"{0}{1}x\n" * 500_000,
        "line 100001: it has more than",
    ),
}


@pytest.mark.parametrize(("made", "why"), REFUSED.values(), ids=REFUSED)
def test_it_is_refused_with_the_line(made: Callable[[], bytes], why: str) -> None:
    with pytest.raises(SubtitleRefused, match=why):
        read(made())


def test_what_its_name_says_does_not_count() -> None:
    assert read(FEATURES["film.vtt"].encode(), "film.srt").format.name == "vtt"
    assert read(FEATURES["film.srt"].encode(), "film.ass").format.name == "srt"
    with pytest.raises(SubtitleRefused, match="no text has"):
        read(_PROGRAM, "film.srt")


def test_many_cues_at_one_instant_are_all_there() -> None:
    document = read(b"00:00:01,000 --> 00:00:01,000\nx\n\n" * 5000)
    assert len({*document.ids}) == 5000
    assert edited(document, [SetText(document.ids[2500], "y")]).cues[2500].text == "y"


_N = 5_000
_ATTRIBUTES = " ".join(f'a{n}=""' for n in range(_N))
SLOW = {
    "arrows": "-->" * _N,
    "arrows in lines": "1:-->\n" * _N,
    "numbers": "1\n" * _N + _CUE,
    "spaces": _CUE + " " * _N + "\n" * _N + " \n" * _N + _CUE,
    "colons": _CUE + "1" + ":" * _N + "-->",
    "tags": _CUE.replace("x", "<" * _N),
    "tags of VTT": "WEBVTT\n\n00:01.000 --> 00:02.000\n<" + "a.b" * _N,
    "labels": "WEBVTT\n\n" + "x\n" * _N + "00:01.000 --> 00:02.000\n" + "y\n" * _N,
    "braces": _CUE.replace("x", "{\\" * _N),
    "overrides": "[Events]\nDialogue: 0,0:00:01.00,0:00:02.00,,,0,0,0,,{" + r"\t(" * _N + "}" + "{" * _N,
    "sections": "[Events]\n" + "[a" * _N + "\n" + "[Events]\n" * _N,
    "commas": "[Events]\nFormat: " + "a," * _N + "\nDialogue: " + "," * _N,
    "frames": "{1}{2}" + "{y:i}" * _N + "|/" * _N,
    "comments": "<SAMI><SYNC Start=1>" + "<!--" * _N + "<P" * _N,
    "syncs": "<SAMI>" + "<SYNC Start=1>" * _N,
    "quotes": '<SAMI><SYNC Start=1 x="' + "'\"" * _N + "<P a" * _N,
    "attributes": "<tt><p " + _ATTRIBUTES + ' begin="1s">' + " " * _N + "</p></tt>",
    "escapes": '{"events": [{"start": 1, "text": "' + "\\u0041" * _N + '"}]}',
    "entities": "WEBVTT\n\n00:01.000 --> 00:02.000\n" + "&" * _N + "&lt" * _N,
}


@pytest.mark.timeout(60)
@pytest.mark.parametrize("text", SLOW.values(), ids=SLOW)
def test_what_is_made_to_be_slow_is_not(text: str) -> None:
    """It takes milliseconds; the time-out is for what grows with the square."""
    tried(text.encode())


def attempt(work: Callable[[], Document]) -> Document | None:
    """What it gives; None for what is refused."""
    with contextlib.suppress(SubtitleRefused):
        return work()
    return None


def tried(raw: bytes) -> None:
    """Reads bytes, changes them and converts them; refusals are fine."""
    document = attempt(lambda: read(raw))
    if document is None:
        return
    assert edited(document, []).raw == raw
    for cue in document.cues[:20]:
        assert joined(document.pieces(cue)) == cue.text
    for to in ("srt", "vtt", "ass", "ttml"):
        with contextlib.suppress(SubtitleRefused):
            converted(document, to)
    moved = attempt(lambda: edited(document, [Shift(1000)]))
    assert moved is None or moved.ids == document.ids


CORPUS = [raw for _, raw in files().values()]
PARTS = [part for text in FEATURES.values() for part in text.replace("\n", "\n\0").split("\0")]
PARTS += ["\r", "\n\n", "-->", "<", "{", "\\", "&#0;", "\x00", "\ufeff", "|", "]]>", "<!--", '"', "-1"]


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """A file of the corpus with some bytes changed, cut, doubled or put elsewhere."""
    raw = bytearray(draw(st.sampled_from(CORPUS)))
    for _ in range(draw(st.integers(1, 6))):
        start = draw(st.integers(0, len(raw)))
        end = min(len(raw), start + draw(st.integers(0, 40)))
        raw[start:end] = draw(
            st.one_of(st.binary(max_size=6), st.just(bytes(raw[start:end]) * 2), st.just(b""))
        )
    return bytes(raw)


@settings(max_examples=120, deadline=None)
@given(damaged())
def test_a_damaged_file_is_read_or_refused(raw: bytes) -> None:
    tried(raw)


@settings(max_examples=80, deadline=None)
@given(st.lists(st.sampled_from(PARTS), max_size=25))
def test_parts_of_files_in_any_order_are_read_or_refused(parts: list[str]) -> None:
    tried("".join(parts).encode())


@pytest.mark.full
@settings(max_examples=3_000, deadline=None)
@given(st.one_of(damaged(), st.lists(st.sampled_from(PARTS), max_size=60).map(lambda p: "".join(p).encode())))
def test_for_longer(raw: bytes) -> None:
    tried(raw)


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(sorted(FORMATS)), st.binary(max_size=300))
def test_any_bytes_are_read_in_any_format_or_refused(name: str, raw: bytes) -> None:
    document = attempt(lambda: read(raw, format=name, encoding="cp1252"))
    assert document is None or edited(document, []).raw == raw


def test_memory_is_bounded_by_the_size_of_the_file() -> None:
    raw = _CUE.encode() * 4000
    tracemalloc.start()
    try:
        document = read(raw)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(document.cues) == 4000
    assert most < 40 * len(raw)
