"""The wire form of Withings, without any I/O: calls, signatures, and replies read into bodies or errors.

Withings answers HTTP 200 to nearly everything and puts success or failure into a ``status`` inside the
JSON. Sending is left to ``sending``, the meaning of each status to ``statuses``.
"""

import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import msgspec

from withings_bridge.domain.errors import (
    BadToken,
    Malformed,
    NotImplementedByWithings,
    RateLimited,
    RepeatedTooSoon,
    Retry,
    Transient,
    WithingsError,
)
from withings_bridge.withings import statuses

MEASURE_PATH = "/measure"
MEASURE_V2_PATH = "/v2/measure"
SLEEP_PATH = "/v2/sleep"
HEART_PATH = "/v2/heart"
STETHO_PATH = "/v2/stetho"
USER_PATH = "/v2/user"
NOTIFY_PATH = "/notify"
OAUTH_PATH = "/v2/oauth2"
SIGNATURE_PATH = "/v2/signature"

PATHS = (
    MEASURE_V2_PATH,
    MEASURE_PATH,
    SLEEP_PATH,
    HEART_PATH,
    STETHO_PATH,
    USER_PATH,
    NOTIFY_PATH,
    OAUTH_PATH,
    SIGNATURE_PATH,
)
"""Of all services; one that ends another's path comes after it."""

REQUEST_TOKEN = "requesttoken"  # noqa: S105 -- the name of an action

SENDABLE = re.compile(r"[\x21-\x7e]+")
"""What a token must look like to be put into a header."""


@dataclass(frozen=True, slots=True)
class Call:
    """One request to Withings before it is sent. Parameters and token stay out of its ``repr``."""

    url: str
    action: str
    parameters: Mapping[str, str] = field(default_factory=dict, repr=False)
    access_token: str | None = field(default=None, repr=False)

    @property
    def at_token_endpoint(self) -> bool:
        return self.action == REQUEST_TOKEN

    @property
    def service(self) -> str:
        """The path of the service without its first slash, such as ``v2/measure``."""
        return next((path for path in PATHS if self.url.endswith(path)), "/other").removeprefix("/")

    @property
    def may_be_repeated(self) -> bool:
        """Whether Withings was never seen to refuse the identical call within ten seconds: that is known
        of data and of the token endpoint.
        """
        return self.url.endswith(NOTIFY_PATH) or "signature" in self.parameters

    def form(self) -> dict[str, str]:
        return {"action": self.action, **self.parameters}

    def headers(self) -> dict[str, str]:
        """The authorization header; raises BadToken for a token that no header can carry."""
        if self.access_token is None:
            return {}
        if not SENDABLE.fullmatch(self.access_token):
            raise BadToken("The stored access token is damaged.")
        return {"Authorization": f"Bearer {self.access_token}"}


def signature(client_secret: str, *, action: str, client_id: str, proof: str) -> str:
    """Withings' signature of a call: HMAC-SHA256 in lower-case hex over exactly three values.

    ``proof`` is the nonce, or for ``getnonce`` the timestamp. No other parameter is ever signed; the
    values are joined by commas in the order of their parameters' names.
    """
    signed = f"{action},{client_id},{proof}"
    return hmac.new(client_secret.encode(), signed.encode(), hashlib.sha256).hexdigest()


def decode(
    response_status: int,
    content_type: str | None,
    body: bytes,
    headers: Mapping[str, str],
    *,
    at_token_endpoint: bool = False,
) -> dict[str, Any]:
    """The body of a successful reply; every other reply raises a WithingsError.

    A status inside the reply outweighs the HTTP status. Numbers with a fraction stay doubles, whose
    shortest form is the decimal that Withings printed. An empty body that PHP printed as a list is a
    dict here.
    """
    envelope = _parsed(body)
    status = _status(envelope)
    if status is not None and status != statuses.OK:
        raise _refusal(status, envelope, headers, at_token_endpoint=at_token_endpoint)
    if not 200 <= response_status < 300:  # noqa: PLR2004 -- what HTTP calls success
        raise _front_end(response_status, headers)
    if not isinstance(envelope, dict):
        raise Malformed(f"Withings answered with {_described(content_type, body, envelope)}.")
    if status is None:
        raise Malformed("Withings answered without a status.")
    content = envelope.get("body")
    if content is None or content == []:
        return {}
    if not isinstance(content, dict):
        raise Malformed("Withings answered with a body that is not an object.", status=status)
    return content


# --- envelopes ----------------------------------------------------------------------------------------

