"""What all calls of the read API share: whose history, whether the caller has the answer, which page."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Any, TypeVar

from fastapi import Depends, Header, Path, Query, Request, Response
from fastapi.responses import JSONResponse

from withings_bridge.api.cursors import LONGEST, cursor_of, place_in
from withings_bridge.api.dependencies import Reader, TheServices
from withings_bridge.api.etags import CACHING, NotModified, etag_of, has
from withings_bridge.api.readings_schemas import Showing
from withings_bridge.api.replies import FOR_A_USER, Failure, Replies, replies
from withings_bridge.api.routers.users import SYNCING, UserId
from withings_bridge.domain.categories import Category
from withings_bridge.domain.records import Kind
from withings_bridge.domain.units import Units
from withings_bridge.services.history.browsing import History, Span
from withings_bridge.services.history.paging import Decode, Leaf, leaf
from withings_bridge.storage.base import Place

EndpointT = TypeVar("EndpointT", bound=Callable[..., Any])

MOST_ITEMS = 500


class Escaped(JSONResponse):
    """JSON in ASCII: a broken emoji in a device's name is half a surrogate pair, which no other encoding
    holds, and Withings' records are served as they are.
    """

    def render(self, content: Any) -> bytes:
        return json.dumps(content, allow_nan=False, separators=(",", ":")).encode()


class Order(StrEnum):
    """The way through a list."""

    ASCENDING = "asc"
    DESCENDING = "desc"


@dataclass(frozen=True, slots=True)
class Paging:
    """Which page of a list, and in which order."""

    limit: int
    order: Order
    cursor: str | None

    @property
    def backward(self) -> bool:
        return self.order is Order.DESCENDING

    def place(self, history: History, name: str) -> Place | None:
        """Where the page begins in the list of that name. Raises CursorRefused."""
        if self.cursor is None:
            return None
        return place_in(self.cursor, history.account, self._of(name))

    def next(self, leaf: Leaf, history: History, name: str) -> str | None:
        """The cursor of the page after this one."""
        return cursor_of(leaf.after, history.account, self._of(name)) if leaf.after else None

    def _of(self, name: str) -> str:
        return f"{name} {self.order}"


_LIVE_FROM: dict[Callable[..., Any], tuple[Category, ...]] = {}


def live_from(*categories: Category) -> Callable[[EndpointT], EndpointT]:
    """Says of an endpoint which categories its answer is made of; ``live=true`` asks Withings for those."""

    def known(endpoint: EndpointT) -> EndpointT:
        _LIVE_FROM[endpoint] = categories
        return endpoint

    return known


async def _user(caller: Reader, services: TheServices, user: UserId = None) -> str:
    return await services.reporting.the_user(caller.meaning(user))


TheUser = Annotated[str, Depends(_user)]


async def _history(
    request: Request,
    response: Response,
    services: TheServices,
    user: TheUser,
    live: Annotated[  # noqa: FBT002 - a flag of the query
        bool,
        Query(
            description="Ask Withings first, within the quota, for what this answer is made of: for who must "
            "have the newest. Not needed otherwise: what Withings announces is here some seconds later."
        ),
    ] = False,
    if_none_match: Annotated[
        str | None,
        Header(
            alias="If-None-Match",
            description="An `ETag` that you were given: 304 without a body while nothing has changed.",
        ),
    ] = None,
) -> History:
    if live and (categories := _LIVE_FROM.get(request.scope["endpoint"])):
        await services.requesting.sync(user, only=categories)
    history = await services.browsing.of(user)
    etag = etag_of(request, history, await history.version())
    headers = {"ETag": etag, "Cache-Control": CACHING}
    if has(if_none_match, etag):
        raise NotModified(headers)
    response.headers.update(headers)
    return history


async def _paging(
    limit: Annotated[
        int, Query(description="Items of a page, at most; many values make it shorter.", ge=1, le=MOST_ITEMS)
    ] = 100,
    order: Annotated[
        Order, Query(description="By time: `desc`, the newest first, or `asc`.")
    ] = Order.DESCENDING,
    cursor: Annotated[
        str | None, Query(description="The `next` of the page before.", max_length=LONGEST)
    ] = None,
) -> Paging:
    return Paging(limit, order, cursor)


TheHistory = Annotated[History, Depends(_history)]
AskedPage = Annotated[Paging, Depends(_paging)]

AskedUnits = Annotated[
    Units,
    Query(
        description="`metric`: as Withings documents them. `vitals7`: masses in pounds, temperatures in °F "
        "and the height in inches, with the digits of `user_vitals`; all else as it is."
    ),
]
WithRecord = Annotated[bool, Query(description="Also the records as Withings sends them.")]
RecordId = Annotated[str, Path(description="Its `id`.", min_length=1, max_length=256)]


@dataclass(frozen=True, slots=True)
class Form:
    """How a caller wants things shown. It does not lean on the history, which FastAPI would then look into
    twice for each endpoint.
    """

    units: Units = Units.METRIC
    record: bool = False

    async def of(self, history: History) -> Showing:
        """The same, with where this person was last."""
        return Showing(await history.zone(), vitals7=self.units is Units.VITALS7, record=self.record)


async def _form(
    units: AskedUnits = Units.METRIC,
    record: WithRecord = False,  # noqa: FBT002 - a flag of the query
) -> Form:
    return Form(units, record)


async def _form_of_records(record: WithRecord = False) -> Form:  # noqa: FBT002 - as above
    return Form(record=record)


async def _form_of_values(units: AskedUnits = Units.METRIC) -> Form:
    return Form(units)


AskedForm = Annotated[Form, Depends(_form)]
AskedFormOfValues = Annotated[Form, Depends(_form_of_values)]
"""Where no records are told."""

AskedFormOfRecords = Annotated[Form, Depends(_form_of_records)]
"""Where no values are told."""


async def listed(
    history: History,
    kind: Kind,
    span: Span,
    page: Paging,
    *,
    name: str | None = None,
    decode: Decode | None = None,
) -> tuple[Leaf, str | None]:
    """A page of one kind, and the cursor of the next one. ``name``: of a list that is not the whole kind."""
    name = name or kind
    found = await leaf(
        history,
        kind,
        span,
        limit=page.limit,
        after=page.place(history, name),
        backward=page.backward,
        decode=decode,
    )
    return found, page.next(found, history, name)


_ETAG = {
    "ETag": {
        "description": "Send it as `If-None-Match` with the same request.",
        "schema": {"type": "string"},
        "example": 'W/"5f1d0c9a77e3b2045f1d0c9a77e3b204"',
    }
}


def reading(*failures: Failure) -> Replies:
    """``responses`` of a call of the read API, with what else can go wrong in it."""
    unchanged = {"description": "You have it: nothing has changed since you were given that `ETag`."}
    return {
        200: {"headers": _ETAG},
        304: unchanged | {"headers": _ETAG},
        **replies(*FOR_A_USER, *SYNCING, *failures),
    }
