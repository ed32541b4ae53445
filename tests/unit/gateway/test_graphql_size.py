"""How large a GraphQL document is counted to be, and what is refused for it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from graphql import get_introspection_query, parse

from gateway.graphql.limits import Limits, too_long
from gateway.graphql.schema import schema
from gateway.graphql.size import INTROSPECTION_COST, MUTATION_COST, Endless, Size, measured
from tests.unit.gateway.asking import asked, codes, given, send
from tests.unit.gateway.checks import assert_problem
from tests.unit.gateway.fakes import world
from tests.unit.gateway.history import uploaded

ROOMY = Limits(depth=8, cost=2000, aliases=30, tokens=2000)


def size(document: str, **variables: Any) -> Size:
    return measured(parse(document), schema()._schema, variables)


@pytest.mark.parametrize(
    ("document", "depth", "cost", "aliases"),
    [
        ("{ me { id } }", 2, 2, 0),
        ("{ me { id role } profiles { name } }", 2, 5, 0),
        ("{ a: me { id } b: me { x: id } }", 2, 4, 3),
        ("{ me { id id id } }", 2, 4, 0),
        ("{ mediaList { next } }", 2, 1 + 50, 0),
        ("{ mediaList(first: 3) { items { id } } }", 3, 1 + 3 * 2, 0),
        ("{ mediaList(first: 3) { items { jobs(first: 4) { id } } } }", 4, 1 + 3 * (1 + 1 + 4), 0),
        ("{ mediaList(first: 3) { items { jobs { id } } } }", 4, 1 + 3 * (1 + 1 + 20), 0),
        ("query ($n: Int!) { mediaList(first: $n) { next } }", 2, 1 + 7, 0),
        ("query ($m: Int! = 5) { mediaList(first: $m) { next } }", 2, 1 + 5, 0),
        ("query ($o: Int!) { mediaList(first: $o) { next } }", 2, 1 + 50, 0),
        ("query ($wrong: Int!) { mediaList(first: $wrong) { next } }", 2, 1 + 1, 0),
        ("{ mediaList(first: -9) { next } }", 2, 1 + 1, 0),
        ("{ mediaList(first: 0) { next } }", 2, 1 + 1, 0),
        ("{ ... { me { id } } ... on Query { me { id } } }", 2, 4, 0),
        ("{ me { ...F } } fragment F on Whoami { id role }", 2, 1 + 1 + 2, 0),
        ("{ me { ...F ...F } } fragment F on Whoami { x: id }", 2, 1 + 2 * 2, 2),
        ("{ ...F } fragment F on Query { mediaList(first: 9) { next } }", 2, 1 + 1 + 9, 0),
        ("query A { me { id } } query B { me { id } }", 2, 4, 0),
        ("query A { me { id } } fragment F on Query { mediaList(first: 9) { next } }", 2, 1 + 1 + 9, 0),
        ('mutation { cancelJob(id: "x") { token } }', 2, MUTATION_COST + 2, 0),
        (
            "mutation { ...F } fragment F on Mutation { a: cancelJob(id: 1) { token } }",
            2,
            MUTATION_COST + 3,
            1,
        ),
        ("{ __typename }", 1, 1, 0),
        ("{ __schema { types { name } } }", 1, 1 + INTROSPECTION_COST + 2, 0),
        ("{ nothing(first: 9) { at { all } } }", 3, 3, 0),
        ("{ ...Nowhere }", 0, 1, 0),
        ("subscription { events { id } }", 2, 2, 0),
    ],
)
def test_a_size_is_counted(document: str, depth: int, cost: int, aliases: int) -> None:
    found = size(document, n=7, wrong="x")
    assert (found.depth, found.cost, found.aliases) == (depth, cost, aliases)


@pytest.mark.parametrize(
    ("document", "compared"),
    [
        ("{ me { id role } }", 0),
        ("{ me { id id } }", 1),
        ("{ me { id id id } }", 3),
        ("{ me { id } me { id role } }", (2 + 3) // 2),
        ("{ me { id } ... { me { id } } ... on Query { me { id } } }", 2 * 6 // 2),
        ("{ me { ...F ...G ...F } } fragment F on Whoami { id } fragment G on Whoami { id role }", 1),
        ("{ a: me { id } b: me { id } }", 0),
    ],
)
def test_what_is_named_twice_is_counted(document: str, compared: int) -> None:
    assert size(document).compared == compared


def test_many_mutations_cost_much_however_they_are_spread() -> None:
    spread = " ".join(f'a{n}: cancelJob(id: "x") {{ token }}' for n in range(10))
    assert size(f"mutation {{ ...F }} fragment F on Mutation {{ {spread} }}").cost > 10 * MUTATION_COST


def test_fragments_that_double_each_other_are_counted_at_once() -> None:
    doubling = " ".join(f"fragment F{n} on Whoami {{ ...F{n + 1} ...F{n + 1} }}" for n in range(200))
    found = size(f"{{ me {{ ...F0 }} }} {doubling} fragment F200 on Whoami {{ x: id }}")
    assert found.cost > 2**200
    assert found.aliases == 2**200


@pytest.mark.parametrize(
    "fragments",
    ["fragment F on Whoami { ...F }", "fragment F on Whoami { ...G } fragment G on Whoami { ...F }"],
)
def test_a_fragment_within_itself_has_no_size(fragments: str) -> None:
    for document in ("{ me { ...F } }", "{ me { id } }"):
        with pytest.raises(Endless):
            size(f"{document} {fragments}")


def test_tools_can_read_the_whole_schema() -> None:
    found = size(get_introspection_query(input_value_deprecation=True))
    assert found.beyond(ROOMY) is None
    assert too_long(get_introspection_query(), ROOMY) is None


@pytest.mark.parametrize(
    ("size", "word"), [(Size(9, 1, 1), "depth"), (Size(1, 2001, 1), "cost"), (Size(1, 1, 31), "aliases")]
)
def test_what_is_beyond_is_named(size: Size, word: str) -> None:
    assert word in (size.beyond(ROOMY) or "")
    assert Size(8, 2000, 30).beyond(ROOMY) is None


def test_texts_are_bounded_before_they_are_parsed() -> None:
    assert too_long("{ a }", Limits(1, 1, 1, tokens=3)) is None
    assert too_long("{ a b }", Limits(1, 1, 1, tokens=3)) is not None
    assert too_long("{a" * 500, ROOMY) is not None
    assert too_long("{a(b:" + "[" * 200, ROOMY) is not None
    assert too_long("# " + "{" * 5000 + "\n{ a }", ROOMY) is None


def doubled(depth: int) -> str:
    spread = " ".join(f"fragment F{n} on Whoami {{ ...F{n + 1} ...F{n + 1} }}" for n in range(depth))
    return f"{{ me {{ ...F0 }} }} {spread} fragment F{depth} on Whoami {{ id }}"


CHAIN = " ".join(f"fragment F{n} on Whoami {{ ...F{n + 1} }}" for n in range(230))

TOO_LARGE = {
    "depth": '{ media(id: "1") { jobs { media { jobs { media { jobs { media { jobs { id } } } } } } } } }',
    "cost": "{ mediaList(first: 200) { items { jobs(first: 200) { id } } } }",
    "first beyond all": "{ mediaList(first: 99999999999999999999999) { items { id } } }",
    "aliases": "{" + " ".join(f"a{n}: me {{ id }}" for n in range(31)) + "}",
    "repeats": "{" + "me { id } " * 60 + "}",
    "repeats in fragments": "{" + "... { me { id } }" * 60 + "}",
    "repeats of much": "{" + 'job(id: "1") { id kind run state profile priority name } ' * 30 + "}",
    "tokens": "{ me {" + "id " * 2000 + "} }",
    "nesting": "{a" * 300 + "}" * 300,
    "lists": "{ a(b: " + "[" * 300 + "]" * 300 + ") }",
    "spreads": doubled(200),
    "a fragment in itself": "{ me { ...F } } fragment F on Whoami { ...F }",
    "a long chain": f"{{ me {{ ...F0 }} }} {CHAIN} fragment F230 on Whoami {{ ...F0 }}",
    "introspection": "{" + " ".join(f"a{n}: __schema {{ types {{ name }} }}" for n in range(9)) + "}",
    "mutations": "mutation {"
    + " ".join(f'm{n}: transcode(mediaId: "m1", profile: "web") {{ token }}' for n in range(30))
    + 'x: putProfile(name: "x", profile: {}) { token }' * 12
    + "}",
}


@pytest.mark.parametrize("name", TOO_LARGE)
async def test_what_is_too_large_is_refused_before_any_of_it_is_run(tmp_path: Path, name: str) -> None:
    async with world(tmp_path) as w:
        await w.happened(uploaded())
        said = await asked(w, TOO_LARGE[name])
        assert codes(said) == ["too-complex"], said
        assert "data" not in said
        assert len(w.publisher.events) == 1


async def test_the_cost_counts_what_variables_say(tmp_path: Path) -> None:
    document = "query ($n: Int!) { mediaList(first: $n) { items { jobs(first: $n) { id } } } }"
    async with world(tmp_path) as w:
        await given(w, document, n=30)
        for number in (50, 50.0):
            assert codes(await asked(w, document, n=number)) == ["too-complex"]


async def test_the_limits_are_settings(tmp_path: Path) -> None:
    async with world(tmp_path, graphql_depth=1, graphql_cost=10, graphql_aliases=0, graphql_tokens=9) as w:
        for document in ("{ me { id } }", "{ a: __typename }", "{ a b c d e f g h i }"):
            assert codes(await asked(w, document)) == ["too-complex"]
        assert await given(w, "{ __typename }") == {"__typename": "Query"}


async def test_a_document_larger_than_any_body_is_not_read(tmp_path: Path) -> None:
    async with world(tmp_path, max_body_bytes=500) as w:
        assert_problem(await send(w, "#" * 600), 413, "content-too-large")


async def test_introspection_is_bounded(tmp_path: Path) -> None:
    below = "fields { type { fields { type { fields { type { fields { name } } } } } } }"
    kinds = f"{{ __schema {{ types {{ {below} }} }} }}"
    async with world(tmp_path) as w:
        assert codes(await asked(w, kinds)) == ["bad-document"]
        assert (await given(w, get_introspection_query()))["__schema"]["types"]
