"""The read models are a lattice: any order of any events, with any repeats, gives the same documents."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.ports import Delivery, Document, Position
from connectors.read_models import POINTER, STATE
from processors.runtime import GivenUp
from processors.views.handle import Views, apply, beyond, held_at
from processors.views.plan import steps
from processors.views.rebuild import canonical
from processors.work.tasks import WAITS
from schemas import artwork, described, shelving
from schemas.described import Described
from schemas.events import Event, Head, UsageAmount
from schemas.health import values
from schemas.pictures import CHANGE, KINDS, THUMBNAILS, Drawn, NotDrawn, Tiles, of
from schemas.place import Place
from schemas.record import of_place, own, written
from schemas.versions import FIRST_DROPPED
from schemas.viewings import CHANGES as REGISTERS
from schemas.viewings import FAVOURITE, PLAYED, POSITION
from tests import samples
from tests.fakes import FakeClock, MemoryDatabase
from tests.samples import WHEN

STATES = ("planned", "ready", "running", "failed", "expired", "completed", "dead", "cancelled")
CHANGES = ("quarantined", "released", "destroyed", FIRST_DROPPED)
STATUSES = ("completed", "failed", "cancelled")
NOT_DRAWN = NotDrawn(code="tool_error", reason="it is cut short")
TILES = Tiles(duration_ms=9, step_ms=9, count=1, columns=1, rows=1, width=2, height=2)
SAID: list[Drawn | NotDrawn] = [NOT_DRAWN, samples.drawn(), samples.drawn(tiles=TILES)]


def said_of_media() -> st.SearchStrategy[dict[str, str]]:
    """What people say of a medium, of several fields or one; also that it is nothing any more."""
    words = st.sampled_from(["Ärger", "ärger mit Ö", "日本"])
    fields = {
        "title": st.none() | words,
        "name": st.none() | words,
        "tags": st.none() | st.lists(words, min_size=1, max_size=2),
        "released": st.none() | st.sampled_from(["1999", "2001-02-03"]),
        of_place("season"): st.none() | st.integers(0, 2),
        of_place("series"): st.none() | words,
        own("Reel no. $1"): st.none() | st.integers(0, 2) | words,
    }
    return st.fixed_dictionaries({}, optional=fields).map(written)


PLACES = st.sampled_from([{"class": "standard"}, {"class": "archive"}, {"class": "GLACIER"}, {}])
"""Where a file may be said to be."""


def images() -> st.SearchStrategy[dict[str, Any]]:
    """An image that is wanted, what became of it, or that there is none any more."""
    by, kind = st.sampled_from(artwork.SOURCES), st.sampled_from(["poster", "logo", "odd"])
    wanted = st.builds(samples.wanted, by, kind).map(lambda each: {"change": artwork.WANTED, "values": each})
    said = st.sampled_from([None, *SAID]).map(artwork.told)
    made = st.dictionaries(st.builds(artwork.field_of, by, kind), said, max_size=2)
    return wanted | made.map(lambda each: {"change": artwork.CHANGE, "values": each})


NFOS = st.none() | st.builds(Described, title=st.sampled_from("AB"), rating=st.sampled_from([None, 7.0]))


def places() -> st.SearchStrategy[shelving.Shelved]:
    """Where something stands, in two libraries, by names that are one to people and others."""
    words = st.sampled_from(["Show", "SHOW", "Ärger", "日本"])
    film = st.builds(Place, kind=st.just("movie"), title=words)
    episode = st.builds(
        Place, kind=st.just("episode"), series=words, season=st.integers(0, 1), episode=st.just(1)
    )
    folders = st.sampled_from([{}, {"series": "m/Show"}, {"series": "m/Other", "movie": "m/Film"}])
    return st.builds(
        shelving.Shelved,
        version=st.just(0),
        scope=st.sampled_from(["l1", "own:ann"]),
        name=words,
        place=film | episode | st.just(Place(kind="other")),
        folder=st.sampled_from([None, "m/Show"]),
        folders=folders,
    )


@st.composite
def anything(draw: st.DrawFn) -> Event:
    """Any event of a small world: two media, one of them in three versions, two jobs, three runs.

    Also what should never happen.
    """
    media, job = draw(st.sampled_from(["m1", "m2", "m1~7", "m1~8"])), draw(st.sampled_from(["j1", "j2"]))
    run = draw(st.integers(1, 3))
    meta = samples.meta(now=WHEN + timedelta(seconds=draw(st.integers(0, 5))))
    frames = draw(st.integers(0, 300))
    makers: list[Any] = [
        lambda: samples.uploaded(media, meta=meta, size_bytes=draw(st.integers(0, 3))),
        lambda: samples.probed(media, meta=meta, duration_ms=draw(st.integers(0, 3))),
        lambda: samples.rejected(media, meta=meta),
        lambda: samples.deleted(media, meta=meta),
        lambda: samples.held(media, meta=meta, finding=draw(st.sampled_from("ab"))),
        lambda: samples.deleted(media, meta=meta, change=draw(st.sampled_from(CHANGES))),
        lambda: samples.pictured(
            draw(st.sampled_from(SAID)),
            draw(st.sampled_from(KINDS)),
            media,
            meta=meta,
        ),
        lambda: samples.changed(media, meta=meta, version=run, values=draw(said_of_media())),
        lambda: samples.changed(media, meta=meta, version=run, change="storage", values=draw(PLACES)),
        lambda: samples.changed(media, meta=meta, version=run, **draw(images())),
        lambda: samples.changed(
            media, meta=meta, version=run, change=shelving.CHANGE, values=draw(places()).written()
        ),
        lambda: samples.changed(
            media, meta=meta, version=run, change=described.CHANGE, values=described.told(draw(NFOS))
        ),
        lambda: samples.item_changed(
            "folder/a", meta=meta, version=run, change=described.CHANGE, values=described.told(draw(NFOS))
        ),
        lambda: samples.item_changed("node/n1", meta=meta, version=run, **draw(images())),
        lambda: samples.requested(job, meta=meta, media_id=media),
        lambda: samples.progressed(
            job, meta=meta, run=run, frames_done=frames, task_id=draw(st.sampled_from(["t1", "t2"]))
        ),
        lambda: samples.task_changed(draw(st.sampled_from(STATES)), meta=meta, job_id=job, run=run),
        lambda: samples.task_changed(
            "released", meta=meta, job_id=job, run=run, code=WAITS, error=draw(st.sampled_from("ab"))
        ),
        lambda: samples.chore_requested(job, meta=meta, run=run, missed=frames),
        lambda: samples.chore_progressed(job, meta=meta, run=run, done=frames, total=frames),
        lambda: samples.deleted(
            media, meta=meta, change="health", values=values(draw(st.sampled_from([None, "changed"])))
        ),
        lambda: samples.controlled("priority", job, meta=meta, priority=draw(st.sampled_from("ab"))),
        lambda: samples.controlled(draw(st.sampled_from(["pause", "resume"])), job, meta=meta, run=run),
        lambda: samples.audited(run, hash=draw(st.sampled_from("ab")) * 64, meta=meta),
        lambda: samples.audited(run, chain="gateway-2/c2", heads=[], meta=meta),
        lambda: samples.viewing(
            draw(st.sampled_from(REGISTERS)), meta=meta, position_ms=frames, on=draw(st.booleans())
        ),
        lambda: samples.viewing("position", meta=meta, user_id=None, work_id=None),
        lambda: samples.usage_sampled(
            meta=meta,
            day=draw(st.sampled_from(["2026-01-02", "2026-01-03"])),
            amounts=[UsageAmount(key=media, files=run, size_bytes=frames)],
        ),
        lambda: samples.processed(job, meta=meta, run=run, status=draw(st.sampled_from(STATUSES))),
    ]
    event: Event = draw(st.sampled_from(makers))()
    return event


def documents(events: Sequence[tuple[int, Event]]) -> dict[str, dict[str, bytes]]:
    """What the read models are after these events, of these offsets, in this order."""
    database = MemoryDatabase()
    asyncio.run(database.merge([step for offset, event in events for step in steps(event, offset)]))
    return {
        name: {id: canonical(document) for id, document in found.items()}
        for name, found in database.collections.items()
    }


@settings(max_examples=300, deadline=None)
@given(st.lists(anything(), max_size=25), st.randoms(use_true_random=False))
def test_shuffled_and_repeated_histories_give_the_same_views(history: list[Event], random: Any) -> None:
    placed = list(enumerate(history))
    shuffled = placed + random.choices(placed, k=len(placed)) if placed else []
    random.shuffle(shuffled)
    assert documents(shuffled) == documents(placed)


async def job_after(*events: Event) -> Document:
    database = MemoryDatabase()
    await database.merge([step for event in events for step in steps(event)])
    return database.collections["jobs"]["j1"]


async def test_a_higher_run_wins_whatever_its_rank() -> None:
    retried = samples.task_changed("planned", run=2)
    job = await job_after(samples.requested(), samples.processed(status="failed"), retried)
    assert (job["state"]["run"], job["state"]["name"]) == (2, "pending")


async def test_within_a_run_the_end_wins_over_what_came_late() -> None:
    job = await job_after(samples.processed(), samples.requested(), samples.task_changed("running"))
    assert job["state"]["name"] == "completed"


def said(command: str, seconds: int, run: int = 1) -> Event:
    return samples.controlled(command, run=run, meta=samples.meta(now=WHEN + timedelta(seconds=seconds)))


async def test_of_pause_and_resume_the_later_stands_and_the_end_of_the_run_ends_both() -> None:
    assert (await job_after(said("resume", 2), said("pause", 1)))["pause"]["on"] is False
    assert (await job_after(said("pause", 3), said("resume", 2)))["pause"]["on"] is True
    ended = await job_after(samples.processed(status="cancelled"), said("pause", 60))
    assert ended["pause"]["on"] is False
    again = await job_after(said("pause", 0, run=2), samples.processed(status="cancelled"))
    assert (again["pause"]["run"], again["pause"]["on"]) == (2, True)


@pytest.mark.parametrize("kind", ["probe", "check", *KINDS])
async def test_taking_a_medium_in_makes_no_job(kind: str) -> None:
    assert steps(samples.task_changed("planned", kind=kind, job_id="m1")) == []


async def medium_after(*events: Event) -> Document:
    database = MemoryDatabase()
    await database.merge([step for event in events for step in steps(event)])
    return database.collections["media"]["m1"]


async def test_each_kind_of_picture_has_a_place_of_its_own_and_its_last_word_stands() -> None:
    later = samples.meta(now=WHEN + timedelta(seconds=1))
    failed = samples.pictured(NOT_DRAWN, THUMBNAILS, meta=later)
    medium = await medium_after(failed, samples.pictured(), samples.pictured(kind=THUMBNAILS))
    assert {kind: of(said) for kind, said in medium["pictures"].items()} == {
        "poster": samples.drawn(),
        "thumbnails": NOT_DRAWN,
    }


async def test_pictures_say_nothing_of_whether_a_medium_is_ready_or_deleted() -> None:
    medium = await medium_after(samples.uploaded(), samples.pictured())
    assert medium["status"]["name"] == "uploaded"
    medium = await medium_after(samples.deleted(), samples.pictured())
    assert medium["status"]["name"] == "deleted"


def test_a_change_that_nobody_knows_changes_nothing() -> None:
    assert steps(samples.deleted(change="renamed")) == []
    odd = samples.deleted(change=CHANGE, values={"pictures.x": "no JSON", "": "{}"})
    assert [list(step.fields) for step in steps(odd)] == [["updated_at"]]


@pytest.mark.parametrize(
    ("after", "status"),
    [
        ([], "quarantined"),
        ([samples.deleted(change="released")], "uploaded"),
        ([samples.deleted(change="released"), samples.probed()], "ready"),
        ([samples.deleted(change="destroyed")], "quarantined"),
        ([samples.deleted(change="destroyed"), samples.rejected()], "rejected"),
        ([samples.deleted()], "deleted"),
    ],
)
async def test_what_is_held_waits_for_its_review_in_any_order(after: list[Event], status: str) -> None:
    history = [samples.uploaded(), samples.held(), *after]
    for order in (history, history[::-1]):
        medium = await medium_after(*order)
        assert medium["status"]["name"] == status
        assert medium["quarantine"]["finding"] == "Own-Test-Signature.UNOFFICIAL"
        assert "location" not in medium["quarantine"]


async def test_a_status_that_was_stored_before_there_was_a_quarantine_has_its_place() -> None:
    database = MemoryDatabase()
    for rank, name in ((1, "ready"), (2, "rejected"), (3, "deleted")):
        database.collections["media"]["m1"] = {"_id": "m1", "status": {"rank": rank, "name": name}}
        for event in (samples.held(), samples.deleted(change="released")):
            await database.merge(steps(event))
        assert database.collections["media"]["m1"]["status"]["name"] == name


async def test_progress_never_goes_back() -> None:
    job = await job_after(samples.progressed(frames_done=200), samples.progressed(frames_done=120))
    assert job["progress"]["1"]["t1"] == 200
    assert job["pace"]["frames_done"] == 200


async def test_deleted_stays_deleted() -> None:
    database = MemoryDatabase()
    for event in (samples.deleted(), samples.uploaded(), samples.probed()):
        await database.merge(steps(event))
    assert database.collections["media"]["m1"]["status"]["name"] == "deleted"


def delivery(event: Event, offset: int) -> Delivery:
    return Delivery(event, Position("media.uploaded", 0, offset))


async def test_a_batch_moves_the_watermark_with_it() -> None:
    database = MemoryDatabase()
    batch = [delivery(samples.uploaded("a"), 7), delivery(samples.uploaded("b"), 8)]
    await apply(database, "g1", batch)
    assert database.collections["watermarks_g1"][POINTER]["media_uploaded-0"] == 8
    assert set(database.collections["media_g1"]) == {"a", "b"}


async def test_what_lies_beyond_a_hold_waits_and_goes_to_the_generation_that_is_served_then() -> None:
    clock = FakeClock()
    database = MemoryDatabase(clock)
    hold = {"token": "x", "at": {"media_uploaded-0": 1}, "until": clock.now() + timedelta(minutes=1)}
    await database.insert(STATE, {"_id": POINTER, "generation": "old", "hold": hold})
    batch = [delivery(samples.uploaded("before"), 0), delivery(samples.uploaded("after"), 1)]
    handling = asyncio.create_task(Views(database, clock).handle(batch))
    while "media_old" not in database.collections:
        await asyncio.sleep(0)
    assert not handling.done()
    await database.change(STATE, POINTER, {}, {"generation": "new", "hold": None})
    await asyncio.wait_for(handling, 30)
    assert set(database.collections["media_old"]) == {"before"}
    assert set(database.collections["media_new"]) == {"after"}


def test_a_hold_that_nobody_released_ends_by_itself() -> None:
    pointer = {"hold": {"at": {"media_uploaded-0": 1}, "until": WHEN}}
    assert held_at(pointer, WHEN - timedelta(seconds=1))
    assert held_at(pointer, WHEN) == {}
    assert not beyond(delivery(samples.uploaded(), 5), {})


async def test_a_record_that_cannot_be_applied_still_counts_as_read() -> None:
    database = MemoryDatabase()
    await database.insert(STATE, {"_id": POINTER, "generation": "g", "hold": None})
    await Views(database, FakeClock()).pass_over(GivenUp(Position("media.uploaded", 2, 9), None, "bad"))
    assert database.collections["watermarks_g"][POINTER]["media_uploaded-2"] == 9


async def test_a_chain_is_loose_from_its_last_link_on_until_another_vouches_for_it() -> None:
    other = "gateway-2/c2"

    async def is_vouched_for(*numbers: int) -> bool:
        database = MemoryDatabase()
        for number in numbers:
            link = samples.audited(number, chain=other, heads=[], hash=f"{number:064}")
            await database.merge(steps(link))
        vouching = [Head(chain=other, number=2, hash=f"{2:064}")]
        await database.merge(steps(samples.audited(1, heads=vouching)))
        return bool(database.collections["audit_chains"][other]["head"]["anchored"])

    assert await is_vouched_for(1, 2)
    assert not await is_vouched_for(1, 2, 3)


def test_of_what_was_said_of_a_field_the_highest_version_stands_with_its_words_alone() -> None:
    first = samples.changed(version=1, values=written({"title": "Zebra", "tags": ["z"], own("a.$b"): 9}))
    later = samples.changed(version=2, values=written({"title": "Ape", own("a.$b"): None}))
    for events in ([first, later], [later, first, later]):
        database = MemoryDatabase()
        asyncio.run(database.merge([step for event in events for step in steps(event)]))
        record = database.collections["media"]["m1"]["record"]
        assert record["title"] == {"version": 2, "value": "Ape", "words": ["ape"], "starts": ["ap", "ape"]}
        assert record["tags"]["labels"] == ["z"]
        assert record["custom"] == {"a%2E%24b": {"version": 2, "value": None}}


def test_the_views_keep_how_far_each_order_reaches() -> None:
    database = MemoryDatabase()
    events: list[Event] = [samples.probed(f"m{size}", size_bytes=size) for size in (7, 3, 5)]
    events.append(samples.changed(values=written({"released": "1970-01-02"})))
    asyncio.run(database.merge([step for event in events for step in steps(event)]))
    reach = database.collections["extents"]["media"]
    assert reach["current_size_bytes"] == {"up": 7, "down": -3}
    assert reach["record_released_at"] == {"up": 86_400_000, "down": -86_400_000}


async def test_of_peoples_words_the_last_of_the_log_stands_whatever_their_clocks_say() -> None:
    early, late = (samples.meta(now=WHEN + timedelta(seconds=s)) for s in (0, 9))
    database = MemoryDatabase()
    for offset, word in (
        (7, samples.viewing(POSITION, meta=early, position_ms=20)),
        (3, samples.viewing(POSITION, meta=late, position_ms=50)),
        (1, samples.viewing(FAVOURITE, meta=early, on=True)),
        (2, samples.viewing(PLAYED, meta=early, on=True, times=2)),
    ):
        await database.merge(steps(word, offset))
    (kept,) = database.collections["viewings"].values()
    assert kept["position"]["position_ms"] == 20
    assert (kept["favourite"]["on"], kept["played"]["times"]) == (True, 2)


async def test_what_is_forgotten_names_nobody_any_more() -> None:
    database = MemoryDatabase()
    await database.merge(steps(samples.viewing(FAVOURITE, on=True), 1))
    gone = samples.viewing(FAVOURITE, user_id=None, work_id=None, media_id=None, viewing="favourite/u1")
    await database.merge(steps(gone, 2))
    assert "u1" not in str([said["favourite"] for said in database.collections["viewings"].values()])
