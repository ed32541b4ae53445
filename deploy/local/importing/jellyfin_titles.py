"""What a Jellyfin said of an item, in the words of here. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from deploy.local.importing.found import Step
from deploy.local.importing.rows import Row, id_of, line, moment, number, several, text, whole

_TITLE, _LABEL, _FIELD, _OVERVIEW = 200, 64, 500, 5000
_FIRST_YEAR, _LAST_YEAR = 1000, 2999
_MOST_NUMBER = 99_999
_AUDIO = frozenset({"Audio", "AudioBook"})
_MOST_GENRES, MOST_TAGS = 20, 50
_TEXTS = {
    "OriginalTitle": "original title",
    "Tagline": "tagline",
    "OfficialRating": "official rating",
    "Studios": "studios",
}


@dataclass(frozen=True, slots=True)
class Titles:
    """The series that episodes belong to, by their ids."""

    series: Mapping[str, Row]

    def of(self, row: Row) -> Row:
        """An episode's series; nothing where it is not known."""
        return self.series.get(id_of(row.get("SeriesId")) or "", {})


def kind_of(row: Row) -> str:
    """What an item is: the last part of its type's name."""
    return (line(row.get("type", row.get("Type")), 200) or "").rpartition(".")[2]


def said_of(
    kind: str, row: Row, titles: Titles, providers: Mapping[str, str], people: Sequence[str]
) -> dict[str, Any]:
    """What is said of an item, as `Item` has it."""
    ids = {**provider_ids(row.get("ProviderIds")), **providers}
    fields: dict[str, Any] = {name: line(row.get(column), _FIELD) for column, name in _TEXTS.items()}
    fields |= {"studios": ", ".join(several(row.get("Studios"), _LABEL))[:_FIELD]}
    fields |= {"critic rating": number(row.get("CriticRating"), 0, 100)}
    fields |= {f"{name.casefold()} id": value for name, value in ids.items()}
    fields |= {"people": _joined(people)}
    return {
        "title": line(row.get("Name"), _TITLE),
        "overview": text(row.get("Overview"), _OVERVIEW),
        "released": _released(row),
        "rating": number(row.get("CommunityRating"), 0, 10),
        "genres": several(row.get("Genres"), _LABEL)[:_MOST_GENRES],
        "tags": several(row.get("Tags"), _LABEL)[:MOST_TAGS],
        "place": _place(kind, row, titles.of(row)),
        "fields": {name[:_LABEL]: value for name, value in fields.items() if value},
    }


def provider_ids(said: Any) -> dict[str, str]:
    """What other catalogues call an item, from `Imdb=tt0078748|Tmdb=348`."""
    pairs = (each.partition("=") for each in several(said, _FIELD))
    return {name: value for name, _, value in pairs if name and value}


def _joined(names: Sequence[str]) -> str:
    """As many as a field holds, whole."""
    said = ""
    for name in names:
        if len(said) + len(name) + 2 > _FIELD:
            break
        said = f"{said}, {name}" if said else name
    return said


def _released(row: Row) -> str | None:
    """The day, or the year."""
    day = moment(row.get("PremiereDate"))
    if day is not None and _FIRST_YEAR <= day.year <= _LAST_YEAR:
        return day.date().isoformat()
    year = whole(row.get("ProductionYear"), _FIRST_YEAR, _LAST_YEAR)
    return str(year) if year else None


def way_to(kind: str, row: Row, titles: Titles) -> tuple[Step, ...]:
    """How to come to a series, season, artist or album from the top; nothing for what is none of these."""
    name, year = line(row.get("Name"), _TITLE), whole(row.get("ProductionYear"), _FIRST_YEAR, _LAST_YEAR)
    if name is None:
        return ()
    match kind:
        case "Series":
            return (Step("series", name, year),)
        case "Season":
            return _way_to_season(name, row, titles.of(row))
        case "MusicArtist":
            return (Step("artist", name),)
        case "MusicAlbum":
            artists = several(row.get("AlbumArtists"), _TITLE) or several(row.get("Artists"), _TITLE)
            above = (Step("artist", artists[0]),) if artists else ()
            return (*above, Step("album", name, year))
    return ()


def _way_to_season(name: str, row: Row, series: Row) -> tuple[Step, ...]:
    above = line(row.get("SeriesName") or series.get("Name"), _TITLE)
    number = whole(row.get("IndexNumber"), 0, _MOST_NUMBER)
    if above is None or number is None:
        return ()
    year = whole(series.get("ProductionYear"), _FIRST_YEAR, _LAST_YEAR)
    return (Step("series", above, year), Step("season", name, number=number))


def _place(kind: str, row: Row, series: Row) -> dict[str, Any]:
    title, index, parent = (
        line(row.get("Name"), _TITLE),
        whole(row.get("IndexNumber"), 0, _MOST_NUMBER),
        whole(row.get("ParentIndexNumber"), 0, _MOST_NUMBER),
    )
    if kind == "Episode":
        said = {
            "kind": "episode",
            "series": line(row.get("SeriesName") or series.get("Name"), _TITLE),
            "series_year": whole(series.get("ProductionYear"), _FIRST_YEAR, _LAST_YEAR),
            "season": parent,
            "episode": index,
        }
    elif kind in _AUDIO:
        said = {
            "kind": "track",
            "artist": next(iter(several(row.get("Artists"), _TITLE)), None),
            "album_artist": next(iter(several(row.get("AlbumArtists"), _TITLE)), None),
            "album": line(row.get("Album"), _TITLE),
            "disc": parent,
            "track": index,
        }
    elif row.get("ExtraType") is not None or kind == "Trailer":
        said = {"kind": "extra"}
    else:
        year = whole(row.get("ProductionYear"), _FIRST_YEAR, _LAST_YEAR)
        said = {"kind": "movie", "year": year} if kind == "Movie" else {"kind": "other"}
    return {name: value for name, value in {**said, "title": title}.items() if value is not None}
