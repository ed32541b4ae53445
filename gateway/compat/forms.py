"""From the names that older clients know forms by, a container's or a HandBrake preset's, to profiles."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from gateway.errors import Invalid
from gateway.profiles.catalog import Profiles
from schemas.profiles import Profile

USUAL = "web"


def of_format(profiles: Profiles, name: str | None) -> str:
    """The profile of that name, else the first one in a container of that name. Raises Invalid."""
    if not name:
        return USUAL
    wanted, known = name.strip().lower().removeprefix("."), profiles.every()
    found = _first(known, wanted, lambda profile: profile.container)
    if found is None:
        formats = sorted({profile.container for profile in known})
        raise Invalid(
            "unknown-format",
            f"No profile makes {name!r}; there are {', '.join(formats)}.",
            formats=formats,
        )
    return found


def of_preset(profiles: Profiles, name: str | None) -> str:
    """The profile of that name, else the first one with that preset of HandBrake's. Raises Invalid."""
    if not name:
        return USUAL
    known = profiles.every()
    found = _first(known, name, lambda profile: profile.handbrake_preset)
    if found is None:
        presets = [profile.name for profile in known]
        raise Invalid(
            "unknown-preset",
            f"No profile is named {name!r} or has that preset; there are {', '.join(presets)}.",
            presets=presets,
        )
    return found


def _first(known: Iterable[Profile], name: str, other: Callable[[Profile], str | None]) -> str | None:
    named = (profile.name for profile in known if profile.name == name)
    called = (profile.name for profile in known if other(profile) == name)
    return next(named, None) or next(called, None)
