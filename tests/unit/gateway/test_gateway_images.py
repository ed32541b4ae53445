"""A medium's pictures over HTTP: listed, sent with what caches need, and nothing but them."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.media.images import type_of
from gateway.playback.tickets import Ticket
from schemas.events import MediaChanged
from schemas.pictures import POSTER, THUMBNAILS, Image, NotDrawn, Tiles, recipe_key
from tests import samples
from tests.unit.gateway.checks import anonymous, assert_problem
from tests.unit.gateway.doubles import START
from tests.unit.gateway.fakes import World, world
from tests.unit.gateway.history import probed, uploaded

KEY = recipe_key(POSTER)
DRAWN = samples.drawn(POSTER, Image(name="poster-320.jpg", size_bytes=4, width=320, height=180))
TILES = Tiles(duration_ms=7_000, step_ms=2_000, count=4, columns=4, rows=1, width=160, height=90)
SHEETS = samples.drawn(
    THUMBNAILS,
    Image(name="sheet-000.jpg", size_bytes=1_400, width=640, height=90),
    Image(name="thumbnails.vtt", size_bytes=6),
    tiles=TILES,
)
API = "/api/v1/media/m1"
IMAGES = f"{API}/images"
FOR_EVER = "private, max-age=31536000, immutable"


async def with_pictures(w: World, *more: MediaChanged) -> None:
    """A medium with a poster and thumbnails, and their bytes in the store."""
    pictures = (samples.pictured(DRAWN), samples.pictured(SHEETS, THUMBNAILS), *more)
    await w.happened(uploaded(), probed(), *pictures)
    await w.services.store.put(f"{DRAWN.folder}/poster-320.jpg", b"jpeg")
    await w.services.store.put(f"{SHEETS.folder}/thumbnails.vtt", b"WEBVTT")
    await w.services.store.put(f"{DRAWN.folder}/drawn.json", b"{}")


def ticket(w: World, media_id: str = "m1") -> str:
    """The address of a viewing."""
    viewing = Ticket(
        session_id="s1",
        media_id=media_id,
        viewer_id="admin",
        method="transcode",
        profile="phone",
        version=1,
        start_ms=0,
        max_height=None,
        max_bit_rate=None,
        expires_at=int(START.timestamp()) + 60,
    )
    return f"/stream/{w.services.tickets.write(viewing)}"


async def test_a_medium_lists_its_pictures(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        await with_pictures(w)
        media = (await w.client.get(API)).json()
        assert media["images"][0] == {
            "kind": "poster",
            "name": "poster-320.jpg",
            "url": f"{IMAGES}/poster-320.jpg?v={KEY}",
            "type": "image/jpeg",
            "size_bytes": 4,
            "width": 320,
            "height": 180,
        }
        kinds = [(image["kind"], image["type"], image["width"]) for image in media["images"][1:]]
        assert kinds == [("thumbnails", "image/jpeg", 640), ("thumbnails", "text/vtt", None)]
        assert media["image_failures"] == []
        assert (await w.client.get("/api/v1/media")).json()["items"] == [media]


async def test_a_medium_says_why_it_gets_no_picture(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        failed = samples.pictured(NotDrawn(code="nothing_shown", reason="not one picture"))
        await w.happened(uploaded(), failed)
        media = (await w.client.get(API)).json()
        assert media["images"] == []
        assert media["image_failures"] == [
            {"kind": "poster", "code": "nothing_shown", "reason": "not one picture"}
        ]
        assert_problem(await w.client.get(f"{IMAGES}/poster-320.jpg"), 404, "image-not-found")


@pytest.mark.parametrize(
    ("query", "caching"),
    [(f"?v={KEY}", FOR_EVER), ("", "private, no-cache"), ("?v=0123456789abcdef", "private, no-cache")],
)
async def test_an_address_that_says_which_picture_is_good_for_ever(
    tmp_path: Path, query: str, caching: str
) -> None:
    async with world(tmp_path) as w:
        await with_pictures(w)
        for base in (API, ticket(w)):
            got = await w.client.get(f"{base}/images/poster-320.jpg{query}")
            assert (got.status_code, got.content) == (200, b"jpeg")
            assert got.headers["content-type"] == "image/jpeg"
            assert got.headers["cache-control"] == caching
            assert got.headers["x-content-type-options"] == "nosniff"
            assert got.headers["etag"] == f'"{KEY}-poster-320.jpg"'


@pytest.mark.parametrize(
    ("said", "status"),
    [
        (f'"{KEY}-poster-320.jpg"', 304),
        (f'"other", W/"{KEY}-poster-320.jpg"', 304),
        ("*", 304),
        ('"other"', 200),
        ("", 200),
    ],
)
async def test_what_a_client_has_already_is_not_sent_again(tmp_path: Path, said: str, status: int) -> None:
    async with world(tmp_path) as w:
        await with_pictures(w)
        for base in (API, ticket(w)):
            for verb in ("GET", "HEAD"):
                path = f"{base}/images/poster-320.jpg"
                got = await w.client.request(verb, path, headers={"If-None-Match": said})
                assert got.status_code == status
                assert got.headers["etag"]
                assert got.headers["cache-control"] == "private, no-cache"
                assert got.content == (b"jpeg" if (verb, status) == ("GET", 200) else b"")


async def test_the_head_of_a_picture_can_be_had_alone(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        await with_pictures(w)
        for base in (API, ticket(w)):
            got = await w.client.head(f"{base}/images/poster-320.jpg")
            assert (got.status_code, got.headers["content-length"], got.content) == (200, "4", b"")


@pytest.mark.parametrize(
    "name",
    [
        "drawn.json",
        "poster-640.jpg",
        "..%2Fposter-320.jpg",
        "%2e%2e%2fposter-320.jpg",
        "..%5Cposter-320.jpg",
        "poster-320.jpg%00",
        "POSTER-320.JPG",
        "%2Fetc%2Fpasswd",
        "a" * 500,
    ],
)
async def test_nothing_but_a_medium_s_own_pictures_is_sent(tmp_path: Path, name: str) -> None:
    async with world(tmp_path) as w:
        await with_pictures(w)
        for base in (API, ticket(w)):
            got = await w.client.get(f"{base}/images/{name}?v={KEY}")
            assert got.status_code == 404
            assert got.json()["code"] in ("image-not-found", "not-found", "rendition-not-found")


async def test_pictures_of_a_medium_that_is_not_there_or_not_any_more(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        assert_problem(await w.client.get("/api/v1/media/nope/images/a.jpg"), 404, "media-not-found")
        await with_pictures(w, samples.deleted())
        for base in (API, ticket(w)):
            assert_problem(await w.client.get(f"{base}/images/poster-320.jpg"), 410, "media-deleted")


async def test_a_picture_whose_bytes_are_lost_says_so(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        await with_pictures(w)
        assert_problem(await w.client.get(f"{IMAGES}/sheet-000.jpg"), 410, "blob-missing")


async def test_players_need_no_token_but_a_signed_address(tmp_path: Path) -> None:
    async with world(tmp_path) as w, anonymous(w) as client:
        await with_pictures(w)
        got = await client.get(f"{ticket(w)}/images/thumbnails.vtt")
        assert (got.status_code, got.text) == (200, "WEBVTT")
        assert got.headers["access-control-allow-origin"] == "*"
        assert_problem(await client.get("/stream/made-up/images/thumbnails.vtt"), 403, "bad-address")
        assert (await client.get(f"{IMAGES}/thumbnails.vtt")).status_code == 401


async def test_the_master_playlist_names_the_thumbnails_once_they_are_there(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        await w.happened(uploaded(), probed())
        path = ticket(w)
        before = (await w.client.get(f"{path}/master.m3u8")).text
        assert "IMAGE" not in before
        assert_problem(await w.client.get(f"{path}/images/index.m3u8"), 404, "image-not-found")
        await with_pictures(w)
        assert (await w.client.get(f"{path}/master.m3u8")).text == before + (
            '#EXT-X-IMAGE-STREAM-INF:BANDWIDTH=1600,RESOLUTION=160x90,CODECS="jpeg",URI="images/index.m3u8"\n'
        )
        got = await w.client.get(f"{path}/images/index.m3u8")
        assert got.headers["content-type"].startswith("application/vnd.apple.mpegurl")
        assert f"sheet-000.jpg?v={SHEETS.key}" in got.text.splitlines()


@pytest.mark.parametrize(
    ("name", "kind"),
    [("a.webp", "image/webp"), ("a.png", "image/png"), ("a.odd", "application/octet-stream")],
)
def test_a_picture_s_name_says_what_it_is(name: str, kind: str) -> None:
    assert type_of(name) == kind
