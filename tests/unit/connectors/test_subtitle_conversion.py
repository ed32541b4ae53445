"""Subtitles in another format: what viewers read stays, and what does not is in the report."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import orjson
import pysubs2
import pytest

from connectors.process import ToolRunner
from connectors.sandbox import Sandbox, find_isolation
from connectors.subtitle_tools import SubtitleTools
from connectors.subtitles.conversion import Converted, converted
from connectors.subtitles.document import Document, read
from connectors.subtitles.formats import FORMATS
from connectors.subtitles.refusal import SubtitleRefused
from schemas.cues import plain
from tests.unit.connectors.subtitle_files import FEATURES, LANGUAGES, srt

BOTH = [(name, to) for name in FEATURES for to in FORMATS]


def words(document: Document) -> Sequence[str]:
    """What viewers read, whatever the space between."""
    said = (plain(document.pieces(cue)) for cue in document.cues if cue.kind == "shown")
    return sorted(" ".join(each.replace("\N{FRACTION SLASH}", "/").split()) for each in said if each.strip())


def opened(name: str) -> Document:
    return read(FEATURES[name].encode(), name)


def lost(made: Converted) -> set[str]:
    return {loss.what for loss in made.losses}


@pytest.mark.parametrize(("name", "to"), BOTH, ids=lambda value: str(value))
def test_the_words_of_all_cues_are_in_the_new_file(name: str, to: str) -> None:
    document = opened(name)
    made = converted(document, to)
    after = read(made.raw, format=to)
    wanted = words(document)
    if name == "film.smi" and to != "sami":
        wanted = [each for each in wanted if each != "안녕"]
        assert "the language KRCC" in lost(made)
    assert words(after) == wanted


@pytest.mark.parametrize("to", ["srt", "vtt", "ttml", "json"])
def test_times_stay_to_the_millisecond(to: str) -> None:
    document = read(srt("a", "b", "c").replace(",500", ",123").encode())
    after = read(converted(document, to).raw, format=to)
    assert [(c.start_ms, c.end_ms) for c in after.cues] == [(c.start_ms, c.end_ms) for c in document.cues]


def test_what_the_target_can_hold_is_kept() -> None:
    made = converted(
        read(srt('{\\an8}<i>a <b>b</b></i>\n<font color="#ffff00">c & <3</font>').encode()), "vtt"
    )
    assert made.raw.decode() == (
        "WEBVTT\n\n00:00:02.000 --> 00:00:03.500 line:0\n<i>a <b>b</b></i>\n<c.yellow>c &amp; &lt;3</c>\n\n"
    )
    assert not made.losses
    back = converted(read(made.raw), "ass")
    assert rb"{\an8\i1}a {\b1}b{\b0\i0}\N{\c&H00FFFF&}c & <3" in back.raw


def test_the_report_says_what_was_lost_and_where() -> None:
    document = opened("film.ass")
    made = converted(document, "srt")
    losses = {loss.what: loss for loss in made.losses}
    assert losses["karaoke"].cue == document.cues[3].id
    assert (losses["a drawing"].line, losses["the block Fonts"].line) == (19, 25)
    assert {
        "a comment",
        "the speaker Ann",
        "the effect \\fad(100,200)",
        "the style Sign: fontname Times",
        "what was not understood",
        "its times, which began before zero or went back",
    } <= set(losses)
    assert b"<i><b>text</b></i>" in made.raw, "what a style does to a whole cue is said in tags"
    assert ("karaoke", 1, 20) in made.summary()


LOST = [
    (
        "film.vtt",
        "srt",
        {"the block style", "the block region", "the block note", "the name of a voice Ann", "ruby"},
    ),
    ("film.vtt", "tmp", {"its end", "place 7", "colour yellow"}),
    (
        "film.srt",
        "mpl2",
        {"place 8", "bold on a part of the text", "exact times, which are rounded to 100 ms"},
    ),
    ("film.srt", "microdvd", {"exact times, which are rounded to frames"}),
    ("film.txt", "srt", {"nothing, but its end was not said and is an estimate"}),
    ("film.ttml", "vtt", {"the settings r", "the name one"}),
    ("film.srt", "sami", {"its end, as the next one begins before", "place 8"}),
]


@pytest.mark.parametrize(("name", "to", "wanted"), LOST)
def test_each_format_says_what_it_lacks(name: str, to: str, wanted: set[str]) -> None:
    assert wanted <= lost(converted(opened(name), to))


def test_the_same_format_is_the_same_text_in_utf_8() -> None:
    text = srt(*LANGUAGES["cp1251"].split("\n"))
    made = converted(read(text.encode("cp1251")), "srt")
    assert made.raw == text.encode()
    assert not made.losses
    declared = '<?xml version="1.0" encoding="windows-1252"?><tt><p begin="1s" end="2s">\xe9</p></tt>'
    assert b'encoding="UTF-8"' in converted(read(declared.encode("cp1252")), "ttml").raw
    broken = converted(read(srt("a").encode() + b"\x81", encoding="cp1252"), "srt")
    assert [(loss.what, loss.line) for loss in broken.losses] == [("bytes that are none of cp1252", 5)]


def test_a_language_is_chosen_and_frames_are_those_that_were_said() -> None:
    assert words(read(converted(opened("film.smi"), "srt", language="KRCC").raw)) == ["안녕"]
    with pytest.raises(SubtitleRefused, match="say one of ENCC, KRCC"):
        converted(opened("film.smi"), "srt", language="FRCC")
    made = converted(read(srt("a").encode()), "microdvd", rate=Fraction(25))
    assert made.raw == b"{1}{1}25\n{50}{88}a\n"


@pytest.mark.parametrize(
    "name", ["srt", "ass", "vtt", "ttml", "microdvd", "mpl2", "tmp", "json", "ssa", "sami"]
)
def test_what_we_write_others_read(name: str) -> None:
    document = read(srt("first", "in\ntwo lines", "last").encode())
    read_back = pysubs2.SSAFile.from_string(converted(document, name).raw.decode(), name)
    events = [event for event in read_back.events if event.plaintext.strip()]
    assert [event.plaintext for event in events] == ["first", "in\ntwo lines", "last"]
    assert [abs(event.start - cue.start_ms) <= 42 for event, cue in zip(events, document.cues, strict=True)]


@pytest.mark.parametrize("name", ["srt", "ass", "vtt", "ttml", "microdvd", "mpl2", "tmp", "json", "ssa"])
def test_what_others_write_we_read_as_they_do(name: str) -> None:
    theirs = pysubs2.SSAFile.from_string(srt("first", "in\ntwo lines", "last"))
    document = read(theirs.to_string(name, fps=25).encode(), f"film.{name}")
    assert document.format.name == name
    assert [plain(document.pieces(cue)).strip() for cue in document.cues] == [
        "first",
        "in\ntwo lines",
        "last",
    ]
    assert [cue.start_ms for cue in document.cues] == [event.start for event in theirs.events]


async def test_the_tool_reads_edits_and_converts_behind_its_walls(tmp_path: Path) -> None:
    tools = SubtitleTools(ToolRunner(Sandbox(find_isolation())))
    source, folder = tmp_path / "film.srt", tmp_path / "made"
    source.write_bytes(srt("a", "b").encode())
    folder.mkdir()
    head, *cues = map(orjson.loads, (await tools.read(source, folder, {})).read_bytes().splitlines())
    assert (head["format"], head["encoding"], [cue["plain"] for cue in cues]) == ("srt", "utf-8", ["a", "b"])
    ids = [cue["id"] for cue in cues]
    edits = [{"edit": "text", "id": ids[1], "text": "c"}, {"edit": "times", "id": ids[0], "end_ms": 3600}]
    out, after = await tools.edit(source, folder, {"ids": ids}, edits)
    assert out.read_bytes() == srt("a", "c").replace("03,500", "03,600").encode()
    assert [orjson.loads(line)["id"] for line in after.read_bytes().splitlines()[1:]] == ids
    made, losses = await tools.convert(source, folder, {"to": "vtt"})
    assert made.read_bytes().startswith(b"WEBVTT\n\n")
    assert losses.read_bytes() == b""


async def test_the_tool_passes_refusals_on(tmp_path: Path) -> None:
    tools = SubtitleTools(ToolRunner(Sandbox(find_isolation())))
    (tmp_path / "film.ttml").write_bytes(b"<tt>\n<p></tt>")
    with pytest.raises(SubtitleRefused, match="line 2: it is no well-formed XML") as refused:
        await tools.read(tmp_path / "film.ttml", tmp_path, {})
    assert refused.value.code == "xml"
    (tmp_path / "film.srt").write_bytes(srt("a").encode())
    with pytest.raises(SubtitleRefused, match="say one of text, times"):
        await tools.edit(tmp_path / "film.srt", tmp_path, {}, [{"edit": "explode"}])
