"""What may be asked of an address, for 405: the framework tells only of the first route that it finds."""

from __future__ import annotations

from starlette.requests import Request
from starlette.routing import Match

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
READS = frozenset({"GET", "HEAD"})


def allowed_methods(request: Request) -> str:
    """The methods that some route takes at the request's address, as the header Allow has them."""
    address = {"type": "http", "path": request.scope["path"], "headers": []}
    routes = request.app.routes
    found = (
        method
        for method in METHODS
        if any(route.matches({**address, "method": method})[0] is Match.FULL for route in routes)
    )
    return ", ".join(found)
