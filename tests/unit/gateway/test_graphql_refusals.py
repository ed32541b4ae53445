"""What GraphQL refuses is in the audit log, though it answers with a success."""

from __future__ import annotations

from pathlib import Path

from tests.unit.gateway.asking import asked
from tests.unit.gateway.fakes import World, served, world
from tests.unit.gateway.history import requested, uploaded
from tests.unit.gateway.people import header_of, person
from tests.unit.gateway.test_graphql_live import PROGRESS, line, next_of, subscribe
from tests.unit.gateway.trail import written


async def refused(w: World) -> list[tuple[str, str, str | None, dict[str, str]]]:
    """Who, what, and which fields with which codes."""
    records = [record for record in await written(w) if record.outcome == "refused"]
    return [(record.actor_id, record.action, record.route, record.details) for record in records]


async def test_refused_fields_are_told_by_their_names(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        ada, bob = await person(w, "ada", "viewer"), await person(w, "bob", "editor")
        await w.happened(uploaded("m1", owner_id=bob.id))
        document = '{ first: media(id: "m1") { id } again: media(id: "m1") { id } services { service } }'
        await asked(w, document, await header_of(w, ada))
        said = "/api/v1/graphql"
        assert await refused(w) == [
            (ada.id, "graphql.asked", said, {"code": "media-not-found", "field": "media"}),
            (ada.id, "graphql.asked", said, {"code": "not-allowed", "field": "services"}),
        ]


async def test_what_is_only_wrong_is_not_told(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        headers = await header_of(w, await person(w, "ada", "editor"))
        for document in ('{ media(id: "none") { id } }', "{ nothing }", "{", "{ jobs(first: 0) { next } }"):
            assert "errors" in await asked(w, document, headers)
        assert await refused(w) == []


async def test_refused_subscriptions_are_told(tmp_path: Path) -> None:
    async with world(tmp_path) as w, served(w.app) as port:
        ada, bob = await person(w, "ada"), await person(w, "bob", "editor")
        await w.happened(uploaded("m1", owner_id=bob.id), requested("j1", media_id="m1", owner_id=bob.id))
        async with line(port, await header_of(w, ada)) as socket:
            await subscribe(socket, PROGRESS)
            assert "errors" in await next_of(socket)
        details = {"code": "job-not-found"}
        assert await refused(w) == [(ada.id, "graphql.followed", "/api/v1/graphql", details)]
