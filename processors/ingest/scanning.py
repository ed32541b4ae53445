"""Has all that comes in scanned for malware, where there is a scanner, and waits while that is away."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Literal, Protocol

import structlog

from connectors.media_tools import MediaRefused
from connectors.ports import BlobStore, ScanFailed, Scanner, ScannerUnavailable, TooLargeToScan
from processors.work.execution import TaskFailed

log = structlog.get_logger()

RAW, QUARANTINE = "raw", "quarantine"
Oversize = Literal["refuse", "accept"]

_LOOK_EVERY_S = 10.0


class ScanObserver(Protocol):
    """Hears how scans end, for metrics."""

    def scanned(self, outcome: str) -> None:
        """A scan ended: clean, found, too_large, failed or away."""
        ...

    def scanner(self, answers: bool) -> None:
        """Whether the scanner answered a moment ago."""
        ...


class NoScans:
    """Tells nobody."""

    def scanned(self, outcome: str) -> None:
        """See ScanObserver."""

    def scanner(self, answers: bool) -> None:
        """See ScanObserver."""


@dataclass(slots=True)
class Scanning:
    """One worker's."""

    scanner: Scanner | None
    observer: ScanObserver
    oversize: Oversize = "refuse"
    trouble: str | None = None
    """Why the scanner cannot be asked; None while it can."""

    async def finding(self, blobs: BlobStore, location: str) -> str | None:
        """What the scanner finds in a blob, by its name.

        Raises BlobMissing, MediaRefused for what is too large, TaskFailed for what it fails at, and
        ScannerUnavailable.
        """
        if self.scanner is None:
            return None
        try:
            async with aclosing(blobs.read(location)) as pieces:
                found = await self.scanner.scan(pieces)
        except TooLargeToScan as error:
            self._ended("too_large")
            if self.oversize == "refuse":
                why = f"it can't be scanned for malware here: {error}"
                raise MediaRefused("too_large_to_scan", why) from error
            log.warning("accepted unscanned", location=location, why=str(error))
            return None
        except ScanFailed as error:
            self._ended("failed")
            raise TaskFailed("scan_failed", f"the virus scanner could not scan it: {error}") from error
        except ScannerUnavailable as error:
            self._ended("away", str(error))
            raise
        self._ended("clean" if found is None else "found")
        return found

    async def watch(self) -> None:
        """Asks the scanner now and then whether it is there, so that one that is away is known of before
        anyone waits for it. Never ends.
        """
        while self.scanner is not None:
            try:
                await self.scanner.ping()
            except ScannerUnavailable as error:
                self._heard(str(error))
            else:
                self._heard(None)
            await asyncio.sleep(_LOOK_EVERY_S)
        await asyncio.Event().wait()

    def details(self) -> Mapping[str, str]:
        """What the worker's beat says of it."""
        if self.scanner is None:
            return {"scanner": "off"}
        return {"scanner": f"away: {self.trouble}" if self.trouble else "answers"}

    def _ended(self, outcome: str, trouble: str | None = None) -> None:
        self.observer.scanned(outcome)
        self._heard(trouble)

    def _heard(self, trouble: str | None) -> None:
        self.observer.scanner(trouble is None)
        if trouble != self.trouble:
            log.warning("the virus scanner: " + (trouble or "it answers again"))
        self.trouble = trouble


def beside(location: str, area: str) -> str:
    """Where the same bytes are in another area."""
    return f"{area}/{location.partition('/')[2]}"


async def copy(blobs: BlobStore, location: str, area: str) -> str:
    """Brings a blob into another area too; where it is there. In constant memory. Raises BlobMissing."""
    writer = blobs.writer()
    try:
        async with aclosing(blobs.read(location)) as pieces:
            async for piece in pieces:
                await writer.write(piece)
        return (await writer.commit(area, PurePosixPath(location).suffix)).location
    finally:
        await writer.abort()
