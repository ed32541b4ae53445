"""The page of the API's documentation, from files of our own: it asks nobody elsewhere."""

from __future__ import annotations

import base64
import hashlib
import re
from pathlib import Path
from typing import Annotated, Literal

import fastapi_offline
from fastapi import Path as InPath
from fastapi.openapi.docs import get_swagger_ui_html
from starlette.responses import FileResponse, Response

from gateway.routing import Admits, Router

router = Router(admits=Admits.ALL, prefix="/docs", include_in_schema=False)

_FOLDER = Path(fastapi_offline.__file__).parent / "static"
_INLINE = re.compile(rb"<script>(.*?)</script>", re.DOTALL)
_KEPT = {"Cache-Control": "public, max-age=86400"}


def _page() -> bytes:
    # Relative addresses: it is the same below whatever path a proxy gives it.
    html = get_swagger_ui_html(
        openapi_url="openapi.json",
        title="Sluice",
        swagger_js_url="docs/swagger-ui-bundle.js",
        swagger_css_url="docs/swagger-ui.css",
        swagger_favicon_url="docs/favicon.png",
    )
    return bytes(html.body)


def _policy(page: bytes) -> str:
    """Its own script inside the page, by what it is, and files of ours."""
    said = (base64.b64encode(hashlib.sha256(found).digest()).decode() for found in _INLINE.findall(page))
    inside = " ".join(f"'sha256-{digest}'" for digest in said)
    return (
        f"default-src 'none'; script-src 'self' {inside}; style-src 'self' 'unsafe-inline'; "
        "img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'"
    )


_PAGE = _page()
_HEADERS = {"Content-Security-Policy": _policy(_PAGE), "Cache-Control": "no-cache"}


@router.get("")
async def docs_page() -> Response:
    """What the API can do, to be tried out."""
    return Response(_PAGE, media_type="text/html", headers=_HEADERS)


@router.get("/{name}")
async def docs_file(
    name: Annotated[Literal["swagger-ui-bundle.js", "swagger-ui.css", "favicon.png"], InPath()],
) -> Response:
    """What the page is made of."""
    return FileResponse(_FOLDER / name, headers=_KEPT)
