"""HTTPS by the gateway itself: its certificate is checked, and read, once, at the start."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cryptography import x509
from granian.constants import SSLProtocols

from connectors.private_file import read_private
from gateway.settings import Settings


class CertificateUnusable(ValueError):
    """HTTPS can't be served with what the settings name; the message says which setting, and why."""


def check_tls(settings: Settings) -> None:
    """Raises CertificateUnusable."""
    certificate, key = settings.tls_cert_file, _key_file(settings)
    if certificate is None or key is None:
        if settings.tls_key_file is not None:
            raise CertificateUnusable("SLUICE_TLS_KEY_FILE needs SLUICE_TLS_CERT_FILE")
        return
    named = "SLUICE_TLS_CERT_FILE" if settings.tls_key_file is None else "SLUICE_TLS_KEY_FILE"
    read_private(key, f"key ({named})", CertificateUnusable)
    try:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key, password=lambda: "")  # OpenSSL would ask the terminal
        ends = x509.load_pem_x509_certificate(certificate.read_bytes()).not_valid_after_utc
    except (OSError, ValueError) as error:
        raise CertificateUnusable(
            f"SLUICE_TLS_CERT_FILE, SLUICE_TLS_KEY_FILE: {certificate} can't be served with: {error}"
        ) from error
    if ends < datetime.now(UTC):
        raise CertificateUnusable(f"SLUICE_TLS_CERT_FILE: the certificate ended on {ends:%Y-%m-%d}")


def tls_of(settings: Settings) -> dict[str, Any]:
    """What the server is told: nothing where it speaks HTTP."""
    if settings.tls_cert_file is None:
        return {}
    return {
        "ssl_cert": settings.tls_cert_file,
        "ssl_key": _key_file(settings),
        "ssl_protocol_min": SSLProtocols.tls12,
    }


def _key_file(settings: Settings) -> Path | None:
    return settings.tls_key_file or settings.tls_cert_file
