"""Passwords: which ones will do, and checking them without telling by time whether there is an account."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import re
import unicodedata
from collections.abc import Iterator
from functools import cache

import bcrypt
import orjson

from connectors.breached import BreachedPasswords
from connectors.sealing import Secret
from gateway.errors import Invalid

LEAST, MOST = 8, 256
_AT_A_TIME = 2
_SCHEME = "bcrypt-hmac-sha256"

WORDS = frozenset({"sluice", "media", "password", "admin", "administrator", "editor", "viewer", "service"})
"""Of this place: no password is one of them with nothing but digits and signs around it. docs/security.md
lists them.
"""
_LETTERS = re.compile(r"[^\W\d_]+")


class Passwords:
    """Hashes passwords with bcrypt, a few at a time, so that signing in never takes the whole machine."""

    def __init__(self, secret: Secret, rounds: int, breached: BreachedPasswords | None = None) -> None:
        self._peppers = secret.every("passwords")
        self._rounds = rounds
        self._breached = breached
        self._turn = asyncio.Semaphore(_AT_A_TIME)
        self._no_one = bcrypt.gensalt(rounds) + b"." * 31

    async def hashed(self, password: str) -> bytes:
        """What to keep of a password."""
        said = self._peppered(password, self._peppers[0])
        async with self._turn:
            found = await asyncio.to_thread(bcrypt.hashpw, said, bcrypt.gensalt(self._rounds))
        return orjson.dumps({"scheme": _SCHEME, "hash": found.decode()})

    async def refuse_weak(self, password: str, *about: str) -> None:
        """Raises Invalid for a password that others will guess. `about` is what they know of its owner."""
        refuse_weak(password, *about)
        if self._breached is not None and await asyncio.to_thread(self._breached.has, password):
            raise Invalid("weak-password", "This password was stolen elsewhere: others try it, too.")

    async def is_right(self, password: str, kept: bytes | None) -> bool:
        """Whether this is the password that was kept. Takes as long where none was."""
        against = orjson.loads(kept)["hash"].encode() if kept else self._no_one
        for pepper in self._peppers:
            async with self._turn:
                if await asyncio.to_thread(bcrypt.checkpw, self._peppered(password, pepper), against):
                    return kept is not None
        return False

    def _peppered(self, password: str, pepper: bytes) -> bytes:
        """Of one length, whatever was typed: bcrypt reads no more than 72 bytes."""
        said = unicodedata.normalize("NFKC", password).encode(errors="surrogatepass")
        return base64.b64encode(hmac.new(pepper, said, hashlib.sha256).digest())


def refuse_weak(password: str, *about: str) -> None:
    """The same by what is known here alone."""
    if len(password) < LEAST:
        raise Invalid("weak-password", f"The password needs {LEAST} characters or more.")
    if len(password) > MOST:
        raise Invalid("weak-password", f"The password may have {MOST} characters at most.")
    plain = password.casefold()
    if plain in _common():
        raise Invalid("weak-password", "This password is among those that everyone tries first.")
    if _bare(plain) in WORDS:
        raise Invalid("weak-password", "The password must not be a word of this place with signs around it.")
    if {plain, _bare(plain)} & set(_names(about)):
        raise Invalid("weak-password", "The password must not be the name that goes with it.")


def _names(about: tuple[str, ...]) -> Iterator[str]:
    """A password's owner's names as others write them, in full and in letters alone."""
    for name in map(str.casefold, about):
        for part in (name, name.partition("@")[0]):
            yield part
            yield _bare(part) or part


def _bare(text: str) -> str:
    """Its letters alone."""
    return "".join(_LETTERS.findall(text))


@cache
def _common() -> frozenset[str]:
    from zxcvbn.frequency_lists import FREQUENCY_LISTS  # large, and seldom needed

    return frozenset(each for each in FREQUENCY_LISTS["passwords"] if len(each) >= LEAST)
