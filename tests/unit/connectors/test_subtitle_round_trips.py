"""Subtitle files are read and written as they were, and a change costs what it is about and no byte more."""

from __future__ import annotations

from fractions import Fraction

import pytest

from connectors.subtitles.document import Document, read
from connectors.subtitles.editing import Delete, Edit, Insert, SetText, SetTimes, Shift, edited
from connectors.subtitles.layout import joined
from connectors.subtitles.refusal import SubtitleRefused
from schemas.cues import Cue
from tests.unit.connectors.subtitle_files import FEATURES, LANGUAGES, files, srt

FILES = files()
every_file = pytest.mark.parametrize(("name", "raw"), FILES.values(), ids=FILES)


def said(cue: Cue) -> tuple[object, ...]:
    return (cue.start_ms, cue.end_ms, cue.text, cue.label, cue.style, cue.settings, cue.kind)


def place(document: Document, index: int) -> tuple[int, int]:
    """Which bytes are a cue's."""
    start, end = document.parsed.spots[index].whole
    text, codec = document.source.text, (document.source.encoding, document.source.errors)
    ahead = len(document.source.mark)
    return ahead + len(text[:start].encode(*codec)), ahead + len(text[:end].encode(*codec))


def same_but(before: Document, after: Document, index: int) -> None:
    """Nothing but the bytes of one cue has changed."""
    start, end = place(before, index)
    rest = len(before.raw) - end
    assert after.raw[:start] == before.raw[:start]
    assert after.raw[len(after.raw) - rest :] == before.raw[end:]
    assert after.ids == before.ids
    for number, (one, other) in enumerate(zip(before.cues, after.cues, strict=True)):
        assert number == index or said(one) == said(other)


@every_file
def test_what_is_read_and_written_has_the_same_bytes(name: str, raw: bytes) -> None:
    document = read(raw, name)
    assert document.raw == edited(document, []).raw == raw
    assert document.source.patched([]) == raw
    assert len(document.cues) >= 2
    assert read(raw, name).cues == document.cues


@every_file
def test_a_text_that_is_changed_changes_its_own_bytes_alone(name: str, raw: bytes) -> None:
    document = read(raw, name)
    for index, cue in enumerate(document.cues):
        if "closed" in document.parsed.spots[index].form:
            continue
        after = edited(document, [SetText(cue.id, "changed")])
        assert after.cues[index].text == "changed"
        same_but(document, after, index)


@every_file
def test_a_text_that_is_put_back_gives_the_bytes_that_were(name: str, raw: bytes) -> None:
    document = read(raw, name)
    for index, cue in enumerate(document.cues):
        if not cue.text or "\n\n" in cue.text.replace("\r", ""):
            continue
        there = edited(document, [SetText(cue.id, cue.text + "x")])
        assert edited(there, [SetText(cue.id, cue.text)]).raw == raw, index


@every_file
def test_a_time_that_is_changed_changes_its_own_bytes_alone(name: str, raw: bytes) -> None:
    document = read(raw, name)
    for index, cue in enumerate(document.cues):
        if cue.end_ms is None or cue.end_ms <= cue.start_ms + 100 or document.format.name in ("sami", "tmp"):
            continue
        after = edited(document, [SetTimes(cue.id, end_ms=cue.end_ms + 2000)])
        assert abs((after.cues[index].end_ms or 0) - cue.end_ms - 2000) <= 42
        assert after.cues[index].start_ms == cue.start_ms
        same_but(document, after, index)


@every_file
def test_all_are_shifted_and_shifted_back(name: str, raw: bytes) -> None:
    document = read(raw, name)
    there = edited(document, [Shift(60_000)])
    assert there.ids == document.ids
    assert [cue.text for cue in there.cues] == [cue.text for cue in document.cues]
    for cue, was in zip(there.cues, document.cues, strict=True):
        assert abs(cue.start_ms - was.start_ms - 60_000) <= 42
    if min(cue.start_ms for cue in document.cues) < 0:
        return
    back = edited(there, [Shift(-60_000)])
    assert [c.text for c in back.cues] == [c.text for c in document.cues]
    for cue, was in zip(back.cues, document.cues, strict=True):
        assert abs(cue.start_ms - was.start_ms) <= 42


