"""How Kafka is reached: the same for each library, never unchecked, and with a word that helps."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import faust
import pytest
from confluent_kafka.admin import AdminClient
from cryptography.hazmat.primitives import serialization

from connectors.brokers import Brokers, KafkaSecurity, KafkaSecurityUnusable
from deploy.local.certificates import Certificates, issue, today
from deploy.local.failures import Failure
from deploy.local.ports import pick
from deploy.local.settings import read
from gateway.settings import Settings as GatewaySettings
from processors.host import _credentials
from processors.settings import Settings as ProcessorSettings
from tests.tls import plain_server, tls_server

PASSWORD = "pass-word"


@pytest.fixture(scope="module")
def certs(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return issued(tmp_path_factory.mktemp("ours"))


@pytest.fixture(scope="module")
def others(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return issued(tmp_path_factory.mktemp("others"))


def issued(folder: Path, age: timedelta = timedelta(0)) -> Certificates:
    at = Certificates(folder)
    issue(at, [], today() - age)
    return at


def private(folder: Path, text: str = PASSWORD + "\n") -> Path:
    file = folder / "password"
    file.write_text(text)
    file.chmod(0o600)
    return file


def at_port(port: int, **files: Any) -> Brokers:
    return Brokers(f"127.0.0.1:{port}", KafkaSecurity(**files))


def test_without_an_authority_nothing_is_secured() -> None:
    brokers = Brokers("one:9092, two:9093").checked()
    assert brokers.each() == ["one:9092", "two:9093"]
    assert brokers.aiokafka()["security_protocol"] == "PLAINTEXT"
    assert brokers.aiokafka()["ssl_context"] is None
    assert brokers.librdkafka()["security.protocol"] == "PLAINTEXT"
    assert _credentials(brokers.security) is None


def test_every_library_checks_the_server_and_its_name(certs: Certificates) -> None:
    brokers = at_port(9092, ca_file=certs.ca).checked()
    said = brokers.librdkafka()
    assert (said["security.protocol"], said["ssl.ca.location"]) == ("SSL", str(certs.ca))
    assert said["ssl.endpoint.identification.algorithm"] == "https"
    assert not any("certificate.location" in name or name.startswith("sasl") for name in said)
    credentials = _credentials(brokers.security)
    assert isinstance(credentials, faust.SSLCredentials)
    for context in (brokers.aiokafka()["ssl_context"], credentials.context):
        assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)
        assert context.minimum_version is ssl.TLSVersion.TLSv1_2
        assert [each["serialNumber"] for each in context.get_ca_certs()] == [serial(certs.ca)]


def serial(file: Path) -> str:
    return str(ssl._ssl._test_decode_cert(str(file))["serialNumber"])  # type: ignore[attr-defined]


def test_a_user_is_signed_in_over_tls_with_each_library(certs: Certificates, tmp_path: Path) -> None:
    security = KafkaSecurity(ca_file=certs.ca, user="ada", password_file=private(tmp_path), mechanism="PLAIN")
    brokers = Brokers("kafka:9093", security).checked()
    said = brokers.librdkafka()
    assert said["security.protocol"] == brokers.aiokafka()["security_protocol"] == "SASL_SSL"
    assert (said["sasl.username"], said["sasl.password"], said["sasl.mechanism"]) == (
        "ada",
        PASSWORD,
        "PLAIN",
    )
    assert brokers.aiokafka()["sasl_plain_password"] == PASSWORD
    assert brokers.aiokafka()["sasl_mechanism"] == "PLAIN"
    credentials = _credentials(security)
    assert isinstance(credentials, faust.SASLCredentials)
    assert (credentials.username, credentials.password) == ("ada", PASSWORD)
    assert (credentials.protocol.value, credentials.mechanism.value) == ("SASL_SSL", "PLAIN")
    assert PASSWORD not in repr(brokers)


def test_librdkafka_knows_all_that_it_is_told(certs: Certificates, tmp_path: Path) -> None:
    security = KafkaSecurity(ca_file=certs.ca, cert_file=certs.client)
    for each in (security, replace(security, user="ada", password_file=private(tmp_path))):
        AdminClient(at_port(pick(set())).librdkafka() | Brokers("127.0.0.1:9", each).librdkafka())


@pytest.mark.parametrize(
    ("changed", "setting"),
    [
        ({"ca_file": Path("/no/such")}, "SLUICE_KAFKA_CA_FILE"),
        ({"ca_file": None}, "need SLUICE_KAFKA_CA_FILE"),
        ({"cert_file": Path("/no/such")}, "SLUICE_KAFKA_CERT_FILE"),
        ({"cert_file": None, "key_file": Path("/no/such")}, "SLUICE_KAFKA_KEY_FILE needs"),
        ({"user": "ada"}, "SLUICE_KAFKA_PASSWORD_FILE"),
        ({"password_file": Path("/no/such")}, "SLUICE_KAFKA_USER"),
        ({"user": "ada", "password_file": Path("/no/such")}, "SLUICE_KAFKA_PASSWORD_FILE"),
    ],
)
def test_what_cant_work_names_its_setting(
    certs: Certificates, changed: Mapping[str, Any], setting: str
) -> None:
    good = KafkaSecurity(ca_file=certs.ca, cert_file=certs.client)
    good.check()
    with pytest.raises(KafkaSecurityUnusable, match=setting):
        replace(good, **changed).check()


def test_a_password_that_others_may_read_is_not_used(certs: Certificates, tmp_path: Path) -> None:
    file = private(tmp_path)
    file.chmod(0o640)
    with pytest.raises(KafkaSecurityUnusable, match=r"SLUICE_KAFKA_PASSWORD_FILE.*chmod 600"):
        KafkaSecurity(ca_file=certs.ca, user="ada", password_file=file).check()


def test_a_key_that_wants_a_password_asks_no_terminal(certs: Certificates, tmp_path: Path) -> None:
    key = serialization.load_pem_private_key(certs.client.read_bytes(), None)
    assert hasattr(key, "private_bytes")
    form, locked = serialization.PrivateFormat.PKCS8, serialization.BestAvailableEncryption(b"x")
    (tmp_path / "key").write_bytes(key.private_bytes(serialization.Encoding.PEM, form, locked))
    with pytest.raises(KafkaSecurityUnusable, match="without a password"):
        KafkaSecurity(ca_file=certs.ca, cert_file=certs.client, key_file=tmp_path / "key").check()


def test_all_processes_read_the_same_from_the_environment(
    certs: Certificates, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = {
        "SLUICE_KAFKA": "kafka:9093",
        "SLUICE_KAFKA_CA_FILE": str(certs.ca),
        "SLUICE_KAFKA_CERT_FILE": str(certs.client),
        "SLUICE_KAFKA_KEY_FILE": str(certs.client),
        "SLUICE_KAFKA_USER": "ada",
        "SLUICE_KAFKA_PASSWORD_FILE": str(private(tmp_path)),
        "SLUICE_KAFKA_SASL": "SCRAM-SHA-256",
        "SLUICE_TOKEN_FILE": str(tmp_path / "token"),
        "SLUICE_SECRET_FILE": str(tmp_path / "secret"),
        "SLUICE_BLOBS": tmp_path.as_uri(),
        "MONGODB_URL": "mongodb://db",
    }
    for name, value in told.items():
        monkeypatch.setenv(name, value)
    wanted = Brokers(
        "kafka:9093",
        KafkaSecurity(
            ca_file=certs.ca,
            cert_file=certs.client,
            key_file=certs.client,
            user="ada",
            password_file=tmp_path / "password",
            mechanism="SCRAM-SHA-256",
        ),
    )
    assert GatewaySettings().kafka == ProcessorSettings().kafka == read(told).kafka == wanted


def test_a_way_to_sign_in_that_nobody_knows_is_refused(certs: Certificates) -> None:
    told = {"SLUICE_KAFKA": "kafka:9093", "SLUICE_KAFKA_CA_FILE": str(certs.ca)}
    with pytest.raises(Failure, match="SLUICE_KAFKA_SASL is one of SCRAM-SHA-512"):
        read({**told, "SLUICE_KAFKA_SASL": "MD5"})


def test_the_reason_is_said_where_a_client_keeps_it_to_itself(
    certs: Certificates, others: Certificates, tmp_path: Path
) -> None:
    expired = issued(tmp_path, age=timedelta(days=400))
    with tls_server(certs.kafka) as port:
        assert "(unable to get local issuer" in at_port(port, ca_file=others.ca).why("x")
        assert "it speaks TLS: SLUICE_KAFKA_CA_FILE" in at_port(port).why("x")
        assert at_port(port, ca_file=certs.ca).why("no answer") == "no answer"
    with tls_server(expired.kafka) as port:
        said = at_port(port, ca_file=expired.ca).why("x")
        assert "(certificate has expired): see SLUICE_KAFKA_CA_FILE" in said
    with tls_server(certs.kafka, client_ca=certs.ca) as port:
        assert "SLUICE_KAFKA_CERT_FILE" in at_port(port, ca_file=certs.ca).why("x")
        assert "it speaks TLS" in at_port(port).why("x")
    with plain_server() as port:
        assert "does it speak TLS there" in at_port(port, ca_file=certs.ca).why("x")
        assert at_port(port).why("no answer") == "no answer"


def test_a_server_that_is_away_is_not_blamed_on_tls(certs: Certificates) -> None:
    nobody = pick(set())
    assert at_port(nobody, ca_file=certs.ca).why("no answer") == "no answer"
    assert at_port(nobody).why("no answer") == "no answer"
    assert Brokers("not an address").why("no answer") == "no answer"
