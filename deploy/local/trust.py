"""Whose word counts that a gateway is who it says: the usual authorities, and the one that is named."""

from __future__ import annotations

import ssl
from functools import cache
from pathlib import Path

import httpx

from deploy.local.failures import Exit, Failure
from deploy.local.home import Home
from deploy.local.settings import read


def trusting(ca_file: Path | None) -> ssl.SSLContext:
    """What a gateway's certificate is checked by. Raises Failure where the file has no certificates."""
    if ca_file is None:
        return _usual()
    context = httpx.create_ssl_context()
    try:
        context.load_verify_locations(ca_file)
    except OSError as error:
        raise Failure(
            f"SLUICE_CA_FILE: no certificates can be read from {ca_file}: {error}.", Exit.USAGE
        ) from error
    return context


@cache
def _usual() -> ssl.SSLContext:
    """The usual authorities, read once a process: it takes longer than most of what is asked by them."""
    return httpx.create_ssl_context()


def trusted_in(home: Home) -> ssl.SSLContext:
    """The same for what is asked from a home: SLUICE_CA_FILE counts, else the home's own authority."""
    own = home.certificates.ca
    return trusting(read().ca_file or (own if own.exists() else None))
