"""GraphQL answers and orders what the other routes do, with their permissions and problems."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from connectors.ports import Document
from gateway.auth.roles import ROLES, permissions_of
from schemas.events import JobControlled, MediaChanged, TranscodeRequested
from tests.fakes import MemoryDatabase
from tests.unit.gateway.asking import PATH, asked, codes, given, send
from tests.unit.gateway.checks import anonymous, assert_problem
from tests.unit.gateway.fakes import World, world
from tests.unit.gateway.history import beat, probed, processed, progressed, rejected, requested, uploaded
from tests.unit.gateway.people import bearing, header_of, person, signed_in

DELETED = MediaChanged(meta=uploaded().meta, media_id="m1", version=1, change="deleted")
KEY = {"Idempotency-Key": "8e03978e-40d5-43dd-bc93-6894a57f9324"}
ORDER = 'mutation { transcode(mediaId: "m1", profile: "web") { job { id state } token } }'


async def test_a_medium_and_a_job_are_answered_as_elsewhere(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        await w.happened(uploaded(), probed(), requested(), progressed(40))
        said = await given(
            w,
            """{ media(id: "m1") { name status sizeBytes createdAt probe { tags streams { codec width } } }
                 job(id: "j1") { state priority progress { fraction framesDone } links { output } } }""",
        )
        media, job = [(await w.client.get(f"/api/v1/{path}")).json() for path in ("media/m1", "jobs/j1")]
        assert said["media"] == {
            "name": media["name"],
            "status": "READY",
            "sizeBytes": media["size_bytes"],
            "createdAt": "2026-05-01T12:00:00+00:00",
            "probe": {"tags": {"title": "A clip"}, "streams": [{"codec": "h264", "width": 640}]},
        }
        assert said["job"] == {
            "state": job["state"].upper(),
            "priority": "NORMAL",
            "progress": {"fraction": job["progress"]["fraction"], "framesDone": 40},
            "links": {"output": job["links"]["output"]},
        }


async def test_a_file_of_any_size_has_its_size(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        await w.happened(uploaded(size_bytes=2**40))
        assert (await given(w, '{ media(id: "m1") { sizeBytes } }'))["media"]["sizeBytes"] == 2**40


async def test_lists_go_on_where_the_page_before_ended(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        await w.happened(*[uploaded(f"m{n}") for n in range(5)], requested("j1"), requested("j2"))
        document = "query ($after: String) { mediaList(first: 2, after: $after) { items { id } next } }"
        seen, after = [], None
        for _ in range(3):
            page = (await given(w, document, after=after))["mediaList"]
            seen += [item["id"] for item in page["items"]]
            after = page["next"]
        assert (seen, after) == (["m4", "m3", "m2", "m1", "m0"], None)
        found = await given(w, '{ jobs(state: PENDING, mediaId: "m1") { items { id } } }')
        assert [each["id"] for each in found["jobs"]["items"]] == ["j2", "j1"]
        for wrong in ("first: 0", "first: 201", 'after: "x"'):
            said = await asked(w, f"{{ mediaList({wrong}) {{ next }} me {{ id }} }}")
            assert codes(said)[0] in ("bad-first", "bad-cursor")
            assert said["data"] == {"mediaList": None, "me": {"id": "admin"}}


async def test_a_list_asks_for_what_it_names_once(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        names = range(10, 30)
        await w.happened(*[uploaded(f"m{n}") for n in names])
        await w.happened(*[requested(f"j{n}", media_id=f"m{n}") for n in names])
        reads = counting(w)
        document = "{ mediaList(first: 20) { items { id jobs(first: 2) { id media { id name } } } } }"
        items = (await given(w, document))["mediaList"]["items"]
        assert [(m["id"], j["id"], j["media"]["id"]) for m in items for j in m["jobs"]] == [
            (f"m{n}", f"j{n}", f"m{n}") for n in reversed(names)
        ]
        assert sorted(set(reads) - {"audit_chains_v1"}) == ["jobs_v1", "media_v1", "viewings_v1"]
        assert len([each for each in reads if each != "audit_chains_v1"]) == 5


def counting(w: World) -> list[str]:
    """The collections that are asked for media and jobs from now on."""
    database, reads = Counted(w.database), list[str]()
    database.reads = reads
    w.services.read_models.database = database
    return reads


class Counted(MemoryDatabase):
    """A database that notes which collections are looked through."""

    def __init__(self, whole: MemoryDatabase) -> None:
        super().__init__(whole.clock)
        self.collections = whole.collections
        self.reads: list[str] = []

    async def select(self, collection: str, where: Mapping[str, Any], limit: int = 1000) -> list[Document]:
        self.reads.append(collection)
        return await super().select(collection, where, limit)

    async def page(self, collection: str, query: Any) -> Any:
        self.reads.append(collection)
        return await super().page(collection, query)


async def test_the_newest_jobs_of_each_medium_are_shown_however_many_there_are(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        await w.happened(uploaded("m1"), uploaded("m2"), requested("only", media_id="m2"))
        await w.happened(*[requested(f"j{n:04}", media_id="m1") for n in range(1001)])
        items = (await given(w, "{ mediaList { items { jobs(first: 1) { id } } } }"))["mediaList"]["items"]
        assert items == [{"jobs": [{"id": "only"}]}, {"jobs": [{"id": "j1000"}]}]


async def test_who_asks_what_they_may_have_and_what_there_is(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        w.beats.put(beat(slots="2"))
        await w.beats.queue.join()
        ada = await person(w, "ada", "editor")
        headers = await header_of(w, ada)
        await w.client.post("/api/v1/libraries", json={"name": "Films"}, headers=headers)
        said = await given(
            w,
            "{ me { id role permissions } limits { kind left } libraries { name may } profiles { name "
            "video { codec rungs { height } } } }",
            headers,
        )
        assert (said["me"]["id"], said["me"]["role"]) == (ada.id, "editor")
        assert set(said["me"]["permissions"]) == permissions_of("editor")
        kinds = {"requests", "upload_bytes", "transcode_minutes", "storage"}
        assert {each["kind"] for each in said["limits"]} == kinds
        assert said["libraries"] == [{"name": "Films", "may": "manage"}]
        assert said["profiles"][0]["name"] == "web"
        assert said["profiles"][0]["video"]["codec"] == "h264"
        services = (await given(w, "{ services { instance details } }"))["services"]
        assert services == [{"instance": "worker-1", "details": {"slots": "2"}}]


NEEDS = {
    '{ media(id: "x") { id } }': "media:read",
    "{ mediaList { next } }": "media:read",
    '{ job(id: "x") { id } }': "jobs:read",
    "{ jobs { next } }": "jobs:read",
    "{ profiles { name } }": "profiles:read",
    "{ libraries { id } }": "media:read",
    "{ services { instance } }": "system:read",
    'mutation { transcode(mediaId: "x", profile: "web") { token } }': "jobs:write",
    'mutation { cancelJob(id: "x") { token } }': "jobs:write",
    'mutation { retryJob(id: "x") { token } }': "jobs:write",
    'mutation { pauseJob(id: "x") { token } }': "jobs:write",
    'mutation { resumeJob(id: "x") { token } }': "jobs:write",
    'mutation { prioritiseJob(id: "x", priority: LOW) { token } }': "jobs:write",
    'mutation { deleteMedia(id: "x") { token } }': "media:write",
    'mutation { putProfile(name: "x", profile: {}) { token } }': "profiles:write",
    'mutation { deleteProfile(name: "x") { token } }': "profiles:write",
}


@pytest.mark.parametrize("role", ROLES)
async def test_each_field_lets_through_those_whose_role_may(tmp_path: Path, role: str) -> None:
    async with world(tmp_path) as w:
        headers = await header_of(w, await person(w, "ada", role))
        for document, needed in NEEDS.items():
            said = await asked(w, document, headers)
            refused = "errors" in said and codes(said) == ["not-allowed"]
            assert refused == (needed not in permissions_of(role)), (document, said)


async def test_every_field_of_the_roots_has_a_row(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        roots = "{ __schema { queryType { fields { name } } mutationType { fields { name } } } }"
        found = (await given(w, roots))["__schema"].values()
        names = {field["name"] for root in found for field in root["fields"]}
        assert names - {"me", "limits"} == {row.split("{")[1].split("(")[0].strip() for row in NEEDS}


async def test_a_key_reaches_no_further_through_what_it_may_read(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        ada = await person(w, "ada")
        await w.happened(uploaded(owner_id=ada.id), requested(owner_id=ada.id))
        own = await header_of(w, ada)
        for scope, document, path in (
            ("jobs:read", '{ job(id: "j1") { id media { name } } }', ["job", "media"]),
            ("media:read", '{ media(id: "m1") { id jobs { id } } }', ["media", "jobs"]),
        ):
            made = await w.client.post("/api/v1/keys", json={"name": "k", "scopes": [scope]}, headers=own)
            said = await asked(w, document, bearing(made.json()["key"]))
            assert [(e["extensions"]["code"], e["path"]) for e in said["errors"]] == [("not-allowed", path)]


async def test_what_is_anothers_is_not_there(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        ada, bob = await person(w, "ada", "editor"), await person(w, "bob", "editor")
        await w.happened(uploaded(owner_id=ada.id), requested(owner_id=ada.id))
        await w.happened(requested("j2", owner_id=bob.id))
        his = await header_of(w, bob)
        said = await asked(w, '{ a: media(id: "m1") { id } b: job(id: "j1") { id } }', his)
        assert sorted(codes(said)) == ["job-not-found", "media-not-found"]
        assert {error["extensions"]["status"] for error in said["errors"]} == {404}
        said = await given(w, '{ mediaList { items { id } } job(id: "j2") { id media { id } } }', his)
        assert said == {"mediaList": {"items": []}, "job": {"id": "j2", "media": None}}
        await w.client.put("/api/v1/media/m1/access", json={"access": {f"user:{bob.id}": "view"}})
        said = await given(w, '{ job(id: "j2") { media { jobs { id } } } }', his)
        assert said["job"]["media"]["jobs"] == [{"id": "j2"}, {"id": "j1"}]
        for field in ('deleteMedia(id: "m1")', 'cancelJob(id: "j1")'):
            said = await asked(w, f"mutation {{ {field} {{ token }} }}", his)
            assert codes(said) == ["not-yours"]


async def test_a_deleted_medium_is_gone(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        await w.happened(uploaded(), requested(), DELETED)
        said = await asked(w, '{ media(id: "m1") { id } job(id: "j1") { media { id } } }')
        assert codes(said) == ["media-deleted"]
        assert said["data"] == {"media": None, "job": {"media": None}}


async def test_a_transcode_is_ordered_and_can_be_read_back(tmp_path: Path) -> None:
    async with world(tmp_path, read_your_write_s=5) as w:
        await w.happened(uploaded())
        answer = await send(w, ORDER)
        made = answer.json()["data"]["transcode"]
        event = w.publisher.events[-1]
        assert isinstance(event, TranscodeRequested)
        assert (event.job_id, event.media_id, event.profile, event.priority) == (
            made["job"]["id"],
            "m1",
            "web",
            "normal",
        )
        assert answer.headers["Sluice-Token"] == made["token"]
        assert event.meta.correlation_id == answer.headers["X-Request-ID"]
        found = await given(
            w, "query ($id: ID!) { job(id: $id) { state } }", {"Sluice-Token": made["token"]}, id=event.job_id
        )
        assert found["job"]["state"] == "PENDING"
        assert_problem(await send(w, "{ me { id } }", {"Sluice-Token": "x"}), 400, "bad-token")


async def test_each_order_shows_what_those_before_it_did(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        await w.happened(uploaded())
        both = ORDER.replace("state }", "media { jobs { id } } }").replace("mutation {", "mutation { a:")
        again = both.removeprefix("mutation { a:").removesuffix("}")
        said = await given(w, both.removesuffix("}") + "b:" + again + "}")
        assert [len(said[name]["job"]["media"]["jobs"]) for name in ("a", "b")] == [1, 2]


async def test_jobs_are_steered(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        await w.happened(uploaded(), requested())
        for field, command in (
            ('pauseJob(id: "j1")', "pause"),
            ('resumeJob(id: "j1")', "resume"),
            ('prioritiseJob(id: "j1", priority: HIGH)', "priority"),
            ('cancelJob(id: "j1")', "cancel"),
        ):
            await given(w, f"mutation {{ {field} {{ job {{ id priority }} token }} }}")
            event = w.publisher.events[-1]
            assert isinstance(event, JobControlled)
            assert event.command == command
        await w.happened(processed("cancelled"))
        await given(w, 'mutation { retryJob(id: "j1") { token } }')
        assert codes(await asked(w, 'mutation { pauseJob(id: "j1") { token } }')) == ["job-ended"]


async def test_media_are_deleted_and_profiles_made(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        await w.happened(uploaded())
        assert (await given(w, 'mutation { deleteMedia(id: "m1") { id } }'))["deleteMedia"]["id"] == "m1"
        profile = {"container": "m4a", "audio": {"codec": "aac"}}
        put = 'mutation ($p: JSON!) { putProfile(name: "own", profile: $p) { profile { name version } } }'
        said = (await given(w, put, p=profile))["putProfile"]
        assert said == {"profile": {"name": "own", "version": 1}}
        wrongs: list[Any] = [{"container": "mp5"}, {"containr": "mp4"}, 7, []]
        for wrong in wrongs:
            assert codes(await asked(w, put, p=wrong)) == ["bad-profile"]
        assert codes(await asked(w, put.replace("own", "Own"), p=profile)) == ["bad-profile"]
        gone = await given(w, 'mutation { deleteProfile(name: "own") { profile { name } } }')
        assert gone == {"deleteProfile": {"profile": None}}


@pytest.mark.parametrize(
    ("before", "document", "code"),
    [
        ([], ORDER, "media-not-found"),
        ([uploaded(), rejected()], ORDER, "media-rejected"),
        ([uploaded()], ORDER.replace("web", "nope"), "unknown-profile"),
        ([uploaded()], ORDER.replace('"web"', '"web", priority: URGENT'), "bad-document"),
        ([], "{ nothing }", "bad-document"),
        ([], "{ me { id }", "bad-document"),
        ([], "", "bad-document"),
        ([], "query A { me { id } } query B { me { id } }", "bad-document"),
        ([], "subscription { events { id } }", "bad-document"),
        ([], "query ($n: Int!) { mediaList(first: $n) { next } }", "bad-document"),
        ([], "{ me { ...Nowhere } }", "bad-document"),
    ],
)
async def test_what_cannot_be_done_says_why(
    tmp_path: Path, before: list[Any], document: str, code: str
) -> None:
    async with world(tmp_path) as w:
        await w.happened(*before)
        assert codes(await asked(w, document)) == [code]
        assert w.publisher.events == before


async def test_one_of_several_operations_is_run_by_its_name(tmp_path: Path) -> None:
    two = "query A { me { id } } query B { me { role } }"
    async with world(tmp_path) as w:
        for name, data in (("A", {"me": {"id": "admin"}}), ("B", {"me": {"role": "admin"}})):
            answer = await w.client.post(PATH, json={"query": two, "operationName": name})
            assert answer.json() == {"data": data}
        answer = await w.client.post(PATH, json={"query": two, "operationName": "C"})
        assert codes(answer.json()) == ["bad-document"]


async def test_where_one_order_fails_the_others_stand(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        await w.happened(uploaded())
        said = await asked(w, ORDER[:-1] + 'x: cancelJob(id: "none") { token } }')
        assert said["data"]["transcode"]["job"]["state"] == "PENDING"
        assert (said["data"]["x"], codes(said)) == (None, ["job-not-found"])


async def test_an_order_with_a_key_is_done_once(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        await w.happened(uploaded())
        first, second = await send(w, ORDER, KEY), await send(w, ORDER, KEY)
        assert second.json() == first.json()
        assert second.headers["Idempotency-Replayed"] == "true"
        assert sum(isinstance(event, TranscodeRequested) for event in w.publisher.events) == 1


async def test_an_order_that_failed_may_be_sent_again_with_its_key(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        await w.happened(uploaded())
        w.publisher.away = True
        assert codes(await asked(w, ORDER, KEY)) == ["unavailable"]
        w.publisher.away = False
        assert (await asked(w, ORDER, KEY))["data"]["transcode"]["job"]["state"] == "PENDING"


async def test_what_is_away_is_said_to_be(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        await given(w, "{ mediaList { next } }")
        w.database.away = True
        said = await asked(w, '{ media(id: "m1") { id } }')
        assert said["errors"][0]["extensions"] == {"code": "unavailable", "status": 503}
        assert said["errors"][0]["message"] == "MongoDB does not answer."


async def test_an_error_of_ours_shows_nothing_but_the_requests_id(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        await w.happened(uploaded())
        w.database.collections["media_v1"]["m1"]["upload"] = {"owner_id": "admin", "secret": "x"}
        answer = await send(w, '{ media(id: "m1") { id } me { id } }')
        (error,) = answer.json()["errors"]
        id = answer.headers["X-Request-ID"]
        instance = f"urn:sluice:request:{id}"
        assert error["extensions"] == {"code": "unexpected", "status": 500, "instance": instance}
        assert error["path"] == ["media"]
        assert "KeyError" not in answer.text
        assert "Traceback" not in answer.text
        assert answer.json()["data"] == {"media": None, "me": {"id": "admin"}}


async def test_what_never_gets_that_far_is_a_problem(tmp_path: Path) -> None:
    body = {"query": "{ me { id } }"}
    async with world(tmp_path, max_body_bytes=1000, limit_requests="3/1h") as w, anonymous(w) as client:
        assert_problem(await client.post(PATH, json=body), 401, "unauthorized")
        assert_problem(
            await client.post(PATH, json={"query": "{ __schema { description } }"}), 401, "unauthorized"
        )
        assert_problem(await w.client.get(PATH), 405, "method-not-allowed")
        assert_problem(await w.client.post(PATH, json={"query": "x" * 2000}), 413, "content-too-large")
        assert_problem(await w.client.post(PATH, json=[]), 422, "invalid")
        assert_problem(await w.client.post(PATH, json={"query": 7}), 422, "invalid")
        assert_problem(
            await w.client.post(PATH, content=b"{", headers={"Content-Type": "application/json"}),
            400,
            "malformed-json",
        )
        headers = bearing((await signed_in(w, await person(w)))["access_token"])
        for _ in range(3):
            last = await client.post(PATH, json=body, headers=headers)
            assert last.status_code == 200
        assert_problem(await client.post(PATH, json=body, headers=headers), 429, "over-budget")
