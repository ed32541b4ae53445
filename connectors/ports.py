"""What the rest of the code may ask of the outside world, as Protocols and plain values.

The exceptions carry their policy in their names: `Transient` is worth another try, anything else is not.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Protocol

from schemas.events import Event
from schemas.storage import STANDARD

Document = dict[str, Any]


class Transient(Exception):
    """It may work in a moment: try again with backoff."""


class BrokerUnavailable(Transient):
    """Kafka did not answer in time, or not with success."""


class DatabaseUnavailable(Transient):
    """MongoDB did not answer in time, or not with success."""


class StoreUnavailable(Transient):
    """The blob store did not answer, or is not where it was."""


class ArchiveUnavailable(StoreUnavailable):
    """The folder of what is archived is not where it was: the rest of the store is."""


class StoreFull(Transient):
    """The blob store has no room left; someone must make some."""


class StoreReadOnly(Transient):
    """The blob store takes nothing in; what it has can be read."""


class DiskFull(Transient):
    """The disk that work under way is on has no room left; someone must make some."""


class ScannerUnavailable(Transient):
    """The virus scanner did not answer, or gave up on what it was sent."""


class TooLargeToScan(Exception):
    """The virus scanner takes no more: of what it was sent, it vouches for nothing."""


class ScanFailed(Exception):
    """The virus scanner answers, and could not scan just this."""


class BadCursor(ValueError):
    """No page was ever ended by this cursor."""

    def __init__(self) -> None:
        super().__init__("This cursor was not made here; start again without one.")


class BlobMissing(LookupError):
    """There is no blob at that location."""


class BlobArchived(Exception):
    """A blob lies where it can't be read before it was asked back: see Archive."""


class BlobChanged(Exception):
    """A blob's bytes are not those that it is named by."""


class BlobHeld(Exception):
    """Another writer has this unfinished blob now, and this one writes nothing to it."""


class Clock(Protocol):
    """Where time is read."""

    def now(self) -> datetime:
        """The present instant, in UTC and whole milliseconds."""
        ...


@dataclass(frozen=True, slots=True)
class Position:
    """One record's place in the log."""

    topic: str
    partition: int
    offset: int


class Publisher(Protocol):
    """Puts events into the log."""

    async def publish(self, events: Sequence[Event]) -> list[Position]:
        """Returns when the broker has every event, in order. Raises BrokerUnavailable."""
        ...


@dataclass(frozen=True, slots=True)
class Delivery:
    """An event with its place in the log."""

    event: Event
    position: Position


class Tail(Protocol):
    """Reads what comes from now on, outside of any group: every reader sees everything."""

    def deliveries(self) -> AsyncIterator[Delivery]:
        """Never ends and never raises for a broker that is away: it goes on when that is back."""
        ...


class Feed(Protocol):
    """Reads topics from their beginning and then as they grow, outside of any group."""

    @property
    def age_s(self) -> float:
        """So long ago everything that the log held at that moment had been handed out; infinite before."""
        ...

    def deliveries(self) -> AsyncIterator[Delivery]:
        """Never ends and never raises for a broker that is away: it goes on when that is back."""
        ...


Vector = dict[tuple[str, int], int]
"""For each topic and partition the next offset: everything before it counts."""


class History(Protocol):
    """Reads the log from its beginning, outside of any group."""

    async def ends(self, topics: Sequence[str]) -> Vector:
        """Where the log ends now. Raises BrokerUnavailable."""
        ...

    def read(self, start: Vector, end: Vector) -> AsyncIterator[list[Delivery]]:
        """Everything from `start` (a partition that is missing there: from its beginning) up to `end`.

        Records that cannot be decoded are passed over. Raises BrokerUnavailable.
        """
        ...


class Trace(Protocol):
    """Finds what the log says of one thing."""

    async def about(
        self, keys: Mapping[str, Collection[str]], since: datetime, until: datetime | None = None
    ) -> list[Delivery]:
        """By topic, the records that have one of these keys and came within that time, in no order.

        Records that cannot be decoded are passed over. Raises BrokerUnavailable.
        """
        ...


