"""Schemas and their ids: read from `schemas/avro` and the append-only `schemas/ids.json`."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Protocol

HERE = Path(__file__).parent


class UnknownSchema(LookupError):
    """No schema has that id or that name. Not transient: the writer is newer than this reader, or lies."""


@dataclass(frozen=True, slots=True)
class Schema:
    """One version of one record's schema."""

    stem: str
    version: int
    id: int
    text: str

    @property
    def parsed(self) -> dict[str, Any]:
        """The schema as Avro's JSON says it."""
        return dict(json.loads(self.text))


class Registry(Protocol):
    """Where ids come from: the files beside this one, or a registry server that the files were put into."""

    def latest(self, stem: str) -> Schema:
        """The schema to write with. Raises UnknownSchema."""
        ...

    def by_id(self, schema_id: int) -> Schema:
        """The schema that a record was written with. Raises UnknownSchema."""
        ...


class FileRegistry:
    """The registry that needs no server."""

    def __init__(self, folder: Path = HERE) -> None:
        ids: dict[str, int] = json.loads((folder / "ids.json").read_text())
        self.schemas = [_read(folder, name, schema_id) for name, schema_id in ids.items()]
        self._by_id = {schema.id: schema for schema in self.schemas}
        self._latest: dict[str, Schema] = {}
        for schema in sorted(self.schemas, key=lambda s: s.version):
            self._latest[schema.stem] = schema

    def latest(self, stem: str) -> Schema:
        """See Registry."""
        try:
            return self._latest[stem]
        except KeyError:
            raise UnknownSchema(f"there is no schema named {stem}") from None

    def by_id(self, schema_id: int) -> Schema:
        """See Registry."""
        try:
            return self._by_id[schema_id]
        except KeyError:
            raise UnknownSchema(f"there is no schema with id {schema_id}") from None


def stem_of(record_name: str) -> str:
    """The stem of a record's Avro files: media_uploaded for MediaUploaded."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", record_name).lower()


def _read(folder: Path, name: str, schema_id: int) -> Schema:
    stem, version = name.rsplit(".v", 1)
    return Schema(stem, int(version), schema_id, (folder / "avro" / f"{name}.avsc").read_text())


@cache
def file_registry() -> FileRegistry:
    """The files, read once."""
    return FileRegistry()
