"""An OpenID provider, as a process of its own, and what a person does there."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import httpx

from deploy.local.ports import pick
from tests.client import until

CLAIMS: dict[str, dict[str, Any]] = {
    "ada": {"email": "ada@example.org", "email_verified": True, "name": "Ada Lovelace"},
    "eve": {"email": "ada@example.org", "email_verified": False, "name": "Eve"},
    "bob": {"email": "bob@elsewhere.net", "email_verified": True, "name": "Bob"},
    "cleo": {"name": "Cleo"},
}
"""Who has an account there, by subject."""


@contextmanager
def provider() -> Iterator[str]:
    """A provider's address, while it runs."""
    port = pick(set())
    people = [f"--user-claims={json.dumps({'sub': sub, **claims})}" for sub, claims in CLAIMS.items()]
    command = [
        sys.executable,
        "-m",
        "oidc_provider_mock",
        "-p",
        str(port),
        "--require-nonce",
        "true",
        *people,
    ]
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
        try:
            until(lambda: _answers(port), "the provider", 60)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait(30)


def _answers(port: int) -> bool:
    try:
        url = f"http://127.0.0.1:{port}/.well-known/openid-configuration"
        return httpx.get(url, timeout=5).status_code == 200
    except httpx.TransportError:
        return False


def passes(way: str, subject: str) -> str:
    """Someone follows the way to the provider and signs in there: the way back."""
    answer = httpx.post(way, data={"sub": subject}, timeout=30)
    assert answer.status_code == 302, answer.text
    back = urlsplit(answer.headers["location"])
    return f"{back.path}?{back.query}"
