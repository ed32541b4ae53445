"""The gateway over ports made of memory, as schemathesis reaches it, and what schemathesis finds there."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import AsyncExitStack, suppress
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import orjson
import schemathesis
from schemathesis.config import SchemathesisConfig
from schemathesis.engine import Status, events, from_schema
from schemathesis.engine.recorder import ScenarioRecorder
from starlette.types import Message, Receive, Scope, Send

from gateway import tokens
from gateway.errors import Unauthorized
from gateway.media.schemas import MEDIA_ID
from gateway.playback.streams import Patience
from schemas.events import new_id
from tests.unit.gateway.checks import DATA, upload
from tests.unit.gateway.fakes import AUTHORIZED, World, world
from tests.unit.gateway.history import requested
from tests.unit.gateway.people import PASSWORD, header_of, person
from tests.unit.gateway.viewing import clip, film, watch

Who = Literal["administrator", "editor", "anyone"]

_HASTY = Patience(probed_s=0.01, segment_s=0.02, ask_again_s=0.005)
_SETTINGS: dict[str, Any] = {
    "read_your_write_s": 0,
    "registration": "open",
    "limit_logins": "off",
    "limit_requests": "off",
    "limit_upload_bytes": "off",
    "limit_transcode_minutes": "off",
}
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
_LASTING = "/api/v1/events"
_SEED = 20260501
_AN_EDITOR = (b"authorization", b"Bearer an-editor")
_HEADERS: dict[Who, dict[str, str]] = {
    "administrator": AUTHORIZED,
    "editor": {"Authorization": "Bearer an-editor"},
    "anyone": {},
}


class _Enough(Exception):
    """What was read of an answer that lasts is enough."""


@dataclass
class Gateway:
    """A gateway that comes up with the first request, in whichever event loop serves it."""

    folder: Path
    tickets: list[str] = field(default_factory=list)
    """Of a file that is played as it is, and of a stream."""
    _world: World | None = None
    _editor: dict[str, str] = field(default_factory=dict)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request; of an answer that lasts, with its beginning."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
            return
        w = self._world
        assert w is not None
        if _AN_EDITOR in scope["headers"]:
            scope = {**scope, "headers": await self._as_editor(w, scope)}
        shown = _beginning(send) if scope["path"] == _LASTING else send
        with suppress(_Enough, BaseExceptionGroup):
            await w.app({**scope, "state": {}}, receive, shown)

    async def _live(self, receive: Receive, send: Send) -> None:
        async with AsyncExitStack() as stack:
            await receive()
            made = world(self.folder, patience=_HASTY, **_SETTINGS)
            self._world = await stack.enter_async_context(made)
            await self._settle(self._world)
            await send({"type": "lifespan.startup.complete"})
            await receive()
        await send({"type": "lifespan.shutdown.complete"})

    async def _as_editor(self, w: World, scope: Scope) -> list[tuple[bytes, bytes]]:
        """The headers of a request by an editor: another one, where this one signed out or is gone."""
        try:
            await w.services.authenticator.principal(self._editor["Authorization"].partition(" ")[2])
        except Unauthorized:
            self._editor = await header_of(w, await person(w, f"ed.{new_id()}", role="editor"))
        own = (b"authorization", self._editor["Authorization"].encode())
        return [own if each == _AN_EDITOR else each for each in scope["headers"]]

    async def _settle(self, w: World) -> None:
        """Has people and media there, for what asks for such."""
        self._editor = await header_of(w, await person(w, "ed", role="editor"))
        await upload(w)
        kept = self.folder / "raw" / "ab" / ("ab" * 32)
        kept.parent.mkdir(parents=True)
        kept.write_bytes(DATA)
        for again in ("", "-2", "-3"):
            await w.happened(*clip(f"clip{again}"), *film(f"film{again}"))
        await w.happened(*film(MEDIA_ID), requested("job", media_id="film"))
        await person(w, "ada")
        addresses = [await watch(w, "clip"), await watch(w, "film")]
        self.tickets = [each["url"].split("/")[2] for each in addresses]


def _beginning(send: Send) -> Send:
    async def first(message: Message) -> None:
        is_body = message["type"] == "http.response.body" and message.get("body")
        await send({**message, "more_body": False} if is_body else message)
        if is_body:
            raise _Enough

    return first


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
            "continue-on-failure": True,
            "output": {"sanitization": {"enabled": False}},
        }
    )
    own = schemathesis.openapi.from_asgi("/openapi.json", gateway)
    schema = schemathesis.openapi.from_dict(_told(own.raw_schema, gateway), config=config)
    schema.app = gateway
    schema.config.update(headers=dict(_HEADERS[who]))
    schema.config.phases.update(phases=list(phases))
    return _found(from_schema(schema).execute())


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