_HARMLESS_TEXTS = {
    text.casefold(): text
    for text in (
        "Too Many Requests",
        "Same arguments in less than 10 seconds",
        "Invalid Params: invalid code",
        "Invalid Params: invalid refresh_token",
        "Insufficient_scope",
        "XRequestID: Not provided invalid_token: The access token provided is invalid",
    )
}
"""Texts seen live. Any other is withheld, for it may repeat what was sent."""

_QUOTA_WAIT = timedelta(seconds=60)
_REPEAT_WAIT = timedelta(seconds=10)
_LONGEST_WAIT = timedelta(days=1)


def _parsed(body: bytes) -> Any:
    try:
        return msgspec.json.decode(body)
    except (ValueError, RecursionError):
        return None


def _status(envelope: Any) -> int | None:
    status = envelope.get("status") if isinstance(envelope, dict) else None
    return status if isinstance(status, int) and not isinstance(status, bool) else None


def _refusal(
    status: int, envelope: dict[str, Any], headers: Mapping[str, str], *, at_token_endpoint: bool
) -> WithingsError:
    text = envelope.get("error")
    text = text.strip() if isinstance(text, str) else ""
    judged = statuses.verdict(status, text, at_token_endpoint=at_token_endpoint)
    content = envelope.get("body")
    retry_after = _seconds(content.get("wait_seconds")) if isinstance(content, dict) else None
    retry_after = retry_after or _retry_after(headers)
    kind = judged.error
    if kind is RateLimited:
        # 601 has two causes, told apart by text alone: the quota, and an identical call repeated too soon.
        repeated = text.casefold().startswith("same arguments")
        kind = RepeatedTooSoon if repeated else RateLimited
        retry_after = retry_after or (_REPEAT_WAIT if repeated else _QUOTA_WAIT)
    quoted = f", {harmless!r}" if (harmless := _HARMLESS_TEXTS.get(text.casefold())) else ""
    return kind(
        f"{judged.meaning} (status {status}{quoted}).",
        status=status,
        retry=judged.retry,
        retry_after=retry_after,
        max_attempts=judged.max_attempts,
    )


def _described(content_type: str | None, body: bytes, parsed: Any) -> str:
    if not body.strip():
        return "an empty page"
    if parsed is not None:
        return "JSON that is not an object"
    if content_type is not None and content_type.strip().lower().startswith("text/html"):
        return "an HTML page"
    return "something that is not JSON, or is cut short"


# --- the front end ------------------------------------------------------------------------------------


def _front_end(response_status: int, headers: Mapping[str, str]) -> WithingsError:
    """The error for a real HTTP failure: the word of a proxy, which knows nothing of tokens or scopes.

    So none of them ends a link or is final. Withings' own 404 is a 2554 inside HTTP 200; a real one most
    likely comes from another host.
    """
    told = f"Withings' front end answered HTTP {response_status}."
    retry_after = _retry_after(headers)
    match response_status:
        case 429:
            return RateLimited(told, retry_after=retry_after or _QUOTA_WAIT)
        case 404 | 405 | 410 | 501:
            return NotImplementedByWithings(
                f"{told} Check WITHINGS_API_URL.", retry=Retry.LATER, retry_after=retry_after
            )
        case 408 | 425:
            return Transient(told, retry_after=retry_after)
        case server if server >= 500:  # noqa: PLR2004 -- HTTP's class of server errors
            return Transient(told, retry_after=retry_after)
        case _:
            return Malformed(told, retry_after=retry_after)


def _retry_after(headers: Mapping[str, str]) -> timedelta | None:
    """HTTP's Retry-After as a wait. A date is measured against the reply's own Date: no clock is needed."""
    lowered = {name.lower(): value for name, value in headers.items()}
    value = lowered.get("retry-after")
    if value is None:
        return None
    if (seconds := _seconds(value)) is not None:
        return seconds
    try:
        wait = parsedate_to_datetime(value) - parsedate_to_datetime(lowered.get("date", ""))
    except (TypeError, ValueError, OverflowError):
        return None
    return min(wait, _LONGEST_WAIT) if wait > timedelta(0) else None


def _seconds(value: Any) -> timedelta | None:
    """A wait of so many seconds, at most a day; None for what is no positive number."""
    if not isinstance(value, int | float | str):
        return None
    try:
        seconds = float(value)
    except (ValueError, OverflowError):
        return None
    return timedelta(seconds=min(seconds, _LONGEST_WAIT.total_seconds())) if seconds > 0 else None
