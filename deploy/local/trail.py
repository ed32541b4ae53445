"""Whether the audit log is whole: all of it, read from Kafka and held against the installation's secret."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson

from connectors.brokers import Brokers
from connectors.kafka_history import KafkaHistory
from connectors.ports import BrokerUnavailable
from connectors.sealing import SecretFileUnusable, read_secret_file
from deploy.local.event_log import codec
from deploy.local.failures import Exit, Failure
from gateway.audit.chain import PURPOSE
from gateway.audit.verification import Report, Verification
from schemas.events import AuditRecorded, Head
from schemas.topics import BY_RECORD

TOPIC = BY_RECORD[AuditRecorded].name


def verify(brokers: Brokers, secret_file: Path, known: Sequence[Head]) -> Report:
    """Reads everything and says what it is worth. Raises Failure."""
    try:
        keys = read_secret_file(secret_file).every(PURPOSE)
        return asyncio.run(_verify(brokers, Verification(keys, known)))
    except SecretFileUnusable as error:
        raise Failure(f"{error}.", Exit.REFUSED) from error
    except BrokerUnavailable as error:
        raise Failure(f"{error}.", Exit.NOT_RUNNING) from error


async def _verify(brokers: Brokers, verification: Verification) -> Report:
    history = KafkaHistory(brokers, codec())
    ends = await history.ends([TOPIC])
    async for batch in history.read({}, ends):
        for delivery in batch:
            if isinstance(delivery.event, AuditRecorded):
                verification.take(delivery.event)
    return verification.report(datetime.now(UTC))


def as_object(report: Report) -> dict[str, Any]:
    """A report for machines. What it says of heads can be kept elsewhere, and held against the log later."""
    return {"whole": report.whole, **asdict(report)}


def heads_in(file: Path) -> list[Head]:
    """The heads that an earlier report found. Raises Failure."""
    try:
        chains = orjson.loads(file.read_bytes())["chains"]
        return [Head(**each["head"]) for each in chains if each["head"]]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise Failure(f"{file} is no report of `sluice audit verify --json`: {error}.", Exit.USAGE) from error
