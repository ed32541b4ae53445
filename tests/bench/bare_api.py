"""What one would write without any of the gateway: routes that ask the database and answer.

`python -m tests.bench.bare_api PORT`, told by the environment what to ask.
"""

from __future__ import annotations

import os
from typing import Any

import orjson
from fastapi import FastAPI, Response

from connectors.mongo import MongoDatabase
from connectors.ports import OneOf, Query
from connectors.read_models import collection
from tests.bench.bare import main, serve

_JSON = "application/json"


def application(database: MongoDatabase, generation: str, owner: str, same: bytes) -> FastAPI:
    """The same questions as the gateway asks for a job and for a page of someone's media; and no question."""
    app = FastAPI()
    seen = ({"upload.owner_id": owner}, {"access.names": OneOf((f"user:{owner}", "everyone"))})
    shown = OneOf(("uploaded", "ready", "rejected"))

    @app.get("/jobs/{job_id}")
    async def job(job_id: str) -> Response:
        found = await database.get(collection("jobs", generation), job_id)
        return _answer(found)

    @app.get("/media")
    async def media() -> Response:
        asked = Query(where={"status.name": shown}, any_of=seen, limit=50)
        page = await database.page(collection("media", generation), asked)
        return _answer(page.items)

    @app.get("/same")
    async def the_same() -> Response:
        return Response(same, media_type=_JSON)

    return app


def _answer(found: Any) -> Response:
    return Response(orjson.dumps(found), media_type=_JSON)


async def _serve(port: int) -> None:
    said = os.environ
    database = MongoDatabase(said["MONGODB_URL"], said["BENCH_DATABASE"])
    same = said["BENCH_SAME"].encode()
    await serve(application(database, said["BENCH_GENERATION"], said["BENCH_OWNER"], same), port)


if __name__ == "__main__":
    main(_serve)
