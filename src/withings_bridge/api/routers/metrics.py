"""What the bridge counts of itself, for operators' Prometheus."""

from fastapi import APIRouter, Depends
from fastapi.responses import PlainTextResponse, Response

from withings_bridge.api.dependencies import TheServices, scraping
from withings_bridge.api.replies import CALLING, Replies, replies
from withings_bridge.services.telemetry import CONTENT_TYPE

EXAMPLE = """\
# HELP withings_bridge_unknown_total Things in stored records, and notifications of linked accounts, that no \
table knows yet. Of this process.
# TYPE withings_bridge_unknown_total counter
withings_bridge_unknown_total{code="271",what="measure type"} 3.0
"""

_TEXT: Replies = {
    200: {
        "description": "Prometheus' text format.",
        "content": {"text/plain": {"schema": {"type": "string"}, "example": EXAMPLE}},
    }
}

router = APIRouter(tags=["operations"], dependencies=[Depends(scraping)])


@router.get(
    "/metrics",
    operation_id="metrics",
    summary="What the bridge counts",
    response_class=PlainTextResponse,
    responses=_TEXT | replies(*CALLING),
)
async def metrics(services: TheServices) -> Response:
    """Counters are of this process since it began; what comes from the store, of all replicas, is at most a
    minute old. No label is about a person.

    For operators; without a proof also for whoever calls from the bridge's own machine and not through a
    proxy: where the bridge listens on loopback alone, only if `TRUSTED_PROXIES` names a proxy there.
    """
    await services.surveying.look()
    return Response(services.telemetry.text(), media_type=CONTENT_TYPE)
