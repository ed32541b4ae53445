"""Words are found in any script, whatever of case, accents and width is typed."""

from __future__ import annotations

import pytest

from schemas.words import LONGEST, MOST_ASKED, MOST_WORDS, asked, label, start, starts, words


def found(text: str, query: str) -> bool:
    """As the read models do it: one is looked up, and all are held against the words."""
    kept = words([text])
    looked_up = [each for one in asked(query) if (each := start(one)) is not None]
    assert looked_up or max(map(len, asked(query))) == 1
    holds = all(any(word.startswith(one) for word in kept) for one in asked(query))
    assert not holds or set(looked_up) <= set(starts(kept)), "what holds can be looked up"
    return holds


@pytest.mark.parametrize(
    ("text", "query"),
    [
        ("Summer in Kraków", "krak"),
        ("Summer in Kraków", "k s"),
        ("Summer in Kraków", "kr su i"),
        ("Summer in Kraków", "SUMM krako"),
        ("Das große Straßenfest", "strassen"),
        ("Ærøskøbing, Łódź", "aero lodz"),
        ("İstanbul", "istan"),
        ("Ёлка и Чайка", "елк чаи"),
        ("ΟΔΥΣΣΕΎΣ", "οδυσσευς"),
        ("שָׁלוֹם עליכם", "שלום"),
        ("العَرَبِيَّة السعودية", "العربية"),
        ("हिन्दी फ़िल्म", "हिन्"),
        ("한국어 영화", "한국"),
        ("日本の映画", "映画"),
        ("日本の映画", "日本の映"),
        ("日本の映画", "画"),
        ("ｶﾞﾝﾀﾞﾑ", "ガンダム"),
        ("第3話 東京物語", "3 物語"),
        ("ภาพยนตร์ไทย", "ยนต"),
        ("IMG_2023-07-01 (2).MP4", "img 2023 mp"),
        ("Don't Look Up", "dont"),
        ("Don\u2019t Look Up", "don't"),
        ("Cafe\u0301", "caf\u00e9"),
        ("ﬁnal cut", "final"),
        ("x" * 40, "x" * 30),
    ],
)
def test_it_is_found(text: str, query: str) -> None:
    assert found(text, query)


@pytest.mark.parametrize(
    ("text", "query"),
    [
        ("Summer in Kraków", "rakow"),
        ("Summer in Kraków", "summer winter"),
        ("日本の映画", "本日"),
        ("日本の映画", "日画"),
        ("हिन्दी", "हन"),
        ("ガ", "カ"),
        ("summer", "summers"),
    ],
)
def test_it_is_not_found(text: str, query: str) -> None:
    assert not found(text, query)


def test_what_is_kept_and_what_is_asked_is_bounded() -> None:
    many = [f"{number:06}" for number in range(1000)]
    assert len(words(many)) <= MOST_WORDS
    assert len(words(["日本" + "".join(map(chr, range(0x4E00, 0x4E00 + 500)))])) <= MOST_WORDS
    assert max(map(len, words(["y" * 99]))) == LONGEST
    assert starts(["summer", "sum", "a"]) == ["a", "su", "sum", "summ"]
    assert len(asked(" ".join(many))) == MOST_ASKED


def test_a_search_asks_for_the_longest_first_and_for_nothing_twice() -> None:
    assert asked("a abc ab xyzw a") == ["xyzw", "abc"]
    assert asked("*** — !") == []


def test_labels_are_the_same_to_people() -> None:
    assert label(" Été\u00a0 2023 ") == label("ete 2023")
    assert label("Ada") != label("Ida")
