"""What each route is called in the trail, and what of it is written down. A test wants a row of each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from gateway.audit.entry import Target


@dataclass(frozen=True, slots=True)
class Action:
    """What is wanted of a route."""

    name: str
    kind: str | None = None
    param: str | None = None
    """The part of the path that says which thing of this kind."""
    when_allowed: bool = False
    """Whether it is written down where it was allowed. What changes something says so by its events
    (`gateway.audit.acts`), and what only lists or shows things does not."""

    def target(self, params: Mapping[str, str]) -> Target | None:
        """What a request is about, by its path."""
        if self.kind is None or self.param is None or self.param not in params:
            return None
        return Target.named(self.kind, params[self.param])


Rows = dict[tuple[str, str], Action]


def _act(name: str, kind: str | None = None, param: str | None = None) -> Action:
    """It changes something: its events say what, before they are published."""
    return Action(name, kind, param)


def _file(name: str, kind: str | None = None, param: str | None = None) -> Action:
    """It hands something out, or changes nothing that lasts: written down soon after."""
    return Action(name, kind, param, when_allowed=True)


def _look(name: str, kind: str | None = None, param: str | None = None) -> Action:
    """It lists or shows: written down where it is refused."""
    return Action(name, kind, param)


_ITEM = ("item", "item_id")
_PERSON = ("person", "person_id")
_SCHEDULE = ("schedule", "name")
_MEDIUM, _UPLOAD, _JOB, _USER, _LIBRARY = (
    ("media", "media_id"),
    ("upload", "upload_id"),
    ("job", "job_id"),
    ("user", "user_id"),
    ("library", "library_id"),
)

_MEDIA: Rows = {
    ("POST", "/media"): _act("media.uploaded"),
    ("GET", "/media"): _look("media.listed"),
    ("GET", "/storage/usage"): _look("usage.shown"),
    ("POST", "/uploads"): _file("upload.begun"),
    ("POST", "/uploads/direct"): _file("upload.begun"),
    ("GET", "/uploads/direct/{upload_id}"): _look("upload.shown", *_UPLOAD),
    ("POST", "/uploads/direct/{upload_id}/complete"): _act("media.uploaded", *_UPLOAD),
    ("DELETE", "/uploads/direct/{upload_id}"): _file("upload.ended", *_UPLOAD),
    ("GET", "/uploads"): _look("upload.listed"),
    ("GET", "/uploads/{upload_id}"): _look("upload.shown", *_UPLOAD),
    ("PATCH", "/uploads/{upload_id}"): _act("media.uploaded", *_UPLOAD),
    ("DELETE", "/uploads/{upload_id}"): _file("upload.ended", *_UPLOAD),
    ("GET", "/media/{media_id}"): _look("media.shown", *_MEDIUM),
    ("PATCH", "/media/{media_id}"): _act("media.edited", *_MEDIUM),
    ("POST", "/media/bulk"): _act("media.edited"),
    ("DELETE", "/media/{media_id}"): _act("media.deleted", *_MEDIUM),
    ("PUT", "/media/{media_id}/content"): _act("media.replaced", *_MEDIUM),
    ("GET", "/media/{media_id}/versions"): _look("media.versions_listed", *_MEDIUM),
    ("GET", "/media/{media_id}/versions/{version}/content"): _file("media.downloaded", *_MEDIUM),
    ("POST", "/media/{media_id}/versions/{version}/restore"): _act("media.replaced", *_MEDIUM),
    ("DELETE", "/media/{media_id}/versions/{version}"): _act("media.version_deleted", *_MEDIUM),
    ("GET", "/media/{media_id}/content"): _file("media.downloaded", *_MEDIUM),
    ("POST", "/media/{media_id}/address"): _act("address.made", *_MEDIUM),
    ("GET", "/media/{media_id}/images/{name}"): _look("media.pictured", *_MEDIUM),
    ("PUT", "/media/{media_id}/images/{name}"): _act("media.pictured", *_MEDIUM),
    ("DELETE", "/media/{media_id}/images/{name}"): _act("media.pictured", *_MEDIUM),
    ("POST", "/media/{media_id}/transcode"): _act("job.ordered", *_MEDIUM),
    ("POST", "/media/{media_id}/playback"): _act("playback.started", *_MEDIUM),
    ("GET", "/media/{media_id}/viewing"): _look("viewing.shown", *_MEDIUM),
    ("PUT", "/media/{media_id}/viewing"): _act("viewing.changed", *_MEDIUM),
    ("DELETE", "/media/{media_id}/viewing"): _act("viewing.changed", *_MEDIUM),
    ("GET", "/viewing"): _look("viewing.listed"),
    ("POST", "/viewing/import"): _act("viewing.taken_over"),
    ("GET", "/media/{media_id}/timeline"): _look("media.shown", *_MEDIUM),
    ("PUT", "/media/{media_id}/library"): _act("media.placed", *_MEDIUM),
    ("GET", "/media/{media_id}/access"): _look("access.shown", *_MEDIUM),
    ("PUT", "/media/{media_id}/access"): _act("access.changed", *_MEDIUM),
    ("POST", "/media/{media_id}/shares"): _act("share.made", *_MEDIUM),
    ("GET", "/media/{media_id}/shares"): _look("share.listed", *_MEDIUM),
    ("DELETE", "/shares/{share_id}"): _act("share.withdrawn", "share", "share_id"),
    ("POST", "/shares/open"): _file("share.opened"),
    ("POST", "/libraries"): _act("library.changed"),
    ("GET", "/libraries"): _look("library.listed"),
    ("GET", "/libraries/{library_id}"): _look("library.shown", *_LIBRARY),
    ("PATCH", "/libraries/{library_id}"): _act("library.changed", *_LIBRARY),
    ("DELETE", "/libraries/{library_id}"): _act("library.removed", *_LIBRARY),
    ("GET", "/libraries/{library_id}/items"): _look("item.listed", *_LIBRARY),
    ("GET", "/libraries/{library_id}/items/{item_id}"): _look("item.shown", *_ITEM),
    ("GET", "/libraries/{library_id}/items/{item_id}/images/{name}"): _look("item.pictured", *_ITEM),
    ("PUT", "/libraries/{library_id}/items/{item_id}/images/{name}"): _act("item.pictured", *_ITEM),
    ("DELETE", "/libraries/{library_id}/items/{item_id}/images/{name}"): _act("item.pictured", *_ITEM),
    ("GET", "/people/{person_id}"): _look("person.shown", *_PERSON),
    ("GET", "/people/{person_id}/images/{name}"): _look("person.pictured", *_PERSON),
    ("PUT", "/people/{person_id}/images/{name}"): _act("item.pictured", *_PERSON),
    ("DELETE", "/people/{person_id}/images/{name}"): _act("item.pictured", *_PERSON),
    ("POST", "/libraries/{library_id}/scan"): _act("library.scanned", *_LIBRARY),
}

_ROOT = ("root", "root")
_FILES: Rows = {
    ("GET", "/files"): _look("root.listed"),
    ("GET", "/files/{root}"): _file("file.listed", *_ROOT),
    ("DELETE", "/files/{root}"): _act("file.deleted", *_ROOT),
    ("GET", "/files/{root}/content"): _file("file.downloaded", *_ROOT),
    ("PUT", "/files/{root}/content"): _act("file.written", *_ROOT),
    ("POST", "/files/{root}/folders"): _act("file.folder-made", *_ROOT),
    ("POST", "/files/{root}/move"): _act("file.moved", *_ROOT),
    ("POST", "/files/{root}/copy"): _act("file.copied", *_ROOT),
    ("GET", "/files/{root}/trash"): _look("file.trash-listed", *_ROOT),
    ("POST", "/files/{root}/trash/{thrown_id}/restore"): _act("file.restored", *_ROOT),
    ("DELETE", "/files/{root}/trash/{thrown_id}"): _act("file.ended", *_ROOT),
}

_JOBS: Rows = {
    ("GET", "/jobs"): _look("job.listed"),
    ("POST", "/jobs"): _act("job.ordered"),
    ("GET", "/jobs/{job_id}"): _look("job.shown", *_JOB),
    ("GET", "/jobs/{job_id}/timeline"): _look("job.shown", *_JOB),
    ("GET", "/jobs/{job_id}/output"): _file("job.downloaded", *_JOB),
    ("POST", "/jobs/{job_id}/output/address"): _act("address.made", *_JOB),
    **{
        ("POST", f"/jobs/{{job_id}}/{command}"): _act(f"job.{command}", *_JOB)
        for command in ("cancel", "retry", "pause", "resume", "priority")
    },
    ("GET", "/profiles"): _look("profile.listed"),
    ("GET", "/profiles/handbrake-presets"): _look("profile.listed"),
    ("GET", "/profiles/{name}"): _look("profile.shown", "profile", "name"),
    ("PUT", "/profiles/{name}"): _act("profile.changed", "profile", "name"),
    ("DELETE", "/profiles/{name}"): _act("profile.removed", "profile", "name"),
}

_CHORES: Rows = {
    ("POST", "/care/cleanup"): _act("job.ordered"),
    ("POST", "/care/scrub"): _act("job.ordered"),
    ("POST", "/care/retention"): _act("job.ordered"),
    ("POST", "/care/archival"): _act("job.ordered"),
    ("POST", "/media/{media_id}/archive"): _act("job.ordered", *_MEDIUM),
    ("POST", "/media/{media_id}/unarchive"): _act("job.ordered", *_MEDIUM),
    ("GET", "/schedules"): _look("schedule.listed"),
    ("POST", "/schedules"): _act("schedule.changed"),
    ("GET", "/schedules/{name}"): _look("schedule.shown", *_SCHEDULE),
    ("PUT", "/schedules/{name}"): _act("schedule.changed", *_SCHEDULE),
    ("DELETE", "/schedules/{name}"): _act("schedule.removed", *_SCHEDULE),
    ("POST", "/schedules/{name}/pause"): _act("schedule.changed", *_SCHEDULE),
    ("POST", "/schedules/{name}/resume"): _act("schedule.changed", *_SCHEDULE),
    ("POST", "/schedules/{name}/run"): _act("job.ordered", *_SCHEDULE),
    ("GET", "/schedules/{name}/history"): _look("schedule.shown", *_SCHEDULE),
}

_SYSTEM: Rows = {
    ("GET", "/events"): _look("events.followed"),
    ("GET", "/ws"): _look("events.followed"),
    ("GET", "/system/status"): _look("system.shown"),
    ("GET", "/services"): _look("system.shown"),
    ("GET", "/system/workers"): _look("worker.listed"),
    **{
        ("POST", f"/system/workers/{{instance}}/{command}"): _act("worker.ordered", "worker", "instance")
        for command in ("pause", "drain", "resume")
    },
    ("GET", "/quarantine"): _look("quarantine.listed"),
    ("POST", "/quarantine/{media_id}/release"): _act("media.released", *_MEDIUM),
    ("POST", "/quarantine/{media_id}/destroy"): _act("media.destroyed", *_MEDIUM),
    ("GET", "/audit"): _file("audit.read"),
    ("GET", "/activity"): _file("activity.read"),
    ("POST", "/graphql"): _look("graphql.asked"),
    ("GET", "/graphql"): _look("graphql.followed"),
}

_PEOPLE: Rows = {
    ("POST", "/auth/register"): _act("user.registered"),
    ("POST", "/auth/login"): _act("session.opened"),
    ("POST", "/auth/refresh"): _look("session.renewed"),
    ("GET", "/auth/providers"): _look("provider.listed"),
    ("GET", "/auth/providers/{provider_id}/start"): _look("session.opened", "provider", "provider_id"),
    ("GET", "/auth/providers/{provider_id}/callback"): _act("session.opened", "provider", "provider_id"),
    ("GET", "/auth/whoami"): _look("account.shown"),
    ("POST", "/auth/logout"): _act("session.closed"),
    ("POST", "/auth/password"): _act("user.password"),
    ("POST", "/auth/password-reset"): _act("user.password"),
    ("POST", "/users/{user_id}/password-reset"): _act("reset.made", *_USER),
    ("GET", "/auth/second-factor"): _look("account.shown"),
    ("POST", "/auth/second-factor"): _look("second-factor.offered"),
    ("PUT", "/auth/second-factor"): _act("second-factor.set"),
    ("POST", "/auth/second-factor/removal"): _act("second-factor.removed"),
    ("DELETE", "/users/{user_id}/second-factor"): _act("second-factor.removed", *_USER),
    ("GET", "/auth/sessions"): _look("session.listed"),
    ("DELETE", "/auth/sessions/{session_id}"): _act("session.closed", "session", "session_id"),
    ("POST", "/auth/tickets"): _file("ticket.made"),
    ("GET", "/limits"): _look("limits.shown"),
    ("GET", "/users/{user_id}/limits"): _look("limits.shown", *_USER),
    ("PUT", "/users/{user_id}/limits"): _act("limits.changed", *_USER),
    ("GET", "/users"): _look("user.listed"),
    ("POST", "/users"): _act("user.created"),
    ("GET", "/users/{user_id}"): _look("user.shown", *_USER),
    ("PATCH", "/users/me"): _act("user.personal"),
    ("PATCH", "/users/{user_id}"): _act("user.changed", *_USER),
    ("POST", "/users/{user_id}/password"): _act("user.password", *_USER),
    ("DELETE", "/users/{user_id}"): _act("user.erased", *_USER),
    ("GET", "/users/{user_id}/export"): _file("user.exported", *_USER),
    ("POST", "/invitations"): _act("invitation.made"),
    ("GET", "/invitations"): _look("invitation.listed"),
    ("DELETE", "/invitations/{invitation_id}"): _act("invitation.withdrawn", "invitation", "invitation_id"),
    ("POST", "/keys"): _act("key.made"),
    ("GET", "/keys"): _look("key.listed"),
    ("DELETE", "/keys/{key_id}"): _act("key.withdrawn", "key", "key_id"),
}

_ELSEWHERE: Rows = {
    ("GET", "/Videos/Stream/{file}"): _file("media.downloaded", "file", "file"),
    ("GET", "/Videos/Stream.m3u8"): _act("playback.started"),
    ("GET", "/signed/{permit}"): _file("address.used"),
    ("GET", "/get-token"): _act("session.opened"),
    ("POST", "/api/auth/login"): _act("session.opened"),
    ("POST", "/api/auth/register"): _act("user.registered"),
    ("POST", "/upload"): _act("media.uploaded"),
    ("POST", "/media/process"): _act("job.ordered"),
    ("POST", "/api/jobs/add"): _act("job.ordered"),
    ("POST", "/convert"): _act("job.ordered"),
    ("POST", "/api/jobs/cancel/{job_id}"): _act("job.cancel", *_JOB),
    ("POST", "/cancel/{job_id}"): _act("job.cancel", *_JOB),
    ("GET", "/api/jobs/list"): _look("job.listed"),
    ("GET", "/jobs"): _look("job.listed"),
    ("GET", "/api/jobs/status/{job_id}"): _look("job.shown", *_JOB),
    ("GET", "/job/{job_id}"): _look("job.shown", *_JOB),
    ("GET", "/status/{job_id}"): _look("job.shown", *_JOB),
    ("GET", "/api/system/status"): _look("system.shown"),
}
"""Signed addresses, and what older clients know. Below `/stream` the address itself was the decision."""


def _all() -> Iterator[tuple[tuple[str, str], Action]]:
    for rows in (_MEDIA, _FILES, _JOBS, _CHORES, _SYSTEM, _PEOPLE):
        for (method, path), action in rows.items():
            yield (method, f"/api/v1{path}"), action
    yield from _ELSEWHERE.items()


ACTIONS: Rows = dict(_all())
"""By method and route. HEAD is as GET."""


def action_of(method: str, route: str) -> Action | None:
    """What a request wants; None for what is open to all."""
    return ACTIONS.get(("GET" if method == "HEAD" else method, route))
