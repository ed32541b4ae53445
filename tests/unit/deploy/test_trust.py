"""Commands against a gateway over TLS: who is trusted, and what is said where nobody is."""

from __future__ import annotations

from pathlib import Path

import httpx
import pymongo
import pytest
from typer.testing import CliRunner

from connectors.brokers import Brokers, KafkaSecurity
from connectors.mongo import DatabaseUrlUnusable, MongoDatabase
from connectors.registry import RegistryRefuses, open_registry
from deploy.local import database, kafka, parts, readiness
from deploy.local.certificates import Certificates, ensure, today
from deploy.local.cli import app
from deploy.local.failures import Exit, Failure
from deploy.local.home import Home
from deploy.local.parts import Endpoints
from deploy.local.settings import brokers, read
from deploy.local.starting import _command
from deploy.local.trust import trusted_in, trusting
from tests.tls import tls_server
from tests.unit.deploy.gateway import serving


@pytest.fixture
def home(tmp_path: Path) -> Home:
    made = Home(tmp_path / "Ümlaut 100%")
    made.prepare()
    ensure(made.certificates, today())
    return made


@pytest.fixture
def others(tmp_path: Path) -> Certificates:
    made = Certificates(tmp_path / "others")
    ensure(made, today())
    return made


def jobs(home: Home, url: str, **env: str) -> tuple[int, str]:
    told = {"SLUICE_TOKEN": "t", "SLUICE_CA_FILE": "", **env}
    result = CliRunner().invoke(app, ["jobs", "--url", url, "--home", str(home.root)], env=told)
    return result.exit_code, result.stderr


def test_the_homes_authority_is_trusted_or_the_one_that_is_named(home: Home, others: Certificates) -> None:
    with serving(home.certificates.gateway) as fake:
        fake.answers("GET /api/v1/jobs", {"items": [], "next": None})
        assert jobs(home, fake.url)[0] == Exit.OK
        code, said = jobs(home, fake.url, SLUICE_CA_FILE=str(others.ca))
    assert code == Exit.NOT_RUNNING
    assert "certificate verify failed: unable to get local issuer certificate" in said
    assert "SLUICE_CA_FILE" in said
    assert "_ssl.c" not in said


def test_another_gateway_is_trusted_by_its_own_authority(home: Home, others: Certificates) -> None:
    with serving(others.gateway) as fake:
        fake.answers("GET /api/v1/jobs", {"items": [], "next": None})
        assert jobs(home, fake.url)[0] == Exit.NOT_RUNNING
        assert jobs(home, fake.url, SLUICE_CA_FILE=str(others.ca))[0] == Exit.OK


def test_a_command_without_tls_is_told_of_it(home: Home) -> None:
    with serving(home.certificates.gateway) as fake:
        code, said = jobs(home, fake.url.replace("https", "http"))
    assert code == Exit.NOT_RUNNING
    assert "is it https?" in said


def test_a_file_without_certificates_is_named(home: Home) -> None:
    with pytest.raises(Failure, match="SLUICE_CA_FILE: no certificates can be read"):
        trusting(home.token_file)
    assert jobs(home, "https://localhost:1", SLUICE_CA_FILE="/no/such")[0] == Exit.USAGE


def test_the_usual_authorities_are_read_once_a_process() -> None:
    """Whoever waits for a gateway asks it again and again."""
    assert trusting(None) is trusting(None)


def test_an_authority_that_is_named_is_for_who_named_it(home: Home) -> None:
    assert trusting(home.certificates.ca) is not trusting(home.certificates.ca)
    usual = httpx.create_ssl_context().cert_store_stats()
    assert trusting(None).cert_store_stats() == usual


def test_a_home_without_certificates_trusts_the_usual_authorities(tmp_path: Path) -> None:
    usual = httpx.create_ssl_context().cert_store_stats()
    assert trusted_in(Home(tmp_path)).cert_store_stats() == usual


def test_a_server_is_there_once_its_certificate_is_good(home: Home, others: Certificates) -> None:
    with tls_server(home.certificates.kafka, client_ca=home.certificates.ca) as port:
        assert readiness.accepts(f"127.0.0.1:{port}", home.certificates.client_context())
        assert not readiness.accepts(f"127.0.0.1:{port}", others.client_context())