@every_file
def test_what_is_put_in_and_taken_out_again_leaves_the_bytes_that_were(name: str, raw: bytes) -> None:
    document = read(raw, name)
    if document.format.name == "sami":
        return  # what is put in there ends what is shown before; see below
    last = max(cue.end_ms or cue.start_ms for cue in document.cues)
    with_it = edited(document, [Insert(last + 60_000, last + 61_000, "put in", before=document.cues[-1].id)])
    assert with_it.cues[-2].text == "put in"
    assert [i for i in with_it.ids if i in document.ids] == list(document.ids)
    without = edited(with_it, [Delete(with_it.cues[-2].id)])
    assert without.ids == document.ids
    assert list(map(said, without.cues)) == list(map(said, document.cues))
    assert without.raw == raw


def test_in_sami_a_cue_is_put_where_nothing_is_shown() -> None:
    document = read(FEATURES["film.smi"].encode(), "film.smi")
    after = edited(document, [Insert(2600, 2900, "put in", before=document.ids[2])])
    assert [(cue.start_ms, cue.end_ms, cue.text) for cue in after.cues[1:4]] == [
        (1000, 2500, "안녕"),
        (2600, 2900, "put in"),
        (3000, 4000, "next < b"),
    ]
    with pytest.raises(SubtitleRefused, match="touch other cues in time"):
        edited(document, [Insert(2000, 2400, "put in", before=document.ids[2])])


