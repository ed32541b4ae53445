"""Forgets all of someone's state with their account."""

from __future__ import annotations

from gateway.commands import Command
from gateway.viewings import kept
from gateway.viewings.state import forgotten
from schemas.events import ViewingChanged


async def words_to_forget(command: Command, user_id: str) -> list[ViewingChanged]:
    """What is to be said for nothing of someone's state to be left."""
    found = await kept.of_user(command.services.read_models, user_id)
    return [word for document in found for word in forgotten(document, command.meta)]


async def forget_what_came_late(command: Command, user_id: str, location: str) -> None:
    """Forgets what a player said while its viewer's account was being erased. Raises Unavailable."""
    async with command.services.viewings.at_rest():
        if said := await words_to_forget(command, user_id):
            await command.publish(said, location)
