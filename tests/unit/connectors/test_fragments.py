"""Fragments are cut out of a stream of boxes, however it comes in pieces and whatever else is in it."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Iterable, Iterator
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.fragments import NotFragmented, decode_time, fragments, sample_count


def box(kind: bytes, content: bytes = b"", *, large: bool = False) -> bytes:
    if large:
        return struct.pack(">I4sQ", 1, kind, 16 + len(content)) + content
    return struct.pack(">I4s", 8 + len(content), kind) + content


def moof(time: int = 0, samples: int = 1, version: int = 1) -> bytes:
    tfdt = struct.pack(">B3xQ" if version else ">B3xI", version, time)
    trun = struct.pack(">II", 0, samples)
    return box(b"moof", box(b"mfhd", b"\0" * 8) + box(b"traf", box(b"tfdt", tfdt) + box(b"trun", trun)))


INIT = box(b"ftyp", b"isom") + box(b"moov", b"m" * 50)
FIRST = moof(0) + box(b"mdat", b"first")
SECOND = moof(90_000) + box(b"mdat", b"second")
FILM = INIT + FIRST + SECOND


async def cut(pieces: Iterable[bytes], most_bytes: int = 10_000) -> list[bytes]:
    """The fragments of what comes in these pieces, each looked at as soon as it is there."""
    reader = asyncio.StreamReader()

    async def feed() -> None:
        for piece in pieces:
            reader.feed_data(piece)
            await asyncio.sleep(0)
        reader.feed_eof()

    feeding = asyncio.create_task(feed())
    try:
        return [fragment async for fragment in fragments(reader, most_bytes)]
    finally:
        feeding.cancel()


async def test_fragments_are_the_same_wherever_the_stream_is_split() -> None:
    for at in range(len(FILM) + 1):
        assert await cut((FILM[:at], FILM[at:])) == [INIT, FIRST, SECOND], at


async def test_fragments_are_the_same_where_they_come_byte_by_byte() -> None:
    assert await cut(FILM[n : n + 1] for n in range(len(FILM))) == [INIT, FIRST, SECOND]


async def test_a_fragment_is_given_with_its_last_byte() -> None:
    reader = asyncio.StreamReader()
    coming = fragments(reader)
    for piece in (INIT, FIRST, SECOND):
        reader.feed_data(piece[:-1])
        waiting = asyncio.ensure_future(anext(coming))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert not waiting.done()
        reader.feed_data(piece[-1:])
        assert await waiting == piece


@given(
    chosen=st.lists(st.sampled_from([b"mfra", b"sidx", b"styp", b"free"]), max_size=4),
    sizes=st.lists(st.integers(0, 200), max_size=4),
    splits=st.lists(st.integers(0, 500), max_size=5),
)
@settings(max_examples=40, deadline=None)
def test_what_belongs_to_no_segment_is_left_out(
    chosen: list[bytes], sizes: list[int], splits: list[int]
) -> None:
    junk = b"".join(box(kind, b"\0" * size) for kind, size in zip(chosen, sizes, strict=False))
    said = junk + INIT + junk + FIRST + junk + SECOND + junk
    places = [0, *sorted(min(at, len(said)) for at in splits), len(said)]
    pieces = [said[a:b] for a, b in pairwise(places)]
    assert asyncio.run(cut(pieces)) == [INIT, FIRST, SECOND]


async def test_other_boxes_stay_with_the_fragment_they_come_before() -> None:
    extra = box(b"prft", b"\0" * 16)
    assert await cut([INIT + extra + FIRST]) == [INIT, extra + FIRST]


async def test_a_large_box_may_say_its_size_in_eight_bytes() -> None:
    wide = moof() + box(b"mdat", b"wide", large=True)
    assert await cut([INIT + wide + SECOND]) == [INIT, wide, SECOND]
    empty = moof() + box(b"mdat", large=True)
    assert await cut([INIT + empty]) == [INIT, empty]


async def test_a_fragment_larger_than_the_readers_buffer_is_whole() -> None:
    large = moof() + box(b"mdat", b"x" * 1_000_000)
    assert await cut([INIT, large], most_bytes=2_000_000) == [INIT, large]


async def test_what_is_cut_off_is_dropped() -> None:
    for end in range(len(FILM)):
        whole = [part for part, last in ((INIT, len(INIT)), (FIRST, len(INIT + FIRST))) if last <= end]
        assert await cut([FILM[:end]]) == whole, end


@pytest.mark.parametrize(
    "hostile",
    [
        struct.pack(">I4s", 0, b"mdat"),
        struct.pack(">I4s", 7, b"mdat"),
        struct.pack(">I4sQ", 1, b"mdat", 0),
        struct.pack(">I4sQ", 1, b"mdat", 15),
        struct.pack(">I4s", 10_001, b"mdat"),
        struct.pack(">I4s", 2**32 - 1, b"mdat"),
        struct.pack(">I4sQ", 1, b"mdat", 2**64 - 1),
        struct.pack(">I4sQ", 1, b"free", 2**63),
        b"this is no box",
    ],
)
async def test_a_size_that_cannot_be_is_refused_before_anything_is_read_of_it(hostile: bytes) -> None:
    with pytest.raises(NotFragmented, match="a box"):
        await cut([INIT + hostile])


async def test_boxes_without_end_are_refused_before_they_fill_the_memory() -> None:
    taken = 0

    def endless() -> Iterator[bytes]:
        nonlocal taken
        while taken < 10_000:
            taken += 1
            yield box(b"moof", b"x" * 92)

    with pytest.raises(NotFragmented, match="more than 10000 bytes"):
        await cut(endless())
    assert taken < 200


async def test_of_nothing_there_is_nothing() -> None:
    assert await cut([]) == []
    assert await cut([box(b"free"), box(b"sidx", b"\0" * 30)]) == []


@pytest.mark.parametrize(("version", "time"), [(0, 0), (0, 2**32 - 1), (1, 0), (1, 90_000), (1, 2**64 - 1)])
def test_a_fragment_says_when_it_begins_and_how_much_it_holds(version: int, time: int) -> None:
    fragment = moof(time, 96, version) + box(b"mdat", b"tfdttrun" * 4)
    assert (decode_time(fragment), sample_count(fragment)) == (time, 96)


def test_a_fragment_that_does_not_say_so_is_none() -> None:
    for bad in (b"", b"mdat", FIRST.replace(b"tfdt", b"xxxx").replace(b"trun", b"xxxx")):
        for look in (decode_time, sample_count):
            with pytest.raises(NotFragmented, match="without"):
                look(bad)


@pytest.mark.parametrize("kind", [b"tfdt", b"trun"])
def test_a_fragment_that_is_cut_in_what_it_says_is_none(kind: bytes) -> None:
    look = decode_time if kind == b"tfdt" else sample_count
    at = FIRST.index(kind) + 4
    needed = 12 if kind == b"tfdt" else 8
    assert look(FIRST[: at + needed]) == (0 if kind == b"tfdt" else 1)
    for end in range(at, at + needed):
        with pytest.raises(NotFragmented, match="cut short"):
            look(FIRST[:end])
