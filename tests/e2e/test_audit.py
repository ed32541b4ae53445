"""The audit log over real Kafka: what people did is found, and what somebody else wrote into it is too."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from connectors.kafka import KafkaPublisher
from deploy.local.settings import ROOT
from deploy.local.stack import Stack
from gateway.audit.chain import head_of, linked
from schemas.codec import Codec
from schemas.events import AuditRecorded, new_id
from tests.client import Client, until
from tests.clips import clip as make_clip
from tests.log import published

PASSWORD = "a password for tests"


@pytest.fixture(scope="module")
def film(client: Client, clips: Path) -> str:
    said = client.upload(make_clip(clips / "audited.mp4", seconds=1))
    id: str = said["media"]["id"]
    client.until_media(id, "ready")
    return id


def sluice(stack: Stack, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "deploy.local", "audit", *words, "--home", str(stack.home.root)]
    return subprocess.run(command, capture_output=True, text=True, cwd=ROOT, env=os.environ, timeout=120)


def found(client: Client, **asked: str) -> dict[str, Any]:
    """The newest decision that is looked for, once the log and the views have it."""

    def look() -> dict[str, Any] | None:
        items = client.get("/api/v1/audit", **asked)["items"]
        return items[0] if items else None

    return until(look, f"the audit log to tell of {asked}", 30)


def test_a_sign_in_a_refused_download_and_a_deletion_are_found(client: Client, film: str) -> None:
    login = f"a{new_id().replace('-', '')[-12:]}"
    made = client.post("/api/v1/users", {"login": login, "password": PASSWORD, "role": "viewer"})
    user_id = made.json()["user"]["id"]
    with httpx.Client(base_url=client.url, timeout=60) as http:
        wrong = http.post("/api/v1/auth/login", json={"login": login, "password": "not this one"})
        assert wrong.status_code == 401
        tokens = http.post("/api/v1/auth/login", json={"login": login, "password": PASSWORD}).json()
        header = {"Authorization": f"Bearer {tokens['access_token']}"}
        assert http.get(f"/api/v1/media/{film}/content", headers=header).status_code == 404
    with client.http as http:
        assert http.delete(f"/api/v1/media/{film}").status_code == 202
    failed = found(client, action="session.opened", outcome="refused", target=user_id)
    assert (failed["actor"], failed["address"]) == ("anyone", None)
    signed_in = found(client, action="session.opened", actor=user_id)
    assert (signed_in["outcome"], signed_in["address"]) == ("allowed", "127.0.0.1")
    refused = found(client, action="media.downloaded", outcome="refused", actor=user_id)
    assert (refused["target"], refused["intact"]) == (film, True)
    deleted = found(client, kind="media", target=film, action="media.deleted")
    assert (deleted["actor"], deleted["came_by"]) == ("admin", "admin-token")


def test_the_log_is_whole_until_somebody_else_writes_into_it(stack: Stack, client: Client) -> None:
    found(client, actor="admin")
    whole = sluice(stack, "verify", "--json")
    assert whole.returncode == 0, whole.stdout + whole.stderr
    report = json.loads(whole.stdout)
    assert report["whole"]
    assert {each["chain"].partition("/")[0] for each in report["chains"]} == {"gateway-1", "gateway-2"}
    asyncio.run(forge(stack))
    damaged = sluice(stack, "verify")
    assert damaged.returncode == 1
    assert "changed: gateway-1/" in damaged.stderr


async def forge(stack: Stack) -> None:
    """Writes a record that looks like the next link of a chain, without the secret."""
    bootstrap = stack.endpoints.kafka
    records = [e for e in published(bootstrap, "audit.recorded") if isinstance(e, AuditRecorded)]
    last = max((e for e in records if e.chain.startswith("gateway-1/")), key=lambda e: e.number)
    forged = linked(b"not the secret", replace(last, action="media.shown"), head_of(last))
    async with KafkaPublisher(bootstrap, Codec()) as publisher:
        await publisher.publish([forged])
