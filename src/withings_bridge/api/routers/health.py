"""Is it alive, and can it do its work."""

from fastapi import APIRouter, Request, Response, status

from withings_bridge import __version__
from withings_bridge.api.dependencies import TheServices
from withings_bridge.api.replies import retry_after
from withings_bridge.api.schemas import HealthReply, ReadyReply
from withings_bridge.services.oversight.diagnosing import Ailment

router = APIRouter(tags=["operations"])

KEEPS_FROM_WORK = frozenset({Ailment.STORE, Ailment.WORKER})
"""Not refused credentials: another process would be refused too, and what is announced is kept."""

AGAIN_SECONDS = 5


@router.head("/health", include_in_schema=False)
@router.get("/health", operation_id="health", summary="Is it alive")
async def health() -> HealthReply:
    """Answers as long as the process can answer anything; asks nobody else."""
    return HealthReply(version=__version__)


@router.head("/ready", include_in_schema=False)
@router.get(
    "/ready",
    operation_id="ready",
    summary="Can it do its work",
    responses={
        503: {
            "model": ReadyReply,
            "description": "It cannot: the store is silent, the worker stands still, or it is about to stop.",
            "headers": retry_after(AGAIN_SECONDS),
        }
    },
)
async def ready(services: TheServices, request: Request, response: Response) -> ReadyReply:
    """Asks the store, and looks whether the worker goes round and whether Withings took our credentials.

    503 while the store is silent or the worker stands still, and once it was told to stop. It says nothing
    of anybody, and asks no credentials.
    """
    found = await services.diagnosing.health()
    stopping: bool = request.app.state.ending.is_set()
    ready = not stopping and not KEEPS_FROM_WORK & set(found.ailments)
    if not ready:
        response.status_code = status.HTTP_503_SERVICE_UNAVAILABLE
        response.headers["Retry-After"] = str(AGAIN_SECONDS)
    return ReadyReply(
        status="stopping" if stopping else "ready" if ready else "not ready",
        store="silent" if Ailment.STORE in found.ailments else "answers",
        worker="stands still" if Ailment.WORKER in found.ailments else "goes round",
        credentials="refused" if Ailment.CREDENTIALS in found.ailments else "not refused",
        paused_until=found.paused_until,
    )
