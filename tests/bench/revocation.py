"""From the answer that a session has ended at one replica until another refuses its token."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import httpx

from deploy.local.home import Home
from deploy.local.parts import Options
from deploy.local.stack import Stack
from tests.bench.figures import Figure, figure
from tests.client import Client

_RUNS = 50
_WITHIN_S = 1.0
_PASSWORD = "a password for benches"
_LOGIN = "/api/v1/auth/login"


def run() -> Iterator[Figure]:
    """One figure: the slowest of all, beside the slowest request that ended a session."""
    options = Options(port=8760, gateways=2, workers=0)
    with (
        tempfile.TemporaryDirectory(prefix="sluice-bench-") as name,
        Stack.start(Home(Path(name)), options) as stack,
    ):
        one, other = (httpx.Client(base_url=url, timeout=60) for url in stack.endpoints.urls)
        with Client(str(stack.url), stack.token).http as http:
            http.post("/api/v1/users", json={"login": "bench", "password": _PASSWORD}).raise_for_status()
        found = [ended(one, other) for _ in range(_RUNS)]
    took, asked = (max(side) for side in zip(*found, strict=True))
    yield figure("revocation", took, asked, "s", f"at most {_WITHIN_S:g} s", took <= _WITHIN_S, _RUNS)


def ended(one: httpx.Client, other: httpx.Client) -> tuple[float, float]:
    """How long it took until the other refused, and how long the request itself took."""
    said = one.post(_LOGIN, json={"login": "bench", "password": _PASSWORD}).raise_for_status().json()
    headers = {"Authorization": f"Bearer {said['access_token']}"}
    while status(other, headers) != httpx.codes.OK:
        time.sleep(0.01)
    began = time.monotonic()
    one.post("/api/v1/auth/logout", headers=headers).raise_for_status()
    answered = time.monotonic()
    while status(other, headers) == httpx.codes.OK:
        pass
    return time.monotonic() - answered, answered - began


def status(client: httpx.Client, headers: dict[str, str]) -> int:
    """What is answered to who asks who they are."""
    return client.get("/api/v1/auth/whoami", headers=headers).status_code
