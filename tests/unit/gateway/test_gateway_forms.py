"""Uploads as forms: parts in any order, and forms that are none."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.unit.gateway.checks import DATA, assert_problem
from tests.unit.gateway.fakes import World, world


def form(*parts: str | tuple[str, bytes], boundary: str = "XX", end: bool = True) -> bytes:
    """A form whose parts are (file name, bytes) or field=value, in this order."""
    body = b""
    for part in parts:
        if isinstance(part, str):
            name, _, value = part.partition("=")
            head, data = f'form-data; name="{name}"', value.encode()
        else:
            head, data = f'form-data; name="file"; filename="{part[0]}"', part[1]
        body += f"--{boundary}\r\nContent-Disposition: {head}\r\n\r\n".encode() + data + b"\r\n"
    return body + (f"--{boundary}--\r\n".encode() if end else b"")


async def send_form(to: World, body: bytes, boundary: str = "XX", **query: str) -> httpx.Response:
    headers = {"Content-Type": f"multipart/form-data; boundary={boundary}"}
    return await to.client.post("/api/v1/media", content=body, headers=headers, params=query)


@pytest.mark.parametrize(
    "parts",
    [
        ("profile=web", "priority=low", ("clip.mp4", DATA)),
        (("clip.mp4", DATA), "profile=web", "priority=low"),
        ("profile=web", ("clip.mp4", DATA), "priority=low"),
    ],
)
async def test_a_forms_fields_may_come_in_any_order(tmp_path: Path, parts: Any) -> None:
    async with world(tmp_path) as w:
        answer = await send_form(w, form(*parts))
        assert answer.status_code == 202, answer.text
        said = answer.json()
        assert (said["job"]["profile"], said["job"]["priority"]) == ("web", "low")
        assert (await w.client.get(said["media"]["links"]["content"])).content == DATA


async def test_a_form_made_by_a_client_library_works(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        answer = await w.client.post(
            "/api/v1/media", files={"file": ("фильм.mkv", DATA, "video/x-matroska")}, data={"profile": "web"}
        )
        media = answer.json()["media"]
        assert (media["name"], media["content_type"]) == ("фильм.mkv", "video/x-matroska")


async def test_a_forms_file_may_hold_what_looks_like_a_boundary(tmp_path: Path) -> None:
    tricky = b"\r\n--X\r\n--XX" * 3 + b"\r\n-" * 5000
    tricky = tricky.replace(b"\r\n--XX", b"\r\n--XY")
    async with world(tmp_path) as w:
        answer = await send_form(w, form(("clip.mp4", tricky)))
        assert (await w.client.get(answer.json()["media"]["links"]["content"])).content == tricky


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (form("profile=web"), 422, "no-file"),
        (form(("a", b"1"), ("b", b"2")), 422, "many-files"),
        (form(("a", b"")), 422, "empty"),
        (form(("a", DATA), end=False), 400, "malformed-form"),
        (b"no form at all", 400, "malformed-form"),
        (b"", 400, "malformed-form"),
        (form(("a", DATA), "profile=nope"), 422, "unknown-profile"),
        (form(("a", DATA), "profile=web", "priority=urgent"), 422, "unknown-priority"),
        (form("x=" + "y" * 5000, ("a", DATA)), 422, "field-too-long"),
        (form(*[f"f{n}=1" for n in range(40)], ("a", DATA)), 422, "too-many-fields"),
    ],
)
async def test_a_form_that_makes_no_sense_is_refused_and_leaves_nothing(
    tmp_path: Path, body: bytes, status: int, code: str
) -> None:
    async with world(tmp_path) as w:
        assert_problem(await send_form(w, body), status, code)
        assert (w.files(), w.publisher.events) == ([], [])
        assert w.metric("sluice_uploads_total", outcome=code) == 1


@pytest.mark.parametrize(
    "content_type", ["multipart/form-data", "multipart/form-data; boundary=" + "x" * 500]
)
async def test_a_form_without_a_usable_boundary_is_refused(tmp_path: Path, content_type: str) -> None:
    async with world(tmp_path) as w:
        answer = await w.client.post("/api/v1/media", content=DATA, headers={"Content-Type": content_type})
        assert_problem(answer, 400, "malformed-form")
