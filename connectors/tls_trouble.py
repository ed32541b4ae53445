"""What TLS has against a connection: clients of Kafka keep the reason to themselves."""

from __future__ import annotations

import socket
import ssl
from enum import Enum, auto

_ANSWERS_WITHIN_S = 3.0
_REFUSES_WITHIN_S = 0.5


class Trouble(Enum):
    """What there may be."""

    UNTRUSTED = auto()
    """Its certificate is another authority's, another name's, or of another time."""
    REFUSES_US = auto()
    """It wants another certificate of ours, or any at all."""
    SPEAKS_NO_TLS = auto()
    SPEAKS_TLS = auto()
    """And we were to do without."""


def trouble(address: str, context: ssl.SSLContext | None) -> tuple[Trouble, str] | None:
    """What TLS has against a connection to host:port, with the reason; None where that is not what is wrong.

    Without a context: whether the server would have TLS.
    """
    host, _, port = address.rpartition(":")
    try:
        _handshake(host.strip("[]"), int(port), context or ssl.create_default_context())
    except ssl.SSLCertVerificationError as error:
        return (Trouble.UNTRUSTED, error.verify_message) if context else (Trouble.SPEAKS_TLS, "")
    except ssl.SSLError as error:
        return _refusal(error.reason or str(error), with_tls=context is not None)
    except (OSError, ValueError):
        return None
    return None if context else (Trouble.SPEAKS_TLS, "")


def _handshake(host: str, port: int, context: ssl.SSLContext) -> None:
    with (
        socket.create_connection((host, port), _ANSWERS_WITHIN_S) as plain,
        context.wrap_socket(plain, server_hostname=host) as secured,
    ):
        secured.settimeout(_REFUSES_WITHIN_S)
        try:
            secured.recv(1)  # what the server has against us comes after the handshake
        except TimeoutError:
            return


def _refusal(reason: str, *, with_tls: bool) -> tuple[Trouble, str] | None:
    if "ALERT" in reason:
        return (
            (Trouble.REFUSES_US, reason.lower().replace("_", " ")) if with_tls else (Trouble.SPEAKS_TLS, "")
        )
    return (Trouble.SPEAKS_NO_TLS, "") if with_tls else None
