"""The last net before a log line is written: what looks like a secret, or an e-mail address, is masked.

Nothing should be caught in it. Each line is written to hold no token, code, secret or health value, and
tests plant such things everywhere and look for them; the net is for the line that nobody foresaw, such as
a library's. Health values have no shape of their own, so it cannot catch those.
"""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

MASK = "***"

_SENSITIVE = (
    "access_token|api[_-]?key|authorization|client_secret|code|cookie|credentials?|nonce|passw(?:or)?d"
    "|refresh_token|secret|session|signature|state|ticket|token"
)
_SENSITIVE_NAME = re.compile(rf"(?:.*[_-])?(?:{_SENSITIVE})s?", re.IGNORECASE)

_TOKEN_SHAPES = (
    r"gAAAA[\w-]{20,}=*",  # Fernet
    r"eyJ[\w-]+\.[\w-]+\.[\w-]*",  # JWT
    r"wb_[\w-]{20,}",  # our API keys
    r"(?<![\w-])[0-9a-f]{40,}(?![\w-])",  # Withings' tokens and codes
    r"(?<![\w-])(?=[\w-]*\d)(?=[\w-]*[A-Za-z])[\w-]{43,}=*",  # 32 random bytes and more in base64
)
_MASKED = [
    (re.compile(shape), MASK)
    for shape in (*_TOKEN_SHAPES, r"[\w.+%-]+(?:@|%40)[\w-]+(?:\.[\w-]+)+")  # and e-mail addresses
]
_NAMED = (
    (re.compile(r"\b(bearer|basic)\s+[^\s\"',;]+", re.IGNORECASE), rf"\1 {MASK}"),
    (re.compile(r"(://)[^/\s@]+@"), rf"\1{MASK}@"),
    # As in a query, a form, JSON, or the ``repr`` of either.
    (
        re.compile(
            rf"(?<![A-Za-z0-9])((?:\w*_)?(?:{_SENSITIVE})[\"']?(?:=|:\s*(?=[\"']))[\"']?)[^\s&\"',;}})]+",
            re.IGNORECASE,
        ),
        rf"\1{MASK}",
    ),
)

_PLAIN = re.compile(r"(?!.*(?:bearer|basic|wb_))[a-z0-9 _/.:TZ-]{0,39}")
"""Words, numbers, times, ids: too short, or without the signs, for any of the above. Most lines are these."""


def redacted(value: Any, name: str = "") -> Any:
    """The value as a log may show it, if it is logged under this name.

    Numbers, truths and None stay as they are unless their name says what they are; what is neither text,
    mapping nor sequence becomes text.
    """
    if value is None or isinstance(value, bool):
        return value
    if _is_sensitive(name):
        return MASK
    match value:
        case int() | float():
            return value
        case str():
            return redacted_text(value)
        case Mapping():
            return {redacted_text(str(key)): redacted(item, str(key)) for key, item in value.items()}
        case list() | tuple() | set() | frozenset():
            return [redacted(item) for item in value]
        case _:
            return redacted_text(repr(value))


def redacted_text(text: str) -> str:
    """The text without what looks like a secret, in one line that moves no terminal's cursor."""
    if _PLAIN.fullmatch(text):
        return text.rstrip()
    for shape, mask in (*_NAMED, *_MASKED):
        text = shape.sub(mask, text)
    return "".join(char if char.isprintable() else _escaped(char) for char in text.rstrip())


@lru_cache(maxsize=1024)
def _is_sensitive(name: str) -> bool:
    return _SENSITIVE_NAME.fullmatch(name) is not None


def _escaped(char: str) -> str:
    return char.encode("unicode_escape").decode()
