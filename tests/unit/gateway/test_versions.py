"""A medium's file is replaced and restored; what people said of it, and who may see it, stays."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from schemas.events import MediaChanged, MediaUploaded, TranscodeRequested
from schemas.versions import source_id
from tests import samples
from tests.unit.gateway.checks import anonymous, assert_problem
from tests.unit.gateway.fakes import World, world
from tests.unit.gateway.history import probed, rejected
from tests.unit.gateway.people import header_of, person
from tests.unit.gateway.tus import begun, created, sent
from tests.unit.gateway.viewing import watch


async def ready(w: World, content: bytes = b"first") -> str:
    """A medium that was accepted."""
    answer = await w.client.post("/api/v1/media?name=a.mp4", content=content)
    id: str = answer.json()["media"]["id"]
    await w.happened(_accepted(w, id))
    return id


def _accepted(w: World, source: str, **more: Any) -> Any:
    uploads = [e for e in w.publisher.events if isinstance(e, MediaUploaded) and e.media_id == source]
    said = {name: getattr(uploads[0], name) for name in ("location", "sha256", "size_bytes")}
    return probed(source, **said, **more)


async def replaced(w: World, id: str, content: bytes = b"second!", *, accepted: bool = True) -> int:
    """A later version of it."""
    answer = await w.client.put(f"/api/v1/media/{id}/content?name=b.mkv", content=content)
    assert answer.status_code == 202, answer.text
    version: int = answer.json()["version"]
    if accepted:
        await w.happened(_accepted(w, source_id(id, version), duration_ms=9000))
    return version


async def got(w: World, path: str) -> Any:
    answer = await w.client.get(path)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_a_replaced_medium_is_the_new_file_and_keeps_what_was_said_of_it(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        id = await ready(w)
        path = f"/api/v1/media/{id}"
        await w.client.patch(path, json={"title": "Summer", "tags": ["beach"]})
        before = await got(w, path)
        version = await replaced(w, id, accepted=False)
        assert await got(w, path) == before
        assert (await w.client.get(f"{path}/content")).content == b"first"
        await w.happened(_accepted(w, source_id(id, version), duration_ms=9000))
        after = await got(w, path)
        assert (after["version"], after["probe"]["duration_ms"], after["size_bytes"]) == (version, 9000, 7)
        assert (after["title"], after["tags"], after["name"]) == ("Summer", ["beach"], "a.mp4")
        assert after["created_at"] == before["created_at"]
        assert (await w.client.get(f"{path}/content")).content == b"second!"
        assert [each["id"] for each in (await got(w, "/api/v1/media?q=summer"))["items"]] == [id]
        assert (await got(w, "/api/v1/media"))["items"] == [after]


async def test_all_versions_are_listed_and_each_can_be_had(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        id = await ready(w)
        version = await replaced(w, id)
        later, first = (await got(w, f"/api/v1/media/{id}/versions"))["items"]
        assert (later["version"], later["shown"], later["name"]) == (version, True, "b.mkv")
        assert (first["version"], first["shown"], first["name"]) == (0, False, "a.mp4")
        assert [(await w.client.get(each["content"])).content for each in (later, first)] == [
            b"second!",
            b"first",
        ]
        assert_problem(await w.client.get(f"/api/v1/media/{id}/versions/7/content"), 404, "version-not-found")


async def test_what_is_refused_takes_nobodys_place(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        id = await ready(w)
        before = await got(w, f"/api/v1/media/{id}")
        version = await replaced(w, id, b"text", accepted=False)
        await w.happened(rejected(source_id(id, version)))
        assert await got(w, f"/api/v1/media/{id}") == before
        (listed,) = (await got(w, "/api/v1/media?status=rejected"))["items"]
        assert (listed["id"], listed["status"]) == (id, "ready")
        refused = (await got(w, f"/api/v1/media/{id}/versions"))["items"][0]
        assert (refused["status"], refused["rejection"]["code"]) == ("rejected", "not-media")
        where = f"/api/v1/media/{id}/versions/{version}"
        assert_problem(await w.client.post(f"{where}/restore"), 409, "version-not-ready")
        assert_problem(await w.client.get(f"{where}/content"), 409, "version-not-ready")


async def test_a_replacement_is_undone(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        id = await ready(w)
        first = await got(w, f"/api/v1/media/{id}")
        version = await replaced(w, id)
        assert_problem(
            await w.client.post(f"/api/v1/media/{id}/versions/{version}/restore"), 409, "version-shown"
        )
        restored = (await w.client.post(f"/api/v1/media/{id}/versions/0/restore")).json()["version"]
        assert restored > version
        await w.happened(_accepted(w, source_id(id, restored)))
        after = await got(w, f"/api/v1/media/{id}")
        assert (after["version"], after["sha256"]) == (restored, first["sha256"])
        assert (await w.client.get(f"/api/v1/media/{id}/content")).content == b"first"


async def test_of_two_replacements_the_later_one_stands_in_any_order(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        id = await ready(w)
        one, two = [await replaced(w, id, content, accepted=False) for content in (b"1", b"22")]
        assert one < two
        await w.happened(_accepted(w, source_id(id, two)), _accepted(w, source_id(id, one)))
        assert (await got(w, f"/api/v1/media/{id}"))["version"] == two


async def test_old_versions_are_deleted_and_the_present_one_is_not(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        id = await ready(w)
        version = await replaced(w, id)
        path = f"/api/v1/media/{id}/versions"
        assert_problem(await w.client.delete(f"{path}/{version}"), 409, "version-shown")
        assert (await w.client.delete(f"{path}/0")).status_code == 202
        assert [each["version"] for each in (await got(w, path))["items"]] == [version]
        assert_problem(await w.client.delete(f"{path}/0"), 404, "version-not-found")
        assert_problem(await w.client.post(f"{path}/0/restore"), 404, "version-not-found")
        third = await replaced(w, id, b"third")
        assert (await w.client.delete(f"{path}/{version}")).status_code == 202
        assert [each["version"] for each in (await got(w, path))["items"]] == [third]
        assert (await got(w, f"/api/v1/media/{id}"))["status"] == "ready"


async def test_a_medium_goes_with_all_its_versions(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        id = await ready(w)
        version = await replaced(w, id)
        await w.client.delete(f"/api/v1/media/{id}")
        gone = [each.media_id for each in w.publisher.events if isinstance(each, MediaChanged)]
        assert gone == [id, source_id(id, version)]
        assert_problem(await w.client.get(f"/api/v1/media/{id}"), 410, "media-deleted")
        assert_problem(await w.client.get(f"/api/v1/media/{id}/versions"), 410, "media-deleted")


async def test_what_is_made_is_made_of_the_present_version(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        id = await ready(w)
        old = (await w.client.post(f"/api/v1/media/{id}/transcode", json={"profile": "web"})).json()["job"]
        version = await replaced(w, id)
        new = (await w.client.post(f"/api/v1/media/{id}/transcode", json={"profile": "web"})).json()["job"]
        asked = {e.job_id: e.media_id for e in w.publisher.events if isinstance(e, TranscodeRequested)}
        assert asked == {old["id"]: id, new["id"]: source_id(id, version)}
        assert (old["media_id"], new["media_id"]) == (id, id)
        jobs = (await got(w, f"/api/v1/jobs?media_id={id}"))["items"]
        assert {job["id"] for job in jobs} == {old["id"], new["id"]}
        assert {job["media_id"] for job in jobs} == {id}


async def test_who_watches_goes_on_with_the_version_that_they_began(tmp_path: Path) -> None:
    async with world(tmp_path) as w, anonymous(w) as client:
        id = await ready(w)
        said = await watch(w, id, method="transcode")
        assert said["media_id"] == id
        begun = await client.get(said["url"])
        await replaced(w, id)
        assert (await client.get(said["url"])).content == begun.content
        again = await watch(w, id, method="transcode")
        assert again["duration_ms"] == 9000
        assert again["job_id"] != said["job_id"]


async def test_only_what_was_accepted_is_replaced_and_by_those_who_may(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        fresh = (await w.client.post("/api/v1/media?name=a.mp4", content=b"x")).json()["media"]["id"]
        answer = await w.client.put(f"/api/v1/media/{fresh}/content", content=b"y")
        assert_problem(answer, 409, "media-not-ready")
        id, ada = await ready(w), await person(w, "ada", "editor")
        theirs = await header_of(w, ada)
        await w.client.put(f"/api/v1/media/{id}/access", json={"access": {f"user:{ada.id}": "view"}})
        answer = await w.client.put(f"/api/v1/media/{id}/content", content=b"y", headers=theirs)
        assert_problem(answer, 403, "not-yours")
        assert (await w.client.get(f"/api/v1/media/{id}/versions", headers=theirs)).status_code == 200
        answer = await w.client.delete(f"/api/v1/media/{id}/versions/0", headers=theirs)
        assert_problem(answer, 403, "not-yours")


async def test_a_large_file_takes_a_place_through_cuts(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        id = await ready(w)
        at = await begun(w, 7, filename="b.mkv", replaces=id)
        await sent(w, at, 0, b"sec")
        done = await sent(w, at, 3, b"ond!")
        assert done.status_code == 204, done.text
        said = (await w.client.get(at)).json()["accepted"]
        assert (said["media"]["id"], said["media"]["version"], said["job"]) == (id, 0, None)
        (later,) = (await got(w, f"/api/v1/media/{id}/versions"))["items"][:1]
        await w.happened(_accepted(w, source_id(id, later["version"])))
        assert (await w.client.get(f"/api/v1/media/{id}/content")).content == b"second!"
        assert [each["id"] for each in (await got(w, "/api/v1/media"))["items"]] == [id]


async def test_an_upload_takes_nobodys_place_that_it_may_not_take(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        id, ada = await ready(w), await person(w, "ada", "editor")
        said = {"filename": "b.mkv", "replaces": id}
        theirs = await header_of(w, ada)
        assert_problem(await created(w, 7, said, headers=theirs), 404, "media-not-found")
        assert_problem(await created(w, 7, {**said, "profile": "web"}), 422, "two-wishes")
        assert_problem(await created(w, 7, {**said, "replaces": "none"}), 404, "media-not-found")
        at = await begun(w, 7, **said)
        await w.client.delete(f"/api/v1/media/{id}")
        assert_problem(await sent(w, at, 0, b"second!"), 410, "media-deleted")


async def test_media_are_listed_by_what_any_of_their_files_is(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        id, other = await ready(w), await ready(w)

        async def listed(**asked: str) -> list[str]:
            first = (await w.client.get("/api/v1/media", params={"limit": 1, **asked})).json()
            next = {"cursor": first["next"]} if first["next"] else {"limit": 1}
            second = (await w.client.get("/api/v1/media", params={**next, **asked})).json()
            return sorted({each["id"] for page in (first, second) for each in page["items"]})

        version = source_id(id, await replaced(w, id, accepted=False))
        assert [await listed(status="uploaded"), await listed(status="ready")] == [[id], sorted([id, other])]
        await w.happened(rejected(version))
        assert [await listed(status=each) for each in ("uploaded", "rejected")] == [[], [id]]
        newer = source_id(id, await replaced(w, id, b"third"))
        values = {"class": "archive"}
        await w.happened(samples.changed(newer, version=2, change="storage", values=values))
        assert [await listed(archived="true"), await listed(archived="true", status="ready")] == [[id], [id]]
        values = {"class": "standard"}
        await w.happened(samples.changed(newer, version=3, change="storage", values=values))
        assert await listed(archived="true") == []
        await w.happened(samples.deleted(version))
        assert await listed(status="rejected") == []
        await w.happened(samples.deleted(id), samples.deleted(newer))
        assert [await listed(status=each) for each in ("ready", "deleted")] == [[other], [id]]
