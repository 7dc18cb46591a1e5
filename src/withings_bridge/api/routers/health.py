"""Is it alive."""

from fastapi import APIRouter

from withings_bridge import __version__
from withings_bridge.api.schemas import HealthReply

router = APIRouter(tags=["operations"])


@router.head("/health", include_in_schema=False)
@router.get("/health", operation_id="health", summary="Is it alive")
async def health() -> HealthReply:
    """Answers as long as the process can answer anything; asks nobody else."""
    return HealthReply(version=__version__)
