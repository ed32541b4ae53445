"""The audit log in memory: what was written, and a chain or two to look at."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from connectors.sealing import Secret
from gateway.audit.addresses import Addresses
from gateway.audit.entry import ALLOWED, Actor, Entry, Target
from gateway.audit.scribe import Scribe
from gateway.auth.directory import Directory
from schemas.events import AuditRecorded, Head
from tests.unit.gateway.doubles import START, FakeClock
from tests.unit.gateway.fakes import SECRET, World

ADA = Actor("u1", "session", "203.0.113.7")
KEY = SECRET.derive("audit")
KEYS = [KEY]


def entry(action: str = "media.downloaded", outcome: str = ALLOWED, **more: Any) -> Entry:
    said: dict[str, Any] = {"at": START, "actor": ADA, "target": Target("media", "m1")}
    return Entry(action=action, outcome=outcome, **(said | more))


def scribe(name: str = "gateway-1/c1", secret: Secret = SECRET) -> Scribe:
    addresses = Addresses(secret, Directory(secret, FakeClock()))
    return Scribe(name, secret.derive("audit"), addresses)


def links(
    name: str, count: int, heads: tuple[Head, ...] = (), *, closed: bool = False
) -> list[AuditRecorded]:
    """A chain: it opens, and vouches for others at once."""
    writer = scribe(name)
    made = [writer.write(entry("chain.opened", heads=heads))]
    made += [writer.write(entry(at=START + timedelta(seconds=n))) for n in range(1, count)]
    return [*made, writer.write(entry("chain.closed"))] if closed else made


async def written(w: World) -> list[AuditRecorded]:
    """All that the world's audit log has been told of, but for what the trail says of itself."""
    assert await w.services.trail.flush()
    records = [event for event in w.audited.events if isinstance(event, AuditRecorded)]
    return [record for record in records if not record.action.startswith("chain.")]


async def said(w: World) -> list[tuple[str, str, str]]:
    """The same, short: actor, action, outcome."""
    return [(record.actor_id, record.action, record.outcome) for record in await written(w)]
