"""Which providers there are, from a file that only its owner may read."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from connectors.private_file import read_private
from gateway.auth.roles import Role

_GOOGLE = "https://accounts.google.com"
_GITHUB, _GITHUB_API = "https://github.com", "https://api.github.com"


class ProvidersFileUnusable(ValueError):
    """The providers can't be read, or others can read them too."""


class Provider(BaseModel):
    """Someone who can say who someone is."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str = Field(pattern=r"^[a-z0-9-]{1,40}$")
    kind: Literal["google", "github", "oidc"]
    name: str = ""
    client_id: str = Field(min_length=1)
    client_secret: str = Field(min_length=1)
    issuer: str | None = None
    """Where an OpenID provider describes itself, without `/.well-known/openid-configuration`."""
    site: str = _GITHUB
    api: str = _GITHUB_API
    """Of a GitHub of one's own."""
    admits: frozenset[str] = frozenset()
    """Who has a verified address at one of these domains may have an account, whatever registration is."""
    role: Role = "viewer"
    """What those get who come for the first time."""

    @model_validator(mode="after")
    def _described(self) -> Provider:
        if self.kind == "oidc" and not self.issuer:
            raise ValueError("an OpenID provider needs its issuer")
        return self

    @property
    def shown(self) -> str:
        """What to call it."""
        return self.name or {"google": "Google", "github": "GitHub"}.get(self.kind, self.id)

    @property
    def metadata_url(self) -> str:
        """Where an OpenID provider describes itself."""
        return f"{self._issuer}/.well-known/openid-configuration"

    def is_called(self, issuer: object) -> bool:
        """Whether this is what an OpenID provider has to call itself."""
        return isinstance(issuer, str) and issuer.rstrip("/") == self._issuer

    @property
    def _issuer(self) -> str:
        return (self.issuer or _GOOGLE).rstrip("/")


class Providers(BaseModel):
    """The file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    providers: tuple[Provider, ...] = ()

    @model_validator(mode="after")
    def _told_apart(self) -> Providers:
        if len({each.id for each in self.providers}) < len(self.providers):
            raise ValueError("two providers have the same id")
        return self

    def get(self, id: str) -> Provider | None:
        """One of them."""
        return next((each for each in self.providers if each.id == id), None)


def read_providers_file(path: Path | None) -> Providers:
    """The providers; none where there is no file. Raises ProvidersFileUnusable."""
    if path is None:
        return Providers()
    text = read_private(path, "providers", ProvidersFileUnusable)
    try:
        return Providers.model_validate_json(text)
    except ValidationError as error:
        said = "; ".join(f"{'.'.join(map(str, e['loc'])) or 'it'}: {e['msg']}" for e in error.errors())
        raise ProvidersFileUnusable(f"the providers file {path} makes no sense: {said}") from error
