"""Making an account of one's own, where that is allowed."""

from __future__ import annotations

from gateway.accounts import changes, names
from gateway.accounts.admission import admitted, refuse_uninvited
from gateway.accounts.changes import NameTaken
from gateway.accounts.even_time import EvenTime
from gateway.commands import Command
from gateway.sessions.schemas import Registration

_OPEN_ROLE = "viewer"


async def register(command: Command, said: Registration) -> None:
    """Makes the account. Raises Forbidden, Invalid and OverBudget; NameTaken only for who was invited.

    To anyone else it is not told which names are taken, and neither does the time until the answer.
    """
    even = EvenTime(command.services.settings.registration_step_s)
    command.services.identity.following.refuse_stale()
    await command.services.limits.knock(command.request, said.login)
    refuse_uninvited(command, said.invitation)
    person = names.personal(said.login, said.email, said.name)
    await command.services.identity.passwords.refuse_weak(said.password, *person.names)
    async with admitted(command, said.invitation, _OPEN_ROLE) as (role, used):
        try:
            await changes.create(command, person, role, "registered", said.password, *used)
        except NameTaken:
            if said.invitation:
                raise
    if not said.invitation:
        await even.wait()
