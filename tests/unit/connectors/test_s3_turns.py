"""What counts of an unfinished blob in a bucket, and of what parts one object is made of it."""

from __future__ import annotations

from itertools import accumulate

from hypothesis import given
from hypothesis import strategies as st

from connectors.s3.assembly import Range, parts
from connectors.s3.turns import FROM, PIECE, TAKEN, VOID, name, read


def taken(turn: int, start: int | None, *pieces: tuple[int, int]) -> dict[str, int]:
    """The objects of one turn: pieces by where they begin and how long they are."""
    begun = {} if start is None else {name(turn, FROM, start): 0}
    return {
        name(turn, TAKEN): 0,
        **begun,
        **{name(turn, PIECE, offset): size for offset, size in pieces},
    }


def test_turns_go_on_one_after_another() -> None:
    state = read(taken(1, 0, (0, 5), (5, 5)) | taken(2, 10, (10, 1)))
    assert (state.size_bytes, state.turns, state.unbegun) == (11, [1, 2], [])
    assert [piece.name for piece in state.pieces] == [
        name(1, PIECE, 0),
        name(1, PIECE, 5),
        name(2, PIECE, 10),
    ]


def test_what_has_a_gap_before_it_does_not_count() -> None:
    assert read(taken(1, 0, (0, 5), (6, 5))).size_bytes == 5
    assert read(taken(1, 0, (0, 5)) | taken(2, 6, (6, 5))).size_bytes == 5
    assert read({}).size_bytes == 0


def test_a_later_turn_counts_against_whatever_an_earlier_one_still_writes() -> None:
    state = read(taken(1, 0, (0, 5), (5, 50)) | taken(2, 5, (5, 2)))
    assert [(piece.name, piece.size_bytes) for piece in state.pieces] == [
        (name(1, PIECE, 0), 5),
        (name(2, PIECE, 5), 2),
    ]
    assert read(taken(1, 0, (0, 5), (5, 50)) | taken(2, 5)).size_bytes == 5


def test_a_turn_may_begin_within_a_piece() -> None:
    state = read(taken(1, 0, (0, 5), (5, 5)) | taken(2, 7, (7, 1)))
    assert [piece.size_bytes for piece in state.pieces] == [5, 2, 1]


def test_a_turn_that_begins_late_is_void_and_one_that_never_began_changes_nothing() -> None:
    before = taken(1, 0, (0, 9)) | taken(2, None) | taken(3, 9, (9, 1))
    assert (read(before).size_bytes, read(before).unbegun) == (10, [2])
    late = before | taken(2, 4) | {name(2, VOID): 0}
    assert (read(late).size_bytes, read(late).unbegun) == (10, [])


def test_nothing_empty_is_a_piece() -> None:
    assert read(taken(1, 0, (0, 0))).size_bytes == 0


@given(st.lists(st.integers(1, 30), max_size=20), st.integers(1, 12))
def test_parts_have_all_bytes_in_order_and_only_the_last_is_small(sizes: list[int], least: int) -> None:
    offsets = dict(zip(map(str, range(len(sizes))), accumulate([0, *sizes]), strict=False))
    made = parts([Range(str(n), 0, size) for n, size in enumerate(sizes)], least)
    spans = [
        (offsets[each.location] + each.first, offsets[each.location] + each.end)
        for part in made
        for each in part
    ]
    assert all(first < end for first, end in spans)
    assert [first for first, _ in spans] == [0, *(end for _, end in spans)][: len(spans)]
    assert sum(end - first for first, end in spans) == sum(sizes)
    for part in made[:-1]:
        assert sum(each.size_bytes for each in part) >= least
    assert all(len(part) == 1 or sum(each.size_bytes for each in part) <= least for part in made)
