"""Chores: work on the installation itself, that people order and schedules repeat; and where reports lie.

One row for each kind. Whoever does a kind is a stage of its own; nobody else needs to know more than the row.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StrictBool, ValidationError

CLEANUP, SCRUB = "cleanup", "scrub"

REPORT_NAME = "report.json"
"""What a report is called in its folder; the rest there is what it was made of."""

PRIORITY = "background"
"""After all that is made of media: a scrub is hundreds of tasks."""

_LONGEST_GRACE_S = 366 * 24 * 3600


def _a_number(said: object) -> object:
    """Whole numbers in JSON, 1.0 among them, and not texts of them."""
    if isinstance(said, bool | str):
        raise ValueError("has to be a number")
    return said


_Seconds = Annotated[int, Field(ge=0, le=_LONGEST_GRACE_S), BeforeValidator(_a_number)]


class BadOptions(ValueError):
    """A chore cannot be told this; each line says what is wrong with one of the options."""


class CleanupOptions(BaseModel):
    """What a cleanup may be told."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    delete: StrictBool = Field(
        False, description="Remove what is found; without it, the report is all that comes."
    )
    grace_s: _Seconds | None = Field(
        None,
        description="How long something has to be there, and nothing to refer to it, before it goes: without "
        "it, what the operator has set (a day). Below an hour is for when nobody uploads.",
    )


class ScrubOptions(BaseModel):
    """What a scrub may be told."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    outputs: StrictBool = Field(True, description="Read what jobs made too, and not media alone.")


CHORES: Mapping[str, type[BaseModel]] = {CLEANUP: CleanupOptions, SCRUB: ScrubOptions}
"""What each kind may be told."""


def checked(kind: str, options: Mapping[str, Any]) -> str:
    """The options of a chore as its event carries them. Raises BadOptions, and KeyError for no kind."""
    try:
        made = CHORES[kind].model_validate(dict(options))
        return made.model_dump_json(exclude_defaults=True)
    except ValidationError as error:
        lines = [f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors()]
        raise BadOptions("\n".join(lines)) from error


def report_folder(job_id: str, run: int) -> str:
    """Where the reports of one run of a chore lie."""
    name = job_key(job_id)
    return f"reports/{name[:2]}/{name}/{run:016x}"


def job_key(job_id: str) -> str:
    """What a job is called in the store."""
    return hashlib.sha256(job_id.encode()).hexdigest()[:32]
