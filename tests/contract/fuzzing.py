"""What schemathesis finds out about a gateway."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any, Literal

import orjson
import schemathesis
from schemathesis.config import SchemathesisConfig
from schemathesis.engine import Status, events, from_schema
from schemathesis.engine.recorder import ScenarioRecorder
from schemathesis.python.asgi import shutdown_lifespans

from gateway import tokens
from gateway.uploads.protocol import PIECE
from tests.contract.fuzzed_gateway import EDITOR, Gateway
from tests.unit.gateway.fakes import AUTHORIZED
from tests.unit.gateway.people import PASSWORD

schemathesis.serializer.alias(PIECE, "application/octet-stream")

Who = Literal["administrator", "editor", "anyone"]

_MEDIA = ["clip", "clip-2", "clip-3", "film", "film-2", "film-3"]
_LIKELY = {
    "login": ["ed", "ed", "ada", "someone@example.org"],
    "username": ["ed", "ed", "ada"],
    "email": ["someone@example.org"],
    "password": [PASSWORD],
    "current": [PASSWORD],
    "new": ["another good one"],
    "profile": ["web", "phone"],
    "preset": ["web"],
    "format": ["mp4"],
    "media_id": _MEDIA,
    "mediaId": _MEDIA,
    "input_file": _MEDIA,
    "file": _MEDIA,
    "id": _MEDIA,
    "job_id": ["job"],
    "subject": ["media.uploaded-value"],
    "version": ["1", "latest"],
    "topic": ["media.uploaded"],
}
"""What random texts would never hit, by the name of the parameter or member."""
_HOW_LIKELY = 0.7
_APART = {
    "Idempotency-Key": "a key is spent by the first request that carries it: test_idempotency.py has them",
    "token": "the same as the header Sluice-Token, and heeded where that is not sent",
}
"""Parameters that are left out, and why."""
_SEED = 20260501
_HEADERS: dict[Who, dict[str, str]] = {
    "administrator": AUTHORIZED,
    "editor": {"Authorization": EDITOR},
    "anyone": {},
}


@dataclass(frozen=True, slots=True)
class Finding:
    """Where the gateway does not do what its document says, or does not say what it does."""

    check: str
    operation: str
    code: str
    """That of the problem which was answered; empty where it was none."""
    message: str
    sample: str


@dataclass
class Found:
    """What a run came to."""

    findings: list[Finding] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    """What schemathesis itself stumbled over."""
    statuses: dict[str, set[int]] = field(default_factory=dict)
    """What each operation was seen to answer."""
    phases: set[str] = field(default_factory=set)


def fuzz(gateway: Gateway, who: Who, examples: int, phases: Collection[str]) -> Found:
    """Tries every operation of the document as someone, the same way each time."""
    config = SchemathesisConfig.from_dict(
        {
            "seed": _SEED,
            "generation": {"max-examples": examples, "deterministic": True, "database": "none"},
            "dictionaries": {name: {"values": values} for name, values in _LIKELY.items()},
            "parameters": {
                f"{where}.{name}": {"dictionary": name, "probability": _HOW_LIKELY}
                for where in ("body", "query", "path")
                for name in _LIKELY
            },
            "auth": {"auto-signup": False},
            "continue-on-failure": True,
            "output": {"sanitization": {"enabled": False}},
        }
    )
    own = schemathesis.openapi.from_asgi("/openapi.json", gateway)
    schema = schemathesis.openapi.from_dict(_told(own.raw_schema, gateway), config=config)
    schema.app = gateway
    schema.config.update(headers=dict(_HEADERS[who]))
    schema.config.phases.update(phases=list(phases))
    try:
        return _found(from_schema(schema).execute())
    finally:
        shutdown_lifespans()


def _told(document: dict[str, Any], gateway: Gateway) -> dict[str, Any]:
    """The document with what only the gateway makes told by value.

    No schema can say which cursors, tokens and tickets are good. What is sent in vain teaches little: with
    made-up ones nearly every request would end there. Made-up ones are tried all the same, as wrong values.
    """
    good = {
        ("header", "Sluice-Token"): [tokens.write([]), ""],
        ("query", "cursor"): [""],
        ("path", "ticket"): gateway.tickets,
    }
    told = deepcopy(document)
    for operation in (each for item in told["paths"].values() for each in item.values()):
        kept = [each for each in operation.get("parameters", ()) if each["name"] not in _APART]
        for parameter in kept:
            if values := good.get((parameter["in"], parameter["name"])):
                parameter["schema"] = {"type": "string", "enum": values}
        operation["parameters"] = kept
    return told


def _found(happened: Iterator[events.EngineEvent]) -> Found:
    found = Found()
    for event in happened:
        match event:
            case events.NonFatalError():
                found.errors.append(f"{event.label}: {event.value}")
            case events.ScenarioFinished():
                found.phases.add(event.phase.value)
                found.findings += _findings(event.recorder)
                _note(event.recorder, found.statuses)
            case events.EngineFinished():
                found.errors += [str(failure) for failure in event.failures]
    return found


def _findings(recorder: ScenarioRecorder) -> Iterator[Finding]:
    for case_id, nodes in recorder.checks.items():
        for node in nodes:
            if node.status == Status.SUCCESS:
                continue
            info = node.failure_info
            yield Finding(
                node.name,
                recorder.cases[case_id].value.operation.label,
                _code(recorder, info.failure.case_id or case_id if info else case_id),
                info.failure.message if info else "the check itself failed",
                info.code_sample if info else "",
            )


def _note(recorder: ScenarioRecorder, statuses: dict[str, set[int]]) -> None:
    for case_id, node in recorder.cases.items():
        if response := recorder.find_response(case_id=case_id):
            statuses.setdefault(node.value.operation.label, set()).add(response.status_code)


def _code(recorder: ScenarioRecorder, case_id: str) -> str:
    response = recorder.find_response(case_id=case_id)
    try:
        said = orjson.loads(response.content or b"") if response else None
    except orjson.JSONDecodeError:
        return ""
    return str(said.get("code") or said.get("error_code") or "") if isinstance(said, dict) else ""
