"""Which accounts people get here. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from deploy.local.failures import Exit, Failure
from deploy.local.importing.found import Person, Trouble

_NOT_IN_A_LOGIN = re.compile(r"[^\w.+-]+")
_LEAST, _MOST = 2, 64


@dataclass(frozen=True, slots=True)
class Wanted:
    """What was said of someone by who moves them: what to sign in as, and their address."""

    login: str | None = None
    email: str | None = None


@dataclass(frozen=True, slots=True)
class Account:
    """An account as it is to be."""

    person: Person
    login: str
    email: str | None

    @property
    def names(self) -> frozenset[str]:
        """By what an account that is there already is known for the same."""
        return frozenset(name.casefold() for name in (self.login, self.email) if name)

    def order(self, password: str) -> dict[str, Any]:
        """What to ask for. Nobody is told the password."""
        return {
            "login": self.login,
            "password": password,
            "name": self.person.name,
            "email": self.email,
            "role": "admin" if self.person.is_admin else "viewer",
            "state": "disabled" if self.person.is_disabled else "active",
        }


def read(file: Path | None) -> dict[str, Wanted]:
    """What a file says of people, by their old names: a login or an address, or both. Raises Failure."""
    if file is None:
        return {}
    try:
        said = orjson.loads(file.read_bytes())
        return {str(name): _wanted(each) for name, each in said.items()}
    except OSError as error:
        raise Failure(f"cannot read {file}: {error.strerror or error}.", Exit.USAGE) from error
    except (orjson.JSONDecodeError, AttributeError, TypeError, ValueError) as error:
        example = '{"Old name": "login"} or {"Old name": {"login": "…", "email": "…"}}'
        raise Failure(f"{file} has to be JSON as in {example}.", Exit.USAGE) from error


def _wanted(said: Any) -> Wanted:
    if isinstance(said, str):
        return Wanted(None if "@" in said else said, said if "@" in said else None)
    return Wanted(said.get("login"), said.get("email"))


def accounts(
    people: Sequence[Person], wanted: Mapping[str, Wanted], domain: str | None
) -> tuple[list[Account], list[Trouble]]:
    """The account of each; of two who would sign in as the same, the first."""
    made: list[Account] = []
    troubles: list[Trouble] = []
    for person in people:
        account = _account(person, wanted.get(person.name, Wanted()), domain)
        if len(account.login) < _LEAST:
            troubles.append(Trouble(person.name, "no login can be made of the name: give one with --people"))
        elif _is_taken(account, made):
            troubles.append(Trouble(person.name, f"another would sign in as {account.login}: use --people"))
        else:
            made.append(account)
    return made, troubles


def _account(person: Person, wanted: Wanted, domain: str | None) -> Account:
    login = wanted.login or _NOT_IN_A_LOGIN.sub(".", person.name).strip(".")[:_MOST]
    email = wanted.email or (f"{login}@{domain}" if domain and "@" not in login else None)
    return Account(person, login, email)


def _is_taken(account: Account, made: Iterable[Account]) -> bool:
    return any(account.names & each.names for each in made)
