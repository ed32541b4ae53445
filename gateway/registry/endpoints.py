"""The routes of the registry: what a stock Avro consumer asks, answered in the Confluent format."""

from __future__ import annotations

from typing import Annotated, Any

import orjson
from fastapi import Depends, FastAPI, Path, Request, Response
from pydantic import BaseModel, Field
from starlette.responses import JSONResponse

from gateway.openapi import Responses, problems
from gateway.registry import asyncapi
from gateway.registry.subjects import (
    InvalidVersion,
    SchemaNotFound,
    SubjectNotFound,
    Subjects,
    VersionNotFound,
)
from gateway.routing import Admits, Router
from gateway.services import ServicesOf
from schemas.topics import BY_NAME, TOPICS

MEDIA_TYPE = "application/vnd.schemaregistry.v1+json"
COMPATIBILITY = "FULL_TRANSITIVE"


class RegistryError(BaseModel):
    """What is wrong, as the registry's clients expect it."""

    error_code: int = Field(examples=[40401])
    message: str = Field(examples=["Subject 'nope' not found."])


class RegistryAnswer(JSONResponse):
    """An answer in the registry's own format."""

    media_type = MEDIA_TYPE

    def render(self, content: Any) -> bytes:
        """The content as JSON."""
        return orjson.dumps(content)


_ERROR = {MEDIA_TYPE: {"schema": RegistryError.model_json_schema()}}
_UNKNOWN: Responses = {404: {"description": "There is no such thing", "content": _ERROR}}
_NO_VERSION: Responses = {422: {"description": "That is no version", "content": _ERROR}}
_NO_ID = problems(422)

router = Router(
    admits=Admits.ALL, prefix="/registry", tags=["registry"], default_response_class=RegistryAnswer
)
documents = Router(admits=Admits.ALL, tags=["events"])

_ERRORS: dict[type[Exception], tuple[int, int, str]] = {
    SubjectNotFound: (404, 40401, "Subject '{}' not found."),
    VersionNotFound: (404, 40402, "Version {} not found."),
    SchemaNotFound: (404, 40403, "Schema {} not found."),
    InvalidVersion: (422, 42202, "The specified version '{}' is not a valid version id."),
}


async def subjects_of(services: ServicesOf) -> Subjects:
    """What the registry can be asked."""
    return Subjects(BY_NAME, services.schemas)


SubjectsOf = Annotated[Subjects, Depends(subjects_of)]
SchemaId = Annotated[int, Path(ge=0)]


def install(app: FastAPI) -> None:
    """Renders the registry's errors as its clients expect them."""
    for kind in _ERRORS:
        app.add_exception_handler(kind, _on_error)


async def _on_error(_: Request, error: Exception) -> Response:
    status, code, text = _ERRORS[type(error)]
    return RegistryAnswer({"error_code": code, "message": text.format(*error.args)}, status)


@router.get("/subjects")
async def list_subjects(subjects: SubjectsOf) -> Response:
    """All subjects: one for the values of each topic."""
    return RegistryAnswer(subjects.names())


@router.get("/subjects/{subject}/versions", responses=_UNKNOWN)
async def list_versions(subjects: SubjectsOf, subject: str) -> Response:
    """A subject's versions."""
    return RegistryAnswer([schema.version for schema in subjects.versions(subject)])


@router.get("/subjects/{subject}/versions/{version}", responses=_UNKNOWN | _NO_VERSION)
async def get_version(subjects: SubjectsOf, subject: str, version: str) -> Response:
    """One version of a subject; `latest` is one too."""
    schema = subjects.version(subject, version)
    said = {"subject": subject, "version": schema.version, "id": schema.id, "schemaType": "AVRO"}
    return RegistryAnswer({**said, "schema": schema.text})


@router.get("/subjects/{subject}/versions/{version}/schema", responses=_UNKNOWN | _NO_VERSION)
async def get_version_schema(subjects: SubjectsOf, subject: str, version: str) -> Response:
    """The Avro schema of one version, by itself."""
    return Response(subjects.version(subject, version).text, media_type=MEDIA_TYPE)


@router.get("/schemas/types")
async def list_schema_types() -> Response:
    """The kinds of schema that there are."""
    return RegistryAnswer(["AVRO"])


@router.get("/schemas/ids/{schema_id}", responses=_UNKNOWN | _NO_ID)
async def get_schema(subjects: SubjectsOf, schema_id: SchemaId) -> Response:
    """The schema with the id that a record starts with."""
    return RegistryAnswer({"schema": subjects.by_id(schema_id).text, "schemaType": "AVRO"})


@router.get("/schemas/ids/{schema_id}/schema", responses=_UNKNOWN | _NO_ID)
async def get_schema_text(subjects: SubjectsOf, schema_id: SchemaId) -> Response:
    """The Avro schema with an id, by itself."""
    return Response(subjects.by_id(schema_id).text, media_type=MEDIA_TYPE)


@router.get("/schemas/ids/{schema_id}/versions", responses=_UNKNOWN | _NO_ID)
async def list_schema_uses(subjects: SubjectsOf, schema_id: SchemaId) -> Response:
    """The subjects and versions that a schema belongs to."""
    return RegistryAnswer([{"subject": s, "version": version} for s, version in subjects.uses(schema_id)])


@router.get("/schemas/ids/{schema_id}/subjects", responses=_UNKNOWN | _NO_ID)
async def list_schema_subjects(subjects: SubjectsOf, schema_id: SchemaId) -> Response:
    """The subjects that a schema belongs to."""
    return RegistryAnswer([subject for subject, _ in subjects.uses(schema_id)])


@router.get("/config")
async def get_config() -> Response:
    """What every new version has to keep."""
    return RegistryAnswer({"compatibilityLevel": COMPATIBILITY})


@router.get("/config/{subject}", responses=_UNKNOWN)
async def get_subject_config(subjects: SubjectsOf, subject: str) -> Response:
    """The same for one subject."""
    subjects.versions(subject)
    return RegistryAnswer({"compatibilityLevel": COMPATIBILITY})


@router.get("/mode")
async def get_mode() -> Response:
    """Nothing can be registered here: schemas come from the source."""
    return RegistryAnswer({"mode": "READONLY"})


@documents.get("/asyncapi.json", response_class=Response)
async def get_asyncapi(services: ServicesOf) -> Response:
    """The AsyncAPI document of all topics."""
    document = asyncapi.document(TOPICS, services.schemas, services.version, services.settings.kafka)
    return Response(orjson.dumps(document), media_type="application/json")
