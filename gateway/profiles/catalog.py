"""Which profiles there are now: kept in memory by each replica from the log, as what is asked for most."""

from __future__ import annotations

from gateway.errors import Invalid, NotFound
from gateway.following import Following
from gateway.profiles import schemas
from schemas.copies import remux_named
from schemas.events import Event, ResourceChanged
from schemas.profiles import BUILT_IN, Profile, parse

KIND = "profile"


class Profiles:
    """The built-in profiles, and those that people made. Raises Unavailable before the log was read."""

    def __init__(self, following: Following) -> None:
        self._following = following
        self._versions: dict[str, int] = {}
        self._made: dict[str, Profile] = {}
        self._shown: bytes | None = None

    def hear(self, event: Event) -> None:
        """Takes note of one event."""
        if not isinstance(event, ResourceChanged) or event.kind != KIND:
            return
        if self._versions.get(event.id, 0) >= event.version:
            return
        self._versions[event.id] = event.version
        self._shown = None
        if event.value:
            self._made[event.id] = parse(event.value)
        else:
            self._made.pop(event.id, None)

    def find(self, name: str) -> Profile:
        """The profile of that name. Raises NotFound."""
        profile = BUILT_IN.get(name) or remux_named(name) or self._all().get(name)
        if profile is None:
            raise NotFound("profile-not-found", f"There is no profile {name!r}.")
        return profile

    def asked_for(self, name: str) -> Profile:
        """The profile that an order names. Raises Invalid."""
        profile = BUILT_IN.get(name) or self._all().get(name)
        if profile is None:
            known = sorted(each.name for each in self.every())
            detail = f"There is no profile {name!r}; there are {', '.join(known)}."
            raise Invalid("unknown-profile", detail, profiles=known)
        return profile

    def every(self) -> list[Profile]:
        """All profiles: the built-in ones first, then by name."""
        made = self._all()
        return [*BUILT_IN.values(), *(made[name] for name in sorted(made))]

    def last_version(self, name: str) -> int:
        """The last version there ever was, also of one that was removed; 0 where there was none."""
        self._all()
        return self._versions.get(name, 0)

    def shown(self) -> bytes:
        """All of them as JSON, made once for as long as nobody changes one."""
        self._following.refuse_unheard()
        if self._shown is None:
            self._shown = schemas.Profiles(items=self.every()).model_dump_json().encode()
        return self._shown

    def _all(self) -> dict[str, Profile]:
        self._following.refuse_unheard()
        return self._made
