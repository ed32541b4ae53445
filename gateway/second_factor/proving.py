"""Asks for the second factor of those who have one."""

from __future__ import annotations

from gateway.accounts import changes
from gateway.auth.accounts import SECOND_FACTOR, User
from gateway.auth.identity import Identity
from gateway.auth.second_factor import SecondFactor
from gateway.commands import Command
from gateway.errors import Unauthorized


class CodeNeeded(Unauthorized):
    """The password is right, and more is asked for."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code


def factor_of(identity: Identity, user_id: str) -> SecondFactor | None:
    """Someone's second factor."""
    kept = identity.directory.credential(SECOND_FACTOR, user_id)
    return SecondFactor.read(kept) if kept else None


def refuse_without(identity: Identity, user: User, code: str | None) -> None:
    """Raises CodeNeeded for who has a second factor and sent nothing of it."""
    if code is None and factor_of(identity, user.id) is not None:
        raise CodeNeeded("second-factor-needed", "Send the code of your authenticator app as `code`, too.")


async def prove(command: Command, user: User, code: str) -> User:
    """The account as it is afterwards: a recovery code counts no longer. Raises CodeNeeded."""
    identity = command.services.identity
    factor = factor_of(identity, user.id)
    if factor is None or await identity.second_factors.is_code(factor, user.id, code, command.now):
        return user
    left = factor.without(code)
    if left is None:
        raise CodeNeeded("wrong-code", "The code is another one, or was used before.")
    return await keep(command, user, left, "recovery-code")


async def keep(command: Command, user: User, factor: SecondFactor | None, change: str) -> User:
    """The account with this second factor from now on. Raises Conflict."""
    value = factor.written() if factor else None
    event = changes.credential(command, SECOND_FACTOR, user.id, user.id, value)
    new, _token = await changes.save(command, user, change, event)
    return new
