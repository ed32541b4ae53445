"""A server that shakes hands and says nothing more, for tests of who trusts whom."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def tls_server(certificate: Path, client_ca: Path | None = None) -> Iterator[int]:
    """Its port; with `client_ca` it wants a certificate of its clients too."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=client_ca)
    context.load_cert_chain(certificate)
    context.verify_mode = ssl.CERT_NONE if client_ca is None else ssl.CERT_REQUIRED
    with _answering(lambda each: context.wrap_socket(each, server_side=True).recv(1)) as port:
        yield port


@contextmanager
def plain_server() -> Iterator[int]:
    """The port of a server that speaks no TLS, and ends what it doesn't understand."""
    with _answering(lambda each: each.recv(1 << 16)) as port:
        yield port


@contextmanager
def _answering(answer: object) -> Iterator[int]:
    listener = socket.create_server(("127.0.0.1", 0))
    thread = threading.Thread(target=_serve, args=(listener, answer))
    thread.start()
    try:
        yield int(listener.getsockname()[1])
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join()


def _serve(listener: socket.socket, answer: object) -> None:
    assert callable(answer)
    while True:
        try:
            each, _ = listener.accept()
        except OSError:
            return  # closed: the test is over
        with each, contextlib.suppress(OSError):
            each.settimeout(20)
            answer(each)
