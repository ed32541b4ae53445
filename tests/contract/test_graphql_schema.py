"""The GraphQL schema is a promise too: docs/schema.graphql holds it, and nothing that is in it breaks.

`PYTHONPATH=. .venv/bin/python -m tests.contract.test_graphql_schema --write` puts into it what was added, and
refuses what would break a client.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from graphql import DangerousChangeType, build_schema, find_breaking_changes, find_dangerous_changes

from gateway.graphql.schema import schema

_DEFAULT = DangerousChangeType.ARG_DEFAULT_VALUE_CHANGE

SCHEMA = Path(__file__).parents[2] / "docs" / "schema.graphql"


def breaks(promised: str, now: str) -> list[str]:
    """What a client that knows the one would miss in the other: an argument's default, too."""
    old, new = build_schema(promised), build_schema(now)
    risks = [risk.description for risk in find_dangerous_changes(old, new) if risk.type is _DEFAULT]
    return [change.description for change in find_breaking_changes(old, new)] + risks


def now() -> str:
    """The schema as it is committed."""
    return schema().as_str().rstrip() + "\n"


def test_nothing_that_was_promised_is_broken() -> None:
    assert breaks(SCHEMA.read_text(), now()) == []


def test_what_is_new_is_promised_too() -> None:
    up_to_date = SCHEMA.read_text() == now()
    assert up_to_date, "run: python -m tests.contract.test_graphql_schema --write"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("  durationMs: BigInt!\n", ""),
        ("  token: String!\n", "  token: String\n"),
        ("jobs(first: Int! = 20)", "jobs(first: Int!)"),
        ("cancelJob(id: ID!)", "cancelJob(id: ID!, why: String!)"),
        ("  PAUSED\n", ""),
    ],
)
def test_a_break_is_seen(old: str, new: str) -> None:
    assert old in now()
    assert breaks(now(), now().replace(old, new))


def test_an_addition_is_none() -> None:
    assert breaks(now(), now().replace("  me: Whoami\n", "  me: Whoami\n  you: Whoami\n")) == []


def test_every_field_of_the_roots_says_what_it_does() -> None:
    known = build_schema(now())
    for root in (known.query_type, known.mutation_type, known.subscription_type):
        assert root is not None
        assert root.description
        assert [name for name, field in root.fields.items() if not field.description] == []


def write() -> None:
    """Writes the schema down as it is. Ends the program where that would break a client."""
    if SCHEMA.exists() and (said := breaks(SCHEMA.read_text(), now())):
        raise SystemExit("\n".join([*said, "The schema of v1 never breaks: add, and deprecate what was."]))
    SCHEMA.write_text(now())


if __name__ == "__main__":
    if sys.argv[1:] != ["--write"]:
        raise SystemExit(__doc__)
    write()
