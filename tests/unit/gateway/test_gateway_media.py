"""The routes of media, over ports made of memory and a real folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway import tokens
from schemas.events import MediaChanged, MediaUploaded, TranscodeRequested
from tests.unit.gateway.checks import DATA, assert_problem, upload
from tests.unit.gateway.doubles import NullStore
from tests.unit.gateway.fakes import world
from tests.unit.gateway.history import probed, rejected, uploaded


async def test_an_upload_is_kept_published_and_readable_at_once(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        answer = await upload(w)
        assert answer.status_code == 202
        media = answer.json()["media"]
        assert answer.headers["location"] == f"/api/v1/media/{media['id']}" == media["links"]["self"]
        assert answer.headers["sluice-token"] == answer.json()["token"]
        assert answer.json()["job"] is None
        assert (media["name"], media["size_bytes"], media["status"]) == ("clip.mp4", len(DATA), "uploaded")
        (event,) = w.publisher.events
        assert isinstance(event, MediaUploaded)
        assert (event.owner_id, event.meta.actor, event.origin) == ("admin", "user:admin", "api")
        assert (tmp_path / event.location).read_bytes() == DATA
        assert (await w.client.get(media["links"]["self"])).json() == media
        assert (await w.client.get(media["links"]["content"])).content == DATA


async def test_an_upload_with_a_profile_is_one_publish_with_one_correlation(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        answer = await w.client.post(
            "/api/v1/media?name=../a.b.mp4&profile=web&priority=high",
            content=DATA,
            headers={"X-Request-ID": "my-own-request"},
        )
        event, order = w.publisher.events
        assert isinstance(event, MediaUploaded)
        assert isinstance(order, TranscodeRequested)
        assert (order.media_id, order.run, order.profile, order.priority) == (
            event.media_id,
            1,
            "web",
            "high",
        )
        assert (event.name, order.name) == ("a.b.mp4", "a.b")
        assert event.meta.correlation_id == order.meta.correlation_id == "my-own-request"
        assert answer.headers["x-request-id"] == "my-own-request"
        job = answer.json()["job"]
        assert (await w.client.get(job["links"]["self"])).json() == job
        assert len(tokens.read(answer.json()["token"])) == 2


async def test_the_same_bytes_are_kept_once(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        await upload(w)
        await upload(w)
        assert len(w.files()) == 1
        assert len({e.media_id for e in w.publisher.events if isinstance(e, MediaUploaded)}) == 2


@pytest.mark.parametrize(
    ("query", "body", "status", "code"),
    [
        ("", DATA, 422, "no-name"),
        ("?name=a.mp4", b"", 422, "empty"),
        ("?name=a.mp4&profile=nope", DATA, 422, "unknown-profile"),
        ("?name=a.mp4&priority=urgent", DATA, 422, "invalid"),
    ],
)
async def test_an_upload_that_makes_no_sense_is_refused_and_leaves_nothing(
    tmp_path: Path, query: str, body: bytes, status: int, code: str
) -> None:
    async with world(tmp_path) as w:
        assert_problem(await w.client.post(f"/api/v1/media{query}", content=body), status, code)
        assert (w.files(), w.publisher.events) == ([], [])


async def test_an_unknown_profile_is_answered_with_the_known_ones(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        said = assert_problem(await upload(w, profile="nope"), 422, "unknown-profile")
        assert said["profiles"] == ["archive", "phone", "preview", "sound", "web"]


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("video/MP4; codecs=x", "video/mp4"),
        ("text/html\x0b", None),
        ("nonsense", None),
        ("a" * 300 + "/b", None),
    ],
)
async def test_a_content_type_is_kept_where_it_is_one(tmp_path: Path, said: str, kept: str | None) -> None:
    async with world(tmp_path) as w:
        headers = {"Content-Type": said}
        answer = await w.client.post("/api/v1/media?name=a", content=DATA, headers=headers)
        assert answer.json()["media"]["content_type"] == kept


async def test_a_full_store_is_said_and_leaves_nothing(tmp_path: Path) -> None:
    store = NullStore(full=True)
    async with world(tmp_path, store) as w:
        assert_problem(await upload(w), 507, "store-full")
        assert (store.aborted, w.publisher.events) == (1, [])
        assert w.metric("sluice_uploads_total", outcome="store-full") == 1


async def test_without_kafka_an_upload_is_refused_but_the_bytes_stay(tmp_path: Path) -> None:
    """Others may have sent the same bytes, so it is not for this request to remove them."""
    async with world(tmp_path) as w:
        w.publisher.away = True
        answer = await upload(w)
        said = assert_problem(answer, 503, "unavailable")
        assert answer.headers["retry-after"]
        assert "10.0.0.8" not in said["detail"]
        assert w.metric("sluice_uploads_total", outcome="unavailable") == 1
        assert len(w.files()) == 1


async def test_an_upload_stands_while_the_read_models_are_away(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        w.publisher.lagging = w.database.away = True
        assert (await upload(w)).status_code == 202


async def test_a_read_with_a_token_waits_for_what_it_promises(tmp_path: Path) -> None:
    async with world(tmp_path, read_your_write_s=0.05) as w:
        w.publisher.lagging = True
        answer = await upload(w)
        path, token = answer.json()["media"]["links"]["self"], answer.json()["token"]
        assert_problem(await w.client.get(path), 404, "media-not-found")
        await w.publisher.show(w.publisher.events, tokens.read(token))
        assert (await w.client.get(path, headers={"Sluice-Token": token})).status_code == 200
        assert (await w.client.get(path, params={"token": token})).status_code == 200


async def test_a_bad_token_is_refused(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        lists = ("media", "jobs", "profiles", "libraries", "invitations", "users", "keys", "services")
        for path in (*lists, "media/m1", "media/m1/content", "jobs/j1", "jobs/j1/output", "auth/whoami"):
            answer = await w.client.get(f"/api/v1/{path}", params={"token": "nonsense"})
            assert_problem(answer, 400, "bad-token")


async def test_a_list_is_newest_first_and_comes_in_pages(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        for n in range(5):
            w.clock.move(seconds=1)
            await w.happened(uploaded(f"m{n}", w.clock.now()))
        first = (await w.client.get("/api/v1/media?limit=3")).json()
        assert [m["id"] for m in first["items"]] == ["m4", "m3", "m2"]
        rest = (await w.client.get(f"/api/v1/media?limit=3&cursor={first['next']}")).json()
        assert ([m["id"] for m in rest["items"]], rest["next"]) == (["m1", "m0"], None)


async def test_a_list_leaves_out_deleted_ones_unless_they_are_asked_for(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        gone = MediaChanged(meta=uploaded().meta, media_id="m1", version=1, change="deleted")
        await w.happened(uploaded("m1"), uploaded("m2"), probed("m2"), uploaded("m3"), gone)
        for query, ids in (("", ["m3", "m2"]), ("?status=deleted", ["m1"]), ("?status=ready", ["m2"])):
            found = (await w.client.get(f"/api/v1/media{query}")).json()["items"]
            assert [m["id"] for m in found] == ids


@pytest.mark.parametrize("query", ["limit=0", "limit=201", "limit=x", "status=odd"])
async def test_a_list_refuses_odd_queries(tmp_path: Path, query: str) -> None:
    async with world(tmp_path) as w:
        assert_problem(await w.client.get(f"/api/v1/media?{query}"), 422, "invalid")


async def test_a_list_refuses_a_cursor_that_is_none(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        assert_problem(await w.client.get("/api/v1/media?cursor=zzz"), 400, "bad-cursor")


async def test_a_deleted_medium_is_gone(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        path = (await upload(w)).json()["media"]["links"]["self"]
        answer = await w.client.delete(path)
        assert answer.status_code == 202
        assert answer.headers["sluice-token"]
        change = w.publisher.events[-1]
        assert isinstance(change, MediaChanged)
        assert (change.change, change.version) == ("deleted", 1)
        for verb, where in (("GET", path), ("DELETE", path), ("GET", f"{path}/content")):
            assert_problem(await w.client.request(verb, where), 410, "media-deleted")
        order = await w.client.post(f"{path}/transcode", json={"profile": "web"})
        assert_problem(order, 410, "media-deleted")


async def test_what_is_not_there_is_not_found(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        for verb, path in (("GET", ""), ("DELETE", ""), ("GET", "/content")):
            answer = await w.client.request(verb, f"/api/v1/media/nope{path}")
            assert_problem(answer, 404, "media-not-found")


async def test_a_transcode_of_a_medium_is_a_job(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        await w.happened(uploaded("m1", name="Отпуск.mov"))
        answer = await w.client.post("/api/v1/media/m1/transcode", json={"profile": "phone"})
        assert answer.status_code == 202
        job = answer.json()["job"]
        assert (job["media_id"], job["profile"], job["priority"]) == ("m1", "phone", "normal")
        assert (job["name"], job["state"], job["run"]) == ("Отпуск", "pending", 1)
        assert answer.headers["location"] == job["links"]["self"]


async def test_a_rejected_medium_cant_be_transcoded(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        await w.happened(uploaded(), rejected())
        answer = await w.client.post("/api/v1/media/m1/transcode", json={"profile": "web"})
        assert "The file is text." in assert_problem(answer, 409, "media-rejected")["detail"]
