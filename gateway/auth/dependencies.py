"""What routes declare to know who is asking."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, WebSocket
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from gateway.auth.principal import Principal
from gateway.errors import Unauthorized
from gateway.services import ServicesOf

bearer = HTTPBearer(auto_error=False, scheme_name="token", description="The administrator's token.")


async def current_principal(
    services: ServicesOf, credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(bearer)]
) -> Principal:
    """The owner of the request's bearer token. Raises Unauthorized."""
    if credentials is None:
        raise Unauthorized("Send the header Authorization: Bearer <token>.")
    return await services.authenticator.principal(credentials.credentials)


async def socket_principal(services: ServicesOf, socket: WebSocket) -> Principal:
    """The owner of the bearer token in a WebSocket's handshake. Raises Unauthorized."""
    kind, _, token = socket.headers.get("authorization", "").partition(" ")
    if kind.lower() != "bearer":
        raise Unauthorized("Send the header Authorization: Bearer <token> with the handshake.")
    return await services.authenticator.principal(token.strip())


CurrentPrincipal = Annotated[Principal, Depends(current_principal)]
