"""The way in for every call to the API host: quota, token, scope and repetition, then the service."""

from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse

from withings_bridge.sandbox.cloud.actions import ACTIONS, Action
from withings_bridge.sandbox.cloud.call import Call, sent_parameters, sent_token
from withings_bridge.sandbox.cloud.envelope import (
    NO_SCOPE,
    NOT_IMPLEMENTED,
    SAME_ARGUMENTS,
    TOO_MANY_REQUESTS,
    Refusal,
    bad_token,
    failure,
    success,
    throttled,
)
from withings_bridge.sandbox.dependencies import CurrentSandbox
from withings_bridge.sandbox.running import RunningSandbox
from withings_bridge.sandbox.world.grants import TokenPair

router = APIRouter(include_in_schema=False)


@dataclass(slots=True)
class Gate:
    """One request on its way in; keeps what the journal will tell of it."""

    request: Request
    sandbox: RunningSandbox
    parameters: dict[str, str]
    pair: TokenPair | None = None

    @property
    def path(self) -> str:
        return self.request.url.path.rstrip("/") or "/"

    async def pass_through(self) -> dict[str, Any]:
        """The body of the service's reply; raises Refusal."""
        self.parameters = await sent_parameters(self.request)
        if self.sandbox.faults.quota:
            wait = self.sandbox.quota.spend()
            if wait:
                raise throttled(TOO_MANY_REQUESTS, wait)
        action = ACTIONS.get((self.path, self.parameters.get("action", "")))
        if action is None:
            raise Refusal(NOT_IMPLEMENTED, "Not implemented")
        if action.scopes is not None:
            self.pair = self._authenticated()
            self._check_allowed(action, action.scopes, self.pair)
        call = Call(self.parameters["action"], self.parameters, self.sandbox, self.pair)
        return await action.answer(call)

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
    return Gate(request, sandbox, parameters={})


@router.api_route("/{path:path}", methods=["GET", "POST"])
async def answer(gate: Annotated[Gate, Depends(_gate)]) -> JSONResponse:
    """Any path of the API host, known or not."""
    try:
        body = await gate.pass_through()
    except Refusal as refusal:
        status, response = refusal.status, failure(refusal)
    else:
        status, response = 0, success(body)
    gate.sandbox.journal.note(
        at=gate.sandbox.clock.now(),
        method=gate.request.method,
        path=gate.path,
        parameters=gate.parameters,
        userid=gate.pair.userid if gate.pair else None,
        status=status,
    )
    return response
