"""The account host: the page where a person picks an account and allows scopes.

A faulty request is answered with JSON, never with a redirect; a refusal comes back as
``error=access_denied``.
"""

from dataclasses import dataclass
from typing import Annotated
from urllib.parse import urlencode, urlsplit, urlunsplit

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import JSONResponse, RedirectResponse, Response

from withings_bridge.sandbox.cloud.scopes import DESCRIPTIONS, granted_scope
from withings_bridge.sandbox.dependencies import CurrentSandbox
from withings_bridge.sandbox.running import RunningSandbox
from withings_bridge.sandbox.same_origin import require_same_origin
from withings_bridge.sandbox.templating import page
from withings_bridge.sandbox.world.grants import Code
from withings_bridge.sandbox.world.people import Person

router = APIRouter(include_in_schema=False)

PATH = "/oauth2_user/authorize2"


class BadRequest(Exception):
    """The authorize URL is not one that Withings would accept."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A checked authorize URL."""

    client_id: str
    redirect_uri: str
    state: str
    scope: str
    people: tuple[Person, ...]
    """Whom the page offers."""

    def back(self, **answer: str) -> RedirectResponse:
        """To the app, with the answer and its own state."""
        parts = urlsplit(self.redirect_uri)
        query = "&".join(filter(None, (parts.query, urlencode(answer | {"state": self.state}))))
        return RedirectResponse(urlunsplit(parts._replace(query=query)), status_code=302)


def _asked(request: Request, sandbox: RunningSandbox) -> Asked:
    query = request.query_params
    if query.get("response_type") != "code":
        raise BadRequest("invalid_request: response_type must be code")
    if query.get("client_id") != sandbox.options.client_id:
        raise BadRequest("invalid_client: unknown client_id")
    redirect_uri = query.get("redirect_uri", "")
    if not _is_registered(redirect_uri, sandbox.options.redirect_uris):
        raise BadRequest("redirect_uri_mismatch: The redirect URI provided does not match registered URI(s)")
    state = query.get("state", "")
    if not state:
        raise BadRequest("invalid_request: state is required")
    scope = granted_scope(query.get("scope", ""))
    if scope is None:
        raise BadRequest("invalid_scope: An unsupported scope was requested")
    people = _offered(request, sandbox)
    if not people:
        raise BadRequest("invalid_request: no such person in the sandbox")
    return Asked(sandbox.options.client_id, redirect_uri, state, scope, people)


def _is_registered(redirect_uri: str, registered: tuple[str, ...]) -> bool:
    if registered:
        return redirect_uri in registered
    try:
        parts = urlsplit(redirect_uri)
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(parts.hostname)


def _offered(request: Request, sandbox: RunningSandbox) -> tuple[Person, ...]:
    """Everybody; only the demo user with ``mode=demo``; only the one a test names."""
    people = tuple(sandbox.world.people.all())
    named = request.query_params.get("sandbox_person")
    if named is not None:
        return tuple(person for person in people if str(person.userid) == named)
    return people[:1] if request.query_params.get("mode") == "demo" else people


def _allow(sandbox: RunningSandbox, asked: Asked, person: Person, scope: str) -> Response:
    code = Code(person.userid, asked.client_id, scope, asked.redirect_uri)
    return asked.back(code=sandbox.world.grants.issue_code(code, now=sandbox.clock.timestamp()))


def _ask(request: Request, asked: Asked, *, message: str = "") -> Response:
    return page(
        request,
        "consent.html",
        {
            "people": asked.people,
            "scopes": {name: DESCRIPTIONS[name] for name in asked.scope.split(",")},
            "app_host": urlsplit(asked.redirect_uri).netloc,
            "message": message,
        },
        status_code=422 if message else 200,
    )


def _note(request: Request, sandbox: RunningSandbox, response: Response) -> Response:
    sandbox.journal.note(
        at=sandbox.clock.now(),
        method=request.method,
        path=PATH,
        parameters=dict(request.query_params),
        userid=None,
        status=response.status_code,
    )
    return response


def _refused(reason: BadRequest) -> Response:
    return JSONResponse({"errors": [{"message": str(reason)}]}, status_code=400)


@router.get(PATH)
async def show_consent(request: Request, sandbox: CurrentSandbox) -> Response:
    try:
        asked = _asked(request, sandbox)
    except BadRequest as reason:
        return _note(request, sandbox, _refused(reason))
    if sandbox.options.auto_approve:
        return _note(request, sandbox, _allow(sandbox, asked, asked.people[0], asked.scope))
    return _note(request, sandbox, _ask(request, asked))


@router.post(PATH, dependencies=[Depends(require_same_origin)])
async def take_consent(
    request: Request,
    sandbox: CurrentSandbox,
    decision: Annotated[str, Form()],
    person: Annotated[int | None, Form()] = None,
    scope: Annotated[list[str] | None, Form()] = None,
) -> Response:
    """What the person pressed. The authorize URL is checked again: it is all the page knows."""
    try:
        asked = _asked(request, sandbox)
    except BadRequest as reason:
        return _note(request, sandbox, _refused(reason))
    if decision != "allow":
        return _note(request, sandbox, asked.back(error="access_denied"))
    chosen = next((known for known in asked.people if known.userid == person), None)
    allowed = granted_scope(asked.scope, frozenset(scope or ()))
    if chosen is None or not allowed:
        return _note(request, sandbox, _ask(request, asked, message="Pick a person and at least one scope."))
    return _note(request, sandbox, _allow(sandbox, asked, chosen, allowed))
