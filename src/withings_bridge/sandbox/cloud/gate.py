"""The way in for every call to the API host: quota, mishap, token, scope and repetition, then the service."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from withings_bridge.sandbox.cloud.actions import ACTIONS, Action
from withings_bridge.sandbox.cloud.call import Call, offset_of, sent_parameters, sent_token
from withings_bridge.sandbox.cloud.envelope import (
    NO_SCOPE,
    NOT_IMPLEMENTED,
    SAME_ARGUMENTS,
    TOO_MANY_REQUESTS,
    Envelope,
    Refusal,
    bad_token,
    throttled,
)
from withings_bridge.sandbox.cloud.spoiling import instead_of_work, spoilt
from withings_bridge.sandbox.dependencies import CurrentSandbox
from withings_bridge.sandbox.mishaps import Arrival, Planned
from withings_bridge.sandbox.running import RunningSandbox
from withings_bridge.sandbox.world.grants import TokenPair

router = APIRouter(include_in_schema=False)
known = APIRouter(include_in_schema=False)
"""The same for the paths that have an action: what is looked at first finds its way sooner."""


@dataclass(slots=True)
class Gate:
    """One request on its way in; keeps what the journal will tell of it."""

    request: Request
    sandbox: RunningSandbox
    at: datetime
    """When it took its place in the quota."""
    parameters: dict[str, str] = field(default_factory=dict)
    userid: int | None = None
    planned: Planned | None = None
    """The mishap that it met."""

    @property
    def path(self) -> str:
        return self.request.url.path.rstrip("/") or "/"

    @property
    def action(self) -> str:
        return self.parameters.get("action", "")

    async def pass_through(self) -> Envelope:
        """The service's reply, or the word against it."""
        try:
            self.parameters = await sent_parameters(self.request)
            self.userid = self._whose()
            self._spend_quota()
            return self._prevented() or await self._served()
        except Refusal as refusal:
            return Envelope.of(refusal)

    async def spoil(self, envelope: Envelope) -> Response:
        """What the caller gets of this reply."""
        if self.planned is None:
            return envelope.response()
        return await spoilt(self.planned.mishap, envelope, self.request, self.parameters)

    def note(self, envelope: Envelope) -> None:
        """Puts the call into the journal: with a reply that is lost, if it is to be lost."""
        self.sandbox.journal.note(
            at=self.at,
            method=self.request.method,
            path=self.path,
            parameters=self.parameters,
            userid=self.userid,
            status=envelope.status,
            error=envelope.error,
            mishap=self.planned,
        )

    def _whose(self) -> int | None:
        return self.sandbox.world.grants.whose(
            access_token=sent_token(self.request, self.parameters),
            refresh_token=self.parameters.get("refresh_token"),
            code=self.parameters.get("code"),
        )

    def _spend_quota(self) -> None:
        self.at = self.sandbox.clock.now()
        if self.sandbox.faults.quota:
            wait = self.sandbox.quota.spend(now=self.at.timestamp())
            if wait:
                raise throttled(TOO_MANY_REQUESTS, wait)

    def _prevented(self) -> Envelope | None:
        """What a mishap says in place of the service, if one does."""
        later_page = offset_of(self.parameters) > 0
        self.planned = self.sandbox.mishaps.met_by(Arrival(self.path, self.action, self.userid, later_page))
        return instead_of_work(self.planned.mishap, self.parameters) if self.planned else None

    async def _served(self) -> Envelope:
        action = ACTIONS.get((self.path, self.action))
        if action is None:
            raise Refusal(NOT_IMPLEMENTED, "Not implemented")
        pair = None
        if action.scopes is not None:
            pair = self._authenticated()
            self._check_allowed(action, action.scopes, pair)
        return Envelope(0, await action.answer(Call(self.action, self.parameters, self.sandbox, pair)))

    def _authenticated(self) -> TokenPair:
        now = self.sandbox.clock.timestamp()
        token = sent_token(self.request, self.parameters)
        pair = self.sandbox.world.grants.by_access_token(token or "", now=now)
        if pair is None:
            raise bad_token()
        self.sandbox.world.grants.use(
            pair, now=now, spare_access=self.sandbox.faults.old_access_token_survives
        )
        return pair

    def _check_allowed(self, action: Action, scopes: frozenset[str], pair: TokenPair) -> None:
        if not scopes & pair.scopes:
            raise Refusal(NO_SCOPE, "Insufficient_scope")
        if action.data and self.sandbox.faults.same_arguments:
            arguments = frozenset(self.parameters.items())
            wait = self.sandbox.echoes.repeat((self.path, pair.access_token, arguments))
            if wait:
                raise throttled(SAME_ARGUMENTS, wait)


async def _gate(request: Request, sandbox: CurrentSandbox) -> Gate:
    return Gate(request, sandbox, at=sandbox.clock.now())


@router.api_route("/{path:path}", methods=["GET", "POST"])
async def answer(gate: Annotated[Gate, Depends(_gate)]) -> Response:
    """Any path of the API host, known or not."""
    envelope = await gate.pass_through()
    gate.note(envelope)
    return await gate.spoil(envelope)


for _path in dict.fromkeys(path for path, _ in ACTIONS):
    known.add_api_route(_path, answer, methods=["GET", "POST"])
