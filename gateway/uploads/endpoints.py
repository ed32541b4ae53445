"""The routes of resumable uploads."""

from __future__ import annotations

from typing import Any

from fastapi import Depends, Request, Response
from starlette.types import Message, Scope

from gateway import pages
from gateway.auth.dependencies import CurrentPrincipal, allow
from gateway.commands import Commanded
from gateway.openapi import problems
from gateway.routing import Admits, Router
from gateway.services import ServicesOf
from gateway.uploads import protocol
from gateway.uploads.beginning import begin, end
from gateway.uploads.lookup import look, offset_of
from gateway.uploads.receiving import go_on, piece_of
from gateway.uploads.render import MEDIA, render, tell, tell_all, upload_path
from gateway.uploads.schemas import Upload

PATH = "/api/v1/uploads"

router = Router(prefix="/uploads", tags=["uploads"])
discovery = Router(prefix="/uploads", tags=["uploads"], admits=Admits.ALL)

_WRITE = allow("media:write")


async def _speaks_tus(request: Request) -> None:
    """Raises Problem (412)."""
    protocol.refuse_version(request.headers)


_TUS = Depends(_speaks_tus)


def _header(name: str, about: str, required: bool = False, **schema: Any) -> dict[str, Any]:
    """A header as the document tells of it."""
    return {
        "name": name,
        "in": "header",
        "required": required,
        "description": about,
        "schema": schema or {"type": "integer", "minimum": 0},
    }


_SPEAK = _header(
    protocol.RESUMABLE, "The version of tus.", required=True, type="string", enum=[protocol.VERSION]
)
_BODY = {
    "required": False,
    "content": {protocol.PIECE: {"schema": {"type": "string", "format": "binary"}}},
}
_LENGTH = _header(
    protocol.LENGTH, "How long the whole upload is.", type="integer", minimum=1, examples=[73_400_320]
)
_CHECKSUM = _header(
    protocol.CHECKSUM, "What the piece hashes to: sha256, sha1 or md5, and base64.", type="string"
)
_BEGIN = {
    "parameters": [
        _SPEAK,
        _LENGTH,
        _header(protocol.DEFER, "1 where the length is said later.", type="string", enum=["1"]),
        _header(
            protocol.METADATA,
            "Keys with values in base64: filename (or name), filetype (or type), profile, priority, or "
            "replaces with the id of a medium whose place it is to take.",
            type="string",
            examples=["filename aG9saWRheS5tb3Y=,profile d2Vi"],
        ),
        _CHECKSUM,
    ],
    "requestBody": _BODY,
}
_PIECE = {
    "parameters": [
        _SPEAK,
        _header(protocol.OFFSET, "Where the piece begins: where the upload ends now.", required=True),
        _LENGTH,
        _CHECKSUM,
    ],
    "requestBody": _BODY | {"required": True},
}
_END = {"parameters": [_SPEAK]}


def say_version(scope: Scope, message: Message) -> None:
    """Hears of answers as they start: all about uploads say which tus they speak."""
    if scope["path"].startswith(PATH) and scope.get("method") != "OPTIONS":
        message["headers"].append((protocol.RESUMABLE.lower().encode(), protocol.VERSION.encode()))


@discovery.api_route(
    "", methods=["OPTIONS"], status_code=204, response_class=Response, include_in_schema=False
)
@discovery.api_route(
    "/{upload_id}",
    methods=["OPTIONS"],
    status_code=204,
    response_class=Response,
    include_in_schema=False,
    name="discover_upload",
)
async def discover_uploads(services: ServicesOf, response: Response) -> None:
    """Says which tus is spoken here."""
    response.headers.update(
        {
            protocol.RESUMABLE: protocol.VERSION,
            "Tus-Version": protocol.VERSION,
            "Tus-Extension": protocol.EXTENSIONS,
            "Tus-Max-Size": str(services.settings.max_upload_bytes),
            "Tus-Checksum-Algorithm": ",".join(protocol.ALGORITHMS),
        }
    )


@router.post(
    "",
    dependencies=[_WRITE, _TUS],
    status_code=201,
    openapi_extra=_BEGIN,
    responses=problems(400, 408, 412, 413, 460, 507),
)
async def begin_upload(command: Commanded, response: Response) -> Upload:
    """Begins an upload that survives cuts (tus 1.0.0). The body, if there is one, is its first piece."""
    upload, offset = await begin(command, command.request.headers)
    tell(response.headers, upload, offset)
    response.headers["Location"] = upload_path(upload.id)
    return render(upload, offset)


@router.get("", dependencies=[_WRITE], responses=problems(400))
async def list_uploads(
    services: ServicesOf, principal: CurrentPrincipal, paging: pages.Paged
) -> pages.Listing[Upload]:
    """Lists one's own unfinished uploads, newest first."""
    found, next = await services.uploads.page(principal.id, paging)
    shown = [render(each, await offset_of(services.store, each)) for each in found]
    return pages.Listing(items=shown, next=next)


@router.get("/{upload_id}", dependencies=[_WRITE], responses=problems(404, 410, 423))
async def get_upload(command: Commanded, response: Response, upload_id: str) -> Upload:
    """Gets one of one's own uploads: how far it has come, or what it has become."""
    upload, offset = await look(command, upload_id)
    tell(response.headers, upload, offset)
    return render(upload, offset)


@router.head(
    "/{upload_id}",
    dependencies=[_WRITE, _TUS],
    response_class=Response,
    include_in_schema=False,
    name="head_upload",
)
async def head_upload(command: Commanded, response: Response, upload_id: str) -> None:
    """Says where to go on with an upload."""
    upload, offset = await look(command, upload_id)
    tell_all(response.headers, upload, offset)


@router.patch(
    "/{upload_id}",
    dependencies=[_WRITE, _TUS],
    status_code=204,
    response_class=Response,
    openapi_extra=_PIECE,
    responses=problems(400, 404, 408, 409, 410, 412, 413, 415, 423, 460, 507),
)
async def continue_upload(command: Commanded, response: Response, upload_id: str) -> None:
    """Goes on with an upload, where it ends now. With its last byte it becomes a medium."""
    upload, offset = await go_on(command, upload_id, piece_of(command.request.headers))
    tell(response.headers, upload, offset)
    if MEDIA in response.headers and "location" in response.headers:
        del response.headers["location"]  # the upload stays where it is


@router.delete(
    "/{upload_id}",
    dependencies=[_WRITE, _TUS],
    status_code=204,
    response_class=Response,
    openapi_extra=_END,
    responses=problems(404, 410, 412, 423),
)
async def end_upload(command: Commanded, upload_id: str) -> None:
    """Gives an upload up: its bytes are removed. A medium that it has become stays."""
    await end(command, upload_id)
