"""An authority for development, and what it signs: for each part one file with its key and certificate.

The authority stays when certificates are renewed, so that who trusts it goes on doing so.
"""

from __future__ import annotations

import os
import ssl
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID

from deploy.local.failures import Exit, Failure
from deploy.local.signing import Authority, general_name, key_pem, leaf_of, new_authority, pem, signed

LOCAL = ("localhost", "127.0.0.1", "::1")
RENEW_BEFORE = timedelta(days=30)

_GOOD_FOR = timedelta(days=397)
"""The longest that browsers believe."""
_SERVER, _CLIENT = ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH
_USES = {
    "gateway": (_SERVER,),
    "kafka": (_SERVER, _CLIENT),  # a broker is a client of itself
    "database": (_SERVER,),
    "client": (_CLIENT,),
}


@dataclass(frozen=True, slots=True)
class Certificates:
    """The folder they are in."""

    folder: Path

    @property
    def ca(self) -> Path:
        """What others have to trust; nothing in it is secret."""
        return self.folder / "ca.pem"

    @property
    def ca_key(self) -> Path:
        return self.folder / "ca.key"

    @property
    def gateway(self) -> Path:
        return self.folder / "gateway.pem"

    @property
    def kafka(self) -> Path:
        return self.folder / "kafka.pem"

    @property
    def database(self) -> Path:
        return self.folder / "database.pem"

    @property
    def client(self) -> Path:
        return self.folder / "client.pem"

    def client_context(self) -> ssl.SSLContext:
        """What a client of ours meets the servers with."""
        context = ssl.create_default_context(cafile=self.ca)
        context.load_cert_chain(self.client)
        return context

    def exist(self) -> bool:
        """Whether there are any."""
        return self.ca.exists()

    def ends(self) -> datetime | None:
        """When the first of them ends; None where one is missing. Raises Failure."""
        files = [self.ca, *(self.folder / f"{part}.pem" for part in _USES)]
        if not all(file.exists() for file in (*files, self.ca_key)):
            return None
        return min(_read(file).not_valid_after_utc for file in files)


@dataclass(frozen=True, slots=True)
class Issued:
    """One certificate that was made."""

    part: str
    file: Path
    names: tuple[str, ...]
    ends: datetime


def issue(at: Certificates, names: Sequence[str], now: datetime, *, renew: bool = False) -> list[Issued]:
    """Makes all certificates anew, and the authority where there is none that lasts.

    `names` come on top of the local ones, and of those that were there. Raises Failure where certificates
    are there and may not be renewed.
    """
    if at.exist() and not renew:
        ends = at.ends()
        until = f"; the first ends on {ends:%Y-%m-%d}" if ends else ", not all"
        raise Failure(
            f"there are certificates in {at.folder}{until}: renew them with --renew.", Exit.CONFLICT
        )
    every = tuple(dict.fromkeys([*LOCAL, *_known_names(at), *names]))
    called = [general_name(name) for name in every]
    at.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    authority = _authority(at, now)
    ends = min(now + _GOOD_FOR, authority.certificate.not_valid_after_utc)
    for part, uses in _USES.items():
        said = leaf_of(part, uses, called, now, ends)
        _write(at.folder / f"{part}.pem", signed(authority, said), mode=0o600)
    return [Issued(part, at.folder / f"{part}.pem", every, ends) for part in _USES]


def ensure(at: Certificates, now: datetime) -> bool:
    """Makes certificates where some are missing or end soon; whether it did. Raises Failure."""
    ends = at.ends() if at.exist() else None
    if ends is not None and ends - now > RENEW_BEFORE:
        return False
    issue(at, (), now, renew=True)
    return True


def _known_names(at: Certificates) -> list[str]:
    if not at.gateway.exists():
        return []
    found = _read(at.gateway).extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return [str(name.value) for name in found]


def _authority(at: Certificates, now: datetime) -> Authority:
    """The one that is there, or a new one where it is missing or ends soon."""
    if at.exist() and at.ca_key.exists():
        kept = Authority(_read(at.ca), _read_key(at.ca_key))
        if kept.certificate.not_valid_after_utc - now > RENEW_BEFORE:
            return kept
    made = new_authority(now)
    _write(at.ca_key, key_pem(made.key), mode=0o600)
    _write(at.ca, pem(made.certificate), mode=0o644)
    return made


def _read(file: Path) -> x509.Certificate:
    try:
        return x509.load_pem_x509_certificate(file.read_bytes())
    except (OSError, ValueError) as error:
        raise Failure(f"{file} is no certificate: {error}. Move it away, and make new ones.") from error


def _read_key(file: Path) -> ec.EllipticCurvePrivateKey:
    try:
        key = serialization.load_pem_private_key(file.read_bytes(), None)
    except (OSError, ValueError, TypeError) as error:
        raise Failure(f"{file} is no key: {error}. Move it and ca.pem away, and make new ones.") from error
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise Failure(f"{file} is no key of ours. Move it and ca.pem away, and make new ones.")
    return key


def _write(file: Path, content: bytes, *, mode: int) -> None:
    """Complete or as before, and never readable by others for a moment."""
    descriptor, name = tempfile.mkstemp(dir=file.parent)  # made with mode 0600
    with os.fdopen(descriptor, "wb") as out:
        out.write(content)
        os.fchmod(descriptor, mode)
    Path(name).replace(file)


def today() -> datetime:
    """The time by this machine's clock."""
    return datetime.now(UTC).replace(microsecond=0)  # certificates know no smaller unit