@every_file
def test_a_cue_is_put_at_the_end(name: str, raw: bytes) -> None:
    document = read(raw, name)
    after = edited(document, [Insert(400_000_000_000 // 1000, 400_001_000, "at the end")])
    assert after.cues[-1].text == "at the end"
    assert after.ids[:-1] == document.ids
    assert list(map(said, after.cues[:-2])) == list(map(said, document.cues[:-1]))


@every_file
def test_a_cue_is_taken_out_and_no_other(name: str, raw: bytes) -> None:
    document = read(raw, name)
    for index, cue in enumerate(document.cues):
        after = edited(document, [Delete(cue.id)])
        assert after.ids == document.ids[:index] + document.ids[index + 1 :]
        kept = document.cues[:index] + document.cues[index + 1 :]
        assert [said(each)[:3] for each in after.cues] == [said(each)[:3] for each in kept]


@every_file
def test_the_pieces_of_a_text_are_that_text(name: str, raw: bytes) -> None:
    document = read(raw, name)
    for cue in document.cues:
        assert joined(document.pieces(cue)) == cue.text


@pytest.mark.parametrize("encoding", LANGUAGES)
def test_an_encoding_is_found_by_its_letters(encoding: str) -> None:
    text = srt(*LANGUAGES[encoding].split("\n"))
    document = read(text.encode(encoding))
    assert document.source.encoding == encoding
    assert document.source.text == text


@pytest.mark.parametrize("encoding", [name for name in LANGUAGES if name.startswith(("cp9", "gb", "big"))])
def test_every_pair_of_bytes_can_be_found_again(encoding: str) -> None:
    """Offsets hold as long as each character is written in as many bytes as it was read from."""
    for lead in range(0x80, 0x100):
        raw = b"".join(bytes((lead, trail)) + b"\n" for trail in range(0x30, 0x100))
        text = raw.decode(encoding, "surrogateescape")
        at = 0
        for line, was in zip(text.split("\n"), raw.split(b"\n"), strict=True):
            assert len(line.encode(encoding, "surrogateescape")) == len(was), was
            at += len(was) + 1


def test_what_can_be_written_in_two_ways_stays_as_it_was_within_a_changed_text() -> None:
    raw = b"1\n00:00:01,000 --> 00:00:02,000\n\x87\x90 \x82\xcc\n"
    document = read(raw, encoding="cp932")
    assert document.cues[0].text.encode("cp932") != b"\x87\x90 \x82\xcc"
    after = edited(document, [SetText(document.ids[0], document.cues[0].text + "!")])
    assert after.raw == raw[:-1] + b"!\n"


def test_an_id_outlives_edits_of_its_own_cue_and_of_others_and_another_reading() -> None:
    document = read(srt("a", "b", "b", "c").encode())
    a, b, other_b, c = document.ids
    assert len({*document.ids}) == 4
    after = edited(
        document,
        [
            SetText(a, "new"),
            SetTimes(b, 4100),
            Delete(other_b),
            Insert(1, 2, "first", a),
            Insert(2, 3, "second", a),
        ],
    )
    assert after.ids[2:] == (a, b, c)
    again = read(after.raw, ids=after.ids)
    assert again.ids == after.ids
    assert read(after.raw).ids[-1] == c, "what was not touched has the same id even without being told"
    with pytest.raises(SubtitleRefused, match="4 ids are said, and it has 5 cues"):
        read(after.raw, ids=after.ids[1:])


def test_the_format_s_own_times_are_there() -> None:
    film = read(FEATURES["film.sub"].encode(), "film.sub")
    assert film.said(0) == ("25", "50")
    assert film.cues[0].start_ms == 1043
    assert read(b"{25}{50}x\n{75}{80}y\n", rate=Fraction(25)).cues[0].start_ms == 1000
    ttml = read(FEATURES["film.ttml"].encode())
    assert [ttml.said(n)[0] for n in range(4)] == ["00:00:01.000", "50000000t", "120f", "8000ms"]
    assert [cue.start_ms for cue in ttml.cues[:4]] == [11_000, 15_000, 15_005, 18_000]


def test_a_rate_that_is_half_said_is_the_same_when_a_change_is_read_again() -> None:
    text = '<tt frameRateMultiplier="1000 1001"><p begin="300f" end="600f">a</p></tt>'
    document = read(text.encode())
    assert document.cues[0].start_ms == 10_010
    assert edited(document, [SetText(document.ids[0], "b")]).cues[0].start_ms == 10_010


def test_styles_regions_and_notes_stay_where_they_are() -> None:
    film = read(FEATURES["film.vtt"].encode())
    assert [block.kind for block in film.parsed.blocks] == [
        "header",
        "style",
        "region",
        "note",
        "note",
        "unknown",
    ]
    assert [(remark.line, remark.what[:20]) for remark in film.parsed.remarks] == [
        (31, "this is no line of t")
    ]


REFUSED: dict[str, tuple[str, Edit, str]] = {
    "an empty line in a text": ("film.srt", SetText("", "a\n\nb"), "line 3: an empty line"),
    "times in a text": (
        "film.vtt",
        SetText("", "a\n00:01.000 --> 00:02.000"),
        "line 15: an empty line, or -->",
    ),
    "a line break where there is none": ("film.ass", SetText("", "a\nb"), r"line 17: .* write \\N"),
    "a tag that is not closed": ("film.ttml", SetText("", "<tt:span>"), "no well-formed XML: mismatched tag"),
    "a string that ends": ("film.json", SetText("", '"'), "line 1: it is no JSON"),
    "another cue": ("film.smi", SetText("", "a<SYNC Start=5><P Class=ENCC>b"), "more or fewer cues"),
    "an end before the start": ("film.srt", SetTimes("", 5000), "line 3: it would end before it begins"),
    "an end that is not said": ("film.txt", SetTimes("", None, 9000), "does not say when a cue ends"),
    "a time that is two cues'": ("film.smi", SetTimes("", 1100), "line 9: the change would touch other cues"),
    "a shift before zero": ("film.srt", Shift(-1500), "line 3: .* shift by -1000 ms at most"),
    "a cue that is not there": ("film.srt", Delete("none"), "there is no cue 'none'"),
}


@pytest.mark.parametrize(("name", "edit", "why"), REFUSED.values(), ids=REFUSED)
def test_what_can_t_be_done_is_refused_with_the_line_and_the_way_out(name: str, edit: Edit, why: str) -> None:
    document = read(FEATURES[name].encode(), name)
    if isinstance(edit, SetText):
        edit = SetText(document.ids[0], edit.text)
    elif isinstance(edit, SetTimes):
        edit = SetTimes(document.ids[0], edit.start_ms, edit.end_ms)
    with pytest.raises(SubtitleRefused, match=why):
        edited(document, [edit])


def test_a_letter_that_the_encoding_lacks_is_refused() -> None:
    document = read(srt(*LANGUAGES["cp1252"].split("\n")).encode("cp1252"))
    with pytest.raises(SubtitleRefused, match="line 7: 'ł' can't be written in this file's encoding, cp1252"):
        edited(document, [SetText(document.ids[1], "był")])


def test_one_cue_is_not_changed_twice_at_once() -> None:
    document = read(srt("a", "b").encode())
    with pytest.raises(SubtitleRefused, match="changed twice"):
        edited(document, [Shift(10), SetTimes(document.ids[0], 5)])
