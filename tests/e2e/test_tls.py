"""A whole stack over TLS: a clip goes through it, and nobody is let in without the right certificates."""

from __future__ import annotations

import os
import socket
import ssl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import httpx
import orjson
import pymongo
import pytest
from pymongo.errors import ServerSelectionTimeoutError

from connectors.brokers import Brokers, KafkaSecurity
from connectors.kafka import KafkaPublisher
from connectors.ports import BrokerUnavailable
from deploy.local import certificates, database
from deploy.local.certificates import Certificates
from deploy.local.home import Home
from deploy.local.parts import Options
from deploy.local.settings import ROOT
from deploy.local.stack import Stack
from deploy.local.trust import trusting
from schemas.codec import Codec
from tests.client import Client
from tests.clips import clip
from tests.log import published

PARTS = ("gateway", "kafka", "controller", "database")


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    home = Home(tmp_path_factory.mktemp("a home") / "mit Ümlaut")
    with Stack.start(home, Options(tls=True, port=8795)) as running:
        yield running


@pytest.fixture(scope="module")
def others(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    """What another authority has made, for the same names."""
    made = Certificates(tmp_path_factory.mktemp("others") / "certs")
    certificates.ensure(made, certificates.today())
    return made


def port_of(stack: Stack, part: str) -> int:
    remembered = orjson.loads((stack.home.run / "ports.json").read_bytes())
    return int(stack.endpoints.gateways[0] if part == "gateway" else remembered[part])


@contextmanager
def shaken_hands(stack: Stack, part: str, context: ssl.SSLContext) -> Iterator[ssl.SSLSocket]:
    with (
        socket.create_connection(("127.0.0.1", port_of(stack, part)), 10) as plain,
        context.wrap_socket(plain, server_hostname="localhost") as secured,
    ):
        yield secured


async def meet_kafka(stack: Stack, ca_file: Path | None = None, cert_file: Path | None = None) -> None:
    """As the gateway does. Raises BrokerUnavailable."""
    brokers = Brokers(stack.endpoints.kafka.bootstrap, KafkaSecurity(ca_file=ca_file, cert_file=cert_file))
    async with KafkaPublisher(brokers, Codec()):
        pass


def ping(url: str) -> None:
    with pymongo.MongoClient[dict[str, object]](url, serverSelectionTimeoutMS=500) as client:
        client.admin.command("ping")


def test_a_clip_goes_through_to_its_end(stack: Stack, tmp_path: Path) -> None:
    assert stack.url is not None
    assert stack.url.startswith("https://")
    client = Client(stack.url, stack.token, stack.home.certificates.ca)
    asked = client.upload(clip(tmp_path / "film.mp4", seconds=1), profile="preview")
    job = client.until_job(asked["job"]["id"], "completed")
    file = client.download(f"/api/v1/jobs/{job['id']}/output", tmp_path / "made.mp4")
    assert b"ftyp" in file.read_bytes()[:32]
    assert job["id"] in [e.job_id for e in published(stack.endpoints.kafka, "media.processed")]


def test_the_command_line_finds_and_trusts_it(stack: Stack, tmp_path: Path, others: Certificates) -> None:
    def sluice(*words: str, **env: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "deploy.local", *words, "--home", str(stack.home.root)]
        told = {**os.environ, "PYTHONPATH": str(ROOT), "NO_COLOR": "1", **env}
        return subprocess.run(command, env=told, capture_output=True, text=True, timeout=120, check=False)

    film = clip(tmp_path / "film.mp4", seconds=1)
    added = sluice("add", str(film), "--profile", "preview", "--watch", "--json")
    assert added.returncode == 0, added.stdout + added.stderr
    status = orjson.loads(sluice("status", "--json").stdout)
    assert (status["up"], status["url"]) == (True, stack.url)
    assert "media.uploaded" in sluice("events", "--topic", "media.uploaded").stdout
    strange = sluice("jobs", SLUICE_CA_FILE=str(others.ca))
    assert strange.returncode == 3
    assert "certificate verify failed" in strange.stderr
    assert "SLUICE_CA_FILE" in strange.stderr


@pytest.mark.parametrize("part", PARTS)
def test_a_port_speaks_tls_with_who_trusts_the_authority(stack: Stack, part: str) -> None:
    context = stack.home.certificates.client_context()
    with shaken_hands(stack, part, context) as secured:
        assert secured.version() in ("TLSv1.2", "TLSv1.3")


@pytest.mark.parametrize("part", PARTS)
def test_a_port_is_not_who_another_authority_speaks_for(
    stack: Stack, others: Certificates, part: str
) -> None:
    with pytest.raises(ssl.SSLCertVerificationError), shaken_hands(stack, part, others.client_context()):
        pass


async def test_plain_clients_are_refused_and_told(stack: Stack) -> None:
    with pytest.raises(httpx.HTTPError):
        httpx.get(f"http://127.0.0.1:{port_of(stack, 'gateway')}/health", timeout=10)
    with pytest.raises(BrokerUnavailable, match="it speaks TLS: SLUICE_KAFKA_CA_FILE"):
        await meet_kafka(stack)
    with pytest.raises(ServerSelectionTimeoutError):
        ping(database.url(port_of(stack, "database")))


async def test_clients_that_trust_another_authority_turn_back(stack: Stack, others: Certificates) -> None:
    with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
        httpx.get(f"{stack.url}/health", verify=trusting(others.ca), timeout=10)
    with pytest.raises(BrokerUnavailable, match=r"certificate is refused .* SLUICE_KAFKA_CA_FILE"):
        await meet_kafka(stack, ca_file=others.ca, cert_file=others.client)
    with pytest.raises(ServerSelectionTimeoutError, match="certificate verify failed"):
        ping(database.url(port_of(stack, "database"), others))


async def test_nobody_gets_at_the_data_without_a_certificate_of_their_own(stack: Stack) -> None:
    ca = stack.home.certificates.ca
    with pytest.raises(BrokerUnavailable, match=r"it refuses us .* SLUICE_KAFKA_CERT_FILE"):
        await meet_kafka(stack, ca_file=ca)
    with pytest.raises(ServerSelectionTimeoutError):
        ping(f"{database.url(port_of(stack, 'database'))}&tls=true&tlsCAFile={quote(str(ca))}")


def test_https_alone_is_enough_for_the_gateway(stack: Stack) -> None:
    trusted = ssl.create_default_context(cafile=stack.home.certificates.ca)
    assert httpx.get(f"{stack.url}/ready", verify=trusted, timeout=10).status_code == 200
