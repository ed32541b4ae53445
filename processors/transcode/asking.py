"""What a job asks for, of what is known of its medium; pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from processors.transcode.plan import Asked
from processors.work.jobs import Job
from schemas.medium import Medium
from schemas.profiles import BUILT_IN, BadProfile, parse


class UnknownProfile(ValueError):
    """The job asks for a profile that there is not, or that is none."""

    code = "unknown_profile"


def asked(job: Job, probe: Mapping[str, Any]) -> Asked:
    """What a job asks for, of what is known of its medium. Raises UnknownProfile."""
    request = job.request
    try:
        written = request.get("profile_json")
        profile = parse(written) if written else BUILT_IN[request["profile"]]
    except KeyError:
        raise UnknownProfile(f"there is no profile {request['profile']!r}") from None
    except BadProfile as error:
        raise UnknownProfile(f"{request['profile']} is no profile: {error}") from error
    return Asked(
        medium=Medium.read(probe),
        profile=profile,
        media_id=job.media_id,
        owner_id=job.owner_id,
        priority=request["priority"],
        name=request["name"],
    )
