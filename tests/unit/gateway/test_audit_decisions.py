"""Which decisions the audit log tells of, and what of them: by what people do over HTTP."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest

from gateway.app import create_app
from gateway.audit.actions import ACTIONS, action_of
from gateway.audit.acts import ACTS, act_of
from schemas.codec import Codec
from schemas.events import AuditRecorded, PlaybackChanged, ViewingChanged
from schemas.topics import TOPICS
from tests import samples
from tests.fakes import only
from tests.unit.gateway.checks import anonymous, upload
from tests.unit.gateway.fakes import World, make_private_files, settings_for, world
from tests.unit.gateway.history import beat, requested, task_changed, uploaded
from tests.unit.gateway.people import PASSWORD, Person, bearing, header_of, person, signed_in
from tests.unit.gateway.routes import NEEDS
from tests.unit.gateway.trail import said, written

_GOES_ON = {("POST", "/api/v1/auth/refresh")}
"""What goes on with a session says nothing that its opening did not; a token that is used twice closes it."""
_LIVE = {("GET", "/api/v1/ws"), ("GET", "/api/v1/graphql")}
_NO_ACTS = {"audit.recorded", "service.beat", "usage.sampled"}


def test_every_route_has_a_name_in_the_audit_log(tmp_path: Path) -> None:
    make_private_files(tmp_path)
    paths = create_app(settings_for(tmp_path)).openapi()["paths"]
    older = {("GET", path) for path in paths if path.startswith(("/Videos", "/signed"))}
    named = set(ACTIONS) - _LIVE
    assert named == {row for row in NEEDS if row[0] != "HEAD"} | older


def test_everything_that_the_gateway_publishes_is_an_act() -> None:
    ours = [topic for topic in TOPICS if "gateway" in topic.producers]
    assert set(ACTS) == {topic.record for topic in ours if topic.name not in _NO_ACTS}


def test_what_is_published_goes_by_the_audit_log() -> None:
    """Whoever publishes past `Command.publish` has to be named here, and say why."""
    words = (".publisher.publish(", "services.publisher")
    rooms = Path(create_app.__code__.co_filename).parent
    found = {file.name for file in rooms.rglob("*.py") if any(word in file.read_text() for word in words)}
    tell = {"streams.py", "recorder.py", "sampling.py"}
    assert found == {"commands.py"} | tell, "these tell where viewers are and what is stored: no decisions"
    assert "self.publisher.publish(" in (rooms / "usage" / "sampling.py").read_text(), "nor do counts"


def test_each_event_of_the_gateway_is_some_act() -> None:
    for event in samples.one_of_each():
        if type(event) in ACTS:
            assert act_of([event]).changes != isinstance(event, PlaybackChanged | ViewingChanged)
    assert act_of([samples.credential(kind="key-card", value=None)]).action == "key-card.withdrawn"
    assert act_of([samples.beat()]).action == "service.beat", "what nobody has named has its topic's name"


_BODIES: dict[tuple[str, str], Any] = {
    ("POST", "/api/v1/media/{media_id}/transcode"): {"profile": "web"},
    ("POST", "/api/v1/jobs"): {"media_id": "m1", "profile": "web"},
    ("POST", "/api/v1/jobs/{job_id}/priority"): {"priority": "low"},
    ("PUT", "/api/v1/profiles/{name}"): {"container": "mp4", "video": None},
    ("PUT", "/api/v1/media/{media_id}/library"): {"library_id": None},
    ("PUT", "/api/v1/media/{media_id}/access"): {"access": {"everyone": "view"}},
    ("POST", "/api/v1/media/{media_id}/shares"): {},
    ("POST", "/api/v1/libraries"): {"name": "films"},
    ("POST", "/api/v1/users"): {"login": "cyd", "password": PASSWORD, "role": "viewer"},
    ("PATCH", "/api/v1/users/{user_id}"): {"role": "editor"},
    ("POST", "/api/v1/users/{user_id}/password"): {"password": "another long one"},
    ("POST", "/api/v1/invitations"): {"role": "viewer"},
}
_DONE = [
    ("POST", "/api/v1/media/{media_id}/transcode", "job.ordered"),
    ("POST", "/api/v1/jobs", "job.ordered"),
    ("POST", "/api/v1/jobs/{job_id}/priority", "job.priority"),
    ("POST", "/api/v1/jobs/{job_id}/pause", "job.pause"),
    ("POST", "/api/v1/jobs/{job_id}/cancel", "job.cancel"),
    ("PUT", "/api/v1/media/{media_id}/library", "media.placed"),
    ("PUT", "/api/v1/media/{media_id}/access", "access.changed"),
    ("POST", "/api/v1/media/{media_id}/shares", "share.made"),
    ("POST", "/api/v1/libraries", "library.changed"),
    ("POST", "/api/v1/system/workers/{instance}/drain", "worker.ordered"),
    ("POST", "/api/v1/users", "user.created"),
    ("PATCH", "/api/v1/users/{user_id}", "user.role"),
    ("POST", "/api/v1/users/{user_id}/password", "user.password"),
    ("DELETE", "/api/v1/users/{user_id}", "user.erased"),
    ("POST", "/api/v1/invitations", "invitation.made"),
    ("DELETE", "/api/v1/media/{media_id}", "media.deleted"),
]


@pytest.mark.parametrize(("verb", "template", "action"), _DONE, ids=lambda value: str(value))
async def test_each_act_is_in_the_log_with_who_and_what(
    tmp_path: Path, verb: str, template: str, action: str
) -> None:
    async with world(tmp_path) as w:
        await w.happened(uploaded(), requested(), task_changed("planned"))
        w.beats.put(beat())
        await w.beats.queue.join()
        bob = await person(w, "bob")
        before = len(await written(w))
        named = {"media_id": "m1", "job_id": "j1", "user_id": bob.id, "instance": "worker-1"}
        answer = await w.client.request(verb, template.format(**named), json=_BODIES.get((verb, template)))
        assert answer.status_code < 300, answer.text
        record = only((await written(w))[before:])
        assert (record.action, record.outcome, record.actor_id) == (action, "allowed", "admin")
        assert (record.came_by, record.method, record.route) == ("admin-token", verb, template)
        assert record.request_id == answer.headers["X-Request-ID"]
        assert record.target_id


async def test_a_role_is_told_with_what_it_became(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        bob = await person(w, "bob")
        await w.client.patch(f"/api/v1/users/{bob.id}", json={"role": "admin"})
        record = (await written(w))[-1]
        assert (record.action, record.target_kind, record.target_id) == ("user.role", "user", bob.id)
        assert record.details["role"] == "admin"


async def test_a_sign_in_a_wrong_one_and_one_of_nobody_are_told_apart(tmp_path: Path) -> None:
    async with world(tmp_path) as w, anonymous(w) as client:
        ada = await person(w, "ada@example.org")
        for login in ("ada@example.org", "hunter2hunter2", "and another"):
            body = {"login": login, "password": "not the right one"}
            assert (await client.post("/api/v1/auth/login", json=body)).status_code == 401
        await signed_in(w, ada)
        told = [record for record in await written(w) if record.action == "session.opened"]
        wrong, nobody, right = sorted(told, key=lambda record: record.outcome == "allowed")
        assert (wrong.outcome, wrong.target_kind, wrong.target_id) == ("refused", "user", ada.id)
        assert (nobody.target_kind, len(nobody.target_id or "")) == ("login", 16)
        assert (right.actor_id, right.came_by, right.details["method"]) == (ada.id, "sign-in", "password")
        assert_not_in_clear(w, "hunter2", "ada@example", "not the right one")


def assert_not_in_clear(w: World, *words: str) -> None:
    assert w.audited.records
    for record in w.audited.records:
        assert not any(word.encode() in record.value for word in words)


async def test_a_password_tried_as_a_name_is_counted_by_its_mark_alone(tmp_path: Path) -> None:
    async with world(tmp_path) as w, anonymous(w) as client:
        for _ in range(2):
            await client.post("/api/v1/auth/login", json={"login": "Zoe", "password": "x"})
        mark = w.services.addresses.mark("zoe")
        assert only(await written(w)).target_id == mark


async def test_a_token_that_is_used_twice_closes_its_session_in_the_log_too(tmp_path: Path) -> None:
    async with world(tmp_path) as w, anonymous(w) as client:
        ada = await person(w)
        first = (await signed_in(w, ada))["refresh_token"]
        second = (await client.post("/api/v1/auth/refresh", json={"refresh_token": first})).json()
        await client.post("/api/v1/auth/refresh", json={"refresh_token": second["refresh_token"]})
        await client.post("/api/v1/auth/refresh", json={"refresh_token": first})
        closed = only(r for r in await written(w) if r.action == "session.closed")
        assert (closed.actor_id, closed.details["reason"]) == (ada.id, "reused")


async def refused(w: World, who: Person, verb: str, path: str) -> AuditRecorded:
    answer = await w.client.request(verb, path, headers=await header_of(w, who))
    assert answer.status_code in (403, 404), answer.text
    record: AuditRecorded = only(r for r in await written(w) if r.outcome == "refused")
    return record


async def test_what_a_role_may_not_do_is_told(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        record = await refused(w, await person(w), "DELETE", "/api/v1/media/m1")
        assert (record.action, record.target_id, record.came_by) == ("media.deleted", "m1", "session")
        assert record.details == {"code": "not-allowed"}


async def test_a_medium_that_is_hidden_from_someone_is_told_though_they_are_not(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        await w.happened(uploaded())
        bob = await person(w)
        record = await refused(w, bob, "GET", "/api/v1/media/m1/content")
        assert (record.action, record.actor_id, record.target_id) == ("media.downloaded", bob.id, "m1")


async def test_a_medium_that_nobody_has_is_no_refusal(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        assert (await w.client.get("/api/v1/media/none")).status_code == 404
        assert await said(w) == []


async def test_who_has_no_token_is_told_by_where_they_come_from(tmp_path: Path) -> None:
    async with world(tmp_path) as w, anonymous(w) as client:
        assert (await client.get("/api/v1/media/m1/content")).status_code == 401
        record = only(await written(w))
        assert (record.actor_id, record.came_by, record.outcome) == ("anyone", "nothing", "refused")
        assert (record.address, record.address_mark) == (None, w.services.addresses.mark("127.0.0.1"))


@pytest.mark.parametrize("name", ["content", "media", "api"])
async def test_no_choice_of_an_id_hides_which_route_was_asked(tmp_path: Path, name: str) -> None:
    async with world(tmp_path) as w, anonymous(w) as client:
        assert (await client.get(f"/api/v1/media/{name}/content")).status_code == 401
        assert only(await written(w)).route == "/api/v1/media/{media_id}/content"


async def test_downloads_and_addresses_to_play_are_told_and_segments_are_not(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        media_id = (await upload(w)).json()["media"]["id"]
        await w.happened(samples.probed(media_id))
        assert (await w.client.get(f"/api/v1/media/{media_id}/content")).status_code == 200
        body: dict[str, Any] = {"abilities": {}}
        played = await w.client.post(f"/api/v1/media/{media_id}/playback", json=body)
        assert played.status_code == 200, played.text
        await w.client.get(played.json()["url"])
        told = [record.action for record in await written(w)]
        assert sorted(told) == ["media.downloaded", "media.uploaded", "playback.started"]
        assert (await w.client.get("/api/v1/media")).status_code == 200
        assert len(await written(w)) == 3, "lists are told of where they are refused"


async def test_a_key_and_a_link_are_told_from_their_makers(tmp_path: Path) -> None:
    async with world(tmp_path) as w, anonymous(w) as client:
        stored = (await upload(w)).json()["media"]["id"]
        ada = await person(w, role="admin")
        header = await header_of(w, ada)
        order = {"name": "k", "scopes": ["media:read"]}
        key = (await w.client.post("/api/v1/keys", json=order, headers=header)).json()
        link = (await w.client.post(f"/api/v1/media/{stored}/shares", json={}, headers=header)).json()
        opened = await client.post("/api/v1/shares/open", json={"link": link["link"]})
        for token in (key["key"], opened.json()["access_token"]):
            answer = await client.get(f"/api/v1/media/{stored}/content", headers=bearing(token))
            assert answer.status_code == 200, answer.text
        by_key, by_link = [r for r in await written(w) if r.action == "media.downloaded"]
        assert (by_key.actor_id, by_key.came_by) == (ada.id, "key")
        assert (by_link.actor_id, by_link.came_by) == (f"share:{link['id']}", "link")
        opening = only(r for r in await written(w) if r.action == "share.opened")
        assert (opening.actor_id, opening.target_id) == ("anyone", link["id"])


async def test_an_address_goes_with_its_account(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        ada = await person(w)
        await w.client.get("/api/v1/auth/whoami", headers=await header_of(w, ada))
        path = f"/api/v1/audit?actor={ada.id}"
        assert [each["address"] for each in await listed(w, path)] == ["127.0.0.1"]
        assert_not_in_clear(w, "127.0.0.1")
        assert (await w.client.delete(f"/api/v1/users/{ada.id}")).status_code == 202
        (item,) = await listed(w, path)
        assert (item["address"], item["intact"]) == (None, True)


async def listed(w: World, path: str) -> list[dict[str, Any]]:
    assert await w.services.trail.flush()
    answer: httpx.Response = await w.client.get(path)
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


async def test_the_log_is_searched_by_who_what_how_and_when(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        await w.happened(uploaded("m1"), uploaded("m2"))
        ada = await person(w, role="editor")
        await w.client.delete("/api/v1/media/m1", headers=await header_of(w, ada))
        w.clock.move(hours=1)
        await w.client.delete("/api/v1/media/m2")

        async def found(query: str) -> list[tuple[str, str | None]]:
            items = await listed(w, f"/api/v1/audit?kind=media&{query}")
            return [(item["outcome"], item["target"]) for item in items]

        assert await found("") == [("allowed", "m2"), ("refused", "m1")]
        assert await found("outcome=refused") == [("refused", "m1")]
        assert await found(f"actor={ada.id}") == [("refused", "m1")]
        assert await found("target=m2&action=media.deleted") == [("allowed", "m2")]
        half_past = "2026-05-01T12:30:00"
        assert await found(f"from={half_past}Z") == [("allowed", "m2")]
        assert await found(f"to={half_past}") == [("refused", "m1")]
        assert await found("limit=1") == [("allowed", "m2")]
        answer = await w.client.get("/api/v1/audit?limit=1&kind=media")
        assert await found(f"limit=1&cursor={answer.json()['next']}") == [("refused", "m1")]
        assert ("admin", "audit.read", "allowed") in await said(w)


async def test_what_was_changed_in_the_read_models_is_shown_as_such(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        await w.happened(uploaded())
        await w.client.delete("/api/v1/media/m1")
        await w.services.trail.flush()
        (row,) = [d for d in w.database.collections["audit_v1"].values() if d["record"]["target_id"] == "m1"]
        assert only(await listed(w, "/api/v1/audit?target=m1"))["intact"]
        row["record"]["actor_id"] = "somebody-else"
        assert not only(await listed(w, "/api/v1/audit?target=m1"))["intact"]


def test_head_is_as_get_and_what_is_open_to_all_has_no_name() -> None:
    assert action_of("HEAD", "/api/v1/jobs/{job_id}/output") is ACTIONS["GET", "/api/v1/jobs/{job_id}/output"]
    assert action_of("GET", "/health") is None


def test_what_changes_something_never_only_counts_as_looking() -> None:
    names = (".listed", ".shown", ".renewed")
    looks = {row for row, action in ACTIONS.items() if action.name.endswith(names)}
    assert {row for row in looks if row[0] != "GET"} == _GOES_ON


async def test_the_log_holds_what_the_wire_can_carry(tmp_path: Path) -> None:
    async with world(tmp_path) as w, anonymous(w) as client:
        await client.get("/api/v1/media/" + "%F0%9F%98%80" * 300 + "/content")
        record = only(await written(w))
        assert len(record.target_id or "") == 200
        assert Codec().encode(record).value
