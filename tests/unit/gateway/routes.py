"""Every route under /api or for older clients, and what it takes to be let through.

A route without a row fails a test.
"""

from __future__ import annotations

from collections.abc import Iterator

ANYONE, SOMEONE = "anyone", "someone"
"""Needs no one: signing in, and what is checked by what is sent; or whoever it is, if we know them."""

NEEDS: dict[tuple[str, str], str] = {
    ("POST", "/api/v1/media"): "media:write",
    ("GET", "/api/v1/media"): "media:read",
    ("GET", "/api/v1/media/{media_id}"): "media:read",
    ("POST", "/api/v1/uploads"): "media:write",
    ("GET", "/api/v1/uploads"): "media:write",
    ("GET", "/api/v1/uploads/{upload_id}"): "media:write",
    ("HEAD", "/api/v1/uploads/{upload_id}"): "media:write",
    ("PATCH", "/api/v1/uploads/{upload_id}"): "media:write",
    ("DELETE", "/api/v1/uploads/{upload_id}"): "media:write",
    ("DELETE", "/api/v1/media/{media_id}"): "media:write",
    ("GET", "/api/v1/media/{media_id}/content"): "media:read",
    ("HEAD", "/api/v1/media/{media_id}/content"): "media:read",
    ("GET", "/api/v1/media/{media_id}/images/{name}"): "media:read",
    ("HEAD", "/api/v1/media/{media_id}/images/{name}"): "media:read",
    ("POST", "/api/v1/media/{media_id}/transcode"): "jobs:write",
    ("POST", "/api/v1/media/{media_id}/playback"): "playback",
    ("GET", "/api/v1/jobs"): "jobs:read",
    ("POST", "/api/v1/jobs"): "jobs:write",
    ("GET", "/api/v1/jobs/{job_id}"): "jobs:read",
    ("POST", "/api/v1/jobs/{job_id}/cancel"): "jobs:write",
    ("POST", "/api/v1/jobs/{job_id}/retry"): "jobs:write",
    ("POST", "/api/v1/jobs/{job_id}/pause"): "jobs:write",
    ("POST", "/api/v1/jobs/{job_id}/resume"): "jobs:write",
    ("POST", "/api/v1/jobs/{job_id}/priority"): "jobs:write",
    ("GET", "/api/v1/jobs/{job_id}/output"): "jobs:read",
    ("HEAD", "/api/v1/jobs/{job_id}/output"): "jobs:read",
    ("GET", "/api/v1/profiles"): "profiles:read",
    ("GET", "/api/v1/profiles/handbrake-presets"): "profiles:read",
    ("GET", "/api/v1/profiles/{name}"): "profiles:read",
    ("PUT", "/api/v1/profiles/{name}"): "profiles:write",
    ("DELETE", "/api/v1/profiles/{name}"): "profiles:write",
    ("POST", "/api/v1/care/cleanup"): "system:write",
    ("POST", "/api/v1/care/scrub"): "system:write",
    ("GET", "/api/v1/schedules"): "system:read",
    ("POST", "/api/v1/schedules"): "system:write",
    ("GET", "/api/v1/schedules/{name}"): "system:read",
    ("PUT", "/api/v1/schedules/{name}"): "system:write",
    ("DELETE", "/api/v1/schedules/{name}"): "system:write",
    ("POST", "/api/v1/schedules/{name}/pause"): "system:write",
    ("POST", "/api/v1/schedules/{name}/resume"): "system:write",
    ("POST", "/api/v1/schedules/{name}/run"): "system:write",
    ("GET", "/api/v1/schedules/{name}/history"): "system:read",
    ("POST", "/api/v1/graphql"): SOMEONE,
    ("GET", "/api/v1/events"): "events:read",
    ("GET", "/api/v1/system/status"): "system:read",
    ("GET", "/api/v1/services"): "system:read",
    ("GET", "/api/v1/system/workers"): "system:read",
    ("POST", "/api/v1/system/workers/{instance}/pause"): "system:write",
    ("POST", "/api/v1/system/workers/{instance}/drain"): "system:write",
    ("POST", "/api/v1/system/workers/{instance}/resume"): "system:write",
    ("GET", "/api/v1/audit"): "audit:read",
    ("POST", "/api/v1/auth/register"): ANYONE,
    ("POST", "/api/v1/auth/login"): ANYONE,
    ("POST", "/api/v1/auth/refresh"): ANYONE,
    ("GET", "/api/v1/auth/providers"): ANYONE,
    ("GET", "/api/v1/auth/providers/{provider_id}/start"): ANYONE,
    ("GET", "/api/v1/auth/providers/{provider_id}/callback"): ANYONE,
    ("GET", "/api/v1/auth/whoami"): SOMEONE,
    ("POST", "/api/v1/auth/logout"): "account",
    ("POST", "/api/v1/auth/password"): "account",
    ("POST", "/api/v1/auth/password-reset"): ANYONE,
    ("POST", "/api/v1/users/{user_id}/password-reset"): "users:write",
    ("GET", "/api/v1/auth/second-factor"): "account",
    ("POST", "/api/v1/auth/second-factor"): "account",
    ("PUT", "/api/v1/auth/second-factor"): "account",
    ("POST", "/api/v1/auth/second-factor/removal"): "account",
    ("DELETE", "/api/v1/users/{user_id}/second-factor"): "users:write",
    ("GET", "/api/v1/auth/sessions"): "account",
    ("DELETE", "/api/v1/auth/sessions/{session_id}"): "account",
    ("POST", "/api/v1/auth/tickets"): "events:read",
    ("GET", "/api/v1/limits"): SOMEONE,
    ("GET", "/api/v1/users/{user_id}/limits"): "users:read",
    ("PUT", "/api/v1/users/{user_id}/limits"): "users:write",
    ("GET", "/api/v1/users"): "users:read",
    ("POST", "/api/v1/users"): "users:write",
    ("GET", "/api/v1/users/{user_id}"): "account",
    ("PATCH", "/api/v1/users/me"): "account",
    ("PATCH", "/api/v1/users/{user_id}"): "users:write",
    ("POST", "/api/v1/users/{user_id}/password"): "users:write",
    ("DELETE", "/api/v1/users/{user_id}"): "account",
    ("GET", "/api/v1/users/{user_id}/export"): "account",
    ("POST", "/api/v1/invitations"): "users:write",
    ("GET", "/api/v1/invitations"): "users:read",
    ("DELETE", "/api/v1/invitations/{invitation_id}"): "users:write",
    ("POST", "/api/v1/libraries"): "media:write",
    ("GET", "/api/v1/libraries"): "media:read",
    ("GET", "/api/v1/libraries/{library_id}"): "media:read",
    ("PATCH", "/api/v1/libraries/{library_id}"): "media:write",
    ("DELETE", "/api/v1/libraries/{library_id}"): "media:write",
    ("PUT", "/api/v1/media/{media_id}/library"): "media:write",
    ("GET", "/api/v1/media/{media_id}/access"): "media:read",
    ("PUT", "/api/v1/media/{media_id}/access"): "media:write",
    ("POST", "/api/v1/media/{media_id}/shares"): "media:write",
    ("GET", "/api/v1/media/{media_id}/shares"): "media:write",
    ("DELETE", "/api/v1/shares/{share_id}"): "media:write",
    ("POST", "/api/v1/shares/open"): ANYONE,
    ("POST", "/api/v1/keys"): "account",
    ("GET", "/api/v1/keys"): "account",
    ("DELETE", "/api/v1/keys/{key_id}"): "account",
    ("GET", "/Videos/Stream/{file}"): "playback",
    ("HEAD", "/Videos/Stream/{file}"): "playback",
    ("GET", "/Videos/Stream.m3u8"): "playback",
    ("POST", "/upload"): "media:write",
    ("GET", "/status/{job_id}"): "jobs:read",
    ("GET", "/jobs"): "jobs:read",
    ("GET", "/get-token"): ANYONE,
    ("POST", "/api/auth/login"): ANYONE,
    ("POST", "/api/auth/register"): ANYONE,
    ("POST", "/api/jobs/add"): "jobs:write",
    ("GET", "/api/jobs/status/{job_id}"): "jobs:read",
    ("GET", "/api/jobs/list"): "jobs:read",
    ("POST", "/api/jobs/cancel/{job_id}"): "jobs:write",
    ("GET", "/api/system/status"): "system:read",
    ("POST", "/convert"): "jobs:write",
    ("GET", "/job/{job_id}"): "jobs:read",
    ("POST", "/cancel/{job_id}"): "jobs:write",
    ("POST", "/media/process"): "jobs:write",
}

_MORE = {("POST", "/api/v1/media"): "?name=x"}


def closed() -> Iterator[tuple[str, str]]:
    """Each route that wants to know who asks, as a request."""
    for (verb, template), needed in NEEDS.items():
        if needed != ANYONE:
            yield verb, path_of(verb, template)


def path_of(verb: str, template: str) -> str:
    """A path of a route."""
    steps = ["x1" if step.startswith("{") else step for step in template.split("/")]
    return "/".join(steps) + _MORE.get((verb, template), "")
