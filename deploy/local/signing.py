"""Certificates as X.509 wants them: an authority and what it signs, on P-256. No file is read or written."""

from __future__ import annotations

import ipaddress
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from deploy.local.failures import Exit, Failure

_AUTHORITY_FOR = timedelta(days=3650)
_CLOCKS_DIFFER = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Authority:
    """Who signs, and with what."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey


def new_authority(now: datetime) -> Authority:
    """An authority of its own name, that signs nothing but what is below it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = _called(f"Sluice development CA {secrets.token_hex(4)}")  # two of one name would be mistaken
    identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    made = (
        _dated(x509.CertificateBuilder(), now, now + _AUTHORITY_FOR)
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_key_usage(signs_certificates=True), critical=True)
        .add_extension(identifier, critical=False)
    )
    return Authority(made.sign(key, hashes.SHA256()), key)


def leaf_of(
    part: str,
    uses: Iterable[x509.ObjectIdentifier],
    names: Sequence[x509.GeneralName],
    now: datetime,
    ends: datetime,
) -> x509.CertificateBuilder:
    """All that is said of one part, but for its key and its issuer."""
    return (
        _dated(x509.CertificateBuilder(), now, ends)
        .subject_name(_called(f"sluice {part}"))
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_key_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage(uses), critical=False)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
    )


def signed(authority: Authority, said: x509.CertificateBuilder) -> bytes:
    """The file of what is said, with a new key, signed."""
    key = ec.generate_private_key(ec.SECP256R1())
    issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.key.public_key())
    made = (
        said.issuer_name(authority.certificate.subject)
        .public_key(key.public_key())
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(issuer, critical=False)
        .sign(authority.key, hashes.SHA256())
    )
    return key_pem(key) + pem(made)


def _dated(builder: x509.CertificateBuilder, now: datetime, ends: datetime) -> x509.CertificateBuilder:
    numbered = builder.serial_number(x509.random_serial_number())
    return numbered.not_valid_before(now - _CLOCKS_DIFFER).not_valid_after(ends)


def _key_usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _called(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def general_name(name: str) -> x509.GeneralName:
    """A host name or an address. Raises Failure for what is neither."""
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        pass
    try:
        return x509.DNSName(name.encode("idna").decode())
    except UnicodeError as error:
        raise Failure(f"{name!r} is no host name: {error}.", Exit.USAGE) from error


def pem(certificate: x509.Certificate) -> bytes:
    """A certificate's file."""
    return certificate.public_bytes(serialization.Encoding.PEM)


def key_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    """A key's file, without a password."""
    form = serialization.PrivateFormat.PKCS8  # the one that Kafka reads
    return key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption())
