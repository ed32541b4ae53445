"""How large a GraphQL document is before any of it runs: pure, and quick whatever is in it.

Strawberry's own limiters follow each spread of a fragment anew, so that thirty lines of fragments that spread
each other twice keep them busy for ever. Here each fragment is measured once.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, replace
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
    OperationDefinitionNode,
    SelectionNode,
    SelectionSetNode,
    VariableNode,
    get_named_type,
)

from gateway.graphql.limits import Limits

PAGED_BY = "first"
"""The argument that says how many things a list has."""

MUTATION_COST = 50
INTROSPECTION_COST = 250
_INTROSPECTION = frozenset({"__schema", "__type"})
_MOST_DIGITS, _MOST_FIRST = 10, 10**9
_OF_FRAGMENTS = ("cost", "aliases", "compared")
"""What validation looks at in fragments, whether or not they are used."""


@dataclass(frozen=True, slots=True)
class Size:
    """How large one is."""

    depth: int = 0
    """The most fields that lie within each other. What introspection asks for is bounded by graphql-core."""
    cost: int = 0
    """The fields that it may come to: one for each, times `first` below a list that is paged."""
    aliases: int = 0
    fields: int = 0
    """The fields, whatever lists they are in."""
    compared: int = 0
    """How many of them validation has to compare with others of their name, each with each."""

    def beside(self, other: Size) -> Size:
        """The size of both, one after the other."""
        return Size(
            max(self.depth, other.depth),
            self.cost + other.cost,
            self.aliases + other.aliases,
            self.fields + other.fields,
            self.compared + other.compared,
        )

    def beyond(self, limits: Limits) -> str | None:
        """What is too large about it, for people."""
        for what in ("depth", "cost", "aliases"):
            most = getattr(limits, what)
            if getattr(self, what) > most:
                return f"The document has a {what} of more than {most}."
        return "The document names the same fields too often." if self.compared > limits.cost else None


class Endless(ValueError):
    """A fragment is spread within itself."""


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
    most = {part: max(getattr(each, part) for each in sizes) for part in _OF_FRAGMENTS}
    return replace(whole, **most)


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
        self._fields: dict[int, Size] = {}

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
        size = self._known[name] = self._selections(node.selection_set, self._on(node)).beside(Size(cost=1))
        return size

    def _selections(self, node: SelectionSetNode, parent: GraphQLNamedType | None) -> Size:
        size = Size(compared=self._compared(node, parent))
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
                return self._selections(node.selection_set, self._inside(node, parent))
        raise TypeError(f"no such selection: {node.kind}")

    def _inside(self, node: InlineFragmentNode, parent: GraphQLNamedType | None) -> GraphQLNamedType | None:
        on = node.type_condition
        return self._schema.get_type(on.name.value) if on else parent

    def _on(self, node: FragmentDefinitionNode) -> GraphQLNamedType | None:
        return self._schema.get_type(node.type_condition.name.value)

    def _compared(self, node: SelectionSetNode, parent: GraphQLNamedType | None) -> int:
        of: defaultdict[str, list[int]] = defaultdict(list)
        self._gather(node, parent, set(), of)
        return sum((len(each) - 1) * sum(each) // 2 for each in of.values())

    def _gather(
        self,
        node: SelectionSetNode,
        parent: GraphQLNamedType | None,
        seen: set[str],
        of: Mapping[str, list[int]],
    ) -> None:
        """Puts the size of each field of one place below the name that it has in the answer."""
        for selection in node.selections:
            match selection:
                case FieldNode():
                    name = (selection.alias or selection.name).value
                    of[name].append(self._field(selection, parent).fields)
                case InlineFragmentNode():
                    self._gather(selection.selection_set, self._inside(selection, parent), seen, of)
                case FragmentSpreadNode(name=name) if name.value not in seen:
                    seen.add(name.value)
                    if (found := self._fragments.get(name.value)) is not None:
                        self._gather(found.selection_set, self._on(found), seen, of)

    def _field(self, node: FieldNode, parent: GraphQLNamedType | None) -> Size:
        """Each is measured once, however often it is asked for."""
        if id(node) not in self._fields:
            self._fields[id(node)] = self._measured(node, parent)
        return self._fields[id(node)]

    def _measured(self, node: FieldNode, parent: GraphQLNamedType | None) -> Size:
        known = _field_of(parent, node.name.value)
        below = Size()
        if node.selection_set:
            below = self._selections(node.selection_set, get_named_type(known.type) if known else None)
        own = Size(1, self._own_cost(node, parent), 1 if node.alias else 0, fields=1)
        if node.name.value in _INTROSPECTION:
            return own.beside(replace(below, depth=0))
        cost = self._times(node, known) * below.cost
        return own.beside(replace(below, depth=1 + below.depth, cost=cost))

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
