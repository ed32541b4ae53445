"""A stand-in for the gateway: answers what a test puts in, and remembers what it was asked."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import orjson


@dataclass(frozen=True, slots=True)
class Asked:
    """One request."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass(slots=True)
class FakeGateway:
    """Answers by method and path; several answers for one path are given in turn, the last one for ever."""

    url: str = ""
    asked: list[Asked] = field(default_factory=list)
    _answers: dict[str, list[tuple[int, Any]]] = field(default_factory=dict)

    def answers(self, request: str, *bodies: Any, status: int = 200) -> None:
        """What `GET /api/v1/jobs` gives."""
        self._answers[request] = [(status, body) for body in bodies]

    def refuses(self, request: str, status: int, title: str, detail: str) -> None:
        """A problem document."""
        self.answers(request, {"title": title, "detail": detail, "status": status}, status=status)

    def answer(self, asked: Asked) -> tuple[int, bytes]:
        """The status and body for a request."""
        self.asked.append(asked)
        left = self._answers.get(f"{asked.method} {asked.path.partition('?')[0]}")
        if not left:
            return 404, orjson.dumps({"title": "Not Found", "detail": f"nothing at {asked.path}"})
        status, body = left.pop(0) if len(left) > 1 else left[0]
        return status, body if isinstance(body, bytes) else orjson.dumps(body)


@contextmanager
def serving(certificate: Path | None = None) -> Iterator[FakeGateway]:
    """A fake gateway on a free local port; with a certificate, over TLS."""
    fake = FakeGateway()

    class Handler(BaseHTTPRequestHandler):
        def _answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            status, said = fake.answer(Asked(self.command, self.path, dict(self.headers), body))
            self.send_response(status)
            self.send_header("Content-Length", str(len(said)))
            self.end_headers()
            self.wfile.write(said)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _answer

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    if certificate is not None:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    scheme = "http" if certificate is None else "https"
    fake.url = f"{scheme}://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield fake
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
