"""Addresses by which anyone may fetch one file for a while, and nothing beside."""

from __future__ import annotations

import string
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from gateway.playback.tickets import Tickets
from gateway.signed.permits import BadPermit, Permit, Permits
from schemas.events import MediaChanged
from tests.unit.gateway.checks import DATA, anonymous, assert_problem
from tests.unit.gateway.doubles import START, NullStore, meta
from tests.unit.gateway.fakes import World, world
from tests.unit.gateway.history import processed, rejected, requested, uploaded
from tests.unit.gateway.people import Person, header_of, person
from tests.unit.gateway.trail import written

NAME = 'Отпуск "1" 休暇.mkv'
PERMITS = Permits(b"the-key")
PERMIT = Permit("media", "m1", "admin", int(START.timestamp()) + 60)


async def made(w: World, at: str, headers: dict[str, str] | None = None, **order: Any) -> dict[str, Any]:
    """What an address is answered with."""
    answer = await w.client.post(f"/api/v1/{at}/address", json=order, headers=headers)
    assert answer.status_code == 201, answer.text
    said: dict[str, Any] = answer.json()
    return said


async def taken_in(w: World, headers: dict[str, str] | None = None, name: str = NAME) -> str:
    """The id of a medium."""
    answer = await w.client.post("/api/v1/media", params={"name": name}, content=DATA, headers=headers)
    assert answer.status_code == 202, answer.text
    return str(answer.json()["media"]["id"])


async def of_editor(w: World) -> tuple[Person, dict[str, str], str, str]:
    """Someone, what they sign in with, a medium of theirs and an address that they made of it."""
    who = await person(w, role="editor")
    headers = await header_of(w, who)
    media_id = await taken_in(w, headers)
    return who, headers, media_id, (await made(w, f"media/{media_id}", headers))["url"]


async def test_anyone_fetches_by_it_whole_and_in_ranges_under_its_name(tmp_path: Path) -> None:
    async with world(tmp_path) as w, anonymous(w) as client:
        at = f"media/{await taken_in(w)}"
        said = await made(w, at)
        got = await client.get(said["url"])
        own = await w.client.get(f"/api/v1/{at}/content")
        assert (got.status_code, got.content, said["through"]) == (200, DATA, "gateway")
        for header in ("content-disposition", "content-type", "etag", "x-content-type-options"):
            assert got.headers[header] == own.headers[header]
        assert got.headers["content-security-policy"].startswith("sandbox")
        some = await client.get(said["url"], headers={"Range": "bytes=3-6"})
        assert (some.status_code, some.content) == (206, DATA[3:7])
        head = await client.head(said["url"])
        assert (head.status_code, head.headers["content-length"]) == (200, str(len(DATA)))
        assert_problem(await client.get(said["url"], headers={"Range": "bytes=999999-"}), 416, "bad-range")


@pytest.mark.parametrize(("order", "lasts_s"), [({}, 900), ({"expires_in_s": 60}, 60)])
async def test_it_ends(tmp_path: Path, order: dict[str, Any], lasts_s: int) -> None:
    async with world(tmp_path) as w, anonymous(w) as client:
        said = await made(w, f"media/{await taken_in(w)}", **order)
        assert said["expires_at"] == (START + timedelta(seconds=lasts_s)).isoformat().replace("+00:00", "Z")
        w.clock.move(seconds=lasts_s - 1)
        assert (await client.get(said["url"])).status_code == 200
        w.clock.move(seconds=1)
        assert_problem(await client.get(said["url"]), 403, "bad-address")


