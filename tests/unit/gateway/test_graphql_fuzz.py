"""Whatever document comes is answered within its limits, and never with an error of ours."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from graphql import parse
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy
from hypothesis_graphql import from_schema, mutations, nodes, queries

from gateway.graphql.limits import Limits
from gateway.graphql.schema import schema
from gateway.graphql.size import measured
from tests.unit.gateway.asking import codes, send
from tests.unit.gateway.fakes import World, world
from tests.unit.gateway.history import probed, progressed, requested, uploaded

SCHEMA = schema().as_str()
SCALARS = {
    "JSON": st.sampled_from([nodes.Object(fields=[]), nodes.String("x"), nodes.Int(7), nodes.List([])]),
    "BigInt": st.integers().map(nodes.Int),
    "DateTime": st.just(nodes.String("2026-05-01T12:00:00Z")),
}
_PIECES = [
    "{",
    "}",
    "(",
    ")",
    "[",
    "]",
    "...",
    "on",
    "fragment",
    "query",
    "mutation",
    "$x",
    ":",
    "!",
    "@",
    "me",
]
_TEXTS = st.lists(
    st.sampled_from([*_PIECES, "mediaList", "id", "first", "1e9", '"', "__schema", "F", "\u0000"])
)
LIMITS = Limits(depth=5, cost=300, aliases=10, tokens=400)
"""So low that some documents are beyond them."""
EASY = settings(
    max_examples=60, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True, database=None
)


@pytest.fixture
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    loop = asyncio.new_event_loop()
    yield loop
    loop.close()


class Asked:
    """One gateway for all examples: hypothesis knows no coroutines."""

    def __init__(self, loop: asyncio.AbstractEventLoop, folder: Path) -> None:
        self._loop = loop
        self._world = world(
            folder,
            graphql_depth=LIMITS.depth,
            graphql_cost=LIMITS.cost,
            graphql_aliases=LIMITS.aliases,
            graphql_tokens=LIMITS.tokens,
        )
        self.w: World = loop.run_until_complete(self._world.__aenter__())
        loop.run_until_complete(self.w.happened(uploaded("0"), probed("0"), requested("0"), progressed(3)))

    def __call__(self, document: str) -> dict[str, Any]:
        """What a document is answered with."""
        answer: httpx.Response = self._loop.run_until_complete(send(self.w, document))
        assert answer.status_code == 200, answer.text
        said: dict[str, Any] = answer.json()
        for error in said.get("errors", []):
            assert error["extensions"]["code"] != "unexpected", (document, error)
            assert error["extensions"]["status"] < 500
        return said

    def close(self) -> None:
        self._loop.run_until_complete(self._world.__aexit__(None, None, None))


@pytest.fixture
def asked(loop: asyncio.AbstractEventLoop, tmp_path: Path) -> Iterator[Asked]:
    asked = Asked(loop, tmp_path)
    yield asked
    asked.close()


@pytest.mark.parametrize("made_by", [queries, mutations, from_schema])
def test_documents_of_the_schema_are_answered(asked: Asked, made_by: Any) -> None:
    strategy: SearchStrategy[str] = made_by(SCHEMA, custom_scalars=SCALARS)

    ran = []

    @EASY
    @given(strategy)
    def check(document: str) -> None:
        said = asked(document)
        size = measured(parse(document), schema()._schema, {})
        assert ("too-complex" in codes(said)) == (size.beyond(LIMITS) is not None)
        ran.append("data" in said)

    check()
    assert sum(ran) > len(ran) / 3, "too few documents were run at all"


def test_documents_that_make_no_sense_are_answered(asked: Asked) -> None:
    @EASY
    @given(st.one_of(_TEXTS.map(" ".join), st.text(max_size=200)))
    def check(document: str) -> None:
        asked(document)

    check()