def test_certificates_are_made_by_a_command_and_renewed_only_if_asked(tmp_path: Path) -> None:
    def certs(*words: str) -> tuple[int, str]:
        result = CliRunner().invoke(app, ["certs", "--home", str(tmp_path / "home"), *words])
        return result.exit_code, result.stdout + result.stderr

    code, said = certs("--name", "sluice.example")
    assert code == Exit.OK
    assert "sluice.example" in said
    assert str(today().year + 1) in said or str(today().year + 2) in said
    code, said = certs()
    assert code == Exit.CONFLICT
    assert "--renew" in said
    code, said = certs("--renew", "--json")
    assert (code, said.count('"part"'), said.count("sluice.example")) == (Exit.OK, 4, 4)


def test_the_broker_is_told_to_speak_tls_alone(home: Home) -> None:
    certs = home.certificates
    text = kafka.properties(1, 2, None, certs)
    assert "PLAINTEXT" not in text
    assert text.isascii()
    assert "\nssl.client.auth=required\n" in text
    escaped = str(certs.kafka).replace("Ü", "\\u00dc")
    assert f"\nssl.keystore.location={escaped}\n" in text
    assert "SSL" not in kafka.properties(1, 2)


def test_the_database_is_told_to_speak_tls_alone(home: Home) -> None:
    certs, folder = home.certificates, home.database
    mongod = database.command(folder, 1, certs, mongod="/bin/mongod")
    assert mongod[mongod.index("--tlsMode") + 1] == "requireTLS"
    assert mongod[mongod.index("--tlsCAFile") + 1] == str(certs.ca)
    assert not any("tls" in word for word in database.command(folder, 1, mongod="/bin/mongod"))
    read_back = pymongo.uri_parser.parse_uri(database.url(1, certs))["options"]
    assert read_back["tls"] is True
    assert read_back["tlsCAFile"] == str(certs.ca)
    assert read_back["tlsCertificateKeyFile"] == str(certs.client)


def test_what_children_are_told_is_what_commands_read_back(home: Home) -> None:
    certs = home.certificates
    secured = Brokers("127.0.0.1:1", KafkaSecurity(ca_file=certs.ca, cert_file=certs.client))
    at = Endpoints(kafka=secured, mongodb_url="mongodb://db", gateways=(8400,), scheme="https")
    told = parts.told(home, at, {}, None)
    assert brokers(told) == secured
    assert told["SLUICE_TLS_CERT_FILE"] == str(certs.gateway)
    assert at.urls == ("https://127.0.0.1:8400",)


@pytest.mark.parametrize("tls", [True, False])
def test_a_detached_stack_is_told_too(home: Home, tls: bool) -> None:
    assert ("--tls" in _command(home, parts.Options(tls=tls))) is tls


def test_a_registry_is_trusted_by_its_authority(home: Home, others: Certificates) -> None:
    with serving(home.certificates.gateway) as fake:
        with pytest.raises(RegistryRefuses, match="404"):  # there it is; it only has nothing to say
            open_registry(fake.url, home.certificates.ca)
        with pytest.raises(RegistryRefuses, match="CERTIFICATE_VERIFY_FAILED"):
            open_registry(fake.url, others.ca)


def test_a_stack_of_ours_inherits_no_tls_that_is_meant_for_others() -> None:
    said = {"SLUICE_KAFKA_CA_FILE": "/x", "SLUICE_TLS_CERT_FILE": "/y", "HOME": "/root"}
    assert read(said).environ == {"HOME": "/root"}


@pytest.mark.parametrize("option", ["tlsInsecure", "tlsAllowInvalidCertificates", "tlsallowinvalidhostnames"])
def test_no_certificate_of_a_database_is_taken_unchecked(option: str) -> None:
    with pytest.raises(DatabaseUrlUnusable, match=f"MONGODB_URL has {option.lower()}"):
        MongoDatabase(f"mongodb://db/?tls=true&{option}=true", "sluice")
    MongoDatabase(f"mongodb://db/?tls=true&{option}=false", "sluice").close()
