"""One request to an address that is looked at, and what became of it in words."""

import asyncio
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime

import httpx

HEADERS = {"Accept": "*/*", "User-Agent": "withings-bridge doctor"}


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back."""

    status: int
    seconds: float
    date: datetime | None
    """What time it was for whoever answered."""
    text: str

    @property
    def ok(self) -> bool:
        """Whether it is what HTTP calls success."""
        return 200 <= self.status < 300  # noqa: PLR2004 - what HTTP calls success


class Silence(Exception):
    """No answer came; the message is half a sentence that says why, without the address."""


async def ask(http: httpx.AsyncClient, method: str, url: str, *, within: float) -> Answer:
    """Ask once, and follow no redirect. Raises Silence after so many seconds, or where there is no way."""
    timeout = httpx.Timeout(within)
    clock = asyncio.get_running_loop().time
    asked_at = clock()
    try:
        request = httpx.Request(method, url, headers=HEADERS, extensions={"timeout": timeout.as_dict()})
        async with asyncio.timeout(within):
            response = await http.send(request, auth=None, follow_redirects=False)
    except (TimeoutError, httpx.TimeoutException):
        raise Silence(f"no answer came within {within:g} s") from None
    except httpx.ConnectError as error:
        raise Silence(_unconnected(str(error))) from None
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise Silence(f"the connection broke off ({type(error).__name__})") from None
    return Answer(
        response.status_code,
        clock() - asked_at,
        _date(response.headers.get("date")),
        response.text,
    )


def _unconnected(said: str) -> str:
    """Why there was no connection, which httpx tells in the words of the system alone."""
    if "CERTIFICATE" in said.upper():
        return "its certificate is not trusted"
    if "SSL" in said.upper():
        return "it does not speak TLS"
    if "Name or service not known" in said or "No address associated" in said or "resolution" in said:
        return "its name is not known to DNS"
    return "nobody answers there"


def _date(header: str | None) -> datetime | None:
    try:
        date = parsedate_to_datetime(header or "")
    except ValueError:
        return None
    return date if date.tzinfo else None
