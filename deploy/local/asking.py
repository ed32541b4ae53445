"""What people are asked for at the terminal, and scripts say beforehand."""

from __future__ import annotations

import sys

import typer

from deploy.local.failures import Exit, Failure


def password(from_stdin: bool, prompt: str, *, twice: bool = False) -> str:
    """A password, which is not shown. Raises Failure where nobody can be asked."""
    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    if not sys.stdin.isatty():
        raise Failure("nobody can be asked for a password here: say --password-stdin.", Exit.USAGE)
    return str(typer.prompt(prompt, hide_input=True, confirmation_prompt=twice, err=True))


def code() -> str:
    """A code of the authenticator app. Raises Failure where nobody can be asked."""
    if not sys.stdin.isatty():
        raise Failure("nobody can be asked for a code here: say --code.", Exit.USAGE)
    return str(typer.prompt("Code of your authenticator app", err=True))


def sure(question: str) -> bool:
    """Whether something is to be done. Raises Failure where nobody can be asked."""
    if not sys.stdin.isatty():
        raise Failure("this can't be undone: say --yes to do it without being asked.", Exit.USAGE)
    return typer.confirm(question)
