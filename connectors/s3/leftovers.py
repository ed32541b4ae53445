"""What a process leaves in the bucket when it is killed in mid-write, and the next of its name takes away.

Everything temporary is called after the process and its run. An upload in parts is no object before it is
complete, and not every S3 lists such uploads by their beginning: so a note tells of it, put before the parts.
"""

from __future__ import annotations

import functools
import re
import uuid
from collections.abc import Iterator
from concurrent.futures import Future
from dataclasses import dataclass, field

import structlog
from botocore.exceptions import BotoCoreError, ClientError

from connectors.s3.bucket import Bucket, code_of

log = structlog.get_logger()

_NOTE = ".note"


@functools.cache
def _this_run() -> str:
    """Tells this process from earlier ones of its name."""
    return uuid.uuid4().hex[:12]


@dataclass(slots=True)
class Leftovers:
    """The temporary names of one process, and those of its forerunners."""

    bucket: Bucket
    owner: str
    run: str = field(default_factory=_this_run)
    _sweep: Future[None] | None = None
    _swept: bool = False

    def __post_init__(self) -> None:
        self.owner = re.sub(r"[^A-Za-z0-9_-]", "_", self.owner)

    def name(self, of: str = "") -> str:
        """A new temporary name; or one for this purpose that is always the same."""
        return f"tmp/{self.owner}.{self.run}.{of or uuid.uuid4().hex}"

    def sweep(self) -> None:
        """Begins to remove what earlier runs left; where that failed, the next call begins it again."""
        if not self._swept and (self._sweep is None or self._sweep.done()):
            self._sweep = self.bucket.later(self._remove_all)

    def write(self, location: str, upload_id: str) -> str:
        """Puts down that an upload to there has begun, from a thread; returns where the note is."""
        note = self.name() + _NOTE
        self.bucket.quick.put_object(**self.bucket.object(note), Body=f"{location}\n{upload_id}".encode())
        return note

    def _remove_all(self) -> None:
        try:
            for name in self._earlier():
                self._remove(name)
        except (BotoCoreError, ClientError) as error:
            log.warning("what an earlier run left is not removed yet", error=str(error))
        else:
            self._swept = True

    def _earlier(self) -> Iterator[str]:
        for name, _ in self.bucket.listed(f"tmp/{self.owner}."):
            if not name.startswith(f"tmp/{self.owner}.{self.run}."):
                yield name

    def _remove(self, name: str) -> None:
        if name.endswith(_NOTE):
            said = self.bucket.quick.get_object(**self.bucket.object(name))["Body"].read().decode()
            location, _, upload_id = said.partition("\n")
            abort(self.bucket, location, upload_id)
        self.bucket.quick.delete_object(**self.bucket.object(name))


def abort(bucket: Bucket, location: str, upload_id: str) -> None:
    """Gives an upload in parts up, from a thread; harmless where there is none any more."""
    try:
        bucket.quick.abort_multipart_upload(**bucket.object(location), UploadId=upload_id)
    except ClientError as error:
        if code_of(error) != "NoSuchUpload":
            raise
