"""The installation's secret: keys derived from it, and values sealed with them."""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from collections.abc import Sequence
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from connectors.private_file import read_private

_LEAST_CHARACTERS = 32
_NONCE_BYTES, _MARK_BYTES, KEY_BYTES = 12, 4, 32
_FORM = b"\x01"
_SEALING = "sealing"


class SecretFileUnusable(ValueError):
    """The secret can't be read, is too short, or others can read it too."""


class CannotOpen(ValueError):
    """It was not sealed with a key that is here, or not for this purpose, or was changed since."""


def new_key() -> bytes:
    """A fresh key to seal with."""
    return secrets.token_bytes(KEY_BYTES)


def seal(key: bytes, plain: bytes, about: str) -> bytes:
    """Seals a value. It opens with the same key, and as a value about the same thing alone."""
    nonce = os.urandom(_NONCE_BYTES)
    return _FORM + nonce + AESGCM(key).encrypt(nonce, plain, about.encode())


def open_sealed(key: bytes, sealed: bytes, about: str) -> bytes:
    """The value. Raises CannotOpen."""
    start = len(_FORM) + _NONCE_BYTES
    if not sealed.startswith(_FORM):
        raise CannotOpen(f"what is sealed about {about} has no form of ours")
    try:
        return AESGCM(key).decrypt(sealed[len(_FORM) : start], sealed[start:], about.encode())
    except (InvalidTag, ValueError) as error:
        raise CannotOpen(f"what is sealed about {about} does not open") from error


class Secret:
    """One or more secrets: the first is used for what is new, the others still open what is old."""

    def __init__(self, texts: Sequence[str]) -> None:
        self._roots = [hashlib.sha256(text.encode()).digest() for text in texts]
        self._sealing = self.every(_SEALING)

    def derive(self, purpose: str) -> bytes:
        """The present key for a purpose."""
        return _derived(self._roots[0], purpose)

    def every(self, purpose: str) -> list[bytes]:
        """The keys for a purpose, the present one first."""
        return [_derived(root, purpose) for root in self._roots]

    def seal(self, plain: bytes, about: str) -> bytes:
        """Seals a value for this installation."""
        key = self._sealing[0]
        return _mark(key) + seal(key, plain, about)

    def open(self, sealed: bytes, about: str) -> bytes:
        """The value. Raises CannotOpen."""
        for key in self._sealing:
            if hmac.compare_digest(sealed[:_MARK_BYTES], _mark(key)):
                return open_sealed(key, sealed[_MARK_BYTES:], about)
        raise CannotOpen(f"what is sealed about {about} was sealed with another secret")


def _derived(root: bytes, purpose: str) -> bytes:
    return HKDF(SHA256(), KEY_BYTES, salt=None, info=f"sluice {purpose}".encode()).derive(root)


def _mark(key: bytes) -> bytes:
    """Tells which key a value was sealed with, and nothing else about it."""
    return hashlib.sha256(b"mark" + key).digest()[:_MARK_BYTES]


def read_secret_file(path: Path) -> Secret:
    """The secrets in a file that only its owner may read, one a line. Raises SecretFileUnusable."""
    lines = read_private(path, "secret", SecretFileUnusable).split()
    if not lines or min(map(len, lines)) < _LEAST_CHARACTERS:
        raise SecretFileUnusable(
            f"each secret in {path} needs {_LEAST_CHARACTERS} characters: one a line, the newest first"
        )
    return Secret(lines)
