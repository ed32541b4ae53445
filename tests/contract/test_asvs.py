"""How we stand with OWASP ASVS 5.0.0, level 2: nothing is left out, and what is met is shown by a test."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from gateway.auth.passwords import WORDS
from tests.contract.test_docs import ROOT

PAGE, SECURITY = ROOT / "docs" / "asvs.md", ROOT / "docs" / "security.md"

REQUIRED = {
    "4.1": (1, 2, 3),
    "4.2": (1,),
    "4.3": (1, 2),
    "4.4": (1, 2, 3, 4),
    "5.1": (1,),
    "5.2": (1, 2, 3),
    "5.3": (1, 2),
    "5.4": (1, 2, 3),
    "6.1": (1, 2, 3),
    "6.2": (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12),
    "6.3": (1, 2, 3, 4),
    "6.4": (1, 2, 3, 4),
    "6.5": (1, 2, 3, 4, 5),
    "6.6": (1, 2, 3),
    "6.8": (1, 2, 3, 4),
    "7.1": (1, 2, 3),
    "7.2": (1, 2, 3, 4),
    "7.3": (1, 2),
    "7.4": (1, 2, 3, 4, 5),
    "7.5": (1, 2),
    "7.6": (1, 2),
    "8.1": (1, 2),
    "8.2": (1, 2, 3),
    "8.3": (1,),
    "8.4": (1,),
    "9.1": (1, 2, 3),
    "9.2": (1, 2, 3, 4),
    "10.1": (1, 2),
    "10.2": (1, 2),
    "10.3": (1, 2, 3, 4),
    "10.4": (5, 8, 9),
    "10.5": (1, 2, 3, 4, 5),
}
"""The requirements of levels 1 and 2, by section; of 10.4 those on refresh tokens, for we hand some out."""

STATES = ("met", "not met", "does not apply")

WRITTEN = {
    "5.1.1": "What is taken in",
    "6.1.1": "Guessing",
    "6.1.2": "Words that are no passwords",
    "6.1.3": "Ways to sign in",
    "7.1.1": "Sessions",
    "7.1.2": "Sessions",
    "7.1.3": "Sessions",
    "8.1.1": "Who may ask",
    "8.1.2": "Who may read and set what",
}
"""What has to be written down, by the heading in docs/security.md below which it is."""

_ROW = re.compile(r"\| (\d+\.\d+\.\d+) \| ([^|]+) \| ([^|]+) \| ([^|]+) \|")
_TEST = re.compile(r"`(tests/[\w/]+\.py):(test_\w+)`")


def rows() -> dict[str, tuple[str, str, str]]:
    """What a requirement wants, how we stand, and what shows it."""
    lines = [line for line in PAGE.read_text().splitlines() if re.match(r"\| \d", line)]
    found = [_ROW.fullmatch(line) for line in lines]
    assert all(found), "a row has not four cells"
    counted = Counter(m[1] for m in found if m)
    assert max(counted.values()) == 1, counted.most_common(1)
    return {m[1]: (m[2], m[3], m[4]) for m in found if m}


def test_every_requirement_has_a_row() -> None:
    wanted = {f"{section}.{number}" for section, numbers in REQUIRED.items() for number in numbers}
    assert set(rows()) == wanted


def test_what_is_met_is_shown_by_a_test_and_the_rest_says_why_not() -> None:
    for number, (_, stand, shown) in rows().items():
        state = next((each for each in STATES if re.match(rf"{each}\b", stand)), None)
        assert state is not None, f"{number}: {stand!r} is no state"
        if state == "met":
            tests = _TEST.findall(shown)
            assert tests, f"{number} is met and shown by nothing"
            assert not re.sub(r"`[^`]+`", "", shown).strip(", "), f"{number}: {shown!r} names no test"
        else:
            assert shown == "—", f"{number} is {state}, and shown by {shown}"
            assert len(stand.removeprefix(state).strip(": ")) > 5, f"{number} does not say why"


@pytest.mark.parametrize(("number", "heading"), WRITTEN.items())
def test_what_has_to_be_written_down_is(number: str, heading: str) -> None:
    parts = re.split(r"^#+ (.+)$", SECURITY.read_text(), flags=re.MULTILINE)
    found = dict(zip(parts[1::2], parts[2::2], strict=True))
    assert heading in found, f"{number}: docs/security.md says nothing of it"
    assert len(found[heading].split()) > 30, f"{number}: {heading!r} says too little"


def test_the_words_that_are_no_passwords_are_those_of_the_code() -> None:
    said = SECURITY.read_text().partition("Words that are refused: ")[2].partition(".")[0]
    assert set(re.findall(r"\w+", said)) == WORDS
