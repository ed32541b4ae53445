"""Resumable uploads by tus 1.0.0: each header and status of the protocol, over real files."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from gateway.uploads.protocol import date
from schemas.events import MediaUploaded
from tests.unit.gateway.checks import anonymous, assert_problem, upload
from tests.unit.gateway.fakes import World, world
from tests.unit.gateway.people import header_of, person
from tests.unit.gateway.tus import PATH, PIECE, SPOKEN, begun, checksum, created, metadata, offset, sent

DATA = bytes(range(256)) * 40
SIZE = len(DATA)
HALF = SIZE // 2


def sha256_of_the_only_medium(w: World) -> str:
    (medium,) = w.publisher.events
    assert isinstance(medium, MediaUploaded)
    return medium.sha256


async def test_what_is_spoken_is_said_without_a_token(tmp_path: Path) -> None:
    async with world(tmp_path, max_upload_bytes=1000) as w, anonymous(w) as client:
        for path in (PATH, f"{PATH}/x1"):
            said = await client.options(path)
            assert said.status_code == 204
            assert said.headers["tus-resumable"] == said.headers["tus-version"] == "1.0.0"
            assert said.headers["tus-max-size"] == "1000"
            assert said.headers["tus-checksum-algorithm"] == "sha256,sha1,md5"
            extensions = set(said.headers["tus-extension"].split(","))
            assert {"creation", "creation-with-upload", "expiration", "checksum", "termination"} < extensions


async def test_a_file_in_two_pieces_is_a_medium(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        answer = await created(w, SIZE)
        assert (answer.status_code, answer.headers["upload-offset"]) == (201, "0")
        assert answer.headers["upload-expires"] == "Sat, 02 May 2026 12:00:00 GMT"
        at = answer.headers["location"]
        first = await sent(w, at, 0, DATA[:HALF])
        assert (first.status_code, first.headers["upload-offset"]) == (204, str(HALF))
        assert "upload-expires" in first.headers
        assert "sluice-media" not in first.headers
        assert await offset(w, at) == HALF
        last = await sent(w, at, HALF, DATA[HALF:])
        assert (last.status_code, last.headers["upload-offset"]) == (204, str(SIZE))
        assert "location" not in last.headers
        medium = (await w.client.get(last.headers["sluice-media"])).json()
        assert (medium["name"], medium["size_bytes"]) == ("clip.mp4", SIZE)
        assert medium["sha256"] == sha256_of_the_only_medium(w) == hashlib.sha256(DATA).hexdigest()
        assert last.headers["sluice-token"]
        assert w.files() == [f"raw/{medium['sha256'][:2]}/{medium['sha256']}"]
        assert w.metric("sluice_uploads_total", outcome="accepted") == 1


async def test_a_head_says_all_that_there_is_to_say(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        said = metadata(filename="Ünter.mov", extra="kept as it is")
        at = (await created(w, SIZE, headers={"Upload-Metadata": said})).headers["location"]
        told = (await w.client.head(at, headers=SPOKEN)).headers
        assert (told["upload-offset"], told["upload-length"], told["upload-metadata"]) == (
            "0",
            str(SIZE),
            said,
        )
        assert (told["cache-control"], told["tus-resumable"]) == ("no-store", "1.0.0")
        assert told["upload-expires"]
        assert "upload-defer-length" not in told


async def test_metadata_are_what_is_made_of_it(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        said = {"name": "../a/holiday.mov", "type": "video/quicktime", "profile": "web", "priority": "high"}
        answer = await created(w, 5, said, headers=PIECE, content=b"12345")
        assert (answer.status_code, answer.headers["upload-offset"]) == (201, "5")
        accepted = answer.json()["accepted"]
        assert answer.headers["location"] == answer.json()["links"]["self"]
        assert accepted["media"]["name"] == "holiday.mov"
        assert accepted["media"]["content_type"] == "video/quicktime"
        assert (accepted["job"]["profile"], accepted["job"]["priority"]) == ("web", "high")
        assert (await w.client.get(f"/api/v1/jobs/{accepted['job']['id']}")).status_code == 200
        assert answer.headers["sluice-media"] == accepted["media"]["links"]["self"]


async def test_an_upload_is_told_as_json_too(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        at = await begun(w, SIZE)
        await begun(w, None)
        await sent(w, at, 0, DATA[:10])
        said = (await w.client.get(at)).json()
        assert (said["state"], said["offset"], said["size_bytes"]) == ("uploading", 10, SIZE)
        listed = (await w.client.get(PATH)).json()["items"]
        assert {(each["offset"], each["size_bytes"]) for each in listed} == {(10, SIZE), (0, None)}
        await sent(w, at, 10, DATA[10:])
        said = (await w.client.get(at)).json()
        assert (said["state"], said["offset"]) == ("accepted", SIZE)
        assert said["accepted"]["media"]["size_bytes"] == SIZE
        assert len((await w.client.get(PATH)).json()["items"]) == 1


async def test_the_length_may_be_said_later(tmp_path: Path) -> None:
    async with world(tmp_path, max_upload_bytes=100) as w:
        at = await begun(w, None)
        assert (await w.client.head(at, headers=SPOKEN)).headers["upload-defer-length"] == "1"
        assert_problem(await sent(w, at, 0, b"x" * 101), 413, "past-the-end")
        assert_problem(await sent(w, at, 0, b"x", Upload_Length="101"), 413, "too-large")
        assert (await sent(w, at, 0, b"12345")).status_code == 204
        assert_problem(await sent(w, at, 5, b"x", Upload_Length="4"), 400, "length-known")
        last = await sent(w, at, 5, b"678", Upload_Length="8")
        assert "sluice-media" in last.headers
        assert_problem(await sent(w, at, 5, b"", Upload_Length="9"), 409, "wrong-offset")


async def test_a_length_is_said_once(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        at = await begun(w, 8)
        assert_problem(await sent(w, at, 0, b"1", Upload_Length="9"), 400, "length-known")


@pytest.mark.parametrize("version", [None, "0.2.2", "1.0"])
async def test_another_version_is_refused_with_ours(tmp_path: Path, version: str | None) -> None:
    headers = {} if version is None else {"Tus-Resumable": version}
    async with world(tmp_path) as w:
        at = await begun(w, 5)
        asked = [("POST", PATH), ("HEAD", at), ("PATCH", at), ("DELETE", at)]
        for method, path in asked:
            answer = await w.client.request(method, path, headers=headers)
            assert (answer.status_code, answer.headers["tus-version"]) == (412, "1.0.0"), method
        assert await offset(w, at) == 0


@pytest.mark.parametrize(
    ("headers", "status", "code"),
    [
        ({"Upload-Length": "-1"}, 400, "bad-header"),
        ({"Upload-Length": "1e3"}, 400, "bad-header"),
        ({"Upload-Length": "٣"}, 400, "bad-header"),
        ({"Upload-Length": "9" * 40}, 400, "bad-header"),
        ({"Upload-Length": ""}, 400, "bad-header"),
        ({"Upload-Defer-Length": "1"}, 400, "bad-header"),
        ({"Upload-Length": "0"}, 422, "empty"),
        ({"Upload-Length": "1001"}, 413, "too-large"),
        ({"Upload-Metadata": ""}, 422, "no-name"),
        ({"Upload-Metadata": "filename"}, 422, "no-name"),
        ({"Upload-Metadata": "filename !!"}, 400, "bad-header"),
        ({"Upload-Metadata": "filename /w=="}, 400, "bad-header"),
        ({"Upload-Metadata": "filename YQ==,filename YQ=="}, 400, "bad-header"),
        ({"Upload-Metadata": "filename YQ==," + "k" * 9000}, 400, "bad-header"),
        ({"Upload-Metadata": metadata(filename="a", profile="none")}, 422, "unknown-profile"),
        ({"Upload-Metadata": metadata(filename="a", priority="soon")}, 422, "unknown-priority"),
    ],
)
async def test_what_makes_no_sense_begins_nothing(
    tmp_path: Path, headers: dict[str, str], status: int, code: str
) -> None:
    async with world(tmp_path, max_upload_bytes=1000) as w:
        named = {name: value.encode() for name, value in headers.items()}
        answer = await created(w, 1000, headers=named)
        assert_problem(answer, status, code)
        assert answer.headers["tus-resumable"] == "1.0.0"
        assert (await w.client.get(PATH)).json()["items"] == []


@pytest.mark.parametrize(
    ("headers", "status", "code"),
    [
        ({"Content-Type": "application/json"}, 415, "not-a-piece"),
        ({"Upload-Offset": "-1"}, 400, "bad-header"),
        ({"Upload-Offset": "one"}, 400, "bad-header"),
        ({"Upload-Offset": "4"}, 409, "wrong-offset"),
        ({"Upload-Offset": "6"}, 409, "wrong-offset"),
        ({"Upload-Checksum": "crc32 AAAA"}, 400, "bad-header"),
        ({"Upload-Checksum": "sha256 AAAA"}, 400, "bad-header"),
        ({"Upload-Checksum": "sha256 !"}, 400, "bad-header"),
        ({"Upload-Checksum": checksum(b"others")}, 460, "checksum-mismatch"),
        ({"Upload-Length": "0"}, 422, "empty"),
    ],
)
async def test_what_is_no_piece_changes_nothing(
    tmp_path: Path, headers: dict[str, str], status: int, code: str
) -> None:
    async with world(tmp_path) as w:
        at = await begun(w, SIZE)
        await sent(w, at, 0, b"12345")
        answer = await w.client.patch(
            at, headers={**PIECE, "Upload-Offset": "5", **headers}, content=b"67890"
        )
        assert_problem(answer, status, code)
        assert await offset(w, at) == 5


async def test_a_piece_without_an_offset_is_refused(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        at = await begun(w, SIZE)
        assert_problem(await w.client.patch(at, headers=PIECE, content=b"1"), 400, "bad-header")


async def test_nothing_is_taken_past_the_end(tmp_path: Path) -> None:
    async def more() -> Any:
        yield DATA
        yield b"x"

    async with world(tmp_path) as w:
        at = await begun(w, SIZE)
        assert_problem(await sent(w, at, 0, DATA + b"x"), 413, "past-the-end")
        assert w.metric("sluice_upload_bytes_total") == 0, "what says that it is too long is not read"
        assert await offset(w, at) == 0
        assert_problem(await sent(w, at, 0, more()), 413, "past-the-end")
        assert w.publisher.events == []
        assert await offset(w, at) == SIZE
        assert sha256_of_the_only_medium(w) == hashlib.sha256(DATA).hexdigest()


@pytest.mark.parametrize("algorithm", ["sha256", "sha1", "md5"])
async def test_a_piece_that_is_what_it_says_is_taken(tmp_path: Path, algorithm: str) -> None:
    async with world(tmp_path) as w:
        at = await begun(w, SIZE)
        for start, end in ((0, HALF), (HALF, SIZE)):
            piece = DATA[start:end]
            assert_problem(
                await sent(w, at, start, piece[::-1], Upload_Checksum=checksum(piece, algorithm)),
                460,
                "checksum-mismatch",
            )
            assert await offset(w, at) == start
            answer = await sent(w, at, start, piece, Upload_Checksum=checksum(piece, algorithm))
            assert answer.headers["upload-offset"] == str(end)
        assert sha256_of_the_only_medium(w) == hashlib.sha256(DATA).hexdigest()


async def test_one_that_is_given_up_is_gone_with_its_bytes(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        at = await begun(w, SIZE)
        await sent(w, at, 0, DATA[:HALF])
        assert len(w.files()) == 1
        assert (await w.client.delete(at, headers=SPOKEN)).status_code == 204
        assert w.files() == []
        for method in ("HEAD", "PATCH", "DELETE"):
            headers = {**PIECE, "Upload-Offset": str(HALF)}
            assert (await w.client.request(method, at, headers=headers)).status_code == 404


async def test_a_medium_stays_whose_upload_is_ended(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        at = await begun(w, SIZE)
        medium = (await sent(w, at, 0, DATA)).headers["sluice-media"]
        assert (await w.client.delete(at, headers=SPOKEN)).status_code == 204
        assert (await w.client.get(f"{medium}/content")).content == DATA


async def test_patch_and_delete_may_be_sent_as_post(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        at = await begun(w, SIZE)
        patch = {**PIECE, "Upload-Offset": "0", "X-HTTP-Method-Override": "PATCH"}
        answer = await w.client.post(at, headers=patch, content=DATA[:HALF])
        assert (answer.status_code, answer.headers["upload-offset"]) == (204, str(HALF))
        answer = await w.client.post(at, headers={**SPOKEN, "X-HTTP-Method-Override": "DELETE"})
        assert answer.status_code == 204
        assert (await w.client.head(at, headers=SPOKEN)).status_code == 404
        assert (await w.client.post(at, headers={"X-HTTP-Method-Override": "PUT"})).status_code == 405


async def test_only_whoever_began_one_can_go_on(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        at = await begun(w, SIZE)
        ed = await header_of(w, await person(w, "ed", role="editor"))
        headers = {**PIECE, "Upload-Offset": "0", **ed}
        for method in ("GET", "HEAD", "PATCH", "DELETE"):
            assert (await w.client.request(method, at, headers=headers)).status_code == 404, method
        assert (await w.client.get(PATH, headers=ed)).json()["items"] == []
        assert (await created(w, SIZE, headers=ed)).status_code == 201
        assert len((await w.client.get(PATH, headers=ed)).json()["items"]) == 1
        viewer = await header_of(w, await person(w, "vi", role="viewer"))
        assert_problem(await created(w, SIZE, headers=viewer), 403, "not-allowed")
        for hostile in ("..%2F..%2Fetc%2Fpasswd", "%00", "x" * 500):
            assert (await w.client.head(f"{PATH}/{hostile}", headers=SPOKEN)).status_code == 404


async def test_nobody_has_more_unfinished_ones_than_allowed(tmp_path: Path) -> None:
    async with world(tmp_path, max_unfinished_uploads=2) as w:
        first, _ = await begun(w, SIZE), await begun(w, SIZE)
        assert_problem(await created(w, SIZE), 429, "too-many-uploads")
        ed = await header_of(w, await person(w, "ed", role="editor"))
        assert (await created(w, SIZE, headers=ed)).status_code == 201
        await sent(w, first, 0, DATA)
        assert (await created(w, SIZE)).status_code == 201
        assert_problem(await created(w, SIZE), 429, "too-many-uploads")
        w.clock.move(hours=25)
        assert (await created(w, SIZE)).status_code == 201


async def test_budgets_hold_for_pieces_too(tmp_path: Path) -> None:
    async with world(tmp_path, limit_upload_bytes="8KiB/1m", limit_transcode_minutes="1/1m") as w:
        ed = await header_of(w, await person(w, "ed", role="editor"))
        told = {"filename": "a.mp4", "profile": "web"}
        assert_problem(await created(w, 100_000_000, told, headers=ed), 429, "over-budget")
        assert (await w.client.get(PATH, headers=ed)).json()["items"] == []
        at = (await created(w, SIZE, told, headers=ed)).headers["location"]
        assert (await sent(w, at, 0, DATA[:HALF], **ed)).status_code == 204
        assert_problem(await sent(w, at, HALF, DATA[HALF:], **ed), 429, "over-budget")
        w.clock.move(seconds=120)
        where = int((await w.client.head(at, headers={**SPOKEN, **ed})).headers["upload-offset"])
        assert (await sent(w, at, where, DATA[where:], **ed)).headers["sluice-media"]


async def test_nothing_stays_of_one_that_began_with_a_bad_piece(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        wrong = {**PIECE, "Upload-Checksum": checksum(b"others")}
        assert_problem(await created(w, SIZE, headers=wrong, content=DATA), 460, "checksum-mismatch")
        assert (await w.client.get(PATH)).json()["items"] == []
        assert w.files() == []


async def test_a_new_one_is_made_once_for_each_key(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        key = {"Idempotency-Key": "one"}
        first, again = await created(w, SIZE, headers=key), await created(w, SIZE, headers=key)
        assert first.headers["location"] == again.headers["location"]
        assert again.headers["idempotency-replayed"] == "true"
        assert_problem(await created(w, SIZE + 1, headers=key), 422, "idempotency-key-reused")
        assert len((await w.client.get(PATH)).json()["items"]) == 1


async def test_the_same_bytes_are_kept_once_however_they_come(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        medium = (await upload(w)).json()["media"]
        content = (await w.client.get(medium["links"]["content"])).content
        at = await begun(w, len(content))
        assert (await sent(w, at, 0, content)).headers["sluice-media"]
        assert len(w.files()) == 1


async def test_pages_of_other_origins_may_send_and_read_it_all(tmp_path: Path) -> None:
    home = "https://app.example.org"
    async with world(tmp_path, page_origins=(home,)) as w:
        asked = {
            "Origin": home,
            "Access-Control-Request-Method": "PATCH",
            "Access-Control-Request-Headers": "authorization,content-type,tus-resumable,upload-offset,"
            "upload-length,upload-metadata,upload-checksum,upload-defer-length,x-http-method-override",
        }
        assert (await w.client.options(f"{PATH}/x1", headers=asked)).status_code == 200
        told = (await created(w, SIZE, headers={"Origin": home})).headers["access-control-expose-headers"]
        readable = {name.strip().lower() for name in told.split(",")}
        assert {"location", "upload-offset", "upload-length", "upload-expires", "sluice-media"} <= readable
        assert {"tus-resumable", "tus-version", "tus-max-size", "tus-extension"} <= readable


def test_moments_are_told_as_headers_have_them_whatever_zone_a_database_says() -> None:
    at = datetime(2026, 5, 2, 14, 30, tzinfo=timezone(timedelta(hours=2)))
    assert date(at) == "Sat, 02 May 2026 12:30:00 GMT"
