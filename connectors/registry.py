"""Schemas in a real registry server: put there at start, and found by the ids that it gives.

Any server with Confluent's API will do (Karapace, Apicurio's `/apis/ccompat/v7`, Confluent's own). The files
in `schemas/` stay the source of truth: every version of every subject is registered from them.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import orjson

from schemas.registry import FileRegistry, Schema, UnknownSchema, file_registry, stem_of
from schemas.topics import BY_NAME

if TYPE_CHECKING:  # the client is heavy, and few processes need it
    from confluent_kafka.schema_registry import SchemaRegistryClient

COMPATIBILITY = "FULL_TRANSITIVE"
_NOT_FOUND = 404


class RegistryRefuses(RuntimeError):
    """The registry does not answer, or does not take our schemas; the message says which and why."""


class ServerRegistry:
    """See schemas.registry.Registry."""

    def __init__(self, client: SchemaRegistryClient, given: dict[int, Schema]) -> None:
        self._client = client
        self._by_id = given
        newest_last = sorted(given.values(), key=lambda schema: schema.version)
        self._latest = {schema.stem: schema for schema in newest_last}

    @property
    def schemas(self) -> list[Schema]:
        """Ours, with the server's ids."""
        return [schema for schema in self._by_id.values() if schema.version]

    def latest(self, stem: str) -> Schema:
        """See Registry."""
        try:
            return self._latest[stem]
        except KeyError:
            raise UnknownSchema(f"there is no schema named {stem}") from None

    def by_id(self, schema_id: int) -> Schema:
        """See Registry. Asks the server for an id that is not ours: a newer writer's, or another system's."""
        if schema_id not in self._by_id:
            self._by_id[schema_id] = self._ask(schema_id)
        return self._by_id[schema_id]

    def _ask(self, schema_id: int) -> Schema:
        from confluent_kafka.schema_registry import SchemaRegistryError

        try:
            text = self._client.get_schema(schema_id).schema_str or ""
        except SchemaRegistryError as error:
            if error.http_status_code == _NOT_FOUND:
                raise UnknownSchema(f"the registry has no schema with id {schema_id}") from error
            raise
        return Schema(stem_of(orjson.loads(text).get("name", "")), 0, schema_id, text)


def open_registry(url: str | None, ca_file: Path | None = None) -> FileRegistry | ServerRegistry:
    """The server's schemas, with ours put there; without an address the files alone.

    `ca_file` has the authorities that its certificate may be from. Blocks while it talks to the server.
    Raises RegistryRefuses.
    """
    if not url:
        return file_registry()
    from confluent_kafka.schema_registry import SchemaRegistryClient

    trusted = {} if ca_file is None else {"ssl.ca.location": str(ca_file)}
    return register(SchemaRegistryClient({"url": url, **trusted}), file_registry())


def register(client: SchemaRegistryClient, files: FileRegistry) -> ServerRegistry:
    """Puts every version of every subject into a server, oldest first. Raises RegistryRefuses."""
    from confluent_kafka.schema_registry import Schema as ServerSchema

    given: dict[int, Schema] = {}
    for topic in BY_NAME.values():
        versions = [schema for schema in files.schemas if schema.stem == topic.schema]
        for schema in sorted(versions, key=lambda s: s.version):
            try:
                schema_id = client.register_schema(topic.subject, ServerSchema(schema.text, "AVRO"))
            except Exception as error:  # the client lets its HTTP library's errors through
                raise RegistryRefuses(f"the schema registry refuses {topic.subject}: {error}") from error
            given.setdefault(schema_id, Schema(schema.stem, schema.version, schema_id, schema.text))
        client.set_compatibility(topic.subject, COMPATIBILITY)
    return ServerRegistry(client, given)
