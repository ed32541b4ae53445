"""Much that goes to one partition at a time is taken by a real broker, whose limit is that of one record."""

from __future__ import annotations

import asyncio
import io
from typing import Any

import fastavro

from connectors.kafka_bulk import KafkaBulk
from deploy.local.backup import log
from schemas.codec import Codec
from schemas.topics import MAX_RECORD_BYTES
from tests import samples
from tests.servers import Servers

MANY = 3000
NAME = "film " * 200


async def test_much_is_published_at_once(real_servers: Servers) -> None:
    bulk = KafkaBulk(real_servers.kafka, Codec())
    positions = await bulk.publish([samples.uploaded("m-bulk", name=NAME) for _ in range(MANY)])
    assert MANY * len(NAME) > 5 * MAX_RECORD_BYTES
    assert len({each.partition for each in positions}) == 1
    assert len({each.offset for each in positions}) == MANY


async def test_a_partition_of_many_records_is_put_back(real_servers: Servers) -> None:
    said: dict[str, Any] = {"timestamp_ms": 1, "headers": [], "key": b"k", "value": NAME.encode()}
    member = io.BytesIO()
    fastavro.writer(member, log._RECORD, [{"offset": number, **said} for number in range(MANY)])
    member.seek(0)
    loading = log.Loading(real_servers.kafka)
    assert await asyncio.to_thread(loading.load, ("service.beat", 0), member) == MANY
