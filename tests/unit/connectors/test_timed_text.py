"""Rules of timed text: what breaks them, and what mends it without touching anything else."""

from __future__ import annotations

from fractions import Fraction

import pytest

from connectors.subtitles.document import Document, read
from connectors.subtitles.editing import edited
from connectors.subtitles.mending import mended
from connectors.subtitles.refusal import SubtitleRefused
from connectors.subtitles.retiming import exact, stretched
from connectors.subtitles.timed_text import Rules, found
from tests.unit.connectors.subtitle_files import FEATURES

RULES = Rules(rate=Fraction(25))
FULL = "x" * 42
LONG = "These are many words, and they do not fit into one line of forty-two characters"
BROKEN = "These are many words, and they do not fit\ninto one line of forty-two characters"


def document(*cues: tuple[int, int, str]) -> Document:
    text = "".join(
        f"{number}\n{stamp(start)} --> {stamp(end)}\n{said}\n\n"
        for number, (start, end, said) in enumerate(cues, 1)
    )
    return read(text.encode(), "film.srt")


def stamp(ms: int) -> str:
    return f"00:{ms // 60_000:02}:{ms // 1000 % 60:02},{ms % 1000:03}"


def codes(known: Document, rules: Rules = RULES) -> list[str]:
    return [each.code for each in found(known, rules)]


def times(known: Document) -> list[tuple[int, int | None]]:
    return [(cue.start_ms, cue.end_ms) for cue in known.cues]


def fixed(known: Document) -> Document:
    return mended(known, RULES)


@pytest.mark.parametrize(
    ("cues", "broken", "after"),
    [
        pytest.param([(0, 833, "Hi")], [], [(0, 833)], id="shortest"),
        pytest.param([(0, 832, "Hi")], ["too_short"], [(0, 833)], id="too-short"),
        pytest.param([(0, 7000, "Hi")], [], [(0, 7000)], id="longest"),
        pytest.param([(0, 7001, "Hi")], ["too_long"], [(0, 7000)], id="too-long"),
        pytest.param([(0, 2100, FULL)], [], [(0, 2100)], id="as-fast-as-is-read"),
        pytest.param([(0, 2000, FULL)], ["too_fast"], [(0, 2100)], id="too-fast"),
        pytest.param(
            [(0, 2000, FULL), (2080, 3000, "Hi")],
            ["too_fast"],
            [(0, 2000), (2080, 3000)],
            id="too-fast-no-room",
        ),
        pytest.param([(0, 1000, "a"), (1080, 2000, "b")], [], [(0, 1000), (1080, 2000)], id="two-frames"),
        pytest.param(
            [(0, 1000, "a"), (1040, 2000, "b")], ["gap_too_small"], [(0, 960), (1040, 2000)], id="one-frame"
        ),
        pytest.param(
            [(0, 1000, "a"), (1440, 2300, "b")],
            ["gap_to_close"],
            [(0, 1360), (1440, 2300)],
            id="eleven-frames",
        ),
        pytest.param([(0, 1000, "a"), (1480, 2400, "b")], [], [(0, 1000), (1480, 2400)], id="twelve-frames"),
        pytest.param(
            [(0, 2000, "a"), (1500, 3000, "b")], ["overlap"], [(0, 1420), (1500, 3000)], id="overlap"
        ),
        pytest.param(
            [(0, 2000, "a"), (300, 3000, "b")], ["overlap"], [(0, 2000), (300, 3000)], id="overlap-no-room"
        ),
        pytest.param([(2000, 1000, "a")], ["backwards"], [(2000, 1000)], id="backwards"),
    ],
)
def test_times_are_held_against_the_rules_and_only_ends_are_mended(
    cues: list[tuple[int, int, str]], broken: list[str], after: list[tuple[int, int]]
) -> None:
    known = document(*cues)
    assert codes(known) == broken
    assert times(fixed(known)) == after