# --- MongoDB: the few query shapes that both servers answer quickly --------------------------------------


@dataclass(frozen=True, slots=True)
class FromNow:
    """A value: the database's own clock plus this."""

    delta: timedelta


@dataclass(frozen=True, slots=True)
class Plus:
    """A value: the field's present value plus this."""

    amount: int


@dataclass(frozen=True, slots=True)
class OneOf:
    """A condition: the field is one of these."""

    values: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Between:
    """A condition: the field is not below the one, nor above the other; None is no bound."""

    low: Any = None
    high: Any = None


@dataclass(frozen=True, slots=True)
class StartsWith:
    """A condition: of the texts in the field one starts so."""

    text: str


@dataclass(frozen=True, slots=True)
class Merge:
    """A step up a lattice: each field becomes the greater of what it is and what is given.

    Order and repetition of merges do not matter. Fields are dotted paths; sub-documents compare field by
    field in the order that they are written, so they start with what orders them.
    """

    collection: str
    id: str
    fields: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Page:
    """Some documents, and how to ask for the next ones; `next` is None at the end."""

    items: list[Document]
    next: str | None = None


@dataclass(frozen=True, slots=True)
class Query:
    """Documents whose fields equal `key` and `where`, the last by `order_by` first, a page at a time.

    With `ascending` the first come first. `order_by` names moments, or `numbers`; what has none is left out.
    `edge` is where the order begins, as far as that is known: nothing lies before it.

    Of alternatives in `any_of` at least one must hold too. What is looked up is `key`, or without it each of
    the alternatives: they want an index of the field and `order_by`, and the rest is held against what is
    found, as is that of each group in `all_of` at least one alternative holds. What `order_by` names is not
    before `since` and not after `until`.

    `marks` names the collection of marks along the order (schemas/marks.py), where there are some of its key:
    they tell how far to look, and nothing of what is found.
    """

    key: Mapping[str, Any] = field(default_factory=dict)
    where: Mapping[str, Any] = field(default_factory=dict)
    any_of: Sequence[Mapping[str, Any]] = ()
    all_of: Sequence[Sequence[Mapping[str, Any]]] = ()
    order_by: str = "created_at"
    numbers: bool = False
    ascending: bool = False
    edge: Any = None
    marks: str | None = None
    limit: int = 50
    cursor: str | None = None
    since: Any = None
    until: Any = None


class Database(Protocol):
    """Documents by collection. Every write is journalled before it returns. Raises DatabaseUnavailable."""

    async def get(self, collection: str, id: str) -> Document | None:
        """One document."""
        ...

    async def insert(self, collection: str, document: Document) -> bool:
        """False, and nothing changed, where the id is taken."""
        ...

    async def insert_all(self, collection: str, documents: Sequence[Document]) -> None:
        """All of them in one go; those whose id is taken change nothing."""
        ...

    async def change(self, collection: str, id: str, where: Mapping[str, Any], to: Mapping[str, Any]) -> bool:
        """Compare and set on one document: False, and nothing changed, where `where` does not hold."""
        ...

    async def remove(self, collection: str, id: str) -> None:
        """Removes one document, if it is there."""
        ...

    async def select(self, collection: str, where: Mapping[str, Any], limit: int = 1000) -> list[Document]:
        """The few documents whose (indexed) fields equal or satisfy `where`, in no order."""
        ...

    async def page(self, collection: str, query: Query) -> Page:
        """A page of documents. Raises BadCursor."""
        ...

    async def merge(self, merges: Sequence[Merge]) -> None:
        """Applies all of them, in any order; missing documents are made."""
        ...

    async def index(self, collection: str, fields: Sequence[str]) -> None:
        """Makes sure that there is an index over these fields."""
        ...

    async def expire(self, collection: str, field: str) -> None:
        """Makes sure that documents vanish, by themselves, some time after the moment in this field."""
        ...

    async def drop(self, collection: str) -> None:
        """Removes a collection with all its documents and indexes."""
        ...

    async def now(self) -> datetime:
        """The database's own clock, by which leases are measured."""
        ...

    async def ping(self) -> None:
        """Answers, or raises DatabaseUnavailable."""
        ...


