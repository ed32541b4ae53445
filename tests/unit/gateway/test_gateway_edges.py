"""What holds for every route: who may ask, how errors look, what is measured, and what probes are told."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import httpx
import pytest

from connectors.ports import BrokerUnavailable, DatabaseUnavailable
from connectors.read_models import POINTER, STATE
from gateway.app import create_app
from gateway.auth.principal import TokenFileUnusable, read_token_file
from tests.unit.gateway.checks import anonymous, assert_problem
from tests.unit.gateway.fakes import TOKEN, free_port, make_private_files, settings_for, world
from tests.unit.gateway.routes import closed

_JSON = {"Content-Type": "application/json; charset=utf-8"}

OPEN = ("/health", "/ready", "/metrics", "/openapi.json", "/docs", "/asyncapi.json", "/registry/subjects")


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": "Bearer wrong"},
        {"Authorization": f"Basic {TOKEN}"},
        {"Authorization": "Bearer "},
        {"Authorization": f"Bearer {TOKEN}x"},
        {"Authorization": b"Bearer \xff\xfe"},
    ],
)
async def test_without_the_token_nothing_under_the_api_answers(tmp_path: Path, headers: Any) -> None:
    async with world(tmp_path) as w, anonymous(w) as client:
        for verb, path in closed():
            answer = await client.request(verb, path, headers=headers, json={"priority": "low"})
            assert answer.status_code == 401, (verb, path)
            assert answer.headers["www-authenticate"].startswith("Bearer")
            assert answer.headers["content-type"] == "application/problem+json"
        assert (w.publisher.events, w.files()) == ([], [])


async def test_what_is_open_answers_without_a_token(tmp_path: Path) -> None:
    async with world(tmp_path) as w, anonymous(w) as client:
        for path in OPEN:
            assert (await client.get(path)).status_code == 200, path


async def test_unknown_routes_and_methods_are_problems(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        assert_problem(await w.client.get("/nope"), 404, "not-found")
        assert_problem(await w.client.get("/api/v1/media/"), 404, "not-found")
        answer = await w.client.put("/api/v1/media")
        assert_problem(answer, 405, "method-not-allowed")
        assert answer.headers["allow"] == "GET, POST"
        answer = await w.client.post("/api/v1/users/ada")
        assert answer.headers["allow"] == "GET, PATCH, DELETE"


@pytest.mark.parametrize("half", [r"\ud800", r"\uDFFF", r"\ud800x"])
async def test_half_a_character_is_refused(tmp_path: Path, half: str) -> None:
    body = f'{{"media_id": "{half}", "profile": "web"}}'
    async with world(tmp_path) as w:
        answer = await w.client.post("/api/v1/jobs", content=body, headers=_JSON)
        assert_problem(answer, 400, "malformed-json")
        whole = body.replace(half, r"\ud83d\ude00")
        answer = await w.client.post("/api/v1/jobs", content=whole, headers=_JSON)
        assert_problem(answer, 404, "media-not-found")


@pytest.mark.parametrize("days", ['"7"', "true", '"1e1"'])
async def test_what_is_no_number_in_json_is_none(tmp_path: Path, days: str) -> None:
    body = f'{{"days": {days}}}'
    async with world(tmp_path) as w:
        answer = await w.client.post("/api/v1/invitations", content=body, headers=_JSON)
        assert_problem(answer, 422, "invalid")
        assert (await w.client.post("/api/v1/invitations", json={"days": 7.0})).status_code == 201


@pytest.mark.parametrize("moment", ["0.5", "1777636800", "2026-05-01", "soon"])
async def test_a_moment_is_a_date_with_a_time(tmp_path: Path, moment: str) -> None:
    async with world(tmp_path) as w:
        answer = await w.client.get("/api/v1/audit", params={"to": moment})
        assert_problem(answer, 422, "invalid")
        taken = await w.client.get("/api/v1/audit", params={"to": "2026-05-01T12:00:00Z"})
        assert taken.status_code == 200


async def test_an_error_of_ours_is_logged_under_an_id_and_leaks_nothing(tmp_path: Path) -> None:
    async def broken() -> str:
        raise RuntimeError("secret inner workings")

    async with world(tmp_path) as w:
        w.app.add_api_route("/broken", broken)
        answer = await w.client.get("/broken")
        said = assert_problem(answer, 500, "unexpected")
        assert "secret" not in answer.text
        assert said["instance"] == f"urn:sluice:request:{answer.headers['x-request-id']}"


@pytest.mark.parametrize(
    ("given", "is_kept"),
    [("a-sane-id_1.2:3", True), ("short", False), ("has spaces in it", False), ("x" * 200, False)],
)
async def test_a_sane_request_id_is_kept(tmp_path: Path, given: str, is_kept: bool) -> None:
    async with world(tmp_path) as w:
        answer = await w.client.get("/health", headers={"X-Request-ID": given})
        assert (answer.headers["x-request-id"] == given) is is_kept
        assert answer.headers["x-request-id"]


async def test_every_answer_says_nosniff(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        for path in ("/health", "/nope", "/api/v1/media"):
            assert (await w.client.get(path)).headers["x-content-type-options"] == "nosniff"


async def test_while_the_database_is_away_reads_are_refused_for_now(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        w.database.away = True
        for path in ("/api/v1/media", "/api/v1/media/m1", "/api/v1/jobs", "/api/v1/jobs/j1"):
            answer = await w.client.get(path)
            said = assert_problem(answer, 503, "unavailable")
            assert answer.headers["retry-after"]
            assert "10.0.0.7" not in said["detail"]


async def test_before_the_read_models_are_built_reads_are_refused_for_now(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        await w.database.remove(STATE, POINTER)
        assert_problem(await w.client.get("/api/v1/media"), 503, "unavailable")


async def test_a_body_that_no_such_request_needs_is_refused(tmp_path: Path) -> None:
    async with world(tmp_path, max_body_bytes=1000) as w:
        answer = await w.client.post("/api/v1/jobs", json={"media_id": "x" * 2000, "profile": "web"})
        assert_problem(answer, 413, "content-too-large")


async def test_readiness_names_each_dependency(tmp_path: Path) -> None:
    async def fine() -> str:
        return "answers"

    async def away() -> str:
        raise DatabaseUnavailable("no server at 10.0.0.7")

    async def refused() -> str:
        raise BrokerUnavailable("no broker at 10.0.0.8")

    async with world(tmp_path, looks={"kafka": fine, "mongodb": fine}) as w:
        answer = await w.client.get("/ready")
        assert (answer.status_code, answer.json()["ready"]) == (200, True)
    async with world(tmp_path, looks={"kafka": refused, "mongodb": away, "blobs": fine}) as w:
        answer = await w.client.get("/ready")
        assert (answer.status_code, answer.json()["ready"]) == (503, False)
        found = answer.json()["checks"]
        assert {name: check["ok"] for name, check in found.items()} == {
            "kafka": False,
            "mongodb": False,
            "blobs": True,
        }
        assert "10.0.0." not in answer.text
        assert (await w.client.get("/health")).status_code == 200


async def test_a_stopping_gateway_is_not_ready(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        w.services.in_flight.stopping = True
        assert (await w.client.get("/ready")).status_code == 503


async def test_requests_are_measured_by_template_and_never_by_id(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        await w.client.get("/api/v1/jobs/some-secret-id")
        await w.client.get("/api/v1/jobs/jobs")
        await w.client.get("/registry/subjects/secret/versions/versions")
        await w.client.get("/random-path")
        text = (await w.client.get("/metrics")).text
        assert not [word for word in ("secret", "random-path") if word in text]
        name = "sluice_http_request_duration_seconds_count"
        assert w.metric(name, method="GET", route="/api/v1/jobs/{job_id}", status="404") == 2
        route = "/registry/subjects/{subject}/versions/{version}"
        assert w.metric(name, method="GET", route=route, status="404") == 1
        assert w.metric(name, method="GET", route="unmatched", status="404") == 1


async def test_every_metric_has_a_base_unit(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        names = {m.name for m in w.services.metrics.registry.collect() if m.name.startswith("sluice_")}
        units = (
            "_seconds",
            "_bytes",
            "_in_flight",
            "_clients",
            "s",
            "_published",
            "_messages",
            "_state",
            "_away",
        )
        assert len(names) == 13
        assert all(name.endswith(units) for name in names)


def test_a_token_file_must_be_its_owners_alone(tmp_path: Path) -> None:
    file = tmp_path / "token"
    with pytest.raises(TokenFileUnusable, match="can't be read"):
        read_token_file(file)
    file.write_text("  \n")
    file.chmod(0o600)
    with pytest.raises(TokenFileUnusable, match="is empty"):
        read_token_file(file)
    file.write_text("abc\n")
    assert read_token_file(file) == "abc"
    for mode in (0o640, 0o604, 0o660):
        file.chmod(mode)
        with pytest.raises(TokenFileUnusable, match="chmod 600"):
            read_token_file(file)


async def test_the_gateway_comes_up_without_kafka_and_mongodb(tmp_path: Path) -> None:
    make_private_files(tmp_path)
    where = f"127.0.0.1:{free_port()}"
    app = create_app(settings_for(tmp_path, bootstrap=where, mongodb_url=f"mongodb://{where}"))
    transport = httpx.ASGITransport(app)
    async with (
        asyncio.timeout(20),
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://sluice") as client,
    ):
        assert (await client.get("/health")).status_code == 200
        answer = await client.get("/ready")
        assert answer.status_code == 503
        checks = answer.json()["checks"]
        assert set(checks) == {"kafka", "mongodb", "read_models", "blobs", "accounts"}
        assert checks["blobs"]["ok"]
        assert not checks["kafka"]["ok"]
        assert not checks["accounts"]["ok"]
