"""A user's data as resources of FHIR R4. Errors have the one shape of this API: no OperationOutcome."""

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable
from contextlib import aclosing
from typing import Annotated, TypeVar

from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import JSONResponse, StreamingResponse
from pydantic import AfterValidator

from withings_bridge.api.cursors import search_cursor_in, search_cursor_of
from withings_bridge.api.dependencies import Reader, TheServices
from withings_bridge.api.middleware import Refused
from withings_bridge.api.replies import CALLING, FOR_A_USER, replies
from withings_bridge.api.routers.users import UserId
from withings_bridge.domain.errors import CursorRefused, NotLinked, UserUnknown
from withings_bridge.fhir.capabilities import CapabilityStatement, capabilities
from withings_bridge.fhir.resources import (
    Bundle,
    BundleEntry,
    BundleLink,
    Device,
    Observation,
    Patient,
    Resource,
)
from withings_bridge.fhir.searching import Bound, Search, Token

MOST = 1000
"""Observations on a page at most."""

MISSING = Refused(404, "no_such_resource", "There is no such resource; an id is found by a search.")

READING = (*FOR_A_USER, UserUnknown, NotLinked)
"""What can go wrong where something of a user is read."""


LINES = (
    '{"resourceType":"Patient","id":"0f9d3c1e-7a55-4a0e-9a55-2d1f8b6c7e21","identifier":'
    '[{"system":"urn:withings:userid","value":"12345678"}]}\n'
)


class FhirJson(JSONResponse):
    """FHIR's JSON."""

    media_type = "application/fhir+json"


class FhirLines(StreamingResponse):
    """A resource a line."""

    media_type = "application/fhir+ndjson"


def _that(parse: Callable[[str], object]) -> AfterValidator:
    """A text that can be parsed so."""

    def check(text: str) -> str:
        parse(text)
        return text

    return AfterValidator(check)


def _tokens(text: str) -> tuple[Token, ...]:
    return tuple(Token.parse(one) for one in text.split(","))


def _from(text: str) -> Bound:
    return Bound.parse(f"ge{text}")


def _until(text: str) -> Bound:
    return Bound.parse(f"le{text}")


Tokens = Annotated[str, _that(_tokens)]
Date = Annotated[str, _that(Bound.parse)]
BareDate = Annotated[str, _that(_from)]

TheId = Annotated[str, Path(description="The id of the resource.", max_length=128)]
Code = Annotated[
    Tokens | None,
    Query(
        description="What was observed: a code of LOINC or of Withings, `code` or `system|code`; several "
        "with commas between them mean any.",
        examples=["http://loinc.org|29463-7"],
        max_length=2000,
    ),
]
Category = Annotated[
    Tokens | None,
    Query(
        description="`vital-signs`, `activity`, `laboratory`, `exam` or `procedure`; several as for `code`.",
        examples=["vital-signs"],
        max_length=2000,
    ),
]
Tag = Annotated[
    Tokens | None,
    Query(
        alias="_tag",
        description="How the value came to be: `device`, `manual`, `external` or `unknown`; several as for "
        "`code`.",
        examples=["device"],
        max_length=2000,
    ),
]
Dates = Annotated[
    list[Date] | None,
    Query(
        alias="date",
        description="The time it is about: a year, a month, a day or an instant, with `eq`, `ne`, `gt`, "
        "`ge`, `lt`, `le`, `sa` or `eb` before it; given several times, all must hold. Without an offset "
        "it is by the person's clock.",
        examples=[["ge2026-01-01", "lt2026-02-01"]],
        max_length=8,
    ),
]
Updated = Annotated[
    list[Date] | None,
    Query(
        alias="_lastUpdated",
        description="When Withings last changed it, as for `date`; without an offset in UTC.",
        examples=[["gt2026-01-15T07:30:00Z"]],
        max_length=8,
    ),
]
Count = Annotated[
    int, Query(alias="_count", description="Observations on a page at most.", examples=[50], ge=1, le=MOST)
]
From = Annotated[
    Annotated[str, _that(search_cursor_in)] | None,
    Query(alias="_cursor", description="Where to go on; stands in the `next` link.", max_length=2000),
]
Start = Annotated[
    BareDate | None,
    Query(description="Only what is about this time or later.", examples=["2026-01-01"], max_length=64),
]
End = Annotated[
    BareDate | None,
    Query(description="Only what is about this time or earlier.", examples=["2026-01-31"], max_length=64),
]
Since = Annotated[
    BareDate | None,
    Query(
        alias="_since",
        description="Only what Withings changed at this time or later.",
        examples=["2026-01-15T07:30:00Z"],
        max_length=64,
    ),
]

R = TypeVar("R", bound=Resource)

router = APIRouter(prefix="/api/withings/fhir", tags=["fhir"], default_response_class=FhirJson)


@router.get(
    "/metadata",
    operation_id="fhir_metadata",
    summary="What is served",
    responses=replies(*CALLING),
    response_model_exclude_none=True,
)
async def metadata(request: Request, _: Reader) -> CapabilityStatement:
    """What a FHIR client can ask here."""
    return capabilities(_base(request))


