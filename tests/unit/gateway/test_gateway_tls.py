"""HTTPS by the gateway itself: for who trusts its authority, and only with a certificate that is good."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import WebSocketException

from deploy.local.certificates import Certificates, issue, today
from gateway.settings import Settings
from gateway.tls import CertificateUnusable, check_tls, tls_of
from tests.unit.gateway.fakes import AUTHORIZED, World, served, settings_for, world
from tests.unit.gateway.people import PASSWORD, person


@pytest.fixture
def certs(tmp_path: Path) -> Certificates:
    at = Certificates(tmp_path / "certs")
    issue(at, [], today())
    return at


@asynccontextmanager
async def over_tls(certs: Certificates, folder: Path) -> AsyncIterator[tuple[World, str]]:
    async with world(folder, tls_cert_file=certs.gateway) as w:
        check_tls(w.services.settings)
        async with served(w.app, **tls_of(w.services.settings)) as port:
            yield w, f"https://localhost:{port}"


def settings(folder: Path, **files: Path) -> Settings:
    return settings_for(folder, **files)


async def test_a_page_is_signed_in_over_it(certs: Certificates, tmp_path: Path) -> None:
    trusted = ssl.create_default_context(cafile=certs.ca)
    async with over_tls(certs, tmp_path) as (w, url), httpx.AsyncClient(base_url=url, verify=trusted) as page:
        await person(w)
        body = {"login": "ada", "password": PASSWORD, "cookies": True}
        answer = await page.post("/api/v1/auth/login", json=body, headers={"Origin": url})
        assert answer.status_code == 200, answer.text
        assert all("Secure" in line for line in answer.headers.get_list("set-cookie"))
        assert (await page.get("/api/v1/auth/whoami")).status_code == 200
        safe = {"X-CSRF-Token": answer.json()["csrf_token"], "Origin": url.replace("https", "http")}
        assert (await page.post("/api/v1/auth/logout", headers=safe)).status_code == 403
        safe["Origin"] = url
        assert (await page.post("/api/v1/auth/logout", headers=safe)).is_success


async def test_only_who_trusts_its_authority_goes_on(certs: Certificates, tmp_path: Path) -> None:
    async with over_tls(certs, tmp_path) as (_, url), httpx.AsyncClient() as stranger:
        with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
            await stranger.get(f"{url}/health")
        with pytest.raises(httpx.HTTPError):
            await stranger.get(f"{url.replace('https', 'http')}/health")


async def test_a_socket_goes_over_it_too(certs: Certificates, tmp_path: Path) -> None:
    trusted = ssl.create_default_context(cafile=certs.ca)
    async with over_tls(certs, tmp_path) as (_, url):
        address = f"{url.replace('https', 'wss')}/api/v1/ws"
        async with connect(address, ssl=trusted, additional_headers=AUTHORIZED) as socket:
            await socket.send('{"subscribe": {}}')
            assert "subscribed" in str(await socket.recv())
        with pytest.raises((OSError, WebSocketException)):
            await connect(address.replace("wss", "ws"), additional_headers=AUTHORIZED)


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
async def test_each_version_that_is_good_is_spoken(
    certs: Certificates, tmp_path: Path, version: ssl.TLSVersion
) -> None:
    trusted = ssl.create_default_context(cafile=certs.ca)
    trusted.minimum_version = trusted.maximum_version = version
    async with over_tls(certs, tmp_path) as (_, url), httpx.AsyncClient(verify=trusted) as client:
        assert (await client.get(f"{url}/health")).status_code == 200


def test_without_a_certificate_it_is_http(tmp_path: Path) -> None:
    plain = settings(tmp_path)
    check_tls(plain)
    assert (plain.scheme, tls_of(plain)) == ("http", {})


def test_a_certificate_that_has_ended_is_named(tmp_path: Path) -> None:
    at = Certificates(tmp_path / "certs")
    issue(at, [], today() - timedelta(days=400))
    with pytest.raises(CertificateUnusable, match=r"SLUICE_TLS_CERT_FILE: the certificate ended on 20"):
        check_tls(settings(tmp_path, tls_cert_file=at.gateway))


def test_a_key_that_others_may_read_is_not_used(certs: Certificates, tmp_path: Path) -> None:
    certs.gateway.chmod(0o644)
    with pytest.raises(CertificateUnusable, match=r"SLUICE_TLS_CERT_FILE.*chmod 600"):
        check_tls(settings(tmp_path, tls_cert_file=certs.gateway))


def test_a_key_of_another_certificate_is_named(certs: Certificates, tmp_path: Path) -> None:
    mixed = settings(tmp_path, tls_cert_file=certs.gateway, tls_key_file=certs.database)
    with pytest.raises(CertificateUnusable, match="SLUICE_TLS_CERT_FILE, SLUICE_TLS_KEY_FILE"):
        check_tls(mixed)
