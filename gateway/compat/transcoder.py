"""The routes of the transcoding service: upload a file, ask how far it is, have a token."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Depends, Request, Response
from fastapi.security import HTTPBasic, HTTPBasicCredentials
from pydantic import Field

from gateway import pages
from gateway.accounts.names import clean_email
from gateway.auth.dependencies import CurrentPrincipal, allow
from gateway.commands import Commanded, CommandedByAnyone
from gateway.compat import forms, jobs
from gateway.compat.route import TAG, OlderRoute, instead
from gateway.compat.tokens import OlderTokens, signed_in
from gateway.errors import Invalid, Unauthorized
from gateway.media.form import Form
from gateway.media.intake import Wanted, take_in
from gateway.media.outcome import counted
from gateway.openapi import problems
from gateway.routing import Admits, Router
from gateway.services import Services, ServicesOf

router = Router(tags=[TAG], route_class=OlderRoute)
opening = Router(admits=Admits.ANYONE, tags=[TAG], route_class=OlderRoute)

_READ, _MAKE, _UPLOAD = allow("jobs:read"), allow("jobs:write"), allow("media:write")
_NO_MAIL = "No mail will be sent to {}: mail is not set up here. Ask for the status instead."

_password = HTTPBasic(auto_error=False, scheme_name="password", description="A name and a password.")

_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file"],
                    "properties": {
                        "file": {"type": "string", "format": "binary"},
                        "format": {"type": "string", "default": "mp4"},
                        "email": {"type": "string"},
                    },
                }
            },
        },
    }
}


class Uploaded(jobs.OlderJob):
    """The job of a file that was taken in."""

    message: str = Field(examples=["The file was taken in."])
    warnings: list[str] = Field(description="What was asked for and will not be done.")


class _OlderForm:
    """Reads the form of an upload: `email` is known once it is whole."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self.email: str | None = None

    async def read(self, _: Wanted, form: Form) -> Wanted:
        """What the form asks for. Raises Invalid."""
        self.email = clean_email(form.fields.get("email") or None)
        profile = forms.of_format(self._services.profiles, form.fields.get("format"))
        return Wanted(form.file_name, profile, None)


@router.post(
    "/upload",
    dependencies=[_UPLOAD, _MAKE],
    responses=problems(400, 408, 413, 507),
    openapi_extra=_BODY | instead("POST /api/v1/media"),
)
async def upload_and_transcode(command: Commanded, request: Request) -> Uploaded:
    """Takes a file in and has it transcoded to a format: a container's name, or a profile's."""
    if not request.headers.get("content-type", "").lower().startswith("multipart/form-data"):
        raise Invalid("no-form", "Send a form with the fields file, format and email.")
    form = _OlderForm(command.services)
    with counted(command.services.metrics):
        accepted = await take_in(command, request, Wanted(None, None, None), form.read)
    assert accepted.job is not None
    return Uploaded(
        **jobs.in_capitals(accepted.job).model_dump(),
        message="The file was taken in.",
        warnings=[_NO_MAIL.format(form.email)] if form.email else [],
    )


@router.get(
    "/status/{job_id}",
    dependencies=[_READ],
    responses=problems(400, 404),
    openapi_extra=instead("GET /api/v1/jobs/{job_id}"),
)
async def get_transcoder_job(services: ServicesOf, principal: CurrentPrincipal, job_id: str) -> jobs.OlderJob:
    """Gets one job."""
    return jobs.in_capitals(await jobs.found(services, principal, job_id))


@router.get(
    "/jobs",
    dependencies=[_READ],
    responses=problems(400),
    openapi_extra=instead("GET /api/v1/jobs"),
)
async def list_older_jobs(
    services: ServicesOf, principal: CurrentPrincipal, paging: pages.Paged
) -> jobs.OlderJobs:
    """Lists one's jobs, newest first, for clients of the transcoding service and of the farm's workers."""
    found = await jobs.listed(services, principal, paging)
    shown = [jobs.in_capitals(job) for job in found.items]
    return jobs.OlderJobs(jobs=shown, count=len(shown), next=found.next)


@opening.get("/get-token", openapi_extra=instead("POST /api/v1/auth/login"))
async def get_token(
    command: CommandedByAnyone,
    request: Request,
    response: Response,
    given: Annotated[HTTPBasicCredentials | None, Depends(_password)],
) -> OlderTokens:
    """Opens a session for a name and a password, which are sent as HTTP Basic authentication."""
    if given is None:
        raise Unauthorized("Send the header Authorization: Basic, with a name and a password.")
    return await signed_in(command, request, response, given.username, given.password)
