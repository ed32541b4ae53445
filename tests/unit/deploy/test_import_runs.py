"""Imports into a gateway that is as real as it gets without Kafka: killed anywhere, run again, taken back."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from deploy.local.client import Gateway
from deploy.local.failures import Exit, Failure
from deploy.local.importing import sources, undoing
from deploy.local.importing.door import Door, Offers
from deploy.local.importing.report import Report
from deploy.local.importing.running import Options, Run
from deploy.local.resuming import Begun
from schemas.events import MediaUploaded, UserChanged, ViewingChanged
from tests import earlier_systems as systems
from tests.earlier_systems import ALIEN, PILOT, SONG, Library
from tests.unit.gateway.fakes import TOKEN, World, world
from tests.unit.gateway.history import probed, rejected, uploaded
from tests.unit.gateway.viewing import seen

ALIEN_FILE, ALIEN_4K_FILE, PILOT_FILE, SONG_FILE = "Alien.mkv", "Alien 4k.mkv", "Pilot.mkv", "Song.flac"
ALL = {str(id) for id in (ALIEN, PILOT, SONG)}


class Killed(BaseException):
    """The process is no more: nothing catches it."""


class Way(httpx.BaseTransport):
    """Asks the gateway in this process, from another thread; may break right after so many changes: the last
    one's answer is never seen.
    """

    def __init__(self, w: World, loop: asyncio.AbstractEventLoop, changes: int, how: BaseException) -> None:
        self._w = w
        self._loop = loop
        self._how = how
        self.left = changes

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        content = request.read()
        asked = self._w.client.request(
            request.method, str(request.url), headers=request.headers, content=content
        )
        answer = asyncio.run_coroutine_threadsafe(asked, self._loop).result()
        if _has_changed(request.method, content, answer):
            self.left -= 1
            if self.left == 0:
                raise self._how
        return httpx.Response(answer.status_code, headers=answer.headers, content=answer.content)


def _has_changed(method: str, content: bytes, answer: httpx.Response) -> bool:
    """Whether a request did something: states that are so already may be told as often as one likes."""
    if answer.url.path.endswith("/viewing/import"):
        return b'"outcome":"set"' in answer.content and b'"dry_run":true' not in content
    return method != "GET"


@dataclass
class Scene:
    """A library of another system, and a gateway to move it to."""

    w: World
    loop: asyncio.AbstractEventLoop
    folder: Path
    file: Path
    breaks: BaseException = field(default_factory=Killed)
    waited: list[float] = field(default_factory=list)
    said: list[str] = field(default_factory=list)

    async def run(self, *, changes: int = 0, undo: bool = False, **options: Any) -> Report:
        """What an import came to, that dies after so many changes unless that is 0."""
        return await asyncio.to_thread(self._run, changes, undo, options)

    def _run(self, changes: int, undo: bool, options: dict[str, Any]) -> Report:
        source = sources.read(str(self.file), [("/media/films", self.folder)], None)
        dry_run = bool(options.get("dry_run"))
        report = Report(system=source.found.system, source="", dry_run=dry_run, started_at="")
        gateway = Gateway("http://sluice", TOKEN, transport=Way(self.w, self.loop, changes, self.breaks))
        door = Door(gateway, patience=3, wait=self.waited.append)
        try:
            if undo:
                undoing.undo(door, source.found, report, self.said.append)
                return report
            wanted = {"within_s": 0, "samples": 0, **options}
            Run(
                door=door,
                offers=Offers(),
                source=source,
                options=Options(**wanted),
                report=report,
                begun=Begun(self.folder / "begun.json"),
                say=self.said.append,
                advance=lambda _: None,
            ).run()
        finally:
            gateway.close()
        return report

    async def media(self) -> dict[str, dict[str, Any]]:
        """The media that are items, by item; fails where two are one."""
        items = (await self.w.client.get("/api/v1/media", params={"limit": 100})).json()["items"]
        marked = [each for each in items if "import" in each["custom"]]
        found = {each["custom"]["import"].removeprefix("jellyfin:"): each for each in marked}
        assert len(found) == len(marked)
        return found

    async def states(self) -> list[dict[str, Any]]:
        users = (await self.w.client.get("/api/v1/users")).json()["items"]
        exports = [(await self.w.client.get(f"/api/v1/users/{user['id']}/export")).json() for user in users]
        return [one for export in exports for one in export["viewing"]]

    def events(self, kind: type[Any]) -> Sequence[Any]:
        return [event for event in self.w.publisher.events if isinstance(event, kind)]


@asynccontextmanager
async def scene(
    tmp_path: Path, make: Callable[..., Path] = systems.classic, **more: Any
) -> AsyncIterator[Scene]:
    films = tmp_path / "films"
    films.mkdir()
    names = [ALIEN_FILE, PILOT_FILE, SONG_FILE, *([ALIEN_4K_FILE] if "alien_4k" in more else [])]
    for name in names:
        (films / name).write_bytes(f"what {name} has".encode() * 9)
    file = make(tmp_path / "data", Library(alien=ALIEN_FILE, pilot=PILOT_FILE, song=SONG_FILE, **more))
    async with world(tmp_path / "w") as w:
        yield Scene(w, asyncio.get_running_loop(), films, file)


@pytest.fixture(autouse=True)
def _room(tmp_path: Path) -> None:
    (tmp_path / "w").mkdir()


async def test_killed_after_each_change_it_ends_as_if_it_never_was(tmp_path: Path) -> None:
    async with scene(tmp_path) as s:
        deaths = 0
        while True:
            try:
                report = await s.run(changes=1)
                break
            except Killed:
                deaths += 1
                assert deaths < 30, "it gets no further"
        assert deaths >= 3 + 3 + 3 + 1, "people, files, what is said of them, states"
        assert set(await s.media()) == ALL
        assert len(s.events(MediaUploaded)) == 3
        assert len(s.events(UserChanged)) == 3
        assert sorted((event.change, event.on) for event in s.events(ViewingChanged)) == [
            ("favourite", True),
            ("played", True),
            ("position", False),
        ]
        assert (report.items, report.states) == ({"there": 3}, {"unchanged": 2})
        assert report.missing == []


async def test_an_answer_that_is_lost_is_asked_for_again_and_nothing_is_double(tmp_path: Path) -> None:
    async with scene(tmp_path) as s:
        s.breaks = httpx.ReadError("the line is cut")
        for changes in range(1, 4):
            report = await s.run(parts=["items"], changes=changes)
            assert report.missing == []
        assert len(s.events(MediaUploaded)) == 3
        assert s.waited


async def test_a_second_run_changes_nothing_that_people_did_since(tmp_path: Path) -> None:
    async with scene(tmp_path) as s:
        first = await s.run()
        assert (first.items, first.people, first.states) == ({"sent": 3}, {"made": 3}, {"set": 2})
        alien = (await s.media())[str(ALIEN)]
        assert (alien["title"], alien["rating"], alien["categories"]) == ("Alien", 8.5, ["Horror", "Sci-Fi"])
        await s.w.client.patch(f"/api/v1/media/{alien['id']}", json={"title": "Mine", "tags": []})
        before = len(s.w.publisher.events)
        second = await s.run()
        assert (second.items, second.people, second.states) == ({"there": 3}, {"there": 3}, {"unchanged": 2})
        assert len(s.w.publisher.events) == before
        assert second.checks["states"] == {"as they were": 2}


async def test_a_dry_run_tells_and_does_nothing(tmp_path: Path) -> None:
    async with scene(tmp_path) as s:
        (s.folder / SONG_FILE).unlink()
        before = len(s.w.publisher.events)
        report = await s.run(dry_run=True)
        assert (report.items, report.people) == ({"to be sent": 2}, {"to be made": 3})
        assert [trouble.what for trouble in report.missing] == ["Summertime"]
        assert len(s.w.publisher.events) == before


async def test_what_can_t_be_had_is_told_and_the_rest_comes(tmp_path: Path) -> None:
    async with scene(tmp_path) as s:
        (s.folder / PILOT_FILE).unlink()
        (s.folder / SONG_FILE).write_bytes(b"")
        report = await s.run()
        assert set(await s.media()) == {str(ALIEN)}
        told = {trouble.what: trouble.why for trouble in report.missing}
        assert "it is not at" in told["Second"]
        assert "empty" in told["Summertime"]
        assert "1 states of people" in told
        assert report.checks["works"] == {"of 3 here": 1, "uploaded": 1}


async def test_bytes_that_are_here_already_are_not_sent_again(tmp_path: Path) -> None:
    async with scene(tmp_path) as s:
        sent = (s.folder / ALIEN_FILE).read_bytes()
        answer = await s.w.client.post("/api/v1/media", params={"name": "mine.mkv"}, content=sent)
        mine = answer.json()["media"]["id"]
        await s.w.client.patch(f"/api/v1/media/{mine}", json={"title": "My own"})
        report = await s.run()
        assert report.items == {"the same bytes": 1, "sent": 2}
        alien = (await s.media())[str(ALIEN)]
        assert (alien["id"], alien["title"], alien["released"]) == (mine, "My own", "1979-05-25")


async def test_what_was_deleted_here_is_sent_anew_though_its_key_is_known(tmp_path: Path) -> None:
    async with scene(tmp_path) as s:
        await s.run(parts=["items"])
        gone = (await s.media())[str(ALIEN)]["id"]
        await s.w.client.delete(f"/api/v1/media/{gone}")
        assert (await s.run(parts=["items"])).items == {"sent": 1, "there": 2}
        assert (await s.media())[str(ALIEN)]["id"] != gone


async def test_another_file_of_a_work_is_a_version_of_it(tmp_path: Path) -> None:
    async with scene(tmp_path, alien_4k=ALIEN_4K_FILE) as s:
        looking = asyncio.create_task(_looks_at_uploads(s))
        report = await s.run(parts=["items", "users", "state"])
        looking.cancel()
        assert report.items == {"sent": 3, "versions": 1}
        alien = (await s.media())[str(ALIEN)]
        versions = (await s.w.client.get(f"/api/v1/media/{alien['id']}/versions")).json()["items"]
        assert [each["name"] for each in versions] == [ALIEN_FILE, ALIEN_4K_FILE]
        assert [one["plays"] for one in await s.states() if one["work_id"] == alien["id"]] == [3]
        again = await s.run(parts=["items"])
        assert (again.items, again.missing) == ({"there": 3}, [])
        assert len(s.events(MediaUploaded)) == 4


async def test_a_work_comes_though_one_of_its_files_does_not(tmp_path: Path) -> None:
    async with scene(tmp_path, alien_4k=ALIEN_4K_FILE) as s:
        (s.folder / ALIEN_4K_FILE).unlink()
        report = await s.run(parts=["items"])
        assert report.items == {"sent": 3}
        assert [trouble.what for trouble in report.missing] == [f"/media/films/{ALIEN_4K_FILE}"]
        assert (await s.media())[str(ALIEN)]["name"] == ALIEN_FILE


async def _looks_at_uploads(s: Scene) -> None:
    """As the worker would."""
    known: set[str] = set()
    while True:
        for event in s.events(MediaUploaded):
            if event.media_id not in known:
                known.add(event.media_id)
                await s.w.happened(seen(event.media_id))
        await asyncio.sleep(0.01)


async def test_files_that_a_library_reads_are_found_there_and_not_sent(tmp_path: Path) -> None:
    sizes = dict.fromkeys((f"/media/films/{name}" for name in (ALIEN_FILE, PILOT_FILE)), 5)
    async with scene(tmp_path, systems.newer, sizes=sizes) as s:
        made = await s.w.client.post("/api/v1/libraries", json={"name": "films"})
        library = made.json()["library"]["id"]
        for n, name in enumerate((ALIEN_FILE, PILOT_FILE)):
            await s.w.happened(uploaded(f"m{n}", name=name), probed(f"m{n}"))
            await s.w.client.put(f"/api/v1/media/m{n}/library", json={"library_id": library})
        await s.w.client.patch("/api/v1/media/m0", json={"title": "Seen before"})
        before = len(s.events(MediaUploaded))
        report = await s.run(library=library)
        assert report.items == {"found": 2}
        assert {trouble.what for trouble in report.missing} == {"Summertime"}
        assert {id: each["title"] for id, each in (await s.media()).items()} == {
            str(ALIEN): "Seen before",
            str(PILOT): "Second",
        }
        assert len(s.events(MediaUploaded)) == before


async def test_uploads_go_into_the_library_that_is_named(tmp_path: Path) -> None:
    async with scene(tmp_path) as s:
        made = await s.w.client.post("/api/v1/libraries", json={"name": "films"})
        library = made.json()["library"]["id"]
        await s.run(into=library, parts=["items"])
        found = (await s.w.client.get("/api/v1/media", params={"library": library})).json()["items"]
        assert len(found) == 3


@pytest.mark.parametrize("where", ["into", "library"])
async def test_a_library_that_is_not_there_is_told_before_anything_is_sent(
    tmp_path: Path, where: str
) -> None:
    async with scene(tmp_path) as s:
        before, wanted = len(s.w.publisher.events), dict[str, Any]({where: "no-such"})
        with pytest.raises(Failure) as failed:
            await s.run(**wanted)
        assert failed.value.code is Exit.NOT_FOUND
        assert len(s.w.publisher.events) == before


async def test_who_is_here_already_stays_as_they_are(tmp_path: Path) -> None:
    async with scene(tmp_path) as s:
        body = {"login": "ADA.lovelace", "password": "correct horse battery", "role": "viewer"}
        hers = (await s.w.client.post("/api/v1/users", json=body)).json()["user"]["id"]
        codes: list[dict[str, Any]] = []
        report = await s.run(parts=["users", "items", "state"])
        assert report.people == {"there": 1, "made": 2}
        assert (await s.w.client.get(f"/api/v1/users/{hers}")).json()["role"] == "viewer"
        assert [trouble.what for trouble in report.differences] == ["Ada Lovelace"]
        users = (await s.w.client.get("/api/v1/users")).json()["items"]
        assert {user["login"]: user["state"] for user in users}["Old.Guest"] == "disabled"
        assert [one["plays"] for one in await s.states() if one["plays"]] == [3]
        assert codes == []


async def test_a_file_that_was_not_accepted_is_told(tmp_path: Path) -> None:
    async with scene(tmp_path) as s:
        await s.run(parts=["items"])
        media = await s.media()
        ids = [media[str(id)]["id"] for id in (SONG, ALIEN, PILOT)]
        await s.w.happened(rejected(ids[0]), seen(ids[1]), seen(ids[2]))
        report = await s.run(parts=["items"])
        told = [(trouble.what, trouble.why) for trouble in report.missing]
        assert told == [("Summertime", "its file is rejected: The file is text.")]
        assert report.checks["streams"] == {"not compared": 1, "alike": 1, "different": 1}
        assert report.differences[0].why == "it has 1 audio eng, 1 video, and had 1 audio, 1 video"


async def test_bytes_that_are_not_what_they_were_are_told(tmp_path: Path) -> None:
    async with scene(tmp_path) as s:
        await s.run(parts=["items"])
        for medium in (await s.media()).values():
            await s.w.happened(seen(medium["id"]))
        assert (await s.run(parts=["items"], samples=9)).checks["samples' bytes"] == {"alike": 3}
        (s.folder / ALIEN_FILE).write_bytes(b"another")
        report = await s.run(parts=["items"], samples=9)
        assert report.checks["samples' bytes"] == {"alike": 2, "different": 1}
        assert [trouble.what for trouble in report.missing] == ["Alien"]


async def test_it_is_taken_back(tmp_path: Path) -> None:
    async with scene(tmp_path) as s:
        sent = (s.folder / ALIEN_FILE).read_bytes()
        answer = await s.w.client.post("/api/v1/media", params={"name": "mine.mkv"}, content=sent)
        mine = answer.json()["media"]["id"]
        await s.run()
        assert (await s.run(undo=True, dry_run=True)).items == {
            "to be deleted": 2,
            "to be left as it was found": 1,
        }
        assert len(await s.media()) == 3
        await s.run(undo=True)
        assert await s.media() == {}
        assert (await s.w.client.get(f"/api/v1/media/{mine}")).status_code == 200


async def test_a_gateway_that_is_away_is_waited_for_and_then_told_of(tmp_path: Path) -> None:
    async with scene(tmp_path) as s:
        s.w.publisher.away = True
        with pytest.raises(Failure) as failed:
            await s.run()
        assert failed.value.code is Exit.NOT_RUNNING
        assert s.waited == [0.5, 1.0]
        s.w.publisher.away = False
        assert (await s.run()).items == {"sent": 3}
