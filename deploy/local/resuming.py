"""Sends large files by tus, so that a cut costs nothing: how far it came is asked of the gateway, and which
upload it was is remembered until it has ended.
"""

from __future__ import annotations

import base64
import json
import mimetypes
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import httpx

from connectors.private_file import write_private
from deploy.local.client import Gateway, at, problem
from deploy.local.failures import Exit, Failure

FROM_BYTES = 64 << 20
"""Smaller files are sent again from their beginning."""

_CHUNK_BYTES = 1 << 20
_SPOKEN = {"Tus-Resumable": "1.0.0"}
_PIECE = {**_SPOKEN, "Content-Type": "application/offset+octet-stream"}
_LATER = frozenset({408, 409, 423, 460, 500, 502, 503, 504})
_GONE = frozenset({404, 410})
_TRIES = 10
_MOST_S = 30.0
_REMEMBERED_S = 7 * 86_400

Advance = Callable[[int], None]
Wait = Callable[[float], None]


@dataclass(frozen=True, slots=True)
class Begun:
    """The uploads that were begun from this machine and have not ended, in one file."""

    file: Path

    def get(self, key: str) -> str | None:
        """The id of one."""
        found = self._read().get(key)
        return str(found["id"]) if found else None

    def put(self, key: str, id: str) -> None:
        """Remembers one. Raises Failure."""
        self._write(self._read() | {key: {"id": id, "at": time.time()}})

    def drop(self, key: str) -> None:
        """Forgets one. Raises Failure."""
        left = self._read()
        if left.pop(key, None) is not None:
            self._write(left)

    def _read(self) -> dict[str, Any]:
        try:
            said = json.loads(self.file.read_text())
            return {key: each for key, each in said.items() if each["at"] > time.time() - _REMEMBERED_S}
        except (OSError, ValueError, AttributeError, KeyError, TypeError):
            return {}

    def _write(self, said: dict[str, Any]) -> None:
        try:
            write_private(self.file, json.dumps(said).encode())
        except OSError as error:
            raise Failure(f"cannot write {self.file}: {error.strerror or error}.") from error


@dataclass(frozen=True, slots=True)
class Sending:
    """One file on its way to one gateway."""

    gateway: Gateway
    file: Path
    profile: str | None
    priority: str
    begun: Begun
    advance: Advance
    wait: Wait = time.sleep
    replaces: str | None = None
    """The medium whose place it is to take."""

    def run(self) -> dict[str, Any]:
        """Medium, job and token, once all of it is there. Raises Failure."""
        try:
            with self.file.open("rb") as source:
                return self._run(source, os.fstat(source.fileno()))
        except OSError as error:
            raise Failure(f"cannot read {self.file}: {error.strerror or error}.", Exit.USAGE) from error

    def _run(self, source: BinaryIO, stat: os.stat_result) -> dict[str, Any]:
        key = self._key(stat)
        said = self._found(key) or self._new(key, stat.st_size)
        sent, tries = 0, 0
        while not said["accepted"]:
            self.advance(said["offset"] - sent)
            before = sent = said["offset"]
            sent += self._send(source, said)
            again = self._found(key, patient=True)
            if again is None:
                raise Failure("the gateway has given this upload up: send the file again.", Exit.CONFLICT)
            said = again
            tries = 0 if said["offset"] > before else tries + 1
            self._pause(tries)
        self.begun.drop(key)
        accepted: dict[str, Any] = said["accepted"]
        return accepted

    def _key(self, stat: os.stat_result) -> str:
        """What is the same as long as the same command would send the same bytes."""
        about = [self.gateway.url, str(self.file.resolve()), stat.st_size, stat.st_mtime_ns]
        return json.dumps([*about, self.profile, self.priority, *([self.replaces] if self.replaces else [])])

    def _found(self, key: str, *, patient: bool = False) -> dict[str, Any] | None:
        """How an upload that was begun stands; None where there is none any more."""
        id = self.begun.get(key)
        if id is None:
            return None
        answer = self._ask(patient, "GET", at("uploads", id))
        if answer.status_code in _GONE:
            self.begun.drop(key)
            return None
        if answer.is_error:
            raise problem(answer)
        said: dict[str, Any] = answer.json()
        return said

    def _ask(self, patient: bool, method: str, path: str) -> httpx.Response:
        """An answer; where that is worth it, after a while."""
        for tries in range(1, _TRIES + 1):
            try:
                answer = self.gateway.ask(method, path)
                if not patient or answer.status_code not in _LATER:
                    return answer
                failure = problem(answer)
            except Failure as error:
                if not patient:
                    raise
                failure = error
            self._pause(tries)
        raise failure

    def _new(self, key: str, size: int) -> dict[str, Any]:
        kind = mimetypes.guess_type(self.file.name)[0]
        asked = {"filename": self.file.name, "filetype": kind, "profile": self.profile}
        asked["priority"] = self.priority if self.profile else None
        asked["replaces"] = self.replaces
        pairs = (f"{name} {base64.b64encode(said.encode()).decode()}" for name, said in asked.items() if said)
        headers = {**_SPOKEN, "Upload-Length": str(size), "Upload-Metadata": ",".join(pairs)}
        said: dict[str, Any] = self.gateway.post("/uploads", headers=headers)
        self.begun.put(key, said["id"])
        return said

    def _send(self, source: BinaryIO, said: dict[str, Any]) -> int:
        """How much was sent of what is left; what of it arrived, the gateway knows."""
        offset, sent = said["offset"], 0

        def body() -> Iterator[bytes]:
            nonlocal sent
            source.seek(offset)
            while chunk := source.read(_CHUNK_BYTES):
                yield chunk
                sent += len(chunk)
                self.advance(len(chunk))

        left = str(said["size_bytes"] - offset)
        headers = {**_PIECE, "Upload-Offset": str(offset), "Content-Length": left}
        try:
            answer = self.gateway.ask("PATCH", at("uploads", said["id"]), headers=headers, content=body())
        except Failure:
            return sent
        if answer.is_error and answer.status_code not in _LATER:
            raise problem(answer)
        return sent

    def _pause(self, tries: int) -> None:
        if tries >= _TRIES:
            raise Failure(
                "the file does not get through: the same command goes on where it was.", Exit.NOT_RUNNING
            )
        if tries:
            self.wait(min(2.0 ** (tries - 1), _MOST_S))
