"""What each status inside a Withings reply means, and which error it becomes.

Withings publishes families of numbers and withholds causes on purpose; the special meanings come from
its older documentation and from replies seen by other clients. Reading replies is left to ``protocol``.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from withings_bridge.domain.errors import (
    AlreadyAbsent,
    BadGrant,
    BadParameters,
    BadScope,
    BadToken,
    CallbackRefused,
    NotImplementedByWithings,
    RateLimited,
    Retry,
    Transient,
    WithingsError,
)

OK = 0


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a status means to us; ``retry`` None leaves the answer to the error class."""

    meaning: str
    error: type[WithingsError]
    retry: Retry | None = None
    max_attempts: int | None = None


def verdict(status: int, text: str = "", *, at_token_endpoint: bool = False) -> Verdict:
    """The verdict on a status other than ``OK``; a number nobody has listed is held to be passing.

    ``text`` is the reply's error text. It matters for 503 at the token endpoint alone: there the status
    means a dead grant, unless the text names a parameter that is ours to get right. A link must not be
    given up because an operator mistyped the client secret.
    """
    if at_token_endpoint:
        if status == _INVALID_PARAMS and _OUR_PARAMETERS.search(text):
            return _CREDENTIALS_REFUSED
        if status in _AT_TOKEN_ENDPOINT:
            return _AT_TOKEN_ENDPOINT[status]
    return VERDICTS.get(status, _UNLISTED)


# --- the table ----------------------------------------------------------------------------------------

_WRONG_PARAMETER = (
    "201-213 216-218 220-221 223 225 227-230 234-236 238 240-246 248-249 251-252 254 260-263 265-267 271-272 "
    "275-276 284-285 287-288 290 295 297 300-303 321 323-327 329-341 344-353 380-382 400 501-511 523 532 "
    "3017-3019"
)
_THEIR_FAULT = (
    "215 219 222 224 226 231-233 237 253 255-259 268-270 273-274 278-282 289 291-292 296 298 306-320 322 "
    "370-375 383 391 402 516-521 525-531 533 602 700 1051-1054 2551-2552 2557-2559 3000-3016 3020-3024 "
    "5000-5006 6000 6010-6011 9000 10000"
)
_FAMILIES: tuple[tuple[str, Verdict], ...] = (
    # 283 counts as a wrong parameter today and meant a wrong token before.
    ("100-102 200 283 401", Verdict("Withings refuses the access token", BadToken)),
    ("250", Verdict("The access token belongs to another Withings user", BadToken, Retry.RELINK)),
    ("328", Verdict("The Withings user is deactivated", BadToken, Retry.RELINK)),
    # 403 is in no table of Withings; it was seen as Insufficient_scope.
    ("214 277 403 2553 2555", Verdict("The consent or the Withings plan does not cover this call", BadScope)),
    (_WRONG_PARAMETER, Verdict("Withings does not accept a parameter of this call", BadParameters)),
    ("247", Verdict("Withings does not know this user id", BadParameters)),
    ("264", Verdict("Withings does not know this e-mail address", BadParameters)),
    ("304", Verdict("The comment of the subscription is missing, wrong or too long", BadParameters)),
    ("305", Verdict("There are too many subscriptions; remove some before adding more", BadParameters)),
    ("342", Verdict("The signature is wrong; check WITHINGS_CLIENT_SECRET", BadParameters)),
    ("524", Verdict("Withings refuses this call in its present state", BadParameters)),
    ("286 294 343", Verdict("Withings has no such subscription; nothing is left to remove", AlreadyAbsent)),
    (
        "293",
        Verdict(
            "Withings refuses the callback URL: it must be public HTTPS and answer HEAD with 200",
            CallbackRefused,
            max_attempts=3,
        ),
    ),
    ("601", Verdict("Withings asks us to slow down", RateLimited)),
    ("2554", Verdict("Withings knows no such action here; check WITHINGS_API_URL", NotImplementedByWithings)),
    ("2556", Verdict("Withings knows no such service", NotImplementedByWithings)),
    ("522", Verdict("Withings ran out of time", Transient)),
    (_THEIR_FAULT, Verdict("Withings has a fault of its own", Transient)),
)

_UNLISTED = Verdict("Withings answered with a status that is in no table", Transient)


def _numbers(ranges: str) -> Iterator[int]:
    for part in ranges.split():
        first, _, last = part.partition("-")
        yield from range(int(first), int(last or first) + 1)


VERDICTS: dict[int, Verdict] = {
    number: family_verdict for ranges, family_verdict in _FAMILIES for number in _numbers(ranges)
}
"""Every failure that Withings or its observers list: 252 numbers."""

# --- the token endpoint -------------------------------------------------------------------------------
# No access token travels there, so "refresh and repeat" would go in circles: what is refused is either
# the person's grant or the application's own credentials.

_INVALID_PARAMS = 503
_OUR_PARAMETERS = re.compile(
    r"\b(?:invalid|missing|wrong|unknown) (?:client_?id|client_?secret|redirect_?uri|grant_?type|action)\b",
    re.IGNORECASE,
)
_GRANT_REFUSED = Verdict("Withings refuses the authorization code or the refresh token", BadGrant)
_CREDENTIALS_REFUSED = Verdict(
    "Withings refuses the application itself; check WITHINGS_CLIENT_ID, WITHINGS_CLIENT_SECRET and the "
    "redirect URI",
    BadParameters,
)
_AT_TOKEN_ENDPOINT: dict[int, Verdict] = dict.fromkeys((_INVALID_PARAMS, 250, 283, 328), _GRANT_REFUSED) | (
    dict.fromkeys((100, 101, 102, 200, 401), _CREDENTIALS_REFUSED)
)
