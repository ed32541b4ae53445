"""The chain: each record carries the hash of the one before, and a hash over all of itself. Pure.

The hash is an HMAC, so that nobody without the installation's secret can make a record that fits.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import MISSING, asdict, fields, replace
from datetime import datetime
from typing import Any

import orjson

from schemas.events import AuditRecorded, Head, derived_id, to_millis

PURPOSE = "audit"
"""What the key derives for."""
FIRST = ""
"""What the first record of a chain has in place of a hash before it."""
OPENED, ANCHORED, CLOSED = "chain.opened", "chain.anchored", "chain.closed"

_OPTIONS = orjson.OPT_SORT_KEYS | orjson.OPT_PASSTHROUGH_DATETIME


def linked(key: bytes, record: AuditRecorded, after: Head) -> AuditRecorded:
    """The record as the one that comes after another."""
    placed = replace(record, chain=after.chain, number=after.number + 1, previous=after.hash)
    return replace(placed, hash=digest(key, placed))


def digest(key: bytes, record: AuditRecorded) -> str:
    """The hash of a record: over everything in it but the hash."""
    return hmac.new(key, _canonical(record), hashlib.sha256).hexdigest()


def is_ours(keys: list[bytes], record: AuditRecorded) -> bool:
    """Whether a record is as it was written, with one of these keys."""
    said = _canonical(record)
    return any(hmac.compare_digest(hmac.new(k, said, hashlib.sha256).hexdigest(), record.hash) for k in keys)


def head_of(record: AuditRecorded) -> Head:
    """The record's place in its chain."""
    return Head(chain=record.chain, number=record.number, hash=record.hash)


def link_id(chain: str, number: int) -> str:
    """The event's id: the same however often a record is sent."""
    return derived_id("audit", chain, number)


def _canonical(record: AuditRecorded) -> bytes:
    """One form of a record for ever.

    A field that has its default is left out, so that one which a later version adds changes no hash.
    """
    said = {f.name: v for f in fields(record) if (v := getattr(record, f.name)) != _default(f)}
    del said["hash"]
    return orjson.dumps({name: _plain(value) for name, value in said.items()}, option=_OPTIONS)


def _default(field: Any) -> Any:
    return field.default_factory() if field.default_factory is not MISSING else field.default


def _plain(value: Any) -> Any:
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, list):
        return [asdict(each) for each in value]
    if hasattr(value, "event_id"):
        return {name: _time(part) for name, part in asdict(value).items()}
    return value


def _time(value: Any) -> Any:
    return int(to_millis(value).timestamp() * 1000) if isinstance(value, datetime) else value
