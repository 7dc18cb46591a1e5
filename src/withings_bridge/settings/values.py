"""The kinds of value that an environment variable holds, each with the check that explains a wrong one."""

import base64
import binascii
import ipaddress
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, SecretStr
from pydantic_settings import NoDecode

from withings_bridge.callers.api_keys import ApiKey
from withings_bridge.domain.extended import NAMES

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
"""Host names of this machine."""


def parts_of(value: str) -> tuple[str, ...]:
    """The parts of a comma-separated list; empty ones do not count."""
    return tuple(part.strip() for part in value.split(",") if part.strip())


def secrets_in(value: SecretStr) -> tuple[str, ...]:
    """The secrets of a comma-separated list."""
    return parts_of(value.get_secret_value())


def _split(value: Any) -> Any:
    return parts_of(value) if isinstance(value, str) else value


def _url(value: str) -> str:
    parts = urlsplit(value)
    if value and (parts.scheme not in {"http", "https"} or not parts.hostname or " " in value):
        raise ValueError("must be a full http or https URL")
    _ = parts.port  # raises ValueError for one that cannot be
    return value


def _without_slash(value: str) -> str:
    return value.rstrip("/")


def _origins(values: tuple[str, ...]) -> tuple[str, ...]:
    for origin in values:
        parts = urlsplit(origin)
        if parts.scheme not in {"http", "https"} or origin != f"{parts.scheme}://{parts.netloc}":
            raise ValueError("must be origins, each of scheme, host and port; no path, and no *")
    return values


def _proxies(values: tuple[str, ...]) -> tuple[str, ...]:
    try:
        networks = [ipaddress.ip_network(value) for value in values if values != ("*",)]
    except ValueError:
        raise ValueError("must be addresses and networks, such as 10.0.0.0/8, or * alone") from None
    return tuple(map(str, networks)) or values


def _secrets(value: SecretStr) -> SecretStr:
    if value and not secrets_in(value):
        raise ValueError("holds commas and blanks alone; unset it, or set a secret")
    return value


def _fernet_keys(value: SecretStr) -> SecretStr:
    if not all(_is_fernet_key(key) for key in secrets_in(value)):
        raise ValueError(
            "must be Fernet keys, each of 32 bytes in URL-safe base64, for example the output of "
            "`openssl rand -base64 32 | tr +/ -_`"
        )
    return value


def _api_keys(value: SecretStr) -> SecretStr:
    names = [ApiKey.parse(entry).name for entry in secrets_in(value)]
    if len(names) != len(set(names)):
        raise ValueError("must name each key differently")
    return value


def _extended(values: tuple[str, ...]) -> tuple[str, ...]:
    if not {*values} <= {*NAMES, ALL}:
        raise ValueError(f"knows only {ALL}, and the names {', '.join(sorted(NAMES))}")
    return values


def _is_fernet_key(key: str) -> bool:
    try:
        return len(base64.urlsafe_b64decode(key)) == 32  # noqa: PLR2004 - what Fernet asks for
    except (binascii.Error, ValueError):
        return False


ALL = "all"
"""Every extended row."""

Words = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_split)]
Numbers = Annotated[tuple[int, ...], NoDecode, BeforeValidator(_split)]
Origins = Annotated[Words, AfterValidator(_origins)]
Proxies = Annotated[Words, AfterValidator(_proxies)]
"""Networks, a single address being the smallest of them; or ``*``."""

ExtendedNames = Annotated[Words, AfterValidator(_extended)]

Url = Annotated[str, AfterValidator(_url)]
"""A whole address, kept to the letter: Withings compares redirect and callback URLs so."""

BaseUrl = Annotated[Url, AfterValidator(_without_slash)]
"""An address that paths are appended to."""

Secrets = Annotated[SecretStr, AfterValidator(_secrets)]
"""A comma-separated list; the first is given out, all are accepted."""

FernetKeys = Annotated[Secrets, AfterValidator(_fernet_keys)]

ApiKeyEntries = Annotated[Secrets, AfterValidator(_api_keys)]
"""A comma-separated list of ``ApiKey`` entries. No secrets, and still nobody's business."""
