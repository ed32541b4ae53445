"""Gives people accounts, or finds those that they have. Their passwords can't be taken over."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from deploy.local.client import at
from deploy.local.failures import Failure
from deploy.local.importing.accounts import Account
from deploy.local.importing.door import Door
from deploy.local.importing.found import Trouble
from deploy.local.importing.report import Report

_PASSWORD_BYTES = 32
_OF_ONE = frozenset({"name-taken", "bad-login", "bad-email", "bad-name"})


@dataclass(slots=True, kw_only=True)
class Inviting:
    """How accounts are made."""

    door: Door
    report: Report
    codes: dict[str, str] = field(default_factory=dict)
    """By login, what lets someone new set a password."""
    want_codes: bool = False

    def invite(self, accounts: Sequence[Account], *, dry_run: bool, make: bool = True) -> dict[str, str]:
        """Who people are here, by who they were: those who have an account, and those who get one. Raises
        Failure.
        """
        known = self._known()
        found: dict[str, str] = {}
        for account in accounts:
            user = next((known[name] for name in sorted(account.names) if name in known), None)
            if user is not None:
                self._is_there(account, user)
            elif dry_run or not make:
                self._became(account, None, "to be made" if make else "not here")
            else:
                user = self._make(account)
            if user is not None:
                found[account.person.id] = user["id"]
        return found

    def _known(self) -> dict[str, dict[str, Any]]:
        users = self.door.pages("/users")
        names = ((name, user) for user in users for name in (user["login"], user["email"]) if name)
        return {name.casefold(): user for name, user in names}

    def _is_there(self, account: Account, user: dict[str, Any]) -> None:
        """Whoever is here already stays as they are; that they were another is told."""
        wanted = account.order("")
        for name in ("role", "state"):
            if user[name] != wanted[name] and not (name == "role" and wanted[name] == "viewer"):
                why = (
                    f"their {name} is {user[name]} here, and was {wanted[name]}: `sluice user set` changes it"
                )
                self.report.differences.append(Trouble(account.person.name, why))
        self._became(account, user["id"], "there")

    def _make(self, account: Account) -> dict[str, Any] | None:
        order = account.order(secrets.token_urlsafe(_PASSWORD_BYTES))
        try:
            user: dict[str, Any] = self.door.ask(lambda: self.door.gateway.post("/users", order))["user"]
        except Failure as failure:
            if failure.problem not in _OF_ONE and not failure.problems:
                raise
            self.report.lacks(account.person.name, f"no account can be made as {account.login}: {failure}")
            return None
        self._became(account, user["id"], "made")
        if self.want_codes and not account.person.is_disabled:
            path = at("users", user["id"], "password-reset")
            self.codes[account.login] = self.door.ask(lambda: self.door.gateway.post(path))["reset"]
        return user

    def _became(self, account: Account, id: str | None, how: str) -> None:
        self.report.people[how] += 1
        said = {"name": account.person.name, "login": account.login, "id": id, "how": how}
        self.report.accounts.append(said)
