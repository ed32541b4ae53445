"""Tells the audit log which fields were refused: the answer is a success by its status all the same."""

from __future__ import annotations

from collections.abc import Iterable

from graphql import FieldNode, GraphQLError

from gateway.audit import requests
from gateway.audit.actions import action_of
from gateway.audit.entry import REFUSED
from gateway.audit.witness import REFUSALS
from gateway.errors import problem_of
from gateway.graphql.asking import Asking
from gateway.graphql.problems import cause_of
from gateway.middleware import template


def note(errors: Iterable[GraphQLError], asking: Asking) -> None:
    """One record for each field, or for the subscription, that whoever asks may not have."""
    scope = asking.scope
    route = template(scope)
    action = action_of(scope.get("method", "GET"), route)
    if action is None:
        return
    for code, field in sorted(_refused(errors)):
        details = {"code": code, "field": field} if field else {"code": code}
        entry = requests.of_answer(scope, route, action, REFUSED, details, asking.services.clock.now())
        asking.services.trail.note(entry)


def _refused(errors: Iterable[GraphQLError]) -> set[tuple[str, str]]:
    found = set()
    for error in errors:
        cause = cause_of(error)
        problem = problem_of(cause) if cause else None
        if isinstance(problem, REFUSALS):
            found.add((problem.code, _field(error)))
    return found


def _field(error: GraphQLError) -> str:
    """Its name in the schema, whatever it is called; nothing where a whole subscription was refused."""
    return next((node.name.value for node in error.nodes or () if isinstance(node, FieldNode)), "")
