"""How large a GraphQL document is before any of it runs: pure, and quick whatever is in it.

Strawberry's own limiters follow each spread of a fragment anew, so that thirty lines of fragments that spread
each other twice keep them busy for ever. Here each fragment is measured once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLArgument,
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    InlineFragmentNode,
    IntValueNode,
    Lexer,
    OperationDefinitionNode,
    SelectionNode,
    SelectionSetNode,
    Source,
    TokenKind,
    VariableNode,
    get_named_type,
)

PAGED_BY = "first"
"""The argument that says how many things a list has."""

MUTATION_COST = 50
INTROSPECTION_COST = 250
_INTROSPECTION = frozenset({"__schema", "__type"})
_OPENING = frozenset({TokenKind.BRACE_L, TokenKind.BRACKET_L, TokenKind.PAREN_L})
_CLOSING = frozenset({TokenKind.BRACE_R, TokenKind.BRACKET_R, TokenKind.PAREN_R})
_MOST_NESTED = 100
"""Brackets within each other; the parser, which recurses, takes more than these."""
_MOST_DIGITS, _MOST_FIRST = 10, 10**9


@dataclass(frozen=True, slots=True)
class Limits:
    """How large a document may be."""

    depth: int
    cost: int
    aliases: int
    tokens: int


@dataclass(frozen=True, slots=True)
class Size:
    """How large one is."""

    depth: int = 0
    """The most fields that lie within each other. What introspection asks for is bounded by graphql-core."""
    cost: int = 0
    """The fields that it may come to: one for each, times `first` below a list that is paged."""
    aliases: int = 0
    """The aliases, and the fields that are named twice in one place."""

    def beside(self, other: Size) -> Size:
        """The size of both, one after the other."""
        return Size(max(self.depth, other.depth), self.cost + other.cost, self.aliases + other.aliases)

    def beyond(self, limits: Limits) -> str | None:
        """What is too large about it, for people."""
        for what in ("depth", "cost", "aliases"):
            most = getattr(limits, what)
            if getattr(self, what) > most:
                return f"The document has a {what} of more than {most}."
        return None


class Endless(ValueError):
    """A fragment is spread within itself."""


def too_long(text: str, limits: Limits) -> str | None:
    """What is too large about a text that was not parsed yet. Raises GraphQLSyntaxError."""
    lexer, tokens, nested = Lexer(Source(text)), 0, 0
    while (kind := lexer.advance().kind) is not TokenKind.EOF:
        tokens += 1
        nested += (kind in _OPENING) - (kind in _CLOSING)
        if tokens > limits.tokens:
            return f"The document has more than {limits.tokens} tokens."
        if nested > _MOST_NESTED:
            return "The document is nested too deeply."
    return None


def measured(document: DocumentNode, schema: GraphQLSchema, variables: Mapping[str, Any]) -> Size:
    """The size of all operations together, and of each fragment, used or not. Raises Endless.

    The document need not be valid: what the schema does not know counts as a field.
    """
    fragments = {d.name.value: d for d in document.definitions if isinstance(d, FragmentDefinitionNode)}
    whole = Size()
    for definition in document.definitions:
        if isinstance(definition, OperationDefinitionNode):
            given = {**_defaults(definition), **variables}
            whole = whole.beside(_Measure(schema, fragments, given).operation(definition))
    alone = _Measure(schema, fragments, variables)
    sizes = [whole, *(alone.fragment(name) for name in fragments)]
    return Size(whole.depth, max(each.cost for each in sizes), max(each.aliases for each in sizes))


def _defaults(operation: OperationDefinitionNode) -> dict[str, Any]:
    """The variables whose default is a number."""
    return {
        each.variable.name.value: _number(each.default_value)
        for each in operation.variable_definitions or ()
        if isinstance(each.default_value, IntValueNode)
    }


class _Measure:
    """Measures what is below one operation, whose variables are known."""

    def __init__(
        self,
        schema: GraphQLSchema,
        fragments: Mapping[str, FragmentDefinitionNode],
        variables: Mapping[str, Any],
    ) -> None:
        self._schema = schema
        self._fragments = fragments
        self._variables = variables
        self._known: dict[str, Size | None] = {}

    def operation(self, node: OperationDefinitionNode) -> Size:
        """The size of an operation."""
        return self._selections(node.selection_set, self._schema.get_root_type(node.operation))

    def fragment(self, name: str) -> Size:
        """The size of a fragment, wherever it is spread; nothing where there is none."""
        if name in self._known:
            known = self._known[name]
            if known is None:
                raise Endless(f"The fragment {name} is spread within itself.")
            return known
        node = self._fragments.get(name)
        if node is None:
            return Size(cost=1)
        self._known[name] = None
        on = self._schema.get_type(node.type_condition.name.value)
        size = self._known[name] = self._selections(node.selection_set, on).beside(Size(cost=1))
        return size

    def _selections(self, node: SelectionSetNode, parent: GraphQLNamedType | None) -> Size:
        size = Size(aliases=_repeats(node))
        for selection in node.selections:
            size = size.beside(self._selection(selection, parent))
        return size

    def _selection(self, node: SelectionNode, parent: GraphQLNamedType | None) -> Size:
        match node:
            case FieldNode():
                return self._field(node, parent)
            case FragmentSpreadNode():
                return self.fragment(node.name.value)
            case InlineFragmentNode():
                on = node.type_condition
                inside = self._schema.get_type(on.name.value) if on else parent
                return self._selections(node.selection_set, inside)
        raise TypeError(f"no such selection: {node.kind}")

    def _field(self, node: FieldNode, parent: GraphQLNamedType | None) -> Size:
        known = _field_of(parent, node.name.value)
        below = Size()
        if node.selection_set:
            below = self._selections(node.selection_set, get_named_type(known.type) if known else None)
        own = Size(1, self._own_cost(node, parent), 1 if node.alias else 0)
        if node.name.value in _INTROSPECTION:
            return own.beside(Size(0, below.cost, below.aliases))
        return own.beside(Size(1 + below.depth, self._times(node, known) * below.cost, below.aliases))

    def _own_cost(self, node: FieldNode, parent: GraphQLNamedType | None) -> int:
        if node.name.value in _INTROSPECTION:
            return 1 + INTROSPECTION_COST
        is_order = parent is not None and parent is self._schema.mutation_type
        return 1 + MUTATION_COST if is_order else 1

    def _times(self, node: FieldNode, known: GraphQLField | None) -> int:
        """How often what is below a field may be there."""
        argument = known.args.get(PAGED_BY) if known else None
        if argument is None:
            return 1
        said = next((a.value for a in node.arguments or () if a.name.value == PAGED_BY), None)
        if isinstance(said, VariableNode):
            given = self._variables.get(said.name.value, _default(argument))
        else:
            given = _number(said) if isinstance(said, IntValueNode) else _default(argument)
        # GraphQL takes 200.0 for an Int too, where it comes in a variable.
        return int(min(max(1, given), _MOST_FIRST)) if isinstance(given, int | float) else 1


def _number(node: IntValueNode) -> int:
    """Python reads no number of more than some thousand digits."""
    return int(node.value[:_MOST_DIGITS])


def _default(argument: GraphQLArgument) -> Any:
    """The number that an argument has where nobody says one."""
    default = argument.default
    if default is None:  # as Strawberry says it
        return argument.default_value
    return _number(default.literal) if isinstance(default.literal, IntValueNode) else default.value


def _field_of(parent: GraphQLNamedType | None, name: str) -> GraphQLField | None:
    known = isinstance(parent, GraphQLObjectType | GraphQLInterfaceType)
    return parent.fields.get(name) if known else None  # type: ignore[union-attr]


def _repeats(node: SelectionSetNode) -> int:
    """How many fields have the name of another: comparing each with each takes the square of these."""
    names = [(s.alias or s.name).value for s in node.selections if isinstance(s, FieldNode)]
    return len(names) - len(set(names))
