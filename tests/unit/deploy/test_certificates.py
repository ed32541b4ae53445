"""Certificates for development, met as clients meet them: in handshakes."""

from __future__ import annotations

import socket
import ssl
import stat
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from deploy.local import certificates
from deploy.local.certificates import Certificates, ensure, issue, today
from deploy.local.failures import Exit, Failure
from tests.tls import tls_server


@pytest.fixture
def made(tmp_path: Path) -> Certificates:
    at = Certificates(tmp_path / "certs")
    issue(at, ["sluice.example", "192.0.2.7"], today())
    return at


def meet(port: int, name: str, context: ssl.SSLContext) -> None:
    """A handshake, and a moment in which the server may refuse us after it."""
    with (
        socket.create_connection(("127.0.0.1", port), 20) as plain,
        context.wrap_socket(plain, server_hostname=name) as secured,
    ):
        secured.sendall(b"!")
        secured.recv(1)


def trusting(at: Certificates, shown: Path | None = None) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=at.ca)
    if shown is not None:
        context.load_cert_chain(shown)
    return context


@pytest.mark.parametrize("name", ["localhost", "127.0.0.1", "::1", "sluice.example", "192.0.2.7"])
def test_servers_are_known_by_each_of_their_names(made: Certificates, name: str) -> None:
    for part in (made.gateway, made.kafka, made.database):
        with tls_server(part) as port:
            meet(port, name, trusting(made))


@pytest.mark.parametrize("name", ["other.example", "127.0.0.2"])
def test_and_by_no_other(made: Certificates, name: str) -> None:
    with tls_server(made.gateway) as port, pytest.raises(ssl.SSLCertVerificationError, match="mismatch"):
        meet(port, name, trusting(made))


def test_who_trusts_another_authority_does_not_trust_them(made: Certificates, tmp_path: Path) -> None:
    other = Certificates(tmp_path / "other")
    issue(other, [], today())
    with tls_server(made.gateway) as port, pytest.raises(ssl.SSLCertVerificationError, match="issuer"):
        meet(port, "localhost", trusting(other))


def test_a_client_shows_one_for_clients(made: Certificates) -> None:
    with tls_server(made.kafka, client_ca=made.ca) as port:
        meet(port, "localhost", trusting(made, made.client))
        meet(port, "localhost", trusting(made, made.kafka))  # a broker meets itself
        for shown in (None, made.gateway, made.database):
            with pytest.raises(OSError, match=r"ALERT|EOF|reset"):
                meet(port, "localhost", trusting(made, shown))


def test_a_clients_certificate_makes_no_server(made: Certificates) -> None:
    with tls_server(made.client) as port, pytest.raises(ssl.SSLCertVerificationError, match="purpose"):
        meet(port, "localhost", trusting(made))


def test_only_the_authority_may_sign_and_it_does_nothing_else(made: Certificates) -> None:
    for file, signs in ((made.ca, True), (made.gateway, False), (made.client, False)):
        found = x509.load_pem_x509_certificate(file.read_bytes())
        basic = found.extensions.get_extension_for_class(x509.BasicConstraints)
        usage = found.extensions.get_extension_for_class(x509.KeyUsage)
        assert (basic.critical, basic.value.ca) == (True, signs)
        assert (usage.value.key_cert_sign, usage.value.digital_signature) == (signs, not signs)
        key = found.public_key()
        assert isinstance(key, ec.EllipticCurvePublicKey)
        assert key.curve.name == "secp256r1"


def test_keys_are_their_owners_alone(made: Certificates) -> None:
    modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in made.folder.iterdir()}
    assert modes.pop("ca.pem") == 0o644
    assert set(modes.values()) == {0o600}
    assert len(modes) == 5
    assert b"PRIVATE" not in made.ca.read_bytes()


def test_what_is_there_is_not_overwritten_unasked(made: Certificates) -> None:
    before = {file: file.read_bytes() for file in made.folder.iterdir()}
    with pytest.raises(Failure, match=f"ends on {made.ends():%Y-%m-%d}.*--renew") as failure:
        issue(made, [], today())
    assert failure.value.code is Exit.CONFLICT
    assert {file: file.read_bytes() for file in made.folder.iterdir()} == before


def test_who_trusted_the_authority_goes_on_when_certificates_are_renewed(made: Certificates) -> None:
    trusted_before, old = trusting(made), made.gateway.read_bytes()
    (gateway, *_) = issue(made, ["more.example"], today(), renew=True)
    assert gateway.names == (*certificates.LOCAL, "sluice.example", "192.0.2.7", "more.example")
    assert made.gateway.read_bytes() != old
    with tls_server(made.gateway) as port:
        for name in ("sluice.example", "more.example"):
            meet(port, name, trusted_before)


def test_what_has_ended_is_refused_and_made_anew_in_time(tmp_path: Path) -> None:
    at, now = Certificates(tmp_path), today()
    issue(at, ["sluice.example"], now - timedelta(days=400))
    with tls_server(at.gateway) as port, pytest.raises(ssl.SSLCertVerificationError, match="expired"):
        meet(port, "localhost", trusting(at))
    authority = at.ca.read_bytes()
    assert ensure(at, now)
    assert at.ca.read_bytes() == authority
    with tls_server(at.gateway) as port:
        meet(port, "sluice.example", trusting(at))
    assert not ensure(at, now)
    assert ensure(at, now + timedelta(days=370))


def test_an_authority_that_ends_is_replaced_and_nothing_outlives_it(tmp_path: Path) -> None:
    at, now = Certificates(tmp_path), today()
    issue(at, [], now - timedelta(days=3500))
    first = at.ca.read_bytes()
    (gateway, *_) = issue(at, [], now, renew=True)
    assert at.ca.read_bytes() == first
    assert gateway.ends == now + timedelta(days=150)
    issue(at, [], now + timedelta(days=130), renew=True)
    assert at.ca.read_bytes() != first


def test_a_missing_one_is_made_and_a_damaged_one_is_named(made: Certificates) -> None:
    made.client.unlink()
    assert made.ends() is None
    assert ensure(made, today())
    made.ca.write_text("nonsense")
    with pytest.raises(Failure, match=r"ca\.pem is no certificate"):
        ensure(made, today())


def test_what_is_no_name_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    with pytest.raises(Failure, match="no host name") as failure:
        issue(Certificates(tmp_path / "certs"), ["a..b"], today())
    assert failure.value.code is Exit.USAGE
    assert not (tmp_path / "certs").exists()