async def test_it_is_never_good_for_more_than_a_week(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        at = f"/api/v1/media/{await taken_in(w)}/address"
        assert (await w.client.post(at)).status_code == 201, "all of the order may be left out"
        for bad in (0, -1, 604_801, "60", True):
            assert_problem(await w.client.post(at, json={"expires_in_s": bad}), 422, "invalid")


async def test_it_stands_still_while_its_maker_is_disabled(tmp_path: Path) -> None:
    async with world(tmp_path) as w, anonymous(w) as client:
        who, _, _, url = await of_editor(w)
        for state, expected in (("active", 200), ("disabled", 403)):
            await w.client.patch(f"/api/v1/users/{who.id}", json={"state": state})
            assert (await client.get(url)).status_code == expected


async def test_it_goes_with_an_erased_maker(tmp_path: Path) -> None:
    async with world(tmp_path) as w, anonymous(w) as client:
        who, _, _, url = await of_editor(w)
        assert (await w.client.delete(f"/api/v1/users/{who.id}")).status_code < 300
        assert_problem(await client.get(url), 403, "bad-address")


async def test_it_goes_with_its_maker_s_access(tmp_path: Path) -> None:
    async with world(tmp_path) as w, anonymous(w) as client:
        who = await person(w)
        media_id = await taken_in(w)
        access = f"/api/v1/media/{media_id}/access"
        assert (await w.client.put(access, json={"access": {f"user:{who.id}": "view"}})).status_code == 202
        url = (await made(w, f"media/{media_id}", await header_of(w, who)))["url"]
        assert (await client.get(url)).status_code == 200
        assert (await w.client.put(access, json={"access": {}})).status_code == 202
        assert_problem(await client.get(url), 403, "bad-address")


async def test_it_goes_with_its_medium(tmp_path: Path) -> None:
    async with world(tmp_path) as w, anonymous(w) as client:
        media_id = await taken_in(w)
        url = (await made(w, f"media/{media_id}"))["url"]
        await w.client.delete(f"/api/v1/media/{media_id}")
        assert_problem(await client.get(url), 410, "media-deleted")
        assert_problem(await w.client.post(f"/api/v1/media/{media_id}/address"), 410, "media-deleted")


async def test_what_is_held_or_rejected_is_not_sent_and_strangers_are_not_told_why(tmp_path: Path) -> None:
    async with world(tmp_path) as w, anonymous(w) as client:
        held, bad = await taken_in(w), await taken_in(w)
        urls = [(await made(w, f"media/{each}"))["url"] for each in (held, bad)]
        found = {"finding": "Eicar-Signature"}
        await w.happened(
            MediaChanged(meta=meta(), media_id=held, version=1, change="quarantined", values=found),
            rejected(bad),
        )
        for url in urls:
            said = assert_problem(await client.get(url), 403, "bad-address")
            assert "Eicar" not in said["detail"]


async def test_what_a_job_made_has_an_address_as_long_as_its_medium_is_there(tmp_path: Path) -> None:
    async with world(tmp_path) as w, anonymous(w) as client:
        media_id = await taken_in(w)
        blob = (await w.database.get("media_v1", media_id) or {})["upload"]
        await w.happened(requested(media_id=media_id))
        assert_problem(await w.client.post("/api/v1/jobs/j1/output/address"), 409, "no-output")
        await w.happened(
            processed(media_id=media_id, output_location=blob["location"], output_name="Отпуск.mp4")
        )
        url = (await made(w, "jobs/j1/output"))["url"]
        got = await client.get(url)
        assert (got.status_code, got.content) == (200, DATA)
        assert got.headers["content-disposition"].endswith("%D0%9E%D1%82%D0%BF%D1%83%D1%81%D0%BA.mp4")
        await w.client.delete(f"/api/v1/media/{media_id}")
        assert_problem(await client.get(url), 410, "media-deleted")


async def test_who_may_not_see_the_medium_gets_no_address(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        media_id, stranger = await taken_in(w), await header_of(w, await person(w))
        answer = await w.client.post(f"/api/v1/media/{media_id}/address", headers=stranger)
        assert_problem(answer, 404, "media-not-found")


async def test_who_made_and_who_used_it_is_in_the_audit_log(tmp_path: Path) -> None:
    async with world(tmp_path) as w, anonymous(w) as client:
        who, _, media_id, url = await of_editor(w)
        await client.get(url)
        await client.get(f"{url}x")
        found = {(e.action, e.outcome): e for e in await written(w) if e.action.startswith("address.")}
        assert set(found) == {
            ("address.made", "allowed"),
            ("address.used", "allowed"),
            ("address.used", "refused"),
        }
        for action in ("address.made", "address.used"):
            entry = found[action, "allowed"]
            assert (entry.actor_id, entry.target_kind, entry.target_id) == (who.id, "media", media_id)
        assert found["address.used", "allowed"].route == "/signed/{permit}"


async def test_it_is_in_no_metric_and_no_key_to_anything_else(tmp_path: Path) -> None:
    async with world(tmp_path) as w, anonymous(w) as client:
        media_id = await taken_in(w)
        url = (await made(w, f"media/{media_id}"))["url"]
        permit = url.rpartition("/")[2]
        await client.get(url)
        text = (await w.client.get("/metrics")).text
        assert 'route="/signed/{permit}"' in text
        assert permit[:20] not in text
        assert (await client.get(f"/stream/{permit}/file")).status_code == 403
        bearer = {"Authorization": f"Bearer {permit}"}
        assert (await client.get(f"/api/v1/media/{media_id}", headers=bearer)).status_code == 401


async def test_a_replica_that_may_have_missed_something_sends_nothing(tmp_path: Path) -> None:
    async with world(tmp_path) as w, anonymous(w) as client:
        _, _, _, url = await of_editor(w)
        w.publisher.feed.age_s = 60
        assert_problem(await client.get(url), 503, "unavailable")


class AddressedStore(NullStore):
    """One whose clients may fetch from it."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[tuple[Any, ...]] = []

    async def address(self, *asked: Any) -> str | None:
        self.asked.append(asked)
        return "https://s3.example.org/blobs/a?X-Amz-Signature=b"


@pytest.mark.parametrize("public", ["https://s3.example.org", None])
async def test_it_leads_to_the_store_where_clients_reach_that(tmp_path: Path, public: str | None) -> None:
    store = AddressedStore()
    async with world(tmp_path, store=store, s3_public_endpoint=public) as w:
        await w.happened(uploaded(name="Отпуск.mkv", content_type="video/x-matroska"))
        said = await made(w, "media/m1", expires_in_s=60)
        assert said["through"] == ("store" if public else "gateway")
        assert said["url"].startswith("https://s3.example.org/") == bool(public)
        asked = [(f"raw/ab/{'ab' * 32}", "Отпуск.mkv", "video/x-matroska", 60)]
        assert store.asked == (asked if public else [])


def test_a_permit_is_read_as_it_was_written_and_no_character_can_be_changed() -> None:
    text = PERMITS.write(PERMIT)
    assert Permits(b"the-key").read(text, START) == PERMIT
    for at, was in enumerate(text):
        for other in (string.ascii_letters + string.digits + "-_.").replace(was, ""):
            with pytest.raises(BadPermit, match="not made here"):
                PERMITS.read(text[:at] + other + text[at + 1 :], START)


def test_what_was_signed_for_something_else_is_no_permit() -> None:
    tickets = Tickets(b"the-key")
    ticket = tickets._signer.write(list("abcd"))
    with pytest.raises(BadPermit, match="not made here"):
        PERMITS.read(ticket, START)
    with pytest.raises(BadPermit, match="not made here"):
        Permits(b"another").read(PERMITS.write(PERMIT), START)
