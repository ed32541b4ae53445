"""The routes of the web pages and of what they are made of."""

from __future__ import annotations

from pathlib import Path

from starlette.responses import FileResponse, Response

from gateway.errors import NotFound
from gateway.routing import Admits, Router
from gateway.services import ServicesOf

router = Router(admits=Admits.ALL, prefix="/play", include_in_schema=False)

_HERE = Path(__file__).parent
_OWN = {"player.js": "text/javascript", "player.css": "text/css"}
_OTHERS = {"hls.min.js": "text/javascript"}
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; "
    "media-src 'self' blob:; connect-src 'self'; worker-src blob:; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'self'"
)
_HEADERS = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
}


@router.get("/{media_id}", name="player_page")
async def player_page(media_id: str) -> Response:
    """The player. Whatever the id: it is the page that asks for the medium, with the viewer's token."""
    return FileResponse(_HERE / "player.html", media_type="text/html; charset=utf-8", headers=_HEADERS)


@router.get("/assets/{name}", name="player_asset")
async def player_asset(services: ServicesOf, name: str) -> Response:
    """A script or a style sheet. Raises NotFound."""
    if name in _OWN:
        return FileResponse(_HERE / "assets" / name, media_type=_OWN[name], headers=_HEADERS)
    folder = services.settings.scripts
    if name in _OTHERS and folder is not None and (folder / name).is_file():
        return FileResponse(folder / name, media_type=_OTHERS[name], headers=_HEADERS)
    raise NotFound("asset-not-found", "There is no such file; is SLUICE_SCRIPTS the folder with the scripts?")
