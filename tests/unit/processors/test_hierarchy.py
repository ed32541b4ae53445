"""A medium's place is decided from all that is known of it, in whatever order that was learned."""

from __future__ import annotations

from datetime import timedelta
from itertools import permutations
from typing import Any

import pytest

from connectors.ports import Delivery, Position
from connectors.read_models import POINTER, STATE, ReadModels
from processors.hierarchy.handle import Hierarchy, ViewsBehind
from processors.views.handle import apply
from schemas import described, shelving
from schemas.described import Described
from schemas.events import Event, MediaChanged
from schemas.place import Place
from schemas.record import of_place, written
from tests import samples
from tests.fakes import FakeClock, MemoryDatabase, MemoryLog
from tests.samples import WHEN

GENERATION = "g1"
IDENTITY = "ab" * 32
ID = "0198c9a2-7d0e-7c11-9d3f-5e6a1b2c3d4e"


class World:
    """The stage and the views, over a log and a database of memory."""

    def __init__(self) -> None:
        self.clock, self.log = FakeClock(), MemoryLog()
        self.database = MemoryDatabase(self.clock)
        self.database.collections[STATE][POINTER] = {"_id": POINTER, "generation": GENERATION}
        self.stage = Hierarchy(ReadModels(self.database), self.clock)

    async def views(self) -> None:
        self.database.collections[f"watermarks_{GENERATION}"].clear()
        await apply(self.database, GENERATION, self.log.records)

    async def happened(self, *events: Event) -> None:
        """The views have all of these; the stage hears of one after another."""
        await self.log.publish(events)
        await self.views()
        for each in self.log.records[-len(events) :]:
            await self.log.publish((await self.stage.handle([each])).events)
        await self.views()

    def known(self) -> dict[str, Any]:
        """What was decided of the place, as the last event says."""
        said = [e for e in self.log.of("media.changed") if e.change == shelving.CHANGE]
        return shelving.read(max(said, key=lambda each: each.version).values).place.known

    def place(self) -> dict[str, Any]:
        found: dict[str, Any] = self.database.collections[f"places_{GENERATION}"][ID]["now"]
        return found

    def way(self) -> list[str]:
        """The names of the nodes that the medium is in, from the top down."""
        nodes = self.database.collections[f"nodes_{GENERATION}"]
        return [nodes[id]["name"] for id in self.place()["within"]]


def found(path: str, **more: Any) -> Event:
    return samples.uploaded(
        ID,
        name=path.rpartition("/")[2],
        location=f"roots/ab/{IDENTITY}/{ID}/{path}",
        library_id="l1",
        **more,
    )


def moved(to: str, version: int = 1) -> Event:
    return samples.deleted(ID, change="moved", version=version, values={"place": to})


def said(version: int = 1, **fields: Any) -> Event:
    values = written({of_place(name): value for name, value in fields.items()})
    return samples.changed(ID, version=version, values=values)


def nfo(version: int = 1, **place: Any) -> Event:
    values = described.told(Described(title="T", place=place))
    return samples.changed(ID, version=version, change=described.CHANGE, values=values)


TAGS = {"artist": "Tagged", "album": "Tags", "title": "Song", "track": "3/12", "date": "1999-01-01"}
SONG = samples.probed(ID, streams=[samples.audio_stream()], tags=TAGS)
EPISODE = "media/tv/Show (2019)/Season 01/Show - S01E02 - Two.mkv"


@pytest.fixture
def world() -> World:
    return World()


async def test_names_place_what_lies_in_folders(world: World) -> None:
    await world.happened(found(EPISODE))
    assert world.known() == {
        "kind": "episode",
        "series": "Show",
        "series_year": 2019,
        "season": 1,
        "episode": 2,
        "title": "Two",
    }
    assert world.way() == ["Show", "Season 1"]
    assert world.place()["order"] == 2


async def test_what_moves_is_placed_anew(world: World) -> None:
    await world.happened(found(EPISODE), moved("media/tv/Other/Other S02E03.mkv"))
    assert world.way() == ["Other", "Season 2"]


async def test_each_source_is_believed_over_the_one_before_field_by_field(world: World) -> None:
    await world.happened(found("m/Artist/Album/07 Named.mp3"))
    assert world.known() == {
        "kind": "track",
        "album": "Album",
        "album_artist": "Artist",
        "track": 7,
        "title": "Named",
    }
    await world.happened(SONG)
    assert (world.known()["album"], world.known()["track"], world.known()["year"]) == ("Tags", 3, 1999)
    assert world.way() == ["Tagged", "Tags"]
    await world.happened(nfo(album="From NFO"))
    assert world.way() == ["Tagged", "From NFO"]
    await world.happened(said(album="Said"))
    assert world.way() == ["Tagged", "Said"]
    assert world.known()["title"] == "Song"
    await world.happened(said(version=2, album=None))
    assert world.way() == ["Tagged", "From NFO"]


