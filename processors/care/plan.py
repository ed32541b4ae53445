"""What the tasks of chores are told and answer, and which of them a chore begins with; pure."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any, TypeVar

import orjson
from pydantic import TypeAdapter

from processors.work.jobs import Job
from schemas.chores import (
    ARCHIVAL,
    CHORES,
    CLEANUP,
    RETENTION,
    SCRUB,
    UNARCHIVAL,
    ArchivalOptions,
    CleanupOptions,
    RetentionOptions,
    ScrubOptions,
    UnarchivalOptions,
    report_folder,
)
from schemas.events import TaskPlan

SWEEP, SURVEY, REREAD, REPORT, RETIRE = "sweep", "survey", "reread", "report", "retire"
SHELVE, UNSHELVE = "shelve", "unshelve"
"""The kinds of tasks."""

KINDS = frozenset({CLEANUP, SCRUB, RETENTION, ARCHIVAL, UNARCHIVAL})
"""The chores that are done here."""

_ATTEMPTS = 3
_MEMORY_MB = 256
_MOST_TASKS = 400
"""Of a very large library the tasks get longer rather than more."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepOrder:
    """Look for what nothing refers to."""

    folder: str
    """Where the report goes."""
    delete: bool
    grace_s: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyOrder:
    """Do what a policy says: to what is to go, to be archived, or to come back."""

    folder: str
    """Where the report goes."""
    options: str
    """The chore's options as JSON."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Retired:
    """Where the report is, and what is to go now, by id: whole media, or versions alone."""

    location: str
    size_bytes: int
    gone: dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a file is now."""

    storage: str
    known: int
    """The version of what was known of that before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shelved:
    """Where the report is, and where files are that were elsewhere as far as was known, by id."""

    location: str
    size_bytes: int
    places: dict[str, Place]


@dataclass(frozen=True, slots=True, kw_only=True)
class SurveyOrder:
    """List all that is to be read."""

    folder: str
    outputs: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """The lists that one attempt made, and how much there is on them."""

    epoch: int
    """Which attempt: the lists of another may end elsewhere."""
    lists: int
    entries: int
    size_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RereadOrder:
    """Read what is on some lists."""

    folder: str
    epoch: int
    first: int
    lists: int
    index: int
    of: int
    """How many such tasks there are."""
    total_bytes: int
    """What all of them read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reread:
    """What came of it; the findings are in the store."""

    marks: dict[str, str | None] = field(default_factory=dict)
    """By medium of which something else was known: what is wrong with it now, or that nothing is."""
    found: dict[str, int] = field(default_factory=dict)
    """How often each thing was wrong."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportOrder:
    """Make one report of what many tasks found."""

    folder: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reported:
    """Where a report is."""

    location: str
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Planned:
    """A task's kind and plan."""

    kind: str
    plan: TaskPlan


def first(job: Job) -> Planned:
    """What a run of a chore begins with."""
    options = CHORES[job.kind].model_validate_json(job.request["options"])
    folder = report_folder(job.id, job.run)
    match options:
        case CleanupOptions():
            order = SweepOrder(folder=folder, delete=options.delete, grace_s=options.grace_s)
            return Planned(SWEEP, _plan(job, order, cpu=0.0, makes=CLEANUP))
        case ScrubOptions():
            return Planned(SURVEY, _plan(job, SurveyOrder(folder=folder, outputs=options.outputs), cpu=0.25))
        case RetentionOptions():
            retire = PolicyOrder(folder=folder, options=options.model_dump_json())
            return Planned(RETIRE, _plan(job, retire, cpu=0.25))
        case ArchivalOptions() | UnarchivalOptions():
            shelve = PolicyOrder(folder=folder, options=options.model_dump_json())
            if job.kind == UNARCHIVAL:
                return Planned(UNSHELVE, _plan(job, shelve, cpu=0.0))
            return Planned(SHELVE, _plan(job, shelve, cpu=0.0, makes=ARCHIVAL))
    raise KeyError(job.kind)


def rereads(job: Job, survey: Survey) -> list[Planned]:
    """The tasks that read what was listed, each a few lists, and few enough."""
    each = max(1, -(-survey.lists // _MOST_TASKS))
    firsts = range(0, survey.lists, each)
    orders = [
        RereadOrder(
            folder=report_folder(job.id, job.run),
            epoch=survey.epoch,
            first=first,
            lists=min(each, survey.lists - first),
            index=index,
            of=len(firsts),
            total_bytes=survey.size_bytes,
        )
        for index, first in enumerate(firsts)
    ]
    return [Planned(REREAD, _plan(job, order, cpu=0.0, index=order.index)) for order in orders]


def list_name(epoch: int, number: int) -> str:
    """What a list is called."""
    return f"list-{epoch}-{number:06d}.json"


def report(job: Job) -> Planned:
    """The task that sums up."""
    return Planned(REPORT, _plan(job, ReportOrder(folder=report_folder(job.id, job.run)), cpu=0.25))


def read(kind: type[T], text: str) -> T:
    """The order or outcome in JSON. Raises ValueError for what is none."""
    made: T = TypeAdapter(kind).validate_json(text)
    return made


def written(value: Any) -> str:
    """An order or an outcome as JSON."""
    return orjson.dumps(asdict(value)).decode()


def _plan(job: Job, order: Any, *, cpu: float, index: int = 0, makes: str | None = None) -> TaskPlan:
    """What reads much lives on what others leave of the machine."""
    return TaskPlan(
        index=index,
        owner_id=job.owner_id,
        priority=str(job.request["priority"]),
        cpu=cpu,
        memory_mb=_MEMORY_MB,
        tools=[],
        max_attempts=_ATTEMPTS,
        order=written(order),
        makes=makes,
    )
