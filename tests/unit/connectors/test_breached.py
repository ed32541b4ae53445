"""A list of stolen passwords is searched where it lies."""

from __future__ import annotations

import hashlib
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.breached import BreachedFileUnusable, BreachedPasswords


def digits(password: str) -> str:
    return hashlib.sha1(password.encode(), usedforsecurity=False).hexdigest().upper()


def listed(
    folder: Path, passwords: set[str], form: str = "{}:{}", end: str = "\n", last: bool = True
) -> Path:
    """A list of them, in the forms that there are."""
    file = folder / "list.txt"
    lines = [form.format(line, number * 7919) for number, line in enumerate(sorted(map(digits, passwords)))]
    file.write_bytes((end.join(lines) + (end if last else "")).encode())
    return file


words = st.text(st.characters(codec="utf-8"), max_size=20)


@given(
    held=st.sets(words, min_size=1, max_size=60),
    others=st.sets(words, max_size=20),
    form=st.sampled_from(["{}:{}", "{}"]),
    end=st.sampled_from(["\n", "\r\n"]),
    last=st.booleans(),
)
def test_what_is_in_the_list_is_found_and_nothing_else(
    held: set[str], others: set[str], form: str, end: str, last: bool
) -> None:
    with TemporaryDirectory() as folder:
        found = BreachedPasswords(listed(Path(folder), held, form, end, last))
        assert {each for each in held | others if found.has(each)} == held


@pytest.mark.parametrize("content", [b"", b"password\n", b"5baa61e4c9b93f3f0682250b6cf8331b7ee68fd8:1\n"])
def test_what_is_no_list_is_said_to_be_none(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "list.txt"
    file.write_bytes(content)
    with pytest.raises(BreachedFileUnusable, match="no list"):
        BreachedPasswords(file)
    with pytest.raises(BreachedFileUnusable, match="can't be read"):
        BreachedPasswords(tmp_path / "nowhere.txt")
