"""Images that people give to media: taken in where they begin as such, shown once they were looked at."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from schemas import artwork, described
from schemas.artwork import GIVEN
from schemas.events import ItemChanged, MediaChanged
from schemas.pictures import Image, NotDrawn
from tests import samples
from tests.unit.gateway.checks import assert_problem
from tests.unit.gateway.fakes import World, world
from tests.unit.gateway.history import probed, uploaded
from tests.unit.gateway.people import header_of, person

M1 = "/api/v1/media/m1"
POSTER = f"{M1}/images/poster"
PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 100
DRAWN = samples.drawn("poster", Image(name="poster-320.jpg", size_bytes=4, width=320, height=180))
MADE = samples.drawn(
    "poster",
    Image(name="poster-320.jpg", size_bytes=4, width=320, height=480),
    source="cd" * 16,
    key="1" * 16,
)


async def given(w: World, content: bytes = PNG) -> MediaChanged:
    """What is said when an image is given."""
    answer = await w.client.put(POSTER, content=content)
    assert answer.status_code == 202, answer.text
    event = w.publisher.events[-1]
    assert isinstance(event, MediaChanged)
    return event


def made(event: MediaChanged, said: Any = MADE) -> MediaChanged:
    values = {artwork.field_of(GIVEN, "poster"): artwork.told(said)}
    return samples.changed(change=artwork.CHANGE, version=event.version, values=values)


async def heights(w: World) -> list[int]:
    images = (await w.client.get(M1)).json()["images"]
    return [each["height"] for each in images if each["kind"] == "poster"]


async def test_a_given_image_goes_before_the_drawn_one_until_it_is_taken_away(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        await w.happened(uploaded(), probed(), samples.pictured(DRAWN))
        event = await given(w)
        ((source, kind, wanted),) = artwork.wanted(event.values)
        assert (event.change, source, kind) == (artwork.WANTED, GIVEN, "poster")
        assert (tmp_path / wanted.location).read_bytes() == PNG
        assert await heights(w) == [180]
        await w.happened(made(event))
        assert await heights(w) == [480]
        await w.services.store.put(f"{MADE.folder}/poster-320.jpg", b"jpeg")
        assert (await w.client.get(f"{M1}/images/poster-320.jpg?v={'1' * 16}")).content == b"jpeg"
        assert (await w.client.delete(POSTER)).status_code == 202
        assert await heights(w) == [180]
        await w.happened(made(event))
        assert await heights(w) == [180]


async def test_what_was_given_goes_before_what_lies_beside_it(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        found = samples.drawn("poster", Image(name="poster-320.jpg", size_bytes=4, width=320, height=200))
        values = {artwork.field_of(artwork.FOUND, "poster"): artwork.told(found)}
        await w.happened(uploaded(), samples.pictured(DRAWN))
        await w.happened(samples.changed(change=artwork.CHANGE, version=10**15, values=values))
        assert await heights(w) == [200]
        await w.happened(made(await given(w)))
        assert await heights(w) == [480]


async def test_of_two_images_the_later_stands_also_by_a_slow_clock(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        await w.happened(uploaded())
        first = await given(w)
        w.clock.move(hours=-1)
        assert (await given(w)).version > first.version


async def test_an_image_that_is_none_says_so_and_hides_nothing(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        await w.happened(uploaded(), samples.pictured(DRAWN))
        event = await given(w)
        await w.happened(made(event, NotDrawn(code="no_image", reason="it is none")))
        assert await heights(w) == [180]
        (failure,) = (await w.client.get(M1)).json()["image_failures"]
        assert failure == {"kind": "poster", "code": "no_image", "reason": "it is none"}


@pytest.mark.parametrize("content", [b"GIF89a" + b"\0" * 90, b"<svg>", b"\x89PNG", b"RIFF1234WAVE"])
async def test_what_begins_as_no_image_does_is_refused_and_not_kept(tmp_path: Path, content: bytes) -> None:
    async with world(tmp_path) as w:
        await w.happened(uploaded())
        before = w.files()
        assert_problem(await w.client.put(POSTER, content=content), 422, "not-an-image")
        assert w.files() == before


async def test_what_is_empty_too_large_or_of_no_kind_is_refused(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        await w.happened(uploaded())
        assert_problem(await w.client.put(POSTER, content=b""), 422, "empty")
        assert_problem(await w.client.put(POSTER, content=PNG + b"\0" * (20 << 20)), 413, "too-large")
        assert_problem(await w.client.put(f"{M1}/images/photo", content=PNG), 422, "invalid")
        assert_problem(
            await w.client.put("/api/v1/media/m2/images/poster", content=PNG), 404, "media-not-found"
        )


async def test_who_may_see_a_medium_and_no_more_gives_it_no_image(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        await w.happened(uploaded())
        ann = await header_of(w, await person(w, "ann", "editor"))
        await w.client.put(f"{M1}/access", json={"access": {"everyone": "view"}})
        for method, body in (("PUT", PNG), ("DELETE", None)):
            answer = await w.client.request(method, POSTER, content=body, headers=ann)
            assert_problem(answer, 403, "not-yours")


ADA = described.person_id("Ada")
PHOTO = f"/api/v1/people/{ADA}/images/photo"


async def test_a_person_is_given_a_photo_by_who_looks_after_the_installation(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        credit = described.Credit(name="Ada", kind="actor", role="Herself")
        told = described.told(described.Described(people=(credit,)))
        await w.happened(uploaded(), samples.changed("m1", change=described.CHANGE, values=told))
        (said,) = (await w.client.get(M1)).json()["people"]
        assert said == {"id": ADA, "name": "Ada", "kind": "actor", "role": "Herself"}
        assert (await w.client.get(f"/api/v1/people/{ADA}")).json() == {"id": ADA, "images": []}
        assert (await w.client.put(PHOTO, content=PNG)).status_code == 202
        event = w.publisher.events[-1]
        assert isinstance(event, ItemChanged)
        values = {artwork.field_of(GIVEN, "photo"): artwork.told(MADE)}
        photo = samples.item_changed(event.item, change=artwork.CHANGE, version=event.version, values=values)
        await w.happened(photo)
        (image,) = (await w.client.get(f"/api/v1/people/{ADA}")).json()["images"]
        await w.services.store.put(f"{MADE.folder}/poster-320.jpg", b"jpeg")
        assert (image["kind"], (await w.client.get(image["url"])).content) == ("photo", b"jpeg")
        editor = await header_of(w, await person(w, "ann", "editor"))
        assert (await w.client.put(PHOTO, content=PNG, headers=editor)).status_code == 403
        assert (await w.client.delete(PHOTO)).status_code == 202
        assert (await w.client.get(f"/api/v1/people/{ADA}")).json()["images"] == []
