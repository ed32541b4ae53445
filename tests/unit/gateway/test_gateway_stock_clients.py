"""Confluent's own clients against our registry: they are the reason why it exists."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from schemas.codec import Codec
from tests.unit.gateway.fakes import served, world
from tests.unit.gateway.history import progressed, uploaded

registry = pytest.importorskip(
    "confluent_kafka.schema_registry",
    reason="needs confluent-kafka[avro,schemaregistry]",
    exc_type=ModuleNotFoundError,
)
avro = pytest.importorskip("confluent_kafka.schema_registry.avro", exc_type=ModuleNotFoundError)
serialization = pytest.importorskip("confluent_kafka.serialization")


async def test_a_stock_client_reads_our_records(tmp_path: Path) -> None:
    records = [Codec().encode(event) for event in (uploaded(name="Отпуск.mkv"), progressed(5))]

    def read(port: int) -> list[Any]:
        client = registry.SchemaRegistryClient({"url": f"http://127.0.0.1:{port}/registry"})
        deserialize = avro.AvroDeserializer(client)
        contexts = [
            serialization.SerializationContext(r.topic, serialization.MessageField.VALUE) for r in records
        ]
        return [deserialize(r.value, context) for r, context in zip(records, contexts, strict=True)]

    async with world(tmp_path) as w, served(w.app) as port:
        first, second = await asyncio.to_thread(read, port)
    assert (first["name"], first["media_id"]) == ("Отпуск.mkv", "m1")
    assert (second["frames_done"], second["job_id"]) == (5, "j1")


async def test_a_stock_registry_client_finds_its_way(tmp_path: Path) -> None:
    def ask(port: int) -> tuple[list[str], list[int], int, Any]:
        client = registry.SchemaRegistryClient({"url": f"http://127.0.0.1:{port}/registry"})
        latest = client.get_latest_version("media.processed-value")
        with pytest.raises(registry.SchemaRegistryError) as refused:
            client.get_version("media.processed-value", 99)
        assert (refused.value.http_status_code, refused.value.error_code) == (404, 40402)
        found = client.get_subjects(), client.get_versions("media.processed-value")
        return *found, latest.version or 0, client.get_schema(latest.schema_id or 0)

    async with world(tmp_path) as w, served(w.app) as port:
        subjects, versions, version, schema = await asyncio.to_thread(ask, port)
    assert "media.processed-value" in subjects
    assert (versions, version, schema.schema_type) == ([1], 1, "AVRO")
