"""Signs what is handed out as a part of an address, and reads it again: the one way in which this is done."""

from __future__ import annotations

import hashlib
from typing import Any

import orjson
from itsdangerous import BadData, URLSafeSerializer


class Forged(ValueError):
    """It was not signed here, or not for this."""


class Signer:
    """Signs for one purpose. Any replica reads what another has signed, and nothing that was for another."""

    def __init__(self, key: bytes, purpose: bytes) -> None:
        self._purpose = purpose
        self._signer = URLSafeSerializer(
            key, salt=purpose, serializer=_Json, signer_kwargs={"digest_method": hashlib.sha256}
        )

    def write(self, values: list[Any]) -> str:
        """Values as a part of an address."""
        return str(self._signer.dumps(values))

    def read(self, text: str) -> Any:
        """What was signed, letter for letter; signatures are compared in constant time. Raises Forged."""
        try:
            values = self._signer.loads(text)
        except (BadData, TypeError, ValueError) as error:
            raise Forged("this address was not made here") from error
        if self._signed(text.rpartition(".")[0]) != text:  # base64 has other spellings of the same signature
            raise Forged("this address was not made here")
        return values

    def _signed(self, payload: str) -> str:
        return self._signer.make_signer(self._purpose).sign(payload).decode()


class _Json:
    """orjson as itsdangerous wants it."""

    @staticmethod
    def dumps(value: object) -> str:
        return orjson.dumps(value).decode()

    @staticmethod
    def loads(text: str | bytes) -> object:
        return orjson.loads(text)
