"""The routes of profiles."""

from __future__ import annotations

from typing import Annotated

from fastapi import Body, Path, Request, Response

from gateway import resources
from gateway.auth.dependencies import allow
from gateway.commands import Commanded
from gateway.errors import Conflict, Invalid
from gateway.openapi import problems
from gateway.profiles import catalog, presets
from gateway.profiles.schemas import HandbrakePresets, ProfileChanged, Profiles
from gateway.routing import Router
from gateway.services import ServicesOf, services_of
from schemas.copies import remux_named
from schemas.profiles import BUILT_IN, BadProfile, Profile, checked, written

router = Router(prefix="/profiles", tags=["profiles"])

_READ, _WRITE = allow("profiles:read"), allow("profiles:write")

_TAKEN = frozenset({"handbrake-presets"})
_Name = Annotated[str, Path(pattern=r"^[a-z0-9][a-z0-9-]{0,39}$", description="The profile's name.")]


@router.get("", dependencies=[_READ], response_model=Profiles, responses=problems(400))
async def list_profiles(request: Request) -> Response:
    """Lists all profiles."""
    return Response(services_of(request).profiles.shown(), media_type="application/json")


@router.get("/handbrake-presets", dependencies=[_READ], responses=problems(401))
async def list_handbrake_presets(services: ServicesOf) -> HandbrakePresets:
    """Lists the presets of the workers that have HandBrake."""
    return presets.announced(services.presence.services())


@router.get("/{name}", dependencies=[_READ], responses=problems(400, 404))
async def get_profile(services: ServicesOf, name: _Name) -> Profile:
    """Gets one profile."""
    return services.profiles.find(name)


@router.put("/{name}", dependencies=[_WRITE], status_code=202, responses=problems(400, 409))
async def put_profile(
    command: Commanded,
    name: _Name,
    profile: Annotated[Profile, Body(description="All of it. Its version is given here.")],
) -> ProfileChanged:
    """Makes a profile, or its next version; jobs that run go on with the one they were asked for with."""
    _refuse_built_in(name)
    version = command.services.profiles.last_version(name) + 1
    try:
        made = checked(profile, name=name, version=version)
    except BadProfile as error:
        raise Invalid("bad-profile", str(error), problems=str(error).splitlines()) from error
    presets.refuse_unknown(made, command.services.presence.services())
    return ProfileChanged(profile=made, token=await _publish(command, name, version, written(made)))


@router.delete("/{name}", dependencies=[_WRITE], status_code=202, responses=problems(404, 409))
async def delete_profile(command: Commanded, name: _Name) -> ProfileChanged:
    """Removes a profile that people made."""
    _refuse_built_in(name)
    gone = command.services.profiles.find(name)
    return ProfileChanged(profile=None, token=await _publish(command, name, gone.version + 1, None))


def _refuse_built_in(name: str) -> None:
    if name in BUILT_IN or remux_named(name):
        raise Conflict("built-in-profile", f"{name} is always there, as it is; make one of another name.")
    if name in _TAKEN:
        raise Conflict("reserved-name", f"{name} is an address of its own; take another name.")


async def _publish(command: Commanded, name: str, version: int, value: str | None) -> str:
    event = resources.changed(command, catalog.KIND, name, version, value)
    return await command.publish([event], f"/api/v1/profiles/{name}")
