"""What may be asked next with what was answered, as links of the OpenAPI document.

A link passes on the id of what was made, and the command's token to reads that wait for it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

Operations = Mapping[str, dict[str, Any]]
"""The operations of a document by their ids."""

_TOKEN = "Sluice-Token"  # noqa: S105 - the name of a header


@dataclass(frozen=True, slots=True)
class Following:
    """What may follow an answer of some operations."""

    after: tuple[str, ...]
    status: str
    id: str
    """Where the answer, or the request, has the id."""
    parameter: str
    """What it is called in the paths of those that follow."""
    then: tuple[str, ...]
    token: str | None = "$response.body#/token"  # noqa: S105 - where it is
    """Where the answer has the command's token."""


_MEDIUM = (
    "get_media",
    "edit_media",
    "delete_media",
    "get_media_content",
    "make_media_address",
    "transcode_media",
    "play_media",
    "place_media",
    "get_media_access",
    "put_media_access",
    "share_media",
    "list_shares",
    "get_viewing",
    "put_viewing",
    "get_media_timeline",
    "archive_media",
    "unarchive_media",
)
_SCHEDULE = (
    "get_schedule",
    "delete_schedule",
    "pause_schedule",
    "resume_schedule",
    "run_schedule",
    "list_runs",
)
_ORDERED = ("order_cleanup", "order_scrub", "order_archival", "archive_media", "unarchive_media")
_STEERED = ("cancel_job", "retry_job", "pause_job", "resume_job", "prioritise_job")

FOLLOWING = (
    Following(("upload_media",), "202", "$response.body#/media/id", "media_id", _MEDIUM),
    Following(
        (
            "order_job",
            "transcode_media",
            "order_cleanup",
            "order_scrub",
            "order_archival",
            "run_schedule",
            *_STEERED,
        ),
        "202",
        "$response.body#/job/id",
        "job_id",
        ("get_job", "get_job_output", "make_output_address", *_STEERED),
    ),
    Following(
        ("make_library", "change_library"),
        "202",
        "$response.body#/library/id",
        "library_id",
        ("get_library", "change_library", "remove_library", "scan_library"),
    ),
    Following(
        ("make_user",),
        "201",
        "$response.body#/user/id",
        "user_id",
        (
            "get_user",
            "change_user",
            "set_user_password",
            "erase_user",
            "export_user",
            "get_user_limits",
            "put_user_limits",
        ),
    ),
    Following(("invite",), "201", "$response.body#/id", "invitation_id", ("withdraw_invitation",), None),
    Following(("make_key",), "201", "$response.body#/id", "key_id", ("withdraw_key",), None),
    Following(("share_media",), "201", "$response.body#/id", "share_id", ("withdraw_share",), None),
    Following(("sign_in",), "200", "$response.body#/session_id", "session_id", ("end_session",), None),
    Following(("make_schedule",), "202", "$request.body#/name", "name", _SCHEDULE),
    Following(("put_schedule",), "202", "$request.path.name", "name", _SCHEDULE),
    Following(("put_profile",), "202", "$request.path.name", "name", ("get_profile", "delete_profile")),
    Following(
        ("add_farm_job", "convert"),
        "200",
        "$response.body#/job_id",
        "job_id",
        ("get_farm_job", "get_worker_job", "cancel_farm_job", "cancel_worker_job"),
        None,
    ),
    Following(
        ("upload_and_transcode",),
        "200",
        "$response.body#/job_id",
        "job_id",
        ("get_transcoder_job", "cancel_farm_job"),
        None,
    ),
)


def add(paths: Mapping[str, dict[str, Any]]) -> None:
    """Puts the links into the answers of a document. Raises KeyError for an operation that is not there."""
    known = {operation["operationId"]: operation for item in paths.values() for operation in item.values()}
    for each in FOLLOWING:
        links = dict(_links(each, known))
        for id in each.after:
            known[id]["responses"][each.status].setdefault("links", {}).update(links)


def _links(following: Following, known: Operations) -> Iterator[tuple[str, dict[str, Any]]]:
    for id in following.then:
        parameters = {f"path.{following.parameter}": following.id}
        if following.token is not None and _waits(known[id]):
            parameters[f"header.{_TOKEN}"] = following.token
        yield id, {"operationId": id, "parameters": parameters}


def _waits(operation: Mapping[str, Any]) -> bool:
    return any(each["name"] == _TOKEN for each in operation.get("parameters", ()))
