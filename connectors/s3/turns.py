"""What the objects of one unfinished blob come to. Pure.

Whoever goes on with it takes a turn: a number that nobody had, and a later one than all before. A turn has
an object that takes it, one that says from which byte on it counts, and pieces that are named by where they
begin. A later turn counts against all earlier ones from its beginning on, whatever those still write.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

TAKEN, FROM, PIECE, VOID = "taken", "from", "at", "void"


@dataclass(frozen=True, slots=True)
class Piece:
    """An object of which so many bytes count, its first ones."""

    name: str
    size_bytes: int


@dataclass(frozen=True, slots=True)
class State:
    """An unfinished blob, as a listing of its objects tells it."""

    names: frozenset[str]
    turns: list[int]
    """All that were taken, the last one last."""
    unbegun: list[int]
    """Those that count from nowhere."""
    pieces: list[Piece]

    @property
    def size_bytes(self) -> int:
        """How much there is without a gap."""
        return sum(piece.size_bytes for piece in self.pieces)


def name(turn: int, kind: str, number: int | None = None) -> str:
    """What an object of a turn is called; numbers are as long as the highest, so that names sort."""
    return f"{turn:020}.{kind}" if number is None else f"{turn:020}.{kind}.{number:020}"


def turn_of(name: str) -> int:
    """Whose object it is."""
    return int(name.partition(".")[0])


def read(sizes: Mapping[str, int]) -> State:
    """What objects of these names and sizes are."""
    starts: dict[int, int] = {}
    void: set[int] = set()
    found: dict[tuple[int, int], Piece] = {}
    for each, size in sizes.items():
        turn, kind = turn_of(each), each.split(".")[1]
        if kind == VOID:
            void.add(turn)
        elif kind == FROM:
            starts[turn] = int(each.split(".")[2])
        elif kind == PIECE and size:
            found[turn, int(each.split(".")[2])] = Piece(each, size)
    turns = sorted({turn_of(each) for each in sizes})
    unbegun = [turn for turn in turns if turn not in starts and turn not in void]
    begun = {turn: starts[turn] for turn in sorted(starts.keys() - void)}
    return State(frozenset(sizes), turns, unbegun, _joined(begun, found))


def _joined(begun: Mapping[int, int], found: Mapping[tuple[int, int], Piece]) -> list[Piece]:
    pieces: list[Piece] = []
    end = 0
    for turn, start in begun.items():
        if start > end:
            continue  # what it went on with was removed
        pieces, end = _first(pieces, start), start
        while piece := found.get((turn, end)):
            pieces.append(piece)
            end += piece.size_bytes
    return pieces


def _first(pieces: list[Piece], size: int) -> list[Piece]:
    """The pieces as far as so many bytes, of the last one its beginning."""
    kept = []
    for piece in pieces:
        if size <= 0:
            break
        kept.append(replace(piece, size_bytes=min(piece.size_bytes, size)))
        size -= piece.size_bytes
    return kept
