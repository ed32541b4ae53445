"""A medium's place among others: which episode of which series, which track of which album, or a film."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Literal, get_args

Kind = Literal["movie", "episode", "track", "extra", "other"]
MOVIE, EPISODE, TRACK, EXTRA, OTHER = KINDS = get_args(Kind)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """What is known of it; None where nothing is."""

    kind: str | None = None
    title: str | None = None
    """Of the film, episode or track itself."""
    year: int | None = None
    """In which the film or the album came out."""
    series: str | None = None
    series_year: int | None = None
    """What tells two series of one name apart: the year in which it began."""
    season: int | None = None
    """0 has what is in no season."""
    episode: int | None = None
    episode_end: int | None = None
    """The last one, where a file has several."""
    air_date: str | None = None
    """Of what is numbered by days: 2020-05-13."""
    artist: str | None = None
    album_artist: str | None = None
    """Under whom the album stands; the artist unless it says otherwise."""
    album: str | None = None
    disc: int | None = None
    track: int | None = None

    @property
    def known(self) -> dict[str, Any]:
        """The fields that are known."""
        return {name: value for name in FIELDS if (value := getattr(self, name)) is not None}


FIELDS = tuple(each.name for each in fields(Place))


def settled(*said: Mapping[str, Any]) -> Place:
    """Of several who tell of one place the last that says something of a field is believed in it."""
    known = {
        name: value for one in said for name, value in one.items() if name in FIELDS and value is not None
    }
    return Place(**known)
