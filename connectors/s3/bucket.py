"""One bucket. boto3's calls block: a bounded number of threads of the bucket's own make them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from typing import Any, TypeVar

import boto3
from boto3.exceptions import Boto3Error
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from connectors.ports import BlobArchived, BlobMissing, StoreFull, StoreUnavailable
from connectors.s3.options import S3Options
from connectors.s3.sending import Sent

_THREADS = 32
_TRIES = 3
_PATIENT_S = 120.0
"""How long one attempt waits for an answer to what may be large: a part, a copy, the end of an upload."""
_MISSING = frozenset({"NoSuchKey", "NotFound", "404"})
_FULL = frozenset({"QuotaExceeded", "XMinioStorageFull", "XMinioAdminBucketQuotaExceeded"})
_FULL_STATUS = 507
_ARCHIVED = "InvalidObjectState"

T = TypeVar("T")


class Bucket:
    """The objects below a prefix of one bucket.

    `quick` is boto3's client for what is answered soon, and `patient` the one for what may take its time;
    `public` sends nothing, and signs what others will send.
    """

    def __init__(self, name: str, prefix: str, quick: Any, patient: Any, public: Any = None) -> None:
        self.name = name
        self._prefix = f"{prefix.strip('/')}/" if prefix.strip("/") else ""
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="s3")
        self.quick = quick
        self.patient = patient
        self.public = public or quick

    @classmethod
    def at(cls, name: str, prefix: str, options: S3Options) -> Bucket:
        """One that is reached so."""
        session = boto3.session.Session()
        patient_s = max(options.answer_s, _PATIENT_S)
        quick, patient = (_client(session, options, each) for each in (options.answer_s, patient_s))
        public = _client(session, replace(options, endpoint=options.public_endpoint), options.answer_s)
        return cls(name, prefix, quick, patient, public if options.public_endpoint else None)

    def object(self, location: str) -> dict[str, str]:
        """How boto3 is told which object is meant."""
        return {"Bucket": self.name, "Key": self._prefix + location}

    async def do(self, step: Callable[..., T], *arguments: Any, **named: Any) -> T:
        """What a step answers, in a thread. Raises BlobMissing, StoreFull, StoreUnavailable."""
        call = partial(step, *arguments, **named)
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, call)
        except (Boto3Error, BotoCoreError, ClientError) as error:
            raise meant(error) from error

    async def put(self, location: str, content: bytes) -> None:
        """Puts a small object there, in place of any other. Raises StoreFull, StoreUnavailable."""
        await self.do(self.quick.put_object, **self.object(location), Body=Sent(content))

    async def remove(self, location: str) -> None:
        """Removes an object, if it is there. Raises StoreUnavailable."""
        await self.do(self.quick.delete_object, **self.object(location))

    def listed(self, beginning: str) -> Iterator[tuple[str, dict[str, Any]]]:
        """All objects whose location begins so, from a thread, and what the store says of each."""
        pages = self.quick.get_paginator("list_objects_v2")
        for page in pages.paginate(Bucket=self.name, Prefix=self._prefix + beginning):
            for found in page.get("Contents", ()):
                yield found["Key"].removeprefix(self._prefix), found

    def later(self, step: Callable[[], None]) -> Future[None]:
        """Has a thread do it, and does not wait."""
        return self._threads.submit(step)


def meant(error: Boto3Error | BotoCoreError | ClientError) -> Exception:
    """What an error of boto3's is to the rest of the code."""
    if not isinstance(error, ClientError):
        return StoreUnavailable(f"the blob store does not answer: {error}")
    code, status = code_of(error), error.response.get("ResponseMetadata", {}).get("HTTPStatusCode")
    if code in _MISSING:
        return BlobMissing("there is no such blob")
    if code == _ARCHIVED:
        return BlobArchived("it is in an archive that has to give it back before it can be read")
    if code in _FULL or status == _FULL_STATUS:
        return StoreFull("the blob store is full; make room in its bucket")
    return StoreUnavailable(f"the blob store refuses: {code}")


def code_of(error: ClientError) -> str:
    """What S3 calls an error."""
    return str(error.response.get("Error", {}).get("Code", ""))


def _client(session: Any, options: S3Options, answer_s: float) -> Any:
    config = Config(
        connect_timeout=options.connect_s,
        read_timeout=answer_s,
        retries={"mode": "standard", "total_max_attempts": _TRIES},
        max_pool_connections=_THREADS,
        tcp_keepalive=True,
        signature_version="s3v4",
        # The signature covers the bytes, so that the store refuses what it did not get as it was sent. The
        # checksums that boto3 would add itself come in a form that not every S3 reads.
        s3={"addressing_style": "path" if options.endpoint else "auto", "payload_signing_enabled": True},
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
    )
    return session.client(
        "s3",
        endpoint_url=options.endpoint,
        region_name=options.region,
        verify=str(options.ca_file) if options.ca_file else None,
        config=config,
    )