@pytest.mark.parametrize(
    ("text", "broken", "after"),
    [
        (FULL, [], FULL),
        (FULL + "x", ["line_too_long"], FULL + "x"),
        (LONG, ["line_too_long"], BROKEN),
        ("a\nb\nc", ["too_many_lines"], "a b c"),
        (f"<i>{LONG}</i>", ["line_too_long"], None),
        ("- a\n- b\n- c", ["too_many_lines"], "- a\n- b\n- c"),
        ("<b>" + FULL + "</b>", [], "<b>" + FULL + "</b>"),
    ],
)
def test_lines_are_broken_anew_where_that_helps(text: str, broken: list[str], after: str | None) -> None:
    known = document((0, 6000, text))
    assert codes(known) == broken
    mended_text = fixed(known).cues[0].text
    if after is None:
        assert mended_text.replace("\n", " ") == text
        assert codes(fixed(known)) == []
    else:
        assert mended_text == after


@pytest.mark.parametrize(
    ("language", "children", "line", "per_second"),
    [
        ("en", False, 42, 20),
        ("en-GB", True, 42, 17),
        ("pl", False, 42, 17),
        ("pl", True, 42, 13),
        ("ja", False, 23, 4),
        ("ko", True, 16, 9),
        ("zh-Hans", False, 16, 9),
        ("th", False, 35, 17),
        ("hi", True, 42, 18),
        ("ar", False, 42, 20),
    ],
)
def test_each_language_is_read_at_its_own_speed(
    language: str, children: bool, line: int, per_second: int
) -> None:
    rules = Rules(language, children)
    assert (rules.line, rules.per_second) == (line, per_second)


def test_what_is_seen_elsewhere_may_be_there_at_the_same_time() -> None:
    two = (
        "WEBVTT\n\n00:01.000 --> 00:03.000 line:0\nA sign\n\n00:02.000 --> 00:04.000\nSaid\n\n"
        "00:03.500 --> 00:05.000\nSaid meanwhile\n"
    )
    assert [(each.code, each.line) for each in found(read(two.encode(), "a.vtt"), RULES)] == [("overlap", 6)]


@pytest.mark.parametrize("name", sorted(FEATURES))
def test_whatever_is_mended_breaks_no_more_rules_and_no_other_bytes(name: str) -> None:
    known = read(FEATURES[name].encode(), name)
    before = codes(known)
    after = fixed(known)
    assert len(codes(after)) <= len(before)
    assert [cue.start_ms for cue in after.cues] == [cue.start_ms for cue in known.cues]
    assert [cue.id for cue in after.cues] == [cue.id for cue in known.cues]


def test_what_a_format_cannot_say_is_left_and_the_rest_is_mended() -> None:
    def sync(ms: int, said: str) -> str:
        return f"<SYNC Start={ms}><P>{said}\n"

    said = "".join(
        (sync(0, "a"), sync(500, "&nbsp;"), sync(2000, "b"), sync(9000, "c"), sync(20_000, "&nbsp;"))
    )
    known = read(f"<SAMI><BODY>\n{said}</BODY></SAMI>\n".encode(), "film.smi")
    assert codes(known) == ["too_short", "gap_too_small", "too_long"]
    after = fixed(known)
    assert codes(after) == ["gap_too_small"]
    assert times(after) == [(0, 833), (2000, 9000), (9000, 16_000)]


def test_a_film_that_plays_faster_has_its_cues_earlier() -> None:
    known = document((1001, 2002, "a"), (1_001_000, 1_002_001, "b"))
    factor = exact(Fraction("23.976")) / 25
    assert factor == Fraction(24000, 1001) / 25
    assert times(edited(known, stretched(known, factor))) == [(960, 1920), (960_000, 960_960)]
    back = edited(known, stretched(known, Fraction(1)))
    assert back.raw == known.raw
    with pytest.raises(SubtitleRefused, match="no change of speed"):
        stretched(known, Fraction(5))
