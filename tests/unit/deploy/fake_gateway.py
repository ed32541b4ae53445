"""A process in the gateway's place: ready at once, and all that it was told of is up."""

from __future__ import annotations

import os
from http.server import BaseHTTPRequestHandler, HTTPServer

import orjson

_BODIES = {
    "/ready": {"ready": True, "checks": {"kafka": {"ok": True, "detail": "answers"}}},
    "/api/v1/services": {
        "items": [{"instance": name, "state": "up"} for name in os.environ["FAKE_SERVICES"].split(",")]
    },
}


class Handler(BaseHTTPRequestHandler):
    """Answers from the table."""

    def do_GET(self) -> None:
        body = orjson.dumps(_BODIES.get(self.path))
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        pass


if __name__ == "__main__":
    HTTPServer((os.environ["SLUICE_HOST"], int(os.environ["SLUICE_PORT"])), Handler).serve_forever()
