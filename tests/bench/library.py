"""A page of a library of 100,000 media, against the same page of one of 1,000, by the gateway's own route."""

from __future__ import annotations

import asyncio
import itertools
import random
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from statistics import median
from typing import Any

import httpx
import pymongo

from connectors.mongo import MongoDatabase
from connectors.read_models import POINTER, STATE, collection
from deploy.local.stack import Stack
from processors.views.handle import prepare
from processors.views.places import NODES, PLACES
from processors.views.plan import EXTENTS, MEDIA, steps
from schemas import shelving
from schemas.events import Event
from schemas.marks import MARKS
from schemas.place import Place
from schemas.record import CHANGE, written
from schemas.shelving import Shelved
from tests import samples
from tests.bench.api import signed_in, someone
from tests.bench.bare import quiet_stack
from tests.bench.figures import Figure, alternating, figure
from tests.client import Client, until
from tests.fakes import MemoryDatabase

_FEW, _MANY = 1000, 100_000
_BATCH = 10
"""More at once are one transaction that dirties more of the embedded cache than can be written back."""
_APART = timedelta(seconds=30)
_SAMPLE = 9
_RUNS = 3
_GOAL = 1.5
_TAGS = ("holiday", "family", "Kraków", "music", "work", "garden", "sports", "school", "friends", "city")
_WORDS = ("summer", "winter", "birthday", "concert", "beach", "mountain", "wedding", "trip", "dinner", "snow")

ASKED = {"default order": {}, "one tag": {"tag": "krakow"}}
"""What has a goal; so has the first page of the library's films, which are all in one node."""
MORE = {
    "a search": {"q": "conc s"},
    "oldest first": {"order": "asc"},
    "largest first": {"sort": "size"},
    "longest first": {"sort": "duration"},
    "released first": {"sort": "released", "order": "asc"},
}
"""What is told of."""

MEDIA_PATH = "/api/v1/media"
Asked = tuple[str, dict[str, str]]
"""A path, and what is said behind it."""


def run() -> Iterator[Figure]:
    """Both pages of every list, and of the library's films."""
    with quiet_stack() as stack:
        reader, _ = someone(stack)
        library = shared_with(stack, reader)
        for size in (_FEW, _MANY):
            fill(stack, library, size)
        with httpx.Client(base_url=str(stack.url), headers=signed_in(stack), timeout=120) as http:
            for what, params in {**ASKED, **MORE}.items():
                yield from compared(stack, http, what, (MEDIA_PATH, params))
            films = f"/api/v1/libraries/{library}/items"
            yield from compared(stack, http, "films by name", (films, {}))


def compared(stack: Stack, http: httpx.Client, what: str, wanted: Asked) -> Iterator[Figure]:
    """The first page, and the second by its cursor."""
    for page, at in (("", 1), (", the second page", 2)):
        many, few = (partial(asked, stack, http, size, wanted, at) for size in (_MANY, _FEW))
        ours, baseline = alternating(_RUNS, many, few)
        goal = "none" if what in MORE else f"at most {_GOAL:g} times"
        holds = what in MORE or ours <= _GOAL * baseline
        yield figure(f"library {what}{page}", ours, baseline, "ms", goal, holds, _RUNS)


def asked(stack: Stack, http: httpx.Client, size: int, wanted: Asked, at: int) -> float:
    """Milliseconds for a page of the library of that size, the median of some."""
    asyncio.run(serve(stack, size))
    until(lambda: serves(http, size), "the library to be served")
    cursor = None
    for _ in range(at - 1):
        cursor = page_of(http, wanted, cursor)["next"]
    page_of(http, wanted, cursor)
    return median(itertools.starmap(timed, itertools.repeat((http, wanted, cursor), _SAMPLE)))


def serves(http: httpx.Client, size: int) -> bool:
    """Whether the gateway reads the library of that size."""
    name: str = page_of(http, (MEDIA_PATH, {"limit": "1"}))["items"][0]["name"]
    return name.startswith(f"{size}-")