# --- Blobs ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Blob:
    """A stored blob."""

    location: str
    size_bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class BlobInfo:
    """What a store says of a blob without reading it."""

    size_bytes: int
    modified: datetime
    readable: bool = True
    """Not where it lies in an archive that has to give it back first."""
    storage: str = STANDARD
    """Which class of storage it is in."""


@dataclass(frozen=True, slots=True)
class Listed:
    """A blob that was come across in a store."""

    location: str
    size_bytes: int
    since: datetime
    """Since when it counts as there: `BlobStore.discard` goes by the same."""
    storage: str = STANDARD
    """Which class of storage it is in."""


class BlobWriter(Protocol):
    """A blob that is being written: nothing is visible before `commit`, nothing is left after `abort`."""

    @property
    def size_bytes(self) -> int:
        """How much has been written."""
        ...

    async def write(self, chunk: bytes) -> None:
        """Adds bytes. Raises StoreFull."""
        ...

    async def commit(self, area: str, suffix: str = "") -> Blob:
        """Makes the bytes durable under `area`, named by their hash; the same bytes are kept once."""
        ...

    async def abort(self) -> None:
        """Forgets the bytes. Harmless after a commit."""
        ...


class ResumedWriter(BlobWriter, Protocol):
    """A blob that several writers write, one after another. It stays, `commit` or not, until `abort`.

    All but `write` raise BlobHeld where another writer has gone on meanwhile.
    """

    async def close(self) -> None:
        """Makes what was written durable, and lets go of it. Harmless when repeated, and after an abort.

        What was written counts once this returns; where it raises, as far as `resumable` says.
        """
        ...


class BlobStore(Protocol):
    """Bytes by location."""

    def writer(self) -> BlobWriter:
        """A new blob, written piece by piece in constant memory."""
        ...

    async def resume(self, id: str, at: int | None = None) -> ResumedWriter:
        """Goes on with the unfinished blob of that id; of what it has, all beyond `at` is forgotten.

        Two never write into one another's bytes, in whichever processes. Where another has it, either this
        raises BlobHeld (a store with locks: files), or that other's next `commit`, `close` or `abort` does,
        and nothing counts that it wrote since (a store without: S3). Who of two is to go on, callers decide.
        Raises BlobMissing for what is no id.
        """
        ...

    async def resumable(self, id: str) -> int:
        """How many bytes of an unfinished blob are durable."""
        ...

    async def forget_unused(self, unused: timedelta) -> None:
        """Removes the unfinished blobs that nobody has gone on with for so long."""
        ...

    async def adopt(self, path: Path, area: str, suffix: str = "") -> Blob:
        """Takes a finished local file over as a blob; the file is gone afterwards."""
        ...

    async def put(self, location: str, content: bytes) -> bool:
        """Stores a small blob at a place of the caller's choice, durably; False where there is one already,
        which stays as it is. Raises StoreFull.
        """
        ...

    async def names(self, folder: str) -> set[str]:
        """What lies in a folder; nothing where there is no such folder."""
        ...

    async def stat(self, location: str) -> BlobInfo:
        """How large a blob is, and since when it is there. Raises BlobMissing."""
        ...

    def read(self, location: str, start: int = 0, end: int | None = None) -> AsyncGenerator[bytes, None]:
        """The bytes from `start` up to, and without, `end`, in pieces and in constant memory; fewer where
        the blob ends before. Raises BlobMissing, BlobArchived.
        """
        ...

    def path_of(self, location: str) -> Path | None:
        """Where the file is that a blob is kept as, which nobody has looked for; None in a store that keeps
        no files, and for what is in an archive. Raises BlobMissing for what is no location.
        """
        ...

    def on_disk(self, location: str) -> AbstractAsyncContextManager[Path]:
        """A file with the blob's bytes that stays as long as the context. Raises BlobMissing,
        BlobArchived.
        """
        ...

    async def address(self, location: str, name: str, content_type: str, expires_in_s: int) -> str | None:
        """Where anyone may fetch a blob for a while, under that name; None in a store that has no such
        addresses. Whether the blob is there is not looked at. Raises BlobMissing for what is no location.
        """
        ...

    async def remove(self, location: str) -> None:
        """Removes a blob, if it is there."""
        ...

    def listing(self, area: str) -> AsyncGenerator[Listed, None]:
        """All blobs of an area, or of a sixteenth of it (`raw/a`: whose names begin so), in constant memory
        and in no order; what comes or goes meanwhile may be among them or not. Raises BlobMissing for what is
        no area.
        """
        ...

    async def discard(self, location: str, before: datetime) -> bool:
        """Removes a blob that counts as there since before then; False, and nothing changed, where it does
        not, or is not there. One counts as there anew when a writer commits, or someone adopts, its bytes:
        whoever does that at this moment either keeps it from going or puts it there again. (On S3, which has
        no locks, one in some milliseconds may go all the same.)
        """
        ...

    async def ping(self) -> None:
        """Answers, or raises OSError with what is wrong."""
        ...


