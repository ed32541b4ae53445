"""Where what is backed up is, and where it goes back to: as the processes of a stack are told themselves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from connectors.archive import open_kept
from connectors.brokers import Brokers
from connectors.mongo import MongoDatabase
from connectors.ports import BlobStore
from connectors.s3.options import S3Options
from deploy.local.failures import Exit, Failure
from deploy.local.settings import brokers

_OWNER = "backup"


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """The servers and files of one stack."""

    kafka: Brokers
    database: MongoDatabase
    blobs: BlobStore
    secret_file: Path
    token_file: Path

    @classmethod
    def told(cls, said: Mapping[str, str], cache: Path | None = None) -> Places:
        """Where they are by this environment; blobs of a bucket come by way of the cache. Raises Failure."""
        kafka = brokers(said)
        if kafka is None:
            raise Failure("the stack has no Kafka yet: try again in a moment.")
        archive = Path(said["SLUICE_ARCHIVE"]) if said.get("SLUICE_ARCHIVE") else None
        try:
            kept = open_kept(said["SLUICE_BLOBS"], _OWNER, replace(s3_options(said), cache=cache), archive)
        except ValueError as error:
            raise Failure(f"{error}.", Exit.USAGE) from error
        return cls(
            kafka=kafka,
            database=MongoDatabase(said["MONGODB_URL"], said["SLUICE_DATABASE"]),
            blobs=kept.blobs,
            secret_file=Path(said["SLUICE_SECRET_FILE"]),
            token_file=Path(said["SLUICE_TOKEN_FILE"]),
        )


def s3_options(said: Mapping[str, str]) -> S3Options:
    """How a bucket is reached by this environment."""
    ca_file = said.get("SLUICE_S3_CA_FILE")
    return S3Options(
        endpoint=said.get("SLUICE_S3_ENDPOINT"),
        region=said.get("SLUICE_S3_REGION"),
        ca_file=Path(ca_file) if ca_file else None,
    )
