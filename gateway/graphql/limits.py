"""How large a GraphQL document may be, and whether its text is too long to be parsed at all. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from graphql import Lexer, Source, TokenKind

_OPENING = frozenset({TokenKind.BRACE_L, TokenKind.BRACKET_L, TokenKind.PAREN_L})
_CLOSING = frozenset({TokenKind.BRACE_R, TokenKind.BRACKET_R, TokenKind.PAREN_R})
_MOST_NESTED = 100
"""Brackets within each other; the parser, which recurses, takes more than these."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How large a document may be."""

    depth: int
    cost: int
    aliases: int
    tokens: int


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
