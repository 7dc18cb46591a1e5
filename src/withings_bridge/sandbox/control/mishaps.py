"""Control calls about mishaps: what is to go wrong with calls to the API host."""

from typing import Annotated

from fastapi import APIRouter, Body, HTTPException, status
from pydantic import BaseModel, Field

from withings_bridge.sandbox.cloud.actions import ACTIONS
from withings_bridge.sandbox.dependencies import CurrentSandbox
from withings_bridge.sandbox.mishaps import Mishap, Planned

router = APIRouter(prefix="/sandbox/mishaps", tags=["mishaps"])


class MishapShown(BaseModel):
    id: int = Field(description="Also named by every entry of /sandbox/requests that it hit.")
    hits: int = Field(description="How many calls it has hit.")
    over: bool = Field(description="Whether it has hit as many as it was meant to.")
    mishap: Mishap


def _shown(planned: Planned) -> MishapShown:
    return MishapShown(id=planned.id, hits=planned.hits, over=planned.over, mishap=planned.mishap)


@router.post("", status_code=201)
async def add_mishap(
    mishap: Annotated[
        Mishap,
        Body(
            openapi_examples={
                "a lost reply": {"value": {"kind": "lost", "action": "requesttoken"}},
                "a burst of time-outs": {"value": {"kind": "status", "status": 522, "times": 5}},
                "a bad gateway": {"value": {"kind": "http", "http_status": 502, "times": None}},
                "an end between two pages": {
                    "value": {"kind": "cut", "action": "getmeas", "later_pages": True}
                },
            }
        ),
    ],
    sandbox: CurrentSandbox,
) -> MishapShown:
    """Something goes wrong from the next call on.

    A call takes its place in the quota first: one that is refused there meets no mishap, and one that
    meets a mishap has been counted. The kinds `status`, `http`, `empty` and `cut` strike before any
    work: no token is used, no code spent, and the same call may follow at once. With `lost`, `slow`,
    `incomplete` and `stuck` the work is done as ever. A call meets the first mishap that hits it.

    A restart forgets all mishaps.
    """
    known = any(mishap.path in {None, path} and mishap.action in {None, action} for path, action in ACTIONS)
    if not known:
        raise HTTPException(
            status.HTTP_422_UNPROCESSABLE_CONTENT, "The cloud has no such action, or not at that path."
        )
    return _shown(sandbox.mishaps.add(mishap))


@router.get("")
async def list_mishaps(sandbox: CurrentSandbox) -> list[MishapShown]:
    """In the order they were added; those that are over too."""
    return [_shown(planned) for planned in sandbox.mishaps.all()]


@router.delete("", status_code=204)
async def clear_mishaps(sandbox: CurrentSandbox) -> None:
    """Drops all of them; chance begins anew."""
    sandbox.mishaps.clear()


@router.delete("/{mishap_id}", status_code=204)
async def remove_mishap(mishap_id: int, sandbox: CurrentSandbox) -> None:
    if not sandbox.mishaps.remove(mishap_id):
        raise HTTPException(status.HTTP_404_NOT_FOUND, f"There is no mishap {mishap_id}.")
