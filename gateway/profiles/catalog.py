"""Which profiles there are now: kept in memory by each replica from the log, as what is asked for most."""

from __future__ import annotations

from gateway.catalog import Catalog
from gateway.errors import Invalid, NotFound
from gateway.following import Following
from gateway.profiles import schemas
from schemas.copies import remux_named
from schemas.events import Event
from schemas.profiles import BUILT_IN, Profile, parse

KIND = "profile"


class Profiles(Catalog[Profile]):
    """The built-in profiles, and those that people made."""

    def __init__(self, following: Following) -> None:
        super().__init__(following, KIND, parse)
        self._shown: bytes | None = None

    def hear(self, event: Event) -> bool:
        """See Catalog."""
        changed = super().hear(event)
        if changed:
            self._shown = None
        return changed

    def find(self, name: str) -> Profile:
        """The profile of that name. Raises NotFound."""
        profile = BUILT_IN.get(name) or remux_named(name) or self.all().get(name)
        if profile is None:
            raise NotFound("profile-not-found", f"There is no profile {name!r}.")
        return profile

    def asked_for(self, name: str) -> Profile:
        """The profile that an order names. Raises Invalid."""
        profile = BUILT_IN.get(name) or self.all().get(name)
        if profile is None:
            known = sorted(each.name for each in self.every())
            detail = f"There is no profile {name!r}; there are {', '.join(known)}."
            raise Invalid("unknown-profile", detail, profiles=known)
        return profile

    def every(self) -> list[Profile]:
        """All profiles: the built-in ones first, then by name."""
        made = self.all()
        return [*BUILT_IN.values(), *(made[name] for name in sorted(made))]

    def shown(self) -> bytes:
        """All of them as JSON, made once for as long as nobody changes one."""
        self.all()
        if self._shown is None:
            self._shown = schemas.Profiles(items=self.every()).model_dump_json().encode()
        return self._shown
