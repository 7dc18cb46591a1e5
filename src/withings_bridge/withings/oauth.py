"""Consent and tokens: the authorize URL, code exchange, refresh, revoke, and the signed calls.

Withings wraps its token endpoint in an action and an envelope, so the calls are ours; the authorize URL
is plain OAuth 2.0 and Authlib's. Keeping pairs, and one refresh at a time, is left to the services.
"""

import time
from collections.abc import Callable, Sequence

import httpx
from pydantic import SecretStr

from withings_bridge.domain.errors import ApplicationRefused, BadGrant, BadParameters, Malformed
from withings_bridge.withings.answers import read
from withings_bridge.withings.models.tokens import NonceReply, TokenReply
from withings_bridge.withings.protocol import (
    OAUTH_PATH,
    REQUEST_TOKEN,
    SIGNATURE_PATH,
    Call,
    signature,
)
from withings_bridge.withings.sending import TIMEOUT, Meter, Pace, Sender


class WithingsOAuth:
    """One application's standing with one Withings cloud, over the given ``httpx.AsyncClient``.

    ``clock`` gives epoch seconds; Withings wants them in a nonce's signature. Every method that asks
    Withings raises a WithingsError on failure.
    """

    def __init__(
        self,
        http: httpx.AsyncClient,
        *,
        client_id: str,
        client_secret: SecretStr,
        api_url: str,
        auth_url: str,
        pace: Pace | None = None,
        meter: Meter | None = None,
        timeout: httpx.Timeout = TIMEOUT,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._sender = Sender(http, pace=pace, meter=meter, timeout=timeout)
        self._client_id = client_id
        self._client_secret = client_secret
        self._api_url = api_url.rstrip("/")
        self._auth_url = auth_url
        self._clock = clock
        self.refused = False
        """Whether Withings refused the application itself when it was asked for tokens last."""

    def authorize_url(
        self, state: str, redirect_uri: str, scopes: Sequence[str], *, demo: bool = False
    ) -> str:
        """Where to send the person's browser. Withings joins scopes by commas, not by spaces."""
        # Here, since importing it costs more than all else of OAuth, and many replicas never need it.
        from authlib.oauth2.rfc6749 import parameters as rfc6749  # type: ignore[import-untyped]  # has no types

        url: str = rfc6749.prepare_grant_uri(
            self._auth_url,
            client_id=self._client_id,
            response_type="code",
            redirect_uri=redirect_uri,
            scope=",".join(scopes),
            state=state,
            mode="demo" if demo else None,
        )
        return url

    async def exchange(self, code: str, redirect_uri: str) -> TokenReply:
        """The pair for an authorization code, which lives 30 seconds and works once; else BadGrant."""
        reply = await self._request_token(
            {"grant_type": "authorization_code", "code": code, "redirect_uri": redirect_uri}
        )
        if reply.userid is None:
            raise Malformed("Withings granted tokens without saying whose.")
        return reply

    async def refresh(self, refresh_token: str) -> TokenReply:
        """The next pair. BadGrant when Withings no longer honours the token.

        When the reply is lost the old token still works, but not within 10 seconds (RateLimited).
        """
        return await self._request_token({"grant_type": "refresh_token", "refresh_token": refresh_token})

    async def revoke(self, userid: str) -> None:
        """End the grant: the user's tokens die and all their subscriptions with this application go."""
        await self._signed("revoke", {"userid": userid})

    async def demo_access(self, scopes: Sequence[str]) -> TokenReply:
        """A pair for Withings' demo account; whose it is, Withings does not say."""
        return read(TokenReply, await self._signed("getdemoaccess", {"scope_oauth2": ",".join(scopes)}))

    async def nonce(self) -> str:
        """A nonce for one signed call within 30 minutes."""
        timestamp = str(int(self._clock()))
        parameters = {
            "client_id": self._client_id,
            "timestamp": timestamp,
            "signature": self._sign("getnonce", timestamp),
        }
        body = await self._sender.send(Call(self._api_url + SIGNATURE_PATH, "getnonce", parameters))
        return read(NonceReply, body).nonce

    async def _request_token(self, grant: dict[str, str]) -> TokenReply:
        # The secret rather than nonce and signature: those would cost a second call within the code's 30 s.
        parameters = {
            **grant,
            "client_id": self._client_id,
            "client_secret": self._client_secret.get_secret_value(),
        }
        try:
            body = await self._sender.send(Call(self._api_url + OAUTH_PATH, REQUEST_TOKEN, parameters))
        except BadParameters as error:
            # Nothing else in this call could be wrong.
            self.refused = True
            raise ApplicationRefused(status=error.status) from error
        except BadGrant:  # which Withings says to an application that it knows
            self.refused = False
            raise
        self.refused = False
        return read(TokenReply, body)

    async def _signed(self, action: str, parameters: dict[str, str]) -> dict[str, object]:
        nonce = await self.nonce()
        proof = {"client_id": self._client_id, "nonce": nonce, "signature": self._sign(action, nonce)}
        return await self._sender.send(Call(self._api_url + OAUTH_PATH, action, {**proof, **parameters}))

    def _sign(self, action: str, proof: str) -> str:
        return signature(
            self._client_secret.get_secret_value(), action=action, client_id=self._client_id, proof=proof
        )
