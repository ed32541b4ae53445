"""The rules by which a bucket looks after itself. Those of others are left as they are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from connectors.s3.bucket import Bucket, code_of
from schemas.storage import RAW

Rule = dict[str, Any]

_NONE = "NoSuchLifecycleConfiguration"


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """After how many days what happens; None for never."""

    archive_days: int | None
    """Uploads are brought to another class of storage."""
    storage: str | None
    """Which."""
    abort_days: int | None
    """What was begun to be uploaded in parts, and never ended, is given up."""
    passing_days: int | None
    """What killed processes left under temporary names goes."""
    noncurrent_days: int | None
    """What a bucket with versions keeps of objects that were replaced or removed goes."""


@dataclass(frozen=True, slots=True)
class Change:
    """What a bucket's rules are to become."""

    rules: list[Rule]
    """All of them, those of others first."""
    added: list[str]
    removed: list[str]

    @property
    def is_one(self) -> bool:
        """Whether anything is different."""
        return bool(self.added or self.removed)


def ours(prefix: str) -> str:
    """How the names of our rules for a prefix of a bucket begin: another prefix is another installation's."""
    return f"sluice {prefix or 'all'} "


def wanted(prefix: str, limits: Limits) -> list[Rule]:
    """The rules for what lies below a prefix. Pure."""
    rules = {
        "archive": (limits.archive_days, RAW, _transition(limits)),
        "abort": (limits.abort_days, "", _abort(limits)),
        "passing": (limits.passing_days, "tmp/", {"Expiration": {"Days": limits.passing_days}}),
        "noncurrent": (limits.noncurrent_days, "", _noncurrent(limits)),
    }
    return [
        {"ID": ours(prefix) + name, "Status": "Enabled", "Filter": {"Prefix": prefix + below}, **does}
        for name, (days, below, does) in rules.items()
        if days is not None
    ]


def _transition(limits: Limits) -> Rule:
    return {"Transitions": [{"Days": limits.archive_days, "StorageClass": limits.storage}]}


def _abort(limits: Limits) -> Rule:
    return {"AbortIncompleteMultipartUpload": {"DaysAfterInitiation": limits.abort_days}}


def _noncurrent(limits: Limits) -> Rule:
    return {"NoncurrentVersionExpiration": {"NoncurrentDays": limits.noncurrent_days}}


def change(there: Sequence[Rule], prefix: str, rules: Sequence[Rule]) -> Change:
    """What becomes of a bucket's rules where ours are to be these. Pure."""
    of_others = [each for each in there if not _is_ours(each, prefix)]
    before = [each for each in there if _is_ours(each, prefix)]
    return Change(
        [*of_others, *rules],
        [each["ID"] for each in rules if each not in before],
        [each["ID"] for each in before if each not in rules],
    )


def _is_ours(rule: Mapping[str, Any], prefix: str) -> bool:
    return str(rule.get("ID", "")).startswith(ours(prefix))


async def read(bucket: Bucket) -> list[Rule]:
    """The rules that a bucket has. Raises StoreUnavailable, BlobMissing where there is no bucket."""
    found: list[Rule] = await bucket.do(_read, bucket)
    return found


def _read(bucket: Bucket) -> list[Rule]:
    try:
        answer = bucket.quick.get_bucket_lifecycle_configuration(Bucket=bucket.name)
    except ClientError as error:
        if code_of(error) == _NONE:
            return []
        raise
    return list(answer.get("Rules", ()))


async def write(bucket: Bucket, rules: Sequence[Rule]) -> None:
    """Has a bucket go by these rules and no others; S3 can't change one alone. Raises StoreUnavailable."""
    if not rules:
        await bucket.do(bucket.quick.delete_bucket_lifecycle, Bucket=bucket.name)
        return
    await bucket.do(
        bucket.quick.put_bucket_lifecycle_configuration,
        Bucket=bucket.name,
        LifecycleConfiguration={"Rules": list(rules)},
    )
