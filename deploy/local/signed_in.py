"""Who the `sluice` command acts as: sessions by gateway, in one file that only its owner may read."""

from __future__ import annotations

import contextlib
import fcntl
import json
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from connectors.private_file import write_private
from deploy.local.failures import Exit, Failure

_RENEW_BEFORE_S = 60
_UNAUTHORIZED = 401


@dataclass(frozen=True, slots=True)
class Kept:
    """The sessions that are kept on this machine."""

    file: Path

    def get(self, url: str) -> dict[str, Any] | None:
        """The session with a gateway, if there is one."""
        found = self._read().get(_key(url))
        return found if isinstance(found, dict) else None

    def put(self, url: str, login: str, tokens: dict[str, Any]) -> None:
        """Keeps a session's newest tokens. Raises Failure."""
        said = {
            "login": login,
            "session_id": tokens["session_id"],
            "access_token": tokens["access_token"],
            "refresh_token": tokens["refresh_token"],
            "renew_at": time.time() + tokens["expires_in"] - _RENEW_BEFORE_S,
        }
        self._write({**self._read(), _key(url): said})

    def drop(self, url: str) -> None:
        """Forgets a session."""
        left = self._read()
        if left.pop(_key(url), None) is not None:
            self._write(left)

    @contextmanager
    def alone(self) -> Iterator[None]:
        """While one process renews a session, others wait and take what it got."""
        self.file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with (self.file.with_suffix(".lock")).open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _read(self) -> dict[str, Any]:
        with contextlib.suppress(OSError, ValueError):
            found = json.loads(self.file.read_text())
            if isinstance(found, dict):
                return found
        return {}

    def _write(self, said: dict[str, Any]) -> None:
        try:
            write_private(self.file, json.dumps(said).encode())
        except OSError as error:
            raise Failure(f"cannot keep the session in {self.file}: {error.strerror or error}") from error


class SessionAuth(httpx.Auth):
    """Sends a session's access token, and renews it in time. Raises Failure where the session has ended."""

    requires_response_body = True

    def __init__(self, kept: Kept, url: str) -> None:
        self._kept = kept
        self._url = url

    def sync_auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """See httpx.Auth."""
        session = self._session()
        if time.time() >= session["renew_at"]:
            yield from self._renewed(session)
            session = self._session()
        request.headers["Authorization"] = f"Bearer {session['access_token']}"
        answer = yield request
        if answer.status_code == _UNAUTHORIZED:
            yield from self._renewed(session)
            request.headers["Authorization"] = f"Bearer {self._session()['access_token']}"
            yield request

    def _renewed(self, seen: dict[str, Any]) -> Generator[httpx.Request, httpx.Response, None]:
        with self._kept.alone():
            now = self._session()
            if now["access_token"] != seen["access_token"]:
                return
            body = {"refresh_token": now["refresh_token"]}
            answer = yield httpx.Request("POST", f"{self._url}/api/v1/auth/refresh", json=body)
            if answer.status_code == _UNAUTHORIZED:
                self._kept.drop(self._url)
                raise Failure("your session has ended: run `sluice login` again.", Exit.REFUSED)
            if answer.is_success:
                answer.read()
                self._kept.put(self._url, now["login"], answer.json())

    def _session(self) -> dict[str, Any]:
        found = self._kept.get(self._url)
        if found is None:
            raise Failure("you are signed out: run `sluice login` again.", Exit.REFUSED)
        return found


def _key(url: str) -> str:
    return url.rstrip("/")
