"""Everything that has to do with who someone is, in one value."""

from __future__ import annotations

from dataclasses import dataclass

from connectors.sealing import Secret
from gateway.auth.access_tokens import AccessTokens
from gateway.auth.cookies import Cookies
from gateway.auth.directory import Directory
from gateway.auth.links import Links
from gateway.auth.live_tickets import LiveTickets
from gateway.auth.passwords import Passwords
from gateway.auth.second_factor import SecondFactors
from gateway.auth.sessions import Sessions
from gateway.claims import Claims
from gateway.following import Following


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """What signing in, signing out and accounts are made of."""

    secret: Secret
    following: Following
    directory: Directory
    passwords: Passwords
    second_factors: SecondFactors
    tokens: AccessTokens
    sessions: Sessions
    cookies: Cookies
    tickets: LiveTickets
    links: Links
    claims: Claims
