"""Nothing outside the roots and the store is ever opened, whatever name is sent to whatever takes one."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from tests.contract.watched import SECRET, Outside, outside
from tests.direct import FakeDirect
from tests.unit.gateway.fakes import World, world
from tests.unit.gateway.history import requested
from tests.unit.gateway.viewing import clip, film, watch

_PART = 5
"""But for a full run each place gets so much of the table."""
_LASTING = "/api/v1/events"
_SPENT = {"Idempotency-Key", "Sluice-Token", "token", "cursor"}
"""Parameters that are made by the gateway alone, and mean nothing else."""
_KEPT = "kept.txt"
_TUS = {"Tus-Resumable": "1.0.0", "Upload-Length": "5", "Upload-Metadata": "filename eA=="}
_NOBODY = ("access", "folders")
"""Members whose examples name people and folders that are not here."""
_ORDER = ("GET", "PUT", "PATCH", "POST", "DELETE")
"""What is there goes last."""
_LIKELY = {
    "media_id": "film",
    "job_id": "job",
    "user_id": "ada",
    "root": "films",
    "profile": "web",
    "subject": "media.uploaded-value",
    "version": "1",
    "path": _KEPT,
    "to": "other.txt",
    "file": "film",
    "key": "v",
}


def names(out: Outside) -> list[str]:
    """The table: each would be a way out somewhere."""
    there = str(out.file)
    return [
        there,
        f"//{there}",
        f"file://{there}",
        "../outside/canary.txt",
        "./../outside/canary.txt",
        "a/../../outside/canary.txt",
        "a/./b/../../../outside/canary.txt",
        "....//outside/canary.txt",
        "..",
        "../",
        ".",
        "",
        "%2e%2e/outside/canary.txt",
        "..%2foutside%2fcanary.txt",
        "..%252foutside%252fcanary.txt",
        "..%c0%afoutside%c0%afcanary.txt",
        "..\\outside\\canary.txt",
        "C:\\outside\\canary.txt",
        "\\\\?\\C:\\outside\\canary.txt",
        "\\\\localhost\\outside\\canary.txt",
        "CON",
        "aux.mp4",
        "canary.txt::$DATA",
        "canary.txt.",
        "canary.txt ",
        "link",
        "link/canary.txt",
        "link.txt",
        "kept.txt/../../outside/canary.txt",
        "\uff0e\uff0e/outside/canary.txt",
        "\u2025/outside/canary.txt",
        "..\u2215outside\u2215canary.txt",
        "..\uff0foutside\uff0fcanary.txt",
        "e\u0301/../../outside/canary.txt",
        "\u202e4pm.txt/../../outside/canary.txt",
        "../outside/canary.txt\x00",
        "\x00../outside/canary.txt",
        "kept.txt\x00.mp4",
        "kept.txt\r\nX: y",
        "~/../outside/canary.txt",
        "$HOME/canary.txt",
        "`cat ../outside/canary.txt`",
        "raw/../../outside/canary.txt",
        f"concat:{there}",
        f"a|{there}",
        "-i",
        "x" * 5000,
        "../" * 60 + there.lstrip("/"),
    ]


@dataclass(frozen=True)
class Place:
    """Where one request of a route takes a name."""

    verb: str
    path: str
    where: str
    name: str
    body: dict[str, Any] | None
    shape: str = "string"
    """What the name stands in."""

    async def send(self, client: httpx.AsyncClient, text: str) -> httpx.Response:
        """The answer to that text at that place."""
        said: dict[str, dict[str, Any]] = {"path": dict(_LIKELY), "query": {}, "header": {}, "body": {}}
        said["query"] |= {"path": _KEPT} if _is_about_files(self) else {}
        said["header"] |= _TUS if "/uploads" in self.path else {}
        said[self.where][self.name] = _shaped(self.shape, self.name, text) if self.where == "body" else text
        steps = {name: quote(said["path"].get(name, "x"), safe="") for name in _in(self.path)}
        headers = {name: _header(name, value) for name, value in said["header"].items()}
        body: dict[str, Any] = {"content": b"bytes"}
        if self.body is not None:
            body = {"json": self.body | said["body"]}
        url = self.path.format_map(steps)
        return await client.request(self.verb, url, params=said["query"], headers=headers, **body)


def _in(path: str) -> list[str]:
    return [step[1:-1] for step in path.split("/") if step.startswith("{")]


def _is_about_files(place: Place) -> bool:
    return place.path.startswith("/api/v1/files/{root}") and place.verb in ("GET", "PUT", "DELETE")


def _header(name: str, text: str) -> str:
    if name == "Upload-Metadata":
        return text if text in _TUS.values() else f"filename {base64.b64encode(text.encode()).decode()}"
    return text if text in _TUS.values() else quote(text)


def _shaped(shape: str, name: str, text: str) -> Any:
    said = f"films/{text}" if name == "folders" else text
    return [said] if shape == "array" else {said: said} if shape == "object" else said


def places(document: dict[str, Any]) -> Iterator[Place]:
    """All places of all routes that take a text."""
    for path, operations in document["paths"].items():
        for verb, operation in operations.items():
            if path == _LASTING:
                continue
            body = _example(document, operation)
            for each in operation.get("parameters", ()):
                if each["name"] not in _SPENT and _is_text(document, each["schema"]):
                    yield Place(verb.upper(), path, each["in"], each["name"], body)
            for name, shape in _texts(document, operation):
                yield Place(verb.upper(), path, "body", name, body, shape)


def _schema(document: dict[str, Any], operation: dict[str, Any]) -> dict[str, Any]:
    content = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
    return _followed(document, content.get("schema", {}))


def _followed(document: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    if "$ref" not in schema:
        return schema
    found: dict[str, Any] = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    return found


def _texts(document: dict[str, Any], operation: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """The members that have texts, and what they have them in."""
    for name, schema in _schema(document, operation).get("properties", {}).items():
        if _is_text(document, schema):
            told = _followed(document, schema)
            yield (
                name,
                next(each for each in ("array", "object", "string") if f"'type': '{each}'" in str(told)),
            )


def _is_text(document: dict[str, Any], schema: dict[str, Any]) -> bool:
    return "'type': 'string'" in str(_followed(document, schema))


def _example(document: dict[str, Any], operation: dict[str, Any]) -> dict[str, Any] | None:
    schema = _schema(document, operation)
    if not schema:
        return None
    examples = {
        name: each["examples"][0]
        for name, each in schema.get("properties", {}).items()
        if each.get("examples")
    }
    likely = {name: _LIKELY[name] for name in schema.get("properties", {}) if name in _LIKELY}
    whole: dict[str, Any] = next(iter(schema.get("examples", [])), {})
    return {name: value for name, value in {**examples, **whole, **likely}.items() if name not in _NOBODY}


async def _settled(w: World, films: Path, out: Outside) -> None:
    (films / "link").symlink_to(out.folder)
    (films / "link.txt").symlink_to(out.file)
    await w.happened(*clip("clip"), *film("film"), requested("job", media_id="film"))
    made = await w.client.post("/api/v1/libraries", json={"name": "All", "folders": ["films"]})
    _LIKELY["library_id"] = made.json()["library"]["id"]
    _LIKELY["ticket"] = (await watch(w, "film"))["url"].split("/")[2]


@pytest.fixture
async def found(tmp_path: Path) -> AsyncIterator[tuple[World, Outside]]:
    """A gateway with a root, and what lies outside of it."""
    films, store = tmp_path / "films", tmp_path / "store"
    for folder in (films, store):
        folder.mkdir()
    settings: dict[str, Any] = {"roots": {"films": films}, "roots_writable": ("films",)}
    unbounded: dict[str, Any] = dict.fromkeys(("limit_requests", "limit_logins", "limit_upload_bytes"), "off")
    with outside(tmp_path / "outside") as out:
        async with world(store, direct=FakeDirect, **settings, **unbounded) as w:
            await _settled(w, films, out)
            yield w, out
        assert [each.name for each in out.folder.iterdir()] == ["canary.txt"]


async def test_no_name_leads_out(found: tuple[World, Outside], request: pytest.FixtureRequest) -> None:
    w, out = found
    table = names(out)
    step = 1 if request.config.getoption("--full") else _PART
    document = (await w.client.get("/openapi.json")).json()
    for number, place in enumerate(sorted(places(document), key=lambda each: _ORDER.index(each.verb))):
        for text in table[number % step :: step]:
            (out.folder.parent / "films" / _KEPT).write_text("kept")
            answer = await place.send(w.client, text)
            assert answer.status_code not in (500, 502), (place, text, answer.text)
            assert SECRET not in answer.text, (place, text)
            assert not out.touched(), (place, text)


async def test_nor_does_a_form_s(found: tuple[World, Outside]) -> None:
    w, out = found
    for text in names(out):
        answer = await w.client.post("/upload", files={"file": (text, b"bytes")}, data={"format": text})
        assert answer.status_code < 500, (text, answer.text)
        assert not out.touched(), text


async def test_whoever_opens_it_is_noticed(tmp_path: Path) -> None:
    with outside(tmp_path / "outside") as out:
        assert not out.touched()
        (tmp_path / "link").symlink_to(out.file)
        assert (tmp_path / "link").read_text() == SECRET
        if out.notices is not None:
            assert out.touched()
        out.file.with_name("new").touch()
        assert out.touched()
