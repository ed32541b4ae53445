"""Asking a provider who someone is, over Authlib: the way there, and what comes back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import httpx
import structlog
from authlib.integrations.base_client import OAuthError
from authlib.integrations.starlette_client import OAuth
from joserfc.errors import JoseError

from gateway.errors import Forbidden, Problem
from gateway.providers.known import Provider, Providers

log = structlog.get_logger()

_PATIENCE_S = 10
_BAD_GATEWAY = 502


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """Where to send someone, and what has to be kept until they come back."""

    url: str
    state: str
    verifier: str
    nonce: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Who a provider says that someone is."""

    subject: str
    email: str | None
    email_verified: bool
    name: str | None


class Asking:
    """All providers, ready to be asked."""

    def __init__(self, providers: Providers) -> None:
        self.providers = providers
        self._oauth = OAuth()
        for each in providers.providers:
            self._oauth.register(
                each.id, client_id=each.client_id, client_secret=each.client_secret, **_how(each)
            )

    async def way(self, provider: Provider, redirect_uri: str) -> Way:
        """The way to a provider. Raises Problem where it does not answer."""
        try:
            client = self._client(provider)
            await _refuse_another(provider, client)
            found = await client.create_authorization_url(redirect_uri)
        except (httpx.HTTPError, OAuthError, RuntimeError, ValueError, KeyError) as error:
            raise _unreachable(provider, error) from error
        return Way(
            url=found["url"],
            state=found["state"],
            verifier=found["code_verifier"],
            nonce=found.get("nonce"),
        )

    async def person(self, provider: Provider, code: str, way: Way, redirect_uri: str) -> Person:
        """Who came back with this code. Raises Forbidden where the provider does not stand by it."""
        client = self._client(provider)
        try:
            await _refuse_another(provider, client)
            token = await client.fetch_access_token(
                code=code, state=way.state, redirect_uri=redirect_uri, code_verifier=way.verifier
            )
            if provider.kind == "github":
                return await _of_github(client, token)
            said = await client.parse_id_token(token, nonce=way.nonce, leeway=60)
            if said is None:
                raise ValueError("the provider sent no id_token")
            if not said.get("email"):
                said = {**await client.userinfo(token=token), "sub": said["sub"]}
        except httpx.HTTPError as error:
            raise _unreachable(provider, error) from error
        except (OAuthError, JoseError, RuntimeError, ValueError, KeyError, TypeError) as error:
            log.warning("a provider does not stand by who came back", provider=provider.id, error=repr(error))
            raise Forbidden(
                "provider-refused", f"{provider.shown} does not say who you are: try again."
            ) from error
        return Person(
            subject=str(said["sub"]),
            email=said.get("email"),
            email_verified=said.get("email_verified") is True,
            name=said.get("name"),
        )

    def _client(self, provider: Provider) -> Any:
        return self._oauth.create_client(provider.id)


def _how(provider: Provider) -> dict[str, Any]:
    kept = {"code_challenge_method": "S256", "timeout": _PATIENCE_S}
    if provider.kind == "github":
        return {
            "authorize_url": f"{provider.site}/login/oauth/authorize",
            "access_token_url": f"{provider.site}/login/oauth/access_token",
            "api_base_url": f"{provider.api}/",
            "client_kwargs": {**kept, "scope": "read:user user:email"},
        }
    scope = "openid email profile"
    return {"server_metadata_url": provider.metadata_url, "client_kwargs": {**kept, "scope": scope}}


async def _refuse_another(provider: Provider, client: Any) -> None:
    """Raises ValueError for a provider that describes itself as another, and is believed nothing then."""
    if provider.kind != "github":
        issuer = (await client.load_server_metadata()).get("issuer")
        if not provider.is_called(issuer):
            raise ValueError(f"it calls itself {issuer!r}")


async def _of_github(client: Any, token: Any) -> Person:
    """GitHub is no OpenID provider: its API is asked."""
    user, emails = await client.get("user", token=token), await client.get("user/emails", token=token)
    said = user.raise_for_status().json()
    primary: dict[str, Any] = next(
        (each for each in emails.raise_for_status().json() if each.get("primary")), {}
    )
    return Person(
        subject=str(said["id"]),
        email=primary.get("email"),
        email_verified=primary.get("verified") is True,
        name=said.get("name") or said.get("login"),
    )


def _unreachable(provider: Provider, error: Exception) -> Problem:
    log.warning("a provider does not answer", provider=provider.id, error=repr(error))
    return Problem(
        "provider-away", f"{provider.shown} does not answer: try again later.", status=_BAD_GATEWAY
    )