@router.get(
    "/Observation",
    operation_id="fhir_search_observations",
    summary="Search Observations",
    responses=replies(*READING, CursorRefused),
    response_model_exclude_none=True,
)
async def search_observations(
    request: Request,
    caller: Reader,
    services: TheServices,
    code: Code = None,
    category: Category = None,
    tag: Tag = None,
    date: Dates = None,
    updated: Updated = None,
    count: Count = 100,
    cursor: From = None,
    user: UserId = None,
) -> Bundle:
    """A page of the user's readings, by kind of record and from old to new.

    A page reads a bounded number of records, so it may be short or empty: what matters is whether it has a
    `next` link. Parameters that are not listed are ignored.
    """
    whom = await services.reporting.the_user(caller.meaning(user))
    search = Search(
        codes=_tokens(code) if code else (),
        categories=_tokens(category) if category else (),
        tags=_tokens(tag) if tag else (),
        dates=tuple(map(Bound.parse, date or ())),
        updated=tuple(map(Bound.parse, updated or ())),
    )
    start = search_cursor_in(cursor) if cursor else None
    found = await services.sharing.search(whom, search, count=count, cursor=start)
    links = [BundleLink(relation="self", url=str(request.url))]
    if found.next:
        url = request.url.include_query_params(_cursor=search_cursor_of(found.next))
        links.append(BundleLink(relation="next", url=str(url)))
    return _bundle(request, links, found.observations)


@router.get(
    "/Observation/{id}",
    operation_id="fhir_observation",
    summary="One Observation",
    responses=replies(*READING, MISSING),
    response_model_exclude_none=True,
)
async def observation(
    caller: Reader,
    services: TheServices,
    id: TheId,  # noqa: A002 - as FHIR calls it
    user: UserId = None,
) -> Observation:
    """The user's Observation of that id."""
    whom = await services.reporting.the_user(caller.meaning(user))
    return _there(await services.sharing.observation(whom, id))


@router.get(
    "/Device",
    operation_id="fhir_devices",
    summary="All Devices",
    responses=replies(*READING),
    response_model_exclude_none=True,
)
async def devices(request: Request, caller: Reader, services: TheServices, user: UserId = None) -> Bundle:
    """The user's devices, on one page."""
    whom = await services.reporting.the_user(caller.meaning(user))
    links = [BundleLink(relation="self", url=str(request.url))]
    return _bundle(request, links, await services.sharing.devices(whom))


@router.get(
    "/Device/{id}",
    operation_id="fhir_device",
    summary="One Device",
    responses=replies(*READING, MISSING),
    response_model_exclude_none=True,
)
async def device(
    caller: Reader,
    services: TheServices,
    id: TheId,  # noqa: A002 - as FHIR calls it
    user: UserId = None,
) -> Device:
    """The user's device of that id."""
    whom = await services.reporting.the_user(caller.meaning(user))
    known = await services.sharing.devices(whom)
    return _there(next((one for one in known if one.id == id), None))


@router.get(
    "/Patient/$everything",
    operation_id="fhir_everything",
    summary="All of a user, as a stream",
    response_class=FhirLines,
    responses=replies(*READING)
    | {
        200: {
            "description": "One resource a line: the Patient, their Devices, all Observations.",
            "content": {FhirLines.media_type: {"example": LINES}},
        }
    },
)
async def everything(
    caller: Reader,
    services: TheServices,
    start: Start = None,
    end: End = None,
    since: Since = None,
    user: UserId = None,
) -> FhirLines:
    """The Patient, their Devices and all Observations, a resource a line.

    Any length is sent as it is read. A stream that breaks off is not whole: ask again.
    """
    whom = await services.reporting.the_user(caller.meaning(user))
    search = Search(
        dates=(*([_from(start)] if start else ()), *([_until(end)] if end else ())),
        updated=(_from(since),) if since else (),
    )
    stream = services.sharing.everything(whom, search)
    return FhirLines(_lines(await anext(stream), stream))


@router.get(
    "/Patient/{id}",
    operation_id="fhir_patient",
    summary="The Patient",
    responses=replies(*READING, MISSING),
    response_model_exclude_none=True,
)
async def patient(
    caller: Reader,
    services: TheServices,
    id: TheId,  # noqa: A002 - as FHIR calls it
    user: UserId = None,
) -> Patient:
    """The user, as the `subject` of all their Observations."""
    whom = await services.reporting.the_user(caller.meaning(user))
    known = await services.sharing.patient(whom)
    return _there(known if known.id == id else None)


def _there(found: R | None) -> R:
    if found is None:
        raise MISSING
    return found


def _base(request: Request) -> str:
    return f"{str(request.base_url).rstrip('/')}{router.prefix}"


def _bundle(request: Request, links: list[BundleLink], found: Iterable[Observation | Device]) -> Bundle:
    base = _base(request)
    entries = [BundleEntry(full_url=f"{base}/{one.resource_type}/{one.id}", resource=one) for one in found]
    return Bundle(link=links, entry=entries or None)


async def _lines(first: Resource, rest: AsyncGenerator[Resource]) -> AsyncIterator[str]:
    async with aclosing(rest):
        yield f"{first.json_text()}\n"
        async for resource in rest:
            yield f"{resource.json_text()}\n"
