"""Everything that processors and workers take from the environment."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from connectors.brokers import Brokers, KafkaSecurity, Mechanism
from connectors.rooted.named import folders_named
from connectors.s3.options import ARCHIVE_CLASSES, S3Options


class Settings(BaseSettings):
    """Read once, at start. Names of the form MAX_CONCURRENT_JOBS are those of the farm we replace."""

    model_config = SettingsConfigDict(extra="ignore")

    bootstrap: str = Field("127.0.0.1:9092", validation_alias="SLUICE_KAFKA")
    """The brokers, host:port, separated by commas."""
    kafka_ca_file: Path | None = Field(None, validation_alias="SLUICE_KAFKA_CA_FILE")
    """The authorities that Kafka's certificate may be from, as PEM: with them, all is TLS."""
    kafka_cert_file: Path | None = Field(None, validation_alias="SLUICE_KAFKA_CERT_FILE")
    """The certificate that is shown to Kafka, as PEM, where it asks for one."""
    kafka_key_file: Path | None = Field(None, validation_alias="SLUICE_KAFKA_KEY_FILE")
    """The file with that certificate's key. Without it, the certificate's own."""
    kafka_user: str | None = Field(None, validation_alias="SLUICE_KAFKA_USER")
    """Who to sign in to Kafka as, where it asks for that (SASL)."""
    kafka_password_file: Path | None = Field(None, validation_alias="SLUICE_KAFKA_PASSWORD_FILE")
    """The file that holds that user's password; nobody but its owner may read it."""
    kafka_sasl: Mechanism = Field("SCRAM-SHA-512", validation_alias="SLUICE_KAFKA_SASL")
    """How to sign in: PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512."""
    mongodb_url: str = Field("mongodb://127.0.0.1:27017", validation_alias="MONGODB_URL")
    """The database server."""
    database: str = Field("sluice", validation_alias="SLUICE_DATABASE")
    """The database's name."""
    schema_registry_url: str | None = Field(None, validation_alias="SCHEMA_REGISTRY_URL")
    """A registry server to put the schemas into; the files in `schemas/` where there is none."""
    schema_registry_ca_file: Path | None = Field(None, validation_alias="SCHEMA_REGISTRY_CA_FILE")
    """The authorities that the registry's certificate may be from, as PEM; without it, the usual ones."""
    blobs: str = Field("file:///var/lib/sluice/blobs", validation_alias="SLUICE_BLOBS")
    """Where media and results are kept: file:///an/absolute/path or s3://bucket/prefix."""
    roots: Annotated[dict[str, Path], NoDecode, BeforeValidator(folders_named)] = Field(
        {}, validation_alias="SLUICE_ROOTS"
    )
    """Folders of people's own that libraries are made of, as name=/an/absolute/path, separated by commas."""
    folders_settle_s: float = Field(10.0, validation_alias="SLUICE_FOLDERS_SETTLE_S", ge=0)
    """A file in a library's folder that was changed so recently is not taken in yet."""
    folders_grace_s: float = Field(86400.0, validation_alias="SLUICE_FOLDERS_GRACE_S", ge=0)
    """What is missing from a library's folder for so long is deleted from the library."""
    folders_rescan_s: float = Field(3600.0, validation_alias="SLUICE_FOLDERS_RESCAN_S", gt=0)
    """How often all of a library's folder is looked at, though it is watched."""
    folders_poll_s: float = Field(60.0, validation_alias="SLUICE_FOLDERS_POLL_S", gt=0)
    """How often it is where it can't be watched, as on a network's disk."""
    s3_endpoint: str | None = Field(None, validation_alias="SLUICE_S3_ENDPOINT", pattern=r"^https?://[^/]+$")
    """The address of an S3 that is not Amazon's."""
    s3_region: str | None = Field(None, validation_alias="SLUICE_S3_REGION")
    """The region of the bucket; without it, what AWS_DEFAULT_REGION or the usual files say."""
    s3_ca_file: Path | None = Field(None, validation_alias="SLUICE_S3_CA_FILE")
    """The authorities that the certificate of that S3 may be from, as PEM; without it, the usual ones."""
    archive: Path | None = Field(None, validation_alias="SLUICE_ARCHIVE")
    """A second folder, for uploads that are archived: best on a disk that costs less."""
    s3_archive_class: str | None = Field(
        None, validation_alias="SLUICE_S3_ARCHIVE_CLASS", pattern=ARCHIVE_CLASSES
    )
    """The class of storage that archived uploads go to in a bucket: STANDARD_IA, ONEZONE_IA, GLACIER_IR,
    GLACIER or DEEP_ARCHIVE. What is in the last two has to be asked back, hours before it can be read.
    """
    s3_cache_bytes: int = Field(20 << 30, validation_alias="SLUICE_S3_CACHE_BYTES", gt=0)
    """How much of a bucket a worker keeps in its scratch folder for its tools, beside what they work on."""
    clamd: str | None = Field(
        None, validation_alias="SLUICE_CLAMD", pattern=r"^(tcp://[^/]+:[0-9]{1,5}|unix:///.+)$"
    )
    """Where ClamAV's clamd is, tcp://host:port or unix:///path: nothing is accepted before it has looked."""
    clamd_oversize: Literal["refuse", "accept"] = Field("refuse", validation_alias="SLUICE_CLAMD_OVERSIZE")
    """What becomes of files that are larger than clamd takes: `accept` takes them in unscanned."""
    scratch: Path = Field(Path("/var/tmp/sluice"), validation_alias="SLUICE_SCRATCH")  # noqa: S108
    """Where attempts work; best on the file system of the blobs."""
    instance: str = Field("processors-1", validation_alias="SLUICE_INSTANCE")
    """This process's name, unique among those that run."""
    log: Literal["console", "json"] = Field("json", validation_alias="SLUICE_LOG")
    """How log lines look."""
    metrics_port: int = Field(0, validation_alias="SLUICE_METRICS_PORT", ge=0, le=65535)
    """Where Prometheus finds this process's metrics; 0 means nowhere."""
    metrics_host: str = Field("127.0.0.1", validation_alias="SLUICE_METRICS_HOST")
    """On which address."""
    session_s: float = Field(10.0, validation_alias="SLUICE_SESSION_TIMEOUT_S")
    """A processors process that is silent for this long loses its partitions and the leadership."""
    lease_s: float = Field(30.0, validation_alias="SLUICE_LEASE_S")
    """A worker that is silent for this long loses its tasks."""
    stuck_s: float = Field(60.0, validation_alias="SLUICE_STUCK_S")
    """A partition with work that does not move for this long ends the process."""
    drain_s: float = Field(5.0, validation_alias="SLUICE_DRAIN_S")
    """How long a stopping worker goes on with what it has."""
    beat_s: float = Field(5.0, validation_alias="SLUICE_BEAT_S")
    """How often a process says that it is alive."""
    start_s: float = Field(120.0, validation_alias="SLUICE_START_S")
    """How long a start waits for Kafka, its topics and the database."""
    max_concurrent_jobs: int = Field(0, validation_alias="MAX_CONCURRENT_JOBS", ge=0)
    """Encodes at a time on this worker; 0 means one for every two processors."""
    cpu_limit: float = Field(100.0, validation_alias="CPU_LIMIT", gt=0, le=100)
    """Percent of the processor beyond which nothing more is begun, and the background gives way to others."""
    memory_limit: float = Field(90.0, validation_alias="MEMORY_LIMIT", gt=0, le=100)
    """Percent of the memory beyond which no task is begun, and the youngest that can be is given back."""

    worker_failures: int = Field(5, validation_alias="SLUICE_WORKER_FAILURES", ge=1)
    """A worker that fails so many tasks in a row is set aside for a while."""
    cleanup_grace_s: float = Field(86400.0, validation_alias="SLUICE_CLEANUP_GRACE_S", ge=0)
    """A cleanup leaves what is there, or was needed, less than so long ago."""

    activity_months: int = Field(24, validation_alias="SLUICE_ACTIVITY_MONTHS", ge=0)
    """How many months of people's activity are kept, the present one among them; 0 keeps all."""

    @property
    def s3(self) -> S3Options:
        """How a bucket is reached, and where its blobs are kept for tools."""
        return S3Options(
            endpoint=self.s3_endpoint,
            region=self.s3_region,
            ca_file=self.s3_ca_file,
            cache=self.scratch / f"{self.instance}.blobs",
            cache_bytes=self.s3_cache_bytes,
            archive_class=self.s3_archive_class,
        )

    @property
    def kafka(self) -> Brokers:
        """Kafka, as clients reach it."""
        security = KafkaSecurity(
            ca_file=self.kafka_ca_file,
            cert_file=self.kafka_cert_file,
            key_file=self.kafka_key_file,
            user=self.kafka_user,
            password_file=self.kafka_password_file,
            mechanism=self.kafka_sasl,
        )
        return Brokers(self.bootstrap, security)

    @property
    def slots(self) -> int:
        """Encodes at a time."""
        return self.max_concurrent_jobs or max(1, (os.cpu_count() or 2) // 2)

    @property
    def cleanup_grace(self) -> timedelta:
        """The grace of cleanups as a span."""
        return timedelta(seconds=self.cleanup_grace_s)

    @property
    def lease(self) -> timedelta:
        """The lease as a span."""
        return timedelta(seconds=self.lease_s)
