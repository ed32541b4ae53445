"""HandBrake's presets, as the workers that live announce them in their beats. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

import orjson

from gateway.errors import BadRequest
from gateway.profiles.schemas import HandbrakePreset, HandbrakePresets
from gateway.system.presence import DOWN
from gateway.system.schemas import Service
from schemas.profiles import Profile

_DETAIL = "handbrake_presets"
_NEAR, _LIKENESS = 5, 0.4


def announced(services: Iterable[Service]) -> HandbrakePresets:
    """All presets, with the workers that have each: in the order of the first of them."""
    found: dict[tuple[str, str], list[str]] = {}
    workers = []
    for service in services:
        said = service.details.get(_DETAIL)
        if said is None or service.state == DOWN:
            continue
        workers.append(service.instance)
        for category, names in orjson.loads(said).items():
            for name in names:
                found.setdefault((category, name), []).append(service.instance)
    items = [HandbrakePreset(name=n, category=c, workers=having) for (c, n), having in found.items()]
    return HandbrakePresets(workers=workers, items=items)


def refuse_unknown(profile: Profile, services: Iterable[Service]) -> None:
    """Raises BadRequest for a preset that no living worker has, where one has HandBrake at all."""
    known = announced(services)
    wanted = profile.handbrake_preset
    if profile.engine != "handbrake" or wanted is None or not known.workers:
        return
    names = [preset.name for preset in known.items]
    if wanted in names:
        return
    near = nearest(wanted, names)
    hint = f"near are {', '.join(near)}" if near else f"there are {len(names)} others"
    said = f"handbrake_preset: HandBrake has no preset {wanted!r}; {hint}"
    raise BadRequest("unknown-preset", said, problems=[said], near=near)


def nearest(wanted: str, names: Iterable[str]) -> list[str]:
    """The names most like it, whatever the case of their letters."""
    folded = {name.casefold(): name for name in names}
    return [folded[each] for each in get_close_matches(wanted.casefold(), folded, _NEAR, _LIKENESS)]
