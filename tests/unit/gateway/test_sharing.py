"""Who may have a medium: its owner, those it is shared with, whoever has a link; and nobody else."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest

from schemas.events import TranscodeRequested
from tests.unit.gateway.checks import DATA, anonymous, assert_problem
from tests.unit.gateway.fakes import World, world
from tests.unit.gateway.history import probed
from tests.unit.gateway.people import Person, bearing, header_of, person

Headers = Mapping[str, str]


class Scene:
    """Ada has a film; Bob and Cleo are others with accounts."""

    def __init__(self, w: World, client: httpx.AsyncClient) -> None:
        self.w = w
        self.client = client
        self.people: dict[str, Person] = {}
        self.headers: dict[str, Headers] = {}
        self.film = ""

    async def begin(self) -> Scene:
        for login, role in (("ada", "editor"), ("bob", "editor"), ("cleo", "viewer")):
            self.people[login] = await person(self.w, login, role=role)
            self.headers[login] = await header_of(self.w, self.people[login])
        answer = await self.client.post(
            "/api/v1/media?name=film.mp4&profile=web", content=DATA, headers=self.headers["ada"]
        )
        assert answer.status_code == 202, answer.text
        self.film = answer.json()["media"]["id"]
        await self.w.happened(probed(self.film))
        return self

    async def does(self, who: str, verb: str, path: str, **more: Any) -> httpx.Response:
        return await self.client.request(verb, f"/api/v1{path}", headers=self.headers[who], **more)

    async def sees(self, who: str) -> tuple[int, list[str]]:
        """What a look at the film answers, and what is in the list."""
        one = await self.does(who, "GET", f"/media/{self.film}")
        every = await self.does(who, "GET", "/media")
        return one.status_code, [item["id"] for item in every.json()["items"]]

    async def gives(self, **access: str) -> None:
        given = {name.replace("__", ":"): level for name, level in access.items()}
        answer = await self.does("ada", "PUT", f"/media/{self.film}/access", json={"access": given})
        assert answer.status_code == 202, answer.text


async def test_a_film_is_its_owners_alone(tmp_path: Path) -> None:
    async with world(tmp_path) as w, anonymous(w) as client:
        scene = await Scene(w, client).begin()
        assert await scene.sees("ada") == (200, [scene.film])
        for who in ("bob", "cleo"):
            assert await scene.sees(who) == (404, [])
        for verb, path in (
            ("GET", "content"),
            ("POST", "transcode"),
            ("POST", "playback"),
            ("GET", "access"),
            ("POST", "shares"),
        ):
            answer = await scene.does("bob", verb, f"/media/{scene.film}/{path}", json=_BODIES.get(path))
            assert_problem(answer, 404, "media-not-found")
        assert_problem(await scene.does("bob", "DELETE", f"/media/{scene.film}"), 404, "media-not-found")
        everything = await w.client.get("/api/v1/media")
        assert [item["id"] for item in everything.json()["items"]] == [scene.film]


_BODIES: dict[str, Any] = {"transcode": {"profile": "web"}, "playback": {"abilities": {}}, "shares": {}}


async def test_a_job_is_for_those_who_may_have_its_film(tmp_path: Path) -> None:
    async with world(tmp_path) as w, anonymous(w) as client:
        scene = await Scene(w, client).begin()
        (job,) = [e.job_id for e in w.publisher.events if isinstance(e, TranscodeRequested)]
        for verb, path in (("GET", ""), ("POST", "/cancel"), ("GET", "/output"), ("POST", "/pause")):
            assert_problem(await scene.does("bob", verb, f"/jobs/{job}{path}"), 404, "job-not-found")
        assert (await scene.does("bob", "GET", f"/jobs?media_id={scene.film}")).json()["items"] == []
        await scene.gives(**{f"user__{scene.people['bob'].id}": "view"})
        assert (await scene.does("bob", "GET", f"/jobs/{job}")).status_code == 200
        assert_problem(await scene.does("bob", "POST", f"/jobs/{job}/cancel"), 403, "not-yours")
        listed = (await scene.does("bob", "GET", f"/jobs?media_id={scene.film}")).json()["items"]
        assert [item["id"] for item in listed] == [job]
        assert (await scene.does("bob", "GET", "/jobs")).json()["items"] == []
        assert [item["id"] for item in (await scene.does("ada", "GET", "/jobs")).json()["items"]] == [job]


@pytest.mark.parametrize(
    ("level", "may"),
    [("view", {"look"}), ("edit", {"look", "make"}), ("manage", {"look", "make", "share", "delete"})],
)
async def test_each_level_allows_what_it_says(tmp_path: Path, level: str, may: set[str]) -> None:
    async with world(tmp_path) as w, anonymous(w) as client:
        scene = await Scene(w, client).begin()
        await scene.gives(**{f"user__{scene.people['bob'].id}": level})
        assert await scene.sees("bob") == (200, [scene.film])
        assert await scene.sees("cleo") == (404, [])
        tries = {
            "look": ("GET", "/content", None),
            "make": ("POST", "/transcode", {"profile": "web"}),
            "share": ("POST", "/shares", {}),
            "delete": ("DELETE", "", None),
        }
        for what, (verb, path, body) in tries.items():
            answer = await scene.does("bob", verb, f"/media/{scene.film}{path}", json=body)
            assert (answer.status_code < 300) == (what in may), (what, answer.text)
            if what not in may:
                assert_problem(answer, 403, "not-yours")


async def test_a_level_does_not_go_beyond_the_role(tmp_path: Path) -> None:
    async with world(tmp_path) as w, anonymous(w) as client:
        scene = await Scene(w, client).begin()
        await scene.gives(everyone="manage")
        assert await scene.sees("cleo") == (200, [scene.film])
        assert_problem(await scene.does("cleo", "DELETE", f"/media/{scene.film}"), 403, "not-allowed")


async def test_groups_are_heeded_and_what_is_taken_back_is_gone(tmp_path: Path) -> None:
    async with world(tmp_path) as w, anonymous(w) as client:
        scene = await Scene(w, client).begin()
        await scene.gives(group__family="view")
        cleo = scene.people["cleo"].id
        assert await scene.sees("cleo") == (404, [])
        await w.client.patch(f"/api/v1/users/{cleo}", json={"groups": ["family", "work"]})
        assert await scene.sees("cleo") == (200, [scene.film])
        await w.client.patch(f"/api/v1/users/{cleo}", json={"groups": ["work"]})
        assert await scene.sees("cleo") == (404, [])
        await w.client.patch(f"/api/v1/users/{cleo}", json={"groups": ["family"]})
        w.clock.move(seconds=1)
        await scene.gives()
        assert await scene.sees("cleo") == (404, [])


async def test_a_library_shares_what_is_in_it(tmp_path: Path) -> None:
    async with world(tmp_path) as w, anonymous(w) as client:
        scene = await Scene(w, client).begin()
        access = {f"user:{scene.people['bob'].id}": "edit", "group:family": "view"}
        answer = await scene.does("ada", "POST", "/libraries", json={"name": "Films", "access": access})
        library = answer.json()["library"]["id"]
        place = {"library_id": library}
        answer = await scene.does("ada", "PUT", f"/media/{scene.film}/library", json=place)
        assert answer.status_code == 202, answer.text
        assert await scene.sees("bob") == (200, [scene.film])
        assert await scene.sees("cleo") == (404, [])
        (seen,) = (await scene.does("bob", "GET", "/libraries")).json()["items"]
        assert (seen["id"], seen["may"], seen["access"]) == (library, "edit", {})
        assert (await scene.does("cleo", "GET", "/libraries")).json()["items"] == []
        assert_problem(await scene.does("cleo", "GET", f"/libraries/{library}"), 404, "library-not-found")
        change: dict[str, Any] = {"access": {}}
        answer = await scene.does("bob", "PATCH", f"/libraries/{library}", json=change)
        assert_problem(answer, 403, "not-yours")
        assert (await scene.does("ada", "PATCH", f"/libraries/{library}", json=change)).status_code == 202
        assert await scene.sees("bob") == (404, [])
        await scene.does("ada", "PATCH", f"/libraries/{library}", json={"access": {"everyone": "view"}})
        assert await scene.sees("bob") == (200, [scene.film])
        assert (await scene.does("ada", "DELETE", f"/libraries/{library}")).status_code == 202
        assert await scene.sees("bob") == (404, [])
        assert await scene.sees("ada") == (200, [scene.film])


async def test_nobody_puts_anything_into_a_library_of_others(tmp_path: Path) -> None:
    async with world(tmp_path) as w, anonymous(w) as client:
        scene = await Scene(w, client).begin()
        answer = await scene.does(
            "bob", "POST", "/libraries", json={"name": "Bob's", "access": {"everyone": "view"}}
        )
        place = {"library_id": answer.json()["library"]["id"]}
        answer = await scene.does("ada", "PUT", f"/media/{scene.film}/library", json=place)
        assert_problem(answer, 403, "not-yours")
        answer = await scene.does("ada", "PUT", f"/media/{scene.film}/library", json={"library_id": "nope"})
        assert_problem(answer, 404, "library-not-found")


@pytest.mark.parametrize(
    "access",
    [{"root": "view"}, {"user:../x": "view"}, {"everyone": "own"}, {"group:": "view"}, {"user:a": None}],
)
async def test_access_that_makes_no_sense_is_refused(tmp_path: Path, access: dict[str, Any]) -> None:
    async with world(tmp_path) as w, anonymous(w) as client:
        scene = await Scene(w, client).begin()
        answer = await scene.does("ada", "PUT", f"/media/{scene.film}/access", json={"access": access})
        assert_problem(answer, 422, "invalid")


async def opened(scene: Scene, link: str, **more: str) -> httpx.Response:
    return await scene.client.post("/api/v1/shares/open", json={"link": link, **more})


async def test_a_link_opens_its_film_and_nothing_else(tmp_path: Path) -> None:
    async with world(tmp_path) as w, anonymous(w) as client:
        scene = await Scene(w, client).begin()
        other = await client.post("/api/v1/media?name=other.mp4", content=b"o", headers=scene.headers["ada"])
        link = (await scene.does("ada", "POST", f"/media/{scene.film}/shares", json={})).json()["link"]
        said = (await opened(scene, link)).json()
        assert said["media_id"] == scene.film
        headers = bearing(said["access_token"])
        for path, status in (
            (f"/media/{scene.film}", 200),
            (f"/media/{scene.film}/content", 200),
            (f"/media/{other.json()['media']['id']}", 404),
            ("/jobs", 403),
            ("/libraries", 200),
            ("/users/me", 403),
            ("/events", 403),
        ):
            answer = await client.get(f"/api/v1{path}", headers=headers)
            assert answer.status_code == status, (path, answer.text)
        listed = (await client.get("/api/v1/media", headers=headers)).json()["items"]
        assert [item["id"] for item in listed] == [scene.film]
        answer = await client.post(
            f"/api/v1/media/{scene.film}/playback", headers=headers, json={"abilities": {}}
        )
        assert answer.status_code == 200, answer.text
        for wrong in (link + "x", link[:-1], "sls_", "sls__", link.removeprefix("sls_")[::-1]):
            assert_problem(await opened(scene, wrong), 403, "bad-link")


async def test_a_link_with_a_password_wants_it(tmp_path: Path) -> None:
    async with world(tmp_path) as w, anonymous(w) as client:
        scene = await Scene(w, client).begin()
        order = {"password": "only for friends"}
        made = (await scene.does("ada", "POST", f"/media/{scene.film}/shares", json=order)).json()
        assert made["has_password"]
        assert_problem(await opened(scene, made["link"]), 403, "link-password")
        assert_problem(await opened(scene, made["link"], password="wrong"), 403, "link-password")
        assert (await opened(scene, made["link"], **order)).status_code == 200


async def test_a_link_ends_with_its_time_a_word_or_its_maker(tmp_path: Path) -> None:
    async with world(tmp_path) as w, anonymous(w) as client:
        scene = await Scene(w, client).begin()
        path = f"/media/{scene.film}/shares"
        made = [(await scene.does("ada", "POST", path, json={"days": days})).json() for days in (1, 9, 9)]
        tokens = [(await opened(scene, each["link"])).json()["access_token"] for each in made]
        film = f"/api/v1/media/{scene.film}"
        assert (await scene.does("ada", "DELETE", f"/shares/{made[1]['id']}")).status_code == 204
        answered = [(await client.get(film, headers=bearing(token))).status_code for token in tokens]
        assert answered == [200, 401, 200]
        w.clock.move(days=1)
        assert [(await opened(scene, each["link"])).status_code for each in made] == [403, 403, 200]
        await w.client.patch(f"/api/v1/users/{scene.people['ada'].id}", json={"state": "disabled"})
        assert_problem(await opened(scene, made[2]["link"]), 403, "bad-link")


async def test_links_are_listed_without_what_opens_them(tmp_path: Path) -> None:
    async with world(tmp_path) as w, anonymous(w) as client:
        scene = await Scene(w, client).begin()
        path = f"/media/{scene.film}/shares"
        made = (await scene.does("ada", "POST", path, json={})).json()
        (listed,) = (await scene.does("ada", "GET", path)).json()["items"]
        assert (listed["id"], "link" in listed) == (made["id"], False)
        assert_problem(await scene.does("bob", "DELETE", f"/shares/{made['id']}"), 404, "media-not-found")
        secret = made["link"].split("_", 2)[2].encode()
        assert not any(secret in record.value for record in w.publisher.records)


async def test_an_address_to_play_is_good_for_who_may_see(tmp_path: Path) -> None:
    async with world(tmp_path) as w, anonymous(w) as client:
        scene = await Scene(w, client).begin()
        await scene.gives(**{f"user__{scene.people['cleo'].id}": "view"})
        link = (await scene.does("ada", "POST", f"/media/{scene.film}/shares", json={})).json()
        guest = bearing((await opened(scene, link["link"])).json()["access_token"])
        urls = {}
        for who, headers in (*((name, scene.headers[name]) for name in ("cleo", "ada")), ("guest", guest)):
            path = f"/api/v1/media/{scene.film}/playback"
            answer = await client.post(path, headers=headers, json={"method": "transcode"})
            urls[who] = answer.json()["url"]

        async def plays() -> list[int]:
            w.services.audience._documents.clear()
            return [(await client.get(url)).status_code for url in urls.values()]

        assert await plays() == [200, 200, 200]
        w.clock.move(seconds=1)
        await scene.gives()
        assert await plays() == [403, 200, 200]
        await scene.does("ada", "DELETE", f"/shares/{link['id']}")
        assert await plays() == [403, 200, 403]
        await w.client.patch(f"/api/v1/users/{scene.people['ada'].id}", json={"state": "disabled"})
        assert await plays() == [403, 403, 403]
        assert_problem(await client.get(urls["ada"]), 403, "bad-address")