@dataclass(frozen=True, slots=True)
class ArrivedPart:
    """A part that a client has put into the store."""

    number: int
    size_bytes: int
    etag: str


class DirectUploads(Protocol):
    """Blobs that clients put into the store by themselves, in parts, by signed addresses.

    All but `begin` raise BlobMissing for an id under which none was begun, or which is given up.
    """

    async def begin(self, id: str) -> None:
        """Makes one; nothing of it is visible. Begun again, it is another."""
        ...

    async def addresses(self, id: str, sizes: Mapping[int, int], expires_in_s: int) -> Mapping[int, str]:
        """Where to PUT each of these parts, of exactly so many bytes; numbers are 1 to 10,000."""
        ...

    async def arrived(self, id: str) -> list[ArrivedPart]:
        """The parts that are there, by their numbers."""
        ...

    async def commit(self, id: str, area: str) -> Blob:
        """Makes a blob of the parts that are there, named by the hash of its bytes, which are read for that;
        none comes any more. Done again it gives the same. It stays until `abort`.
        """
        ...

    async def abort(self, id: str) -> None:
        """Forgets its parts, if there are any; what was committed stays."""
        ...

    async def forget_unused(self, unused: timedelta) -> None:
        """Aborts those that were begun so long ago."""
        ...


class Archive(Protocol):
    """Storage that costs less, for uploads that hardly anyone asks for. They keep their locations, and
    readers find them wherever they are.
    """

    @property
    def storage(self) -> str:
        """Which class of storage it is."""
        ...

    async def archive(self, location: str) -> None:
        """Brings a blob there; where it is there already, nothing is done. Whatever happens on the way, one
        whole copy is where readers look.

        Raises BlobMissing, BlobChanged for one that is damaged and stays, StoreFull, StoreUnavailable.
        """
        ...

    async def restore(self, location: str) -> bool:
        """Brings a blob back; False where that was asked for and takes its time: ask again later. Where it is
        back already, nothing is done. Raises as `archive` does.
        """
        ...


class Scanner(Protocol):
    """Looks for malware in bytes that it is sent."""

    async def scan(self, pieces: AsyncIterator[bytes]) -> str | None:
        """What was found in these bytes, by its name; None where nothing was. In constant memory, and not
        all of the pieces are asked for where fewer tell. Raises ScannerUnavailable, ScanFailed and
        TooLargeToScan.
        """
        ...

    async def ping(self) -> None:
        """Answers, or raises ScannerUnavailable."""
        ...


async def is_there(blobs: BlobStore, location: str) -> bool:
    """Whether the store has it."""
    try:
        await blobs.stat(location)
    except BlobMissing:
        return False
    return True


async def content_of(blobs: BlobStore, location: str, start: int = 0, end: int | None = None) -> bytes:
    """All bytes of a small blob, or of a part of one. Raises BlobMissing."""
    return b"".join([piece async for piece in blobs.read(location, start, end)])