async def test_an_album_of_several_artists_is_one_where_its_folder_says_so(world: World) -> None:
    one = samples.probed(ID, streams=[samples.audio_stream()], tags={"artist": "One", "album": "Hits"})
    await world.happened(found("m/Various Artists/Hits/01 A.mp3"), one)
    assert (world.way(), world.known()["artist"]) == (["Various Artists", "Hits"], "One")


async def test_an_upload_is_placed_by_its_name_tags_and_people_among_its_owners_own(world: World) -> None:
    await world.happened(samples.uploaded(ID, name="Film.1999.1080p.mkv"))
    assert world.way() == ["Film"]
    await world.happened(samples.changed(ID, version=5, values=written({"name": "Show S01E01.mkv"})))
    assert world.way() == ["Show", "Season 1"]
    library = samples.deleted(ID, change="library", values={"library_id": "l2"})
    before = world.place()["within"]
    await world.happened(library)
    assert world.place()["within"] != before


async def test_a_film_is_no_song_for_its_title_tag(world: World) -> None:
    await world.happened(samples.uploaded(ID, name="clip.mp4"), samples.probed(ID, tags={"title": "x"}))
    assert world.known() == {"kind": "other"}


async def test_any_order_of_what_is_learned_comes_to_the_same_place() -> None:
    first, last = found("m/Artist/Album/07 Named.mp3"), moved("m/B/A/08 C.mp3")
    history = [first, SONG, nfo(album="N"), said(title="S"), last]
    places = []
    for order in permutations(history):
        world = World()
        for each in [*order, *order[:2]]:
            await world.happened(each)
        places.append((world.place(), world.known()))
    assert all(each == places[0] for each in places)
    assert (places[0][1]["title"], places[0][1]["album"]) == ("S", "N")


async def test_what_is_said_late_by_one_who_knew_less_does_not_stand(world: World) -> None:
    await world.happened(found(EPISODE))
    early = world.log.records[-1]
    await world.happened(said(series="Mine"))
    await world.log.publish([early.event])
    await world.views()
    assert world.way() == ["Mine", "Season 1"]


async def test_saying_it_again_is_saying_the_same(world: World) -> None:
    await world.log.publish([found(EPISODE)])
    await world.views()
    one = (await world.stage.handle(world.log.records)).events
    two = (await world.stage.handle(world.log.records)).events
    assert [each.meta.event_id for each in one] == [each.meta.event_id for each in two]
    await world.log.publish(one)
    await world.views()
    assert (await world.stage.handle(world.log.records[:1])).events == []


@pytest.mark.parametrize(
    "event",
    [
        samples.changed(ID, values=written({"title": "x"})),
        samples.changed(ID, change=shelving.CHANGE, values={}),
        samples.uploaded(f"{ID}~7"),
        samples.rejected(ID),
        samples.pictured(media_id=ID),
    ],
)
async def test_what_tells_nothing_of_a_place_is_passed_over(event: Event) -> None:
    world = World()
    await world.happened(samples.uploaded(ID, meta=samples.meta(now=WHEN - timedelta(days=1))))
    handled = await world.stage.handle([Delivery(event, Position("media.changed", 0, 999_999))])
    assert handled.events == ()


async def test_of_what_was_deleted_nothing_is_said(world: World) -> None:
    await world.log.publish([found(EPISODE), samples.deleted(ID)])
    await world.views()
    assert (await world.stage.handle(world.log.records[:1])).events == []


async def test_views_that_are_behind_are_waited_for(world: World) -> None:
    stage = Hierarchy(world.stage.read_models, world.clock, patience_s=0.02)
    with pytest.raises(ViewsBehind):
        await stage.handle([Delivery(found(EPISODE), Position("media.uploaded", 0, 7))])


def test_a_decision_carries_all_that_it_was_made_of() -> None:
    one = MediaChanged(
        meta=samples.meta(), media_id=ID, version=1, change=shelving.CHANGE, values=DECIDED.written()
    )
    assert shelving.read(one.values) == DECIDED


DECIDED = shelving.Shelved(
    version=3,
    scope="l1",
    name="a.mkv",
    place=Place(kind="movie", title="A", year=1999),
    folder="m/A",
    folders={"movie": "m/A"},
    part=2,
)
