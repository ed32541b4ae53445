"""What a request says that its body is."""

from __future__ import annotations

from starlette.requests import HTTPConnection


def says_json(connection: HTTPConnection) -> bool:
    """Whether a body is said to be JSON: no browser's form says so."""
    kind = connection.headers.get("content-type", "").partition(";")[0].strip().lower()
    return kind == "application/json" or kind.endswith("+json")
