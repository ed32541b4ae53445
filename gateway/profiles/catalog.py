"""Which profiles there are now."""

from __future__ import annotations

from connectors.ports import Query
from connectors.read_models import ReadModels
from gateway.errors import Invalid, NotFound
from schemas.copies import remux_named
from schemas.profiles import BUILT_IN, Profile, parse

KIND = "profile"
RESOURCES = "resources"
_MOST = 1000


async def find(read_models: ReadModels, name: str) -> Profile:
    """The profile of that name. Raises NotFound."""
    profile = BUILT_IN.get(name) or remux_named(name) or await _made(read_models, name)
    if profile is None:
        raise NotFound("profile-not-found", f"There is no profile {name!r}.")
    return profile


async def asked_for(read_models: ReadModels, name: str) -> Profile:
    """The profile that an order names. Raises Invalid."""
    profile = BUILT_IN.get(name) or await _made(read_models, name)
    if profile is None:
        known = sorted(each.name for each in await every(read_models))
        raise Invalid(
            "unknown-profile", f"There is no profile {name!r}; there are {', '.join(known)}.", profiles=known
        )
    return profile


async def every(read_models: ReadModels) -> list[Profile]:
    """All profiles: the built-in ones first, then by name."""
    query = Query(where={"kind": KIND}, order_by="now.at", limit=_MOST)
    page = await read_models.page(RESOURCES, query)
    made = [parse(document["now"]["value"]) for document in page.items if document["now"]["value"]]
    return [*BUILT_IN.values(), *sorted(made, key=lambda profile: profile.name)]


async def last_version(read_models: ReadModels, name: str) -> int:
    """The last version there ever was, also of one that was removed; 0 where there was none."""
    document = await read_models.get(RESOURCES, f"{KIND}/{name}")
    return int(document["now"]["version"]) if document else 0


async def _made(read_models: ReadModels, name: str) -> Profile | None:
    document = await read_models.get(RESOURCES, f"{KIND}/{name}")
    value = document["now"]["value"] if document else None
    return parse(value) if value else None
