"""How one client is to play one medium: what is known of both, and the decision."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass

from connectors.ports import Document
from connectors.read_models import ReadModels
from gateway.commands import Command
from gateway.errors import Archived, Conflict, Invalid, Unavailable
from gateway.jobs.makers import of_source
from gateway.media.lookup import find, refuse_unusable
from gateway.media.render import shelf, shown_name, source_of
from gateway.playback.decide import Decision, decide
from gateway.playback.schemas import PlaybackOrder
from gateway.playback.stock import lacks
from gateway.playback.streamable import streamed
from schemas import copies
from schemas.copies import NOT_COPYABLE, Copies
from schemas.medium import Medium
from schemas.profiles import Profile
from schemas.renditions import CannotRender, Renditions

_DEFAULT_PROFILE = "web"
_FAILED, _DONE = "failed", "completed"
_ARCHIVED = "its file is in the archive, and what was made of it is not"
_LOOK_AGAIN_S = 0.05


@dataclass(frozen=True, slots=True)
class Viewing:
    """What is to be played, and how."""

    source: str
    """Which file of which medium."""
    name: str
    medium: Medium
    decision: Decision
    profile: Profile | None
    made: Renditions | Copies | None


async def see(
    command: Command,
    media_id: str,
    order: PlaybackOrder,
    *,
    in_pieces: bool = False,
    uncopyable: str | None = None,
) -> Viewing:
    """Decides. Raises NotFound, Gone, Conflict, Invalid and Unavailable.

    `uncopyable` is why it cannot be copied, where that was found out; with `in_pieces` the file as it is
    would not do.
    """
    services = command.services
    services.streams.refuse_deleted(media_id)
    document = await _probed(command, media_id, services.streams.patience.probed_s)
    medium = Medium.read(document["probe"])
    if (where := shelf(document)) is not None and not where.readable:
        return await _made_before(command, document, medium, order)
    keep = copies.kept_codecs(medium, order.abilities.audio_codecs, order.abilities.max_channels)
    remux = copies.remux(keep)
    in_pieces = in_pieces or order.method == "remux"
    decision = decide(medium, order.abilities, uncopyable, in_pieces=in_pieces)
    if decision.method == "remux":
        uncopyable = await _uncopyable(services.read_models, source_of(document), remux)
        decision = decide(medium, order.abilities, uncopyable, in_pieces=in_pieces)
    decision = _heeding(decision, order)
    profile, made = None, None
    if decision.method == "remux":
        profile = remux
    elif decision.method == "transcode":
        profile = services.profiles.asked_for(order.profile or _DEFAULT_PROFILE)
    if profile is not None:
        made = _made(medium, profile)
    return Viewing(source_of(document), shown_name(document), medium, decision, profile, made)


async def _made_before(command: Command, document: Document, medium: Medium, order: PlaybackOrder) -> Viewing:
    """What jobs have made of a file that can't be read now. Raises Archived where that is not whole."""
    services, source = command.services, source_of(document)
    asked = [order.profile] if order.profile else [_DEFAULT_PROFILE]
    done = [each for each in await of_source(services.read_models, source) if each["state"]["name"] == _DONE]
    asked += [] if order.profile else [each["request"]["profile"] for each in done]
    for name in dict.fromkeys(asked):
        with contextlib.suppress(Invalid, CannotRender):
            profile = services.profiles.asked_for(name)
            made = streamed(medium, profile)
            if not await lacks(services.store, made):
                decision = Decision("remux" if profile.is_remux else "transcode", (_ARCHIVED,))
                return Viewing(source, shown_name(document), medium, decision, profile, made)
    raise Archived


def _made(medium: Medium, profile: Profile) -> Renditions | Copies:
    try:
        return streamed(medium, profile)
    except CannotRender as error:
        raise Conflict(error.code.replace("_", "-"), str(error)) from error


def _heeding(decision: Decision, order: PlaybackOrder) -> Decision:
    """The decision as far as the order leaves it. Raises Conflict where what is asked for can't be."""
    if order.method == "transcode" and decision.method != "transcode":
        return Decision("transcode", (*decision.reasons, "the client asked for it"))
    if order.method is not None and order.method != decision.method:
        why = "; ".join(decision.reasons) or "the file plays as it is"
        raise Conflict("method-impossible", f"It can't be played by {order.method}: {why}.")
    if decision.method == "remux" and order.profile is not None and order.method is None:
        return Decision("transcode", (*decision.reasons, f"the profile {order.profile} is asked for"))
    return decision


async def _uncopyable(read_models: ReadModels, source: str, remux: Profile) -> str | None:
    """Why a medium cannot be copied, as a job found out that tried to."""
    for document in await of_source(read_models, source):
        profile = (document.get("request") or {}).get("profile", "")
        outcome = document.get("outcome") or {}
        if document["state"]["name"] != _FAILED or copies.remux_named(profile) is None:
            continue
        if profile == remux.name or outcome.get("code") == NOT_COPYABLE:
            return outcome.get("reason") or "an attempt at copying it failed"
    return None


async def _probed(command: Command, media_id: str, within_s: float) -> Document:
    """The medium's document, once it was looked at. Raises NotFound, Gone, Conflict and Unavailable."""
    deadline = asyncio.get_running_loop().time() + within_s
    while True:
        media, document = await find(command.services, command.principal, media_id)
        refuse_unusable(media)
        if media.probe is not None:
            return document
        if asyncio.get_running_loop().time() > deadline:
            raise Unavailable(f"The medium {media_id} has not been looked at yet; try again in a moment.")
        await asyncio.sleep(_LOOK_AGAIN_S)
