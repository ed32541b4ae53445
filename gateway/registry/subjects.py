"""The schemas as a registry sees them: subjects, one for each topic's values, and their versions."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from schemas.registry import Schema
from schemas.topics import Topic

LATEST = ("latest", "-1")
_A_VERSION = re.compile(r"[1-9][0-9]{0,9}")
"""Longer numbers are no versions: one of thousands of digits can't even be read."""


class SubjectNotFound(LookupError):
    """There is no such subject."""


class VersionNotFound(LookupError):
    """The subject has no such version."""


class InvalidVersion(ValueError):
    """That is no version at all."""


class SchemaNotFound(LookupError):
    """There is no schema with that id."""


@dataclass(frozen=True, slots=True)
class Subjects:
    """What the registry can be asked."""

    topics: Mapping[str, Topic]
    schemas: Collection[Schema]

    def names(self) -> list[str]:
        """All subjects."""
        return sorted(topic.subject for topic in self.topics.values())

    def versions(self, subject: str) -> list[Schema]:
        """A subject's schemas, oldest first. Raises SubjectNotFound."""
        for topic in self.topics.values():
            if topic.subject == subject:
                found = [schema for schema in self.schemas if schema.stem == topic.schema]
                return sorted(found, key=lambda schema: schema.version)
        raise SubjectNotFound(subject)

    def version(self, subject: str, version: str) -> Schema:
        """One of a subject's schemas. Raises SubjectNotFound, InvalidVersion and VersionNotFound."""
        versions = self.versions(subject)
        if version in LATEST:
            return versions[-1]
        if not _A_VERSION.fullmatch(version):
            raise InvalidVersion(version)
        for schema in versions:
            if schema.version == int(version):
                return schema
        raise VersionNotFound(version)

    def by_id(self, schema_id: int) -> Schema:
        """The schema with an id. Raises SchemaNotFound."""
        for schema in self.schemas:
            if schema.id == schema_id:
                return schema
        raise SchemaNotFound(schema_id)

    def uses(self, schema_id: int) -> list[tuple[str, int]]:
        """The subjects, with the version, that a schema belongs to. Raises SchemaNotFound."""
        schema = self.by_id(schema_id)
        topics = [topic for topic in self.topics.values() if topic.schema == schema.stem]
        return sorted((topic.subject, schema.version) for topic in topics)
