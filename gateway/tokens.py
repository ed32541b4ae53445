"""The tokens that commands answer with: which records to wait for before what was done can be read back."""

from __future__ import annotations

from collections.abc import Sequence

from connectors import opaque
from connectors.ports import Position
from schemas.topics import BY_NAME

_MAX_CHARACTERS = 2048
_MAX_POSITIONS = 16


class BadToken(ValueError):
    """This is no token of ours."""


def write(positions: Sequence[Position]) -> str:
    """An opaque token for these places in the log."""
    return opaque.write([[p.topic, p.partition, p.offset] for p in positions])


def last_of_each(positions: Sequence[Position]) -> list[Position]:
    """The last place of each partition: who has read that has read those before it."""
    last = {(p.topic, p.partition): p for p in sorted(positions, key=lambda each: each.offset)}
    return [last[p.topic, p.partition] for p in positions if last[p.topic, p.partition] is p]


def read(token: str) -> list[Position]:
    """The places in the log that a token stands for. Raises BadToken."""
    if len(token) > _MAX_CHARACTERS:
        raise BadToken("the token is too long to be one of ours")
    try:
        said = opaque.read(token)
    except ValueError as error:
        raise BadToken("the token was not made here") from error
    if not isinstance(said, list) or len(said) > _MAX_POSITIONS:
        raise BadToken("the token was not made here")
    return [_position(place) for place in said]


def _position(place: object) -> Position:
    match place:
        case [str(topic), int(partition), int(offset)] if topic in BY_NAME and partition >= 0 <= offset:
            return Position(topic, partition, offset)
    raise BadToken("the token names no record of ours")
