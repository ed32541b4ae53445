"""Chores: work on the installation itself, that people order and schedules repeat; and where reports lie.

One row for each kind. Whoever does a kind is a stage of its own; nobody else needs to know more than the row.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StrictBool,
    ValidationError,
    model_validator,
)

CLEANUP, SCRUB, RETENTION = "cleanup", "scrub", "retention"
ARCHIVAL, UNARCHIVAL = "archival", "unarchival"

REPORT_NAME = "report.json"
"""What a report is called in its folder; the rest there is what it was made of."""

PRIORITY = "background"
"""After all that is made of media: a scrub is hundreds of tasks."""

_LONGEST_GRACE_S = 366 * 24 * 3600


def a_number(said: object) -> object:
    """Whole numbers in JSON, 1.0 among them, and not texts of them."""
    if isinstance(said, bool | str):
        raise ValueError("has to be a number")
    return said


_Seconds = Annotated[int, Field(ge=0, le=_LONGEST_GRACE_S), BeforeValidator(a_number)]


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


_Days = Annotated[int, Field(ge=1, le=36_600), BeforeValidator(a_number)]
_Label = Annotated[str, Field(min_length=1, max_length=64)]


class RetentionOptions(BaseModel):
    """What a retention may be told: which media it is about, and how long what is kept."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    delete: StrictBool = Field(
        False, description="Delete what is found; without it, the report is all that comes."
    )
    versions_kept: Annotated[int, Field(ge=0, le=1000), BeforeValidator(a_number)] | None = Field(
        None, description="Keep so many of the latest versions beside the one that is shown."
    )
    versions_days: _Days | None = Field(
        None,
        description="Keep versions that are younger than so many days. With `versions_kept`, a version goes "
        "that neither keeps.",
    )
    media_days: _Days | None = Field(
        None, description="Delete media of which no file was uploaded for so many days."
    )
    rejected_days: _Days | None = Field(
        None, description="Delete media that were refused after so many days."
    )
    library: _Label | None = Field(None, description="Only media of this library.")
    tag: _Label | None = Field(None, description="Only media with this tag or category.")
    except_tag: _Label | None = Field(None, description="No media with this tag or category.")

    @model_validator(mode="after")
    def _has_a_limit(self) -> RetentionOptions:
        limits = (self.versions_kept, self.versions_days, self.media_days, self.rejected_days)
        if all(limit is None for limit in limits):
            raise ValueError("say what is to go: versions_kept, versions_days, media_days or rejected_days")
        return self


_Files = Annotated[list[_Label], Field(min_length=1, max_length=500)]


class ArchivalOptions(BaseModel):
    """What an archival may be told: which media it is about, and what of them is to be archived."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    archive: StrictBool = Field(
        False, description="Archive what is found; without it, the report is all that comes."
    )
    media: _Files | None = Field(
        None, description="These, whatever their age: a medium's id, or one of its versions as ID~VERSION."
    )
    media_days: _Days | None = Field(
        None,
        description="Archive media whose file was uploaded, or brought back, so many days ago.",
    )
    unviewed_days: _Days | None = Field(
        None,
        description="Archive media that nobody has watched, uploaded or brought back for so many days.",
    )
    versions_days: _Days | None = Field(
        None, description="Archive versions that are not shown, when they are older than so many days."
    )
    min_bytes: Annotated[int, Field(ge=0, le=2**53), BeforeValidator(a_number)] | None = Field(
        None, description="Only files that are at least so large."
    )
    library: _Label | None = Field(None, description="Only media of this library.")
    tag: _Label | None = Field(None, description="Only media with this tag or category.")
    except_tag: _Label | None = Field(None, description="No media with this tag or category.")

    @model_validator(mode="after")
    def _has_a_limit(self) -> ArchivalOptions:
        limits = (self.media, self.media_days, self.unviewed_days, self.versions_days)
        if all(limit is None for limit in limits):
            raise ValueError("say what is to be archived: media_days, unviewed_days, versions_days or media")
        return self


class UnarchivalOptions(BaseModel):
    """What is to come back."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    media: _Files = Field(description="A medium's id, or one of its versions as ID~VERSION.")


CHORES: Mapping[str, type[BaseModel]] = {
    CLEANUP: CleanupOptions,
    SCRUB: ScrubOptions,
    RETENTION: RetentionOptions,
    ARCHIVAL: ArchivalOptions,
    UNARCHIVAL: UnarchivalOptions,
}
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
