"""What schemathesis takes for a fault and is none: each with the problem that is answered, and the reason."""

from __future__ import annotations

from dataclasses import dataclass

from tests.contract.fuzzing import Finding

_TAKEN = "positive_data_acceptance"
_TUS = "tus answers a version that is none of ours with 412"


@dataclass(frozen=True, slots=True)
class Exempt:
    """A check that need not hold where this problem is answered."""

    check: str
    code: str
    reason: str
    operations: frozenset[str] = frozenset()
    """All, where there are none."""

    def covers(self, finding: Finding) -> bool:
        """Whether it is about this one."""
        here = not self.operations or finding.operation in self.operations
        return here and (self.check, self.code) == (finding.check, finding.code)


def _at(*operations: str) -> frozenset[str]:
    return frozenset(operations)


_PLAYLIST, _FILE = "GET /Videos/Stream.m3u8", "GET /Videos/Stream/{file}"
_UPLOAD = "POST /api/v1/media"
_BULK, _EDIT = "POST /api/v1/media/bulk", "PATCH /api/v1/media/{media_id}"
_BEGIN = "POST /api/v1/uploads"
_FOLDERS = "which folders there are is up to the operator, and changes"
_LIBRARY = frozenset({"POST /api/v1/libraries", "PATCH /api/v1/libraries/{library_id}"})
_TICKET = "a playback's ticket lets in as well, which OpenAPI can't say of a parameter that may be left out"
_SHADOW = "the address is one of a wider template too, whose methods are allowed at it"
_NO_MEDIUM = "a chore's media_id is empty: what is made of it is another address, without that method"
_POSTED = ("transcode", "playback", "shares", "address", "archive", "unarchive")
_OF_A_MEDIUM = _at(
    *(f"POST /api/v1/media/{{media_id}}/{name}" for name in _POSTED),
    *(f"PUT /api/v1/media/{{media_id}}/{name}" for name in ("library", "access", "viewing", "content")),
)

_CARE = _at("POST /api/v1/care/retention", "POST /api/v1/care/archival")

EXEMPT = (
    Exempt(_TAKEN, "not-an-image", "what begins as an image does is more than a format can say"),
    Exempt(_TAKEN, "media-deleted", "the medium was there, and nothing but time tells that it is gone"),
    Exempt(_TAKEN, "unknown-profile", "which profiles there are changes"),
    Exempt(_TAKEN, "unknown-preset", "which profiles and presets there are changes"),
    Exempt(_TAKEN, "unknown-format", "which formats there are follows from the profiles"),
    Exempt(_TAKEN, "bad-profile", "its members have to go together, which no schema says"),
    Exempt(_TAKEN, "bad-schedule", "what cron can say, and which options a chore takes, no schema says"),
    Exempt(_TAKEN, "invalid", "one limit has to be said, whichever", _CARE),
    Exempt(_TAKEN, "bad-login", "spaces around it are fine, and it may be an address: no pattern says that"),
    Exempt(_TAKEN, "bad-email", "what is an address is more than a pattern can say"),
    Exempt(_TAKEN, "weak-password", "the passwords that everyone tries first are a long list"),
    Exempt(_TAKEN, "offer-over", "only what was offered can be taken up, and for a while"),
    Exempt(_TAKEN, "wrong-code", "which code is right is a secret, and changes"),
    Exempt(_TAKEN, "bad-name", "a name is held against its cleaned form, which is no pattern"),
    Exempt(_TAKEN, "no-name", "the name is in the query or in the form: one of the two", _at(_UPLOAD)),
    Exempt(
        _TAKEN,
        "empty",
        "v1 promises no least size, and an empty file is no medium",
        _at(_UPLOAD, "POST /upload"),
    ),
    Exempt(_TAKEN, "record-changed", "which state of a medium is the last one changes", _at(_EDIT)),
    Exempt(_TAKEN, "too-many-fields", "how many a medium may get depends on those it has", _at(_EDIT)),
    *(Exempt(_TAKEN, code, _FOLDERS, _LIBRARY) for code in ("no-root", "bad-folder", "folders-overlap")),
    Exempt(_TAKEN, "no-medium", "id or file: one of the two", _at(_PLAYLIST)),
    Exempt(
        _TAKEN, "wrong-kind", "what can be done to a medium is up to the medium", _at("POST /media/process")
    ),
    Exempt(_TAKEN, "unknown-topic", "v1 promises to take any text; the problem lists the topics"),
    Exempt(
        _TAKEN,
        "42202",
        "v1 promises to take any text; the registry's clients expect its own error",
        _at(
            "GET /registry/subjects/{subject}/versions/{version}",
            "GET /registry/subjects/{subject}/versions/{version}/schema",
        ),
    ),
    Exempt(
        "not_a_server_error",
        "processing-type-unavailable",
        "no stage does this yet, and 501 says so",
        _at("POST /media/process"),
    ),
    Exempt(
        "not_a_server_error",
        "unavailable",
        "a medium that nobody has looked at yet can't be played for a moment",
        _at("POST /api/v1/media/{media_id}/playback", _PLAYLIST, _FILE),
    ),
    Exempt(
        "ensure_resource_availability",
        "library-not-found",
        "the library is missing, and not the medium in the path",
        _at("PUT /api/v1/media/{media_id}/library"),
    ),
    Exempt("negative_data_rejection", "tus-version", _TUS),
    Exempt(
        "negative_data_rejection",
        "media-deleted",
        "what is gone is said before the body is read",
        _at("PUT /api/v1/media/{media_id}/content"),
    ),
    Exempt("missing_required_header", "tus-version", _TUS),
    Exempt(_TAKEN, "bad-header", "what tus says in headers is more than a schema can say"),
    Exempt(_TAKEN, "no-name", "the name is in the metadata", _at(_BEGIN)),
    Exempt(_TAKEN, "too-large", "how large a file may be is a setting", _at("POST /api/v1/uploads/direct")),
    Exempt("missing_required_header", "bad-address", _TICKET, _at(_PLAYLIST, _FILE)),
    Exempt("missing_required_header", "bad-name", _TICKET, _at(_PLAYLIST, _FILE)),
    Exempt("missing_required_header", "no-medium", _TICKET, _at(_PLAYLIST)),
    Exempt("missing_required_header", "media-not-found", _TICKET, _at(_PLAYLIST, _FILE)),
    Exempt("ignored_auth", "", _TICKET, _at(_PLAYLIST, _FILE)),
    Exempt(
        "allow_header_conformance",
        "method-not-allowed",
        _SHADOW,
        _at(
            "POST /api/v1/shares/open",
            "GET /api/v1/profiles/handbrake-presets",
            "PATCH /api/v1/users/me",
            _BULK,
        ),
    ),
    *(
        Exempt(check, "method-not-allowed", _NO_MEDIUM, _OF_A_MEDIUM)
        for check in (_TAKEN, "status_code_conformance")
    ),
)


def unexpected(findings: list[Finding]) -> list[Finding]:
    """Those that are faults."""
    return [each for each in findings if not any(exempt.covers(each) for exempt in EXEMPT)]
