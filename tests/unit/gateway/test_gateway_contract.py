"""The contract over HTTP: the read half of a registry, and the AsyncAPI document."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest

from schemas.codec import Codec
from schemas.topics import BY_NAME, TOPICS
from tests.unit.gateway.fakes import world
from tests.unit.gateway.history import uploaded

MEDIA_TYPE = "application/vnd.schemaregistry.v1+json"


async def get(path: str, folder: Path) -> httpx.Response:
    async with world(folder) as w:
        return await w.client.get(f"/registry{path}")


async def test_there_is_a_subject_for_each_topic(tmp_path: Path) -> None:
    answer = await get("/subjects", tmp_path)
    assert answer.headers["content-type"] == MEDIA_TYPE
    assert set(answer.json()) == {f"{name}-value" for name in BY_NAME}
    assert len(answer.json()) == 2 * len(TOPICS)


@pytest.mark.parametrize(
    ("version", "number", "id"), [("1", 1, 1), ("2", 2, 25), ("latest", 2, 25), ("-1", 2, 25)]
)
async def test_a_version_can_be_read(tmp_path: Path, version: str, number: int, id: int) -> None:
    said = (await get(f"/subjects/media.uploaded-value/versions/{version}", tmp_path)).json()
    assert (said["subject"], said["version"], said["id"]) == ("media.uploaded-value", number, id)
    assert '"MediaUploaded"' in said["schema"]


async def test_dead_letters_are_one_schema_under_many_subjects(tmp_path: Path) -> None:
    said = (await get("/subjects/media.uploaded.dlq-value/versions/latest", tmp_path)).json()
    uses = (await get(f"/schemas/ids/{said['id']}/versions", tmp_path)).json()
    assert len(uses) == len(TOPICS)
    assert {"subject": "service.beat.dlq-value", "version": 1} in uses


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/subjects/media.uploaded-value/versions", [1, 2]),
        ("/schemas/types", ["AVRO"]),
        ("/schemas/ids/1/subjects", ["media.uploaded-value"]),
        ("/config", {"compatibilityLevel": "FULL_TRANSITIVE"}),
        ("/config/media.uploaded-value", {"compatibilityLevel": "FULL_TRANSITIVE"}),
        ("/mode", {"mode": "READONLY"}),
    ],
)
async def test_the_rest_of_the_read_half(tmp_path: Path, path: str, expected: Any) -> None:
    answer = await get(path, tmp_path)
    assert (answer.status_code, answer.json()) == (200, expected)


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/subjects/nope/versions", 404, 40401),
        ("/subjects/nope/versions/1", 404, 40401),
        ("/subjects/media.uploaded-value/versions/99", 404, 40402),
        ("/subjects/media.uploaded-value/versions/zero", 422, 42202),
        ("/subjects/media.uploaded-value/versions/0", 422, 42202),
        (f"/subjects/media.uploaded-value/versions/{'9' * 5000}", 422, 42202),
        ("/schemas/ids/999", 404, 40403),
        ("/schemas/ids/999/versions", 404, 40403),
        ("/config/nope", 404, 40401),
    ],
)
async def test_errors_are_in_the_registrys_own_form(
    tmp_path: Path, path: str, status: int, code: int
) -> None:
    answer = await get(path, tmp_path)
    assert (answer.status_code, answer.json()["error_code"]) == (status, code)
    assert answer.json()["message"]
    assert answer.headers["content-type"] == MEDIA_TYPE


def resolve(document: Any, reference: str) -> Any:
    """What a JSON reference points to; raises KeyError where that is nothing."""
    assert reference.startswith("#/")
    for step in reference[2:].split("/"):
        document = document[step.replace("~1", "/").replace("~0", "~")]
    return document


def references(node: Any) -> list[str]:
    if isinstance(node, dict):
        own = [node["$ref"]] if isinstance(node.get("$ref"), str) else []
        return own + [ref for value in node.values() for ref in references(value)]
    return [ref for value in node for ref in references(value)] if isinstance(node, list) else []


async def test_the_asyncapi_document_says_every_topic_and_its_references_resolve(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        said = (await w.client.get("/asyncapi.json")).json()
    assert said["asyncapi"] == "3.0.0"
    assert {channel["address"] for channel in said["channels"].values()} == set(BY_NAME)
    found = references(said)
    assert len(found) > len(BY_NAME)
    for reference in found:
        resolve(said, reference)


async def test_the_asyncapi_document_says_who_writes_and_reads_what(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        said = (await w.client.get("/asyncapi.json")).json()
    operations = said["operations"]
    assert operations["gateway.send.media.uploaded"]["action"] == "send"
    assert operations["ingest.receive.media.uploaded"]["action"] == "receive"
    sides = sum(len(t.producers) + len(t.consumers) for t in BY_NAME.values())
    assert len(operations) == sides
    for operation in operations.values():
        channel = resolve(said, operation["channel"]["$ref"])
        for message in operation["messages"]:
            assert resolve(said, message["$ref"]) in channel["messages"].values()


async def test_the_asyncapi_document_carries_the_schemas(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        said = (await w.client.get("/asyncapi.json")).json()
    message = said["components"]["messages"]["media_uploaded"]
    assert message["payload"]["schemaFormat"] == "application/vnd.apache.avro+json;version=1.9.0"
    assert message["payload"]["schema"]["name"] == "MediaUploaded"
    headers = said["components"]["schemas"]["cloudevents"]["properties"]
    sent = {name for name, _ in Codec().encode(uploaded()).headers}
    assert sent <= set(headers)