def timed(http: httpx.Client, wanted: Asked, cursor: str | None) -> float:
    """Milliseconds for one answer."""
    began = time.perf_counter()
    assert len(page_of(http, wanted, cursor)["items"]) == 50
    return (time.perf_counter() - began) * 1000


def page_of(http: httpx.Client, wanted: Asked, cursor: str | None = None) -> dict[str, Any]:
    """One page."""
    path, params = wanted
    answer = http.get(path, params={**params, **({"cursor": cursor} if cursor else {})})
    answer.raise_for_status()
    said: dict[str, Any] = answer.json()
    return said


def shared_with(stack: Stack, reader: str) -> str:
    """A library that someone else owns, and this one may look into."""
    with Client(str(stack.url), stack.token).http as http:
        body = {"name": "bench", "access": {f"user:{reader}": "view"}}
        id: str = http.post("/api/v1/libraries", json=body).json()["library"]["id"]
    return id


def fill(stack: Stack, library: str, size: int) -> None:
    """Writes a generation of the read models: what the views make of events, with their indexes.

    In bulk and not journalled: it is reading that is measured.
    """
    asyncio.run(_prepare(stack, size))
    client: pymongo.MongoClient[dict[str, Any]] = pymongo.MongoClient(stack.endpoints.mongodb_url)
    database, extents = client[stack.environ["SLUICE_DATABASE"]], MemoryDatabase()
    numbers = iter(range(size))
    while batch := list(itertools.islice(numbers, _BATCH)):
        events = [event for number in batch for event in history(library, size, number)]
        asyncio.run(extents.merge([step for event in events for step in steps(event)]))
        for name in (MEDIA, PLACES, NODES):
            made = extents.collections.pop(name).values()
            database[collection(name, _generation(size))].insert_many(made, ordered=False)
    marks = extents.collections[MARKS].values()
    database[collection(MARKS, _generation(size))].insert_many(marks, ordered=False)
    for document in extents.collections[EXTENTS].values():
        database[collection(EXTENTS, _generation(size))].insert_one(document)
    client.close()


async def _prepare(stack: Stack, size: int) -> None:
    database = _database(stack)
    await prepare(database, _generation(size))
    database.close()


def history(library: str, size: int, number: int) -> Sequence[Event]:
    """A medium that was uploaded, looked at, placed and described."""
    chance = random.Random(number)
    id, at = f"{size}-{number}", datetime.now(UTC) - number * _APART
    said: dict[str, Any] = {
        "title": " ".join(chance.sample(_WORDS, 3)),
        "tags": chance.sample(_TAGS, 2),
        "released": f"{chance.randint(1950, 2025)}-{chance.randint(1, 12):02}",
    }
    meta, length = samples.meta(now=at), int(chance.lognormvariate(11, 1))
    file: dict[str, Any] = {"name": f"{size}-IMG_{number:06}.mp4", "size_bytes": length * 1000 + number}
    place: dict[str, Any] = {"version": 1, "change": "library", "values": {"library_id": library}}
    told: dict[str, Any] = {"version": 1, "change": CHANGE, "values": written(said)}
    return [
        samples.uploaded(id, meta=meta, **file),
        samples.probed(id, duration_ms=length, size_bytes=file["size_bytes"], meta=meta),
        samples.changed(id, meta=meta, **place),
        samples.changed(id, meta=meta, **told),
        samples.changed(
            id, meta=meta, change=shelving.CHANGE, values=film(library, f"{said['title']} {number}")
        ),
    ]


def film(library: str, title: str) -> dict[str, str]:
    """Its place: a film of its own among all."""
    place = Place(kind="movie", title=title)
    return Shelved(version=1, scope=library, name=title, place=place).written()


async def serve(stack: Stack, size: int) -> None:
    """Has the gateway read that generation."""
    database = _database(stack)
    await database.change(STATE, POINTER, {}, {"generation": _generation(size)})
    database.close()


def _generation(size: int) -> str:
    return f"bench{size}"


def _database(stack: Stack) -> MongoDatabase:
    said = stack.environ["SLUICE_DATABASE"]
    return MongoDatabase(stack.endpoints.mongodb_url, said, timeout=timedelta(seconds=60))
