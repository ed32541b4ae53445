"""When a stack is ready: its gateways answer, and say that every process we started is up."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterable, Sequence
from typing import Any

import httpx

from deploy.local.ports import HOST

_TIMEOUT_S = 3.0
_NOT_YET = ("down", "starting")
"""A worker that is paused or drained is there all the same."""


def accepts(address: str, context: ssl.SSLContext | None = None) -> bool:
    """Whether something listens at host:port; with a context, and shows a certificate that is good."""
    host, _, port = address.rpartition(":")
    try:
        with socket.create_connection((host or HOST, int(port)), timeout=1) as probe:
            if context is not None:
                context.wrap_socket(probe, server_hostname=host or HOST).close()
            return True
    except OSError:
        return False


def waiting_for(
    urls: Sequence[str], token: str, instances: Iterable[str], trusted: ssl.SSLContext
) -> str | None:
    """What is not there yet, in a few words; None once all answers."""
    headers = {"Authorization": f"Bearer {token}"}
    with httpx.Client(timeout=_TIMEOUT_S, headers=headers, verify=trusted) as client:
        for url in urls:
            if (missing := gateway_lacks(client, url)) is not None:
                return missing
        return _absent(client, urls[0], set(instances)) if urls else None


def gateway_lacks(client: httpx.Client, url: str) -> str | None:
    """What keeps one gateway from being ready; None where it is."""
    try:
        answer = client.get(f"{url}/ready")
    except httpx.HTTPError:
        return f"the gateway at {url}"
    if answer.status_code == httpx.codes.OK:
        return None
    return f"the gateway at {url} ({_reason(answer)})"


def _reason(answer: httpx.Response) -> str:
    try:
        body = answer.json()
    except ValueError:
        return f"status {answer.status_code}"
    lacking = [name for name, state in dependencies(body).items() if state != "ok"]
    return f"needs {', '.join(lacking)}" if lacking else f"status {answer.status_code}"


def dependencies(body: Any) -> dict[str, str]:
    """The named checks in the body of /ready, each `ok` or what is wrong with it."""
    checks = body.get("checks") if isinstance(body, dict) else None
    if not isinstance(checks, dict):
        return {}
    return {name: "ok" if one.get("ok") else str(one.get("detail")) for name, one in checks.items()}


def _absent(client: httpx.Client, url: str, wanted: set[str]) -> str | None:
    """Which processes have not said yet that they are up."""
    try:
        answer = client.get(f"{url}/api/v1/services")
        items = answer.raise_for_status().json()["items"]
    except (httpx.HTTPError, ValueError, KeyError):
        return f"the list of services at {url}"
    up = {item.get("instance") for item in items if item.get("state") not in _NOT_YET}
    absent = sorted(wanted - up)
    return f"{', '.join(absent)} to come up" if absent else None
