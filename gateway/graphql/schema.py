"""The GraphQL schema, and running documents against it within their limits."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from typing import Any

from graphql import DocumentNode, GraphQLError, OperationDefinitionNode
from strawberry import Schema
from strawberry.extensions import SchemaExtension
from strawberry.schema.config import StrawberryConfig
from strawberry.schema.schema import StreamResult
from strawberry.types.execution import ExecutionContext, ExecutionResult, PreExecutionError
from strawberry.types.graphql import OperationType

from gateway.errors import Invalid
from gateway.graphql import refusals
from gateway.graphql.asking import Asking
from gateway.graphql.limits import too_long
from gateway.graphql.mutations import Mutation
from gateway.graphql.problems import explained
from gateway.graphql.queries import Query
from gateway.graphql.shapes import BIG_INT, BigInt
from gateway.graphql.size import Endless, measured
from gateway.graphql.subscriptions import Subscription

_BY_POST = (OperationType.QUERY, OperationType.MUTATION)


class Bounded(SchemaExtension):
    """Refuses a document that is too large, before it is parsed, validated or run."""

    def on_parse(self) -> Iterator[None]:
        """Raises Invalid."""
        asking: Asking = self.execution_context.context
        _refuse(too_long(self.execution_context.query or "", asking.limits))
        yield

    def on_validate(self) -> Iterator[None]:
        """Raises Invalid."""
        document, context = self.execution_context.graphql_document, self.execution_context
        assert document is not None
        try:
            found = measured(document, context.schema._schema, context.variables or {})
        except (Endless, RecursionError) as error:
            raise too_complex("A fragment of the document leads to itself, or never ends.") from error
        _refuse(found.beyond(context.context.limits))
        if context.context.operation is None and _operations(document) > 1:  # Strawberry runs the first
            raise GraphQLError("Say the operationName: the document has several operations.")
        yield


def _operations(document: DocumentNode) -> int:
    return sum(isinstance(each, OperationDefinitionNode) for each in document.definitions)


def too_complex(why: str) -> Invalid:
    """The document is larger than any may be."""
    return Invalid("too-complex", why)


def _refuse(why: str | None) -> None:
    if why is not None:
        raise too_complex(why)


class Answering(Schema):
    """The schema, whose subscriptions alone can be streamed and whose errors say what clients may know."""

    def process_errors(
        self, errors: list[GraphQLError], execution_context: ExecutionContext | None = None
    ) -> None:
        """They are logged where they are explained."""

    async def stream(self, *args: Any, **more: Any) -> StreamResult:
        """What a subscription comes to."""
        asking: Asking = replace(more["context_value"], operation=more.get("operation_name"))
        more |= {"context_value": asking, "allowed_operation_types": (OperationType.SUBSCRIPTION,)}
        return self._told(await super().stream(*args, **more), asking)

    async def _told(self, results: StreamResult, asking: Asking) -> StreamResult:
        try:
            await asking.spend()
            async for result in results:
                if isinstance(result, ExecutionResult) and result.errors:
                    refusals.note(result.errors, asking)
                    result.errors = explained(result.errors, asking.request_id)
                yield result
        except Exception as error:
            refusals.note([_wrapped(error)], asking)
            yield PreExecutionError(data=None, errors=explained([_wrapped(error)], asking.request_id))


@cache
def schema() -> Answering:
    """The schema, made at its first use."""
    return Answering(
        query=Query,
        mutation=Mutation,
        subscription=Subscription,
        extensions=[Bounded],
        config=StrawberryConfig(scalar_map={BigInt: BIG_INT}),
    )


async def run(asking: Asking, document: str, variables: dict[str, Any] | None = None) -> dict[str, Any]:
    """What a query or a mutation comes to, as GraphQL answers. Raises nothing."""
    try:
        result = await schema().execute(
            document,
            variable_values=variables,
            context_value=asking,
            operation_name=asking.operation,
            allowed_operation_types=_BY_POST,
        )
    except Exception as error:
        return _refusal([_wrapped(error)], asking)
    if isinstance(result, PreExecutionError):
        return _refusal(result.errors or [], asking)
    answer: dict[str, Any] = {"data": result.data}
    if result.errors:
        answer["errors"] = _formatted(result.errors, asking)
    return answer


def _refusal(errors: list[GraphQLError], asking: Asking) -> dict[str, Any]:
    """The answer to a document that was not run."""
    return {"errors": _formatted(errors, asking)}


def _formatted(errors: list[GraphQLError], asking: Asking) -> list[Any]:
    refusals.note(errors, asking)
    return [error.formatted for error in explained(errors, asking.request_id)]


def _wrapped(error: Exception) -> GraphQLError:
    return GraphQLError(str(error), original_error=error)
