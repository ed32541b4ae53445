"""The gateway as the command sees it: requests, pages, and problems turned into one clear line each."""

from __future__ import annotations

import contextlib
import re
import ssl
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import httpx

from deploy.local.console import clean
from deploy.local.failures import Exit, Failure

API = "/api/v1"

_TIMEOUT = httpx.Timeout(connect=5, read=120, write=120, pool=5)
_PAGE = 100

_EXITS = {404: Exit.NOT_FOUND, 409: Exit.CONFLICT, 503: Exit.NOT_RUNNING}


def at(*parts: str) -> str:
    """The path of a resource; what a user typed stays one step of it."""
    return "".join(f"/{quote(part, safe='')}" for part in parts)


class Gateway:
    """A session with one gateway. Everything raises Failure with the exit code that fits."""

    def __init__(
        self,
        url: str,
        auth: str | httpx.Auth | None,
        trusted: ssl.SSLContext | None = None,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        """`auth` is a token, or what finds one; `trusted` says whose certificates count."""
        self.url = url.rstrip("/")
        self._http = httpx.Client(
            base_url=self.url + API,
            headers={"Authorization": f"Bearer {auth}"} if isinstance(auth, str) else {},
            auth=auth if isinstance(auth, httpx.Auth) else None,
            timeout=_TIMEOUT,
            verify=trusted or httpx.create_ssl_context(),
            transport=transport,
            follow_redirects=True,
        )

    def get(self, path: str, **params: Any) -> Any:
        """The body of a resource."""
        asked = {name: value for name, value in params.items() if value is not None}
        return self._body("GET", path, params=asked or None)  # an empty one would take the path's own away

    def post(self, path: str, body: Any = None, **more: Any) -> Any:
        """Asks for something; the answer's body."""
        return self._body("POST", path, **({} if body is None else {"json": body}), **more)

    def put(self, path: str, body: Any) -> Any:
        """Makes a resource what the body says; the answer's body."""
        return self._body("PUT", path, json=body)

    def put_bytes(
        self,
        path: str,
        pieces: Iterator[bytes],
        size_bytes: int,
        content_type: str = "application/octet-stream",
    ) -> Any:
        """Sends bytes as they are; the answer's body."""
        headers = {"Content-Type": content_type, "Content-Length": str(size_bytes)}
        return self._body("PUT", path, content=pieces, headers=headers)

    def patch(self, path: str, body: Any) -> Any:
        """Changes what the body says of a resource; the answer's body."""
        return self._body("PATCH", path, json=body)

    def delete(self, path: str) -> Any:
        """Removes a resource."""
        return self._body("DELETE", path)

    def ask(self, method: str, path: str, **more: Any) -> httpx.Response:
        """The answer, whatever it is."""
        with self._failures():
            return self._http.request(method, path, **more)

    def pages(self, path: str, limit: int, **params: Any) -> Iterator[dict[str, Any]]:
        """The items of a list, page by page, at most `limit`."""
        cursor = None
        while limit > 0:
            page = self.get(path, limit=min(limit, _PAGE), cursor=cursor, **params)
            yield from page["items"][:limit]
            limit -= len(page["items"])
            cursor = page.get("next")
            if cursor is None:
                return

    @contextlib.contextmanager
    def stream(self, path: str) -> Iterator[httpx.Response]:
        """The answer with its body not read yet."""
        with self._failures(), self._http.stream("GET", path) as answer:
            if answer.is_error:
                answer.read()
                raise problem(answer)
            yield answer

    def find(self, kind: str, id: str) -> Any | None:
        """One resource of a kind (jobs, media), or None."""
        try:
            return self.get(at(kind, id))
        except Failure as failure:
            if failure.code is Exit.NOT_FOUND:
                return None
            raise

    def close(self) -> None:
        """Ends the session."""
        self._http.close()

    def _body(self, method: str, path: str, **more: Any) -> Any:
        with self._failures():
            answer = self._http.request(method, path, **more)
        if answer.is_error:
            raise problem(answer)
        if not answer.content:
            return None
        try:
            return answer.json()
        except ValueError as error:
            raise Failure(f"{self.url} answered with something that is not JSON: is it Sluice?") from error

    @contextlib.contextmanager
    def _failures(self) -> Iterator[None]:
        try:
            yield
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            if "SSL" in str(error):
                raise Failure(_distrusted(self.url, error), Exit.NOT_RUNNING) from error
            raise Failure(
                f"the gateway at {self.url} does not answer: start the stack with `sluice up`.",
                Exit.NOT_RUNNING,
            ) from error
        except httpx.HTTPError as error:
            raise Failure(
                f"the connection to {self.url} broke ({str(error) or type(error).__name__}): "
                f"see `sluice status`, then try again{_or_tls(self.url)}.",
                Exit.NOT_RUNNING,
            ) from error
        except httpx.InvalidURL as error:
            raise Failure(f"{self.url} is no address: {error}.", Exit.USAGE) from error


def _distrusted(url: str, error: httpx.ConnectError | httpx.ConnectTimeout) -> str:
    """No connection because of TLS: the reason, without where in OpenSSL it was found."""
    why = re.sub(r"^\[SSL[^\]]*\] | \(_ssl\.c:\d+\)$", "", str(error))
    return (
        f"there is no TLS with {url} ({why}): SLUICE_CA_FILE names the authorities to trust, "
        "else it is the home's own; `sluice certs --renew` makes new certificates."
    )


def _or_tls(url: str) -> str:
    return "; or is it https?" if url.startswith("http://") else ""


def problem(answer: httpx.Response) -> Failure:
    """The failure that a problem document (RFC 9457), or any other error answer, stands for."""
    try:
        body = answer.json()
    except ValueError:
        body = None
    said = body if isinstance(body, dict) else {}
    title = said.get("title") or answer.reason_phrase or "error"
    detail = said.get("detail")
    several = [clean(each) for each in _several(said)]
    words = f"{title}: {detail}" if detail and detail != title and not several else str(title)
    message, code = clean(f"{words} ({answer.status_code})"), _exit_for(answer.status_code)
    return Failure(message, code, several, problem=said.get("code"))


def _several(said: dict[str, Any]) -> list[str]:
    """What is wrong, one by one: what does not go together, or what is malformed and where."""
    malformed = [f"{'.'.join(each['at'][1:]) or 'it'}: {each['reason']}" for each in said.get("errors", [])]
    return [*map(str, said.get("problems", [])), *malformed]


def _exit_for(status: int) -> Exit:
    refused = httpx.codes.is_client_error(status)
    return _EXITS.get(status, Exit.REFUSED if refused else Exit.FAILED)
