"""What people played, by a Jellyfin: kept by a key that works have, or by the item."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime

from deploy.local.importing.found import Found, Trouble, Watched
from deploy.local.importing.jellyfin_people import Numbers
from deploy.local.importing.jellyfin_titles import kind_of, provider_ids
from deploy.local.importing.rows import Row, Tables, flag, id_of, moment, text, whole

_TICKS_A_MS = 10_000
_MOST_TICKS = _TICKS_A_MS * 10**12
_MOST_PLAYS = 1_000_000
_STATE = ("Played", "PlayCount", "IsFavorite", "PlaybackPositionTicks", "LastPlayedDate")
_KEYED_BY_CATALOGUE = ("Imdb", "Tmdb", "Tvdb")
_NEVER = datetime(1970, 1, 1, tzinfo=UTC)

Words = Iterator[tuple[str | None, Sequence[str], Row]]
"""Whose, of which items, in which row."""


def read(tables: Tables, rows: Mapping[str, Row], numbers: Numbers, found: Found) -> None:
    """Adds what people of these items played, were in or hold dear. Raises Failure."""
    files = {item.id for item in found.items}
    latest: dict[tuple[str, str], Watched] = {}
    lost: Counter[str] = Counter()
    for person, ids, row in [*_by_key(tables, rows, numbers), *_by_item(tables, rows, numbers)]:
        if not _says_something(row):
            continue
        if person is None or not ids:
            lost["an account that is not there" if person is None else "an item that is not there"] += 1
            continue
        there = files.intersection(ids)
        for id in there:
            said = _watched(person, id, row)
            latest[person, id] = max(said, latest.get((person, id), said), key=_age)
        if not there:
            found.left[f"state of a {kind_of(rows[next(iter(ids))])}"] += 1
    found.watched += latest.values()
    found.troubles += [Trouble(f"{n} states of people", f"they are of {what}") for what, n in lost.items()]


def _by_key(tables: Tables, rows: Mapping[str, Row], numbers: Numbers) -> Words:
    keys = _keys(rows) if tables.has("UserDatas") else {}
    for row in tables.rows("UserDatas", "key", "userId", *_STATE):
        number = whole(row.get("userId"))
        person = None if number is None else numbers.get(number)
        yield person, sorted(keys.get((text(row.get("key")) or "").casefold(), ())), row


def _by_item(tables: Tables, rows: Mapping[str, Row], numbers: Numbers) -> Words:
    for row in tables.rows("UserData", "ItemId", "UserId", *_STATE):
        id = id_of(row.get("ItemId"))
        yield numbers.get(id_of(row.get("UserId")) or ""), [id] if id in rows and id else [], row


def _keys(rows: Mapping[str, Row]) -> dict[str, set[str]]:
    """The items by each key that they may be known by: several files of one work have keys in common."""
    found: dict[str, set[str]] = defaultdict(set)
    for id, row in rows.items():
        for key in _keys_of(id, row, rows):
            found[key.casefold()].add(id)
    return found


def _keys_of(id: str, row: Row, rows: Mapping[str, Row]) -> Iterator[str]:
    yield id
    yield id.replace("-", "")
    if key := text(row.get("UserDataKey")):
        yield key
    season, episode = whole(row.get("ParentIndexNumber")), whole(row.get("IndexNumber"))
    if kind_of(row) != "Episode":
        yield from _catalogued(row)
    elif season is not None and episode is not None:
        series_id = id_of(row.get("SeriesId")) or ""
        series = rows.get(series_id, {})
        for key in (text(series.get("UserDataKey")), *_catalogued(series)):
            if key:
                yield f"{key}{season:03}{episode:03}"


def _catalogued(row: Row) -> list[str]:
    ids = provider_ids(row.get("ProviderIds"))
    return [ids[name] for name in _KEYED_BY_CATALOGUE if name in ids]


def _says_something(row: Row) -> bool:
    return flag(row.get("Played")) or flag(row.get("IsFavorite")) or bool(_ticks(row))


def _ticks(row: Row) -> int:
    return whole(row.get("PlaybackPositionTicks"), 0, _MOST_TICKS) or 0


def _watched(person: str, item: str, row: Row) -> Watched:
    plays = whole(row.get("PlayCount"), 0, _MOST_PLAYS) or 0
    return Watched(
        person=person,
        item=item,
        position_ms=_ticks(row) // _TICKS_A_MS,
        plays=max(1, plays) if flag(row.get("Played")) else 0,
        favourite=flag(row.get("IsFavorite")),
        at=_when(row),
    )


def _when(row: Row) -> datetime | None:
    """When; a time before there were such systems is the one that stands for none."""
    at = moment(row.get("LastPlayedDate"))
    return at if at is not None and at > _NEVER else None


def _age(said: Watched) -> datetime:
    return said.at or _NEVER
