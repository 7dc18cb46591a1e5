"""What changed, for who keeps a copy."""

from typing import Annotated

from fastapi import APIRouter, Query

from withings_bridge.api.cursors import LONGEST, feed_cursor_of, number_in
from withings_bridge.api.reading import (
    MOST_ITEMS,
    AskedFormOfValues,
    Escaped,
    TheHistory,
    live_from,
    reading,
)
from withings_bridge.api.readings_schemas import ChangesPage, RecordChange
from withings_bridge.domain.categories import KIND_OF
from withings_bridge.domain.errors import CursorRefused, FeedRestarted
from withings_bridge.domain.records import Kind
from withings_bridge.services.history.mirroring import FOLLOWED, follow

router = APIRouter(prefix="/api/withings", tags=["readings"], default_response_class=Escaped)


@router.get(
    "/changes",
    operation_id="list_changes",
    summary="What changed since you last asked",
    responses=reading(CursorRefused, FeedRestarted),
)
@live_from(*(category for category, kind in KIND_OF.items() if kind in FOLLOWED - {Kind.HEIGHT}))
async def list_changes(
    history: TheHistory,
    form: AskedFormOfValues,
    since: Annotated[
        str | None,
        Query(
            description="The `next` of your last page. Left out: from the beginning, which brings all.",
            max_length=LONGEST,
        ),
    ] = None,
    limit: Annotated[
        int,
        Query(description="Changes of a page, at most; many values make it shorter.", ge=1, le=MOST_ITEMS),
    ] = 100,
) -> ChangesPage:
    """Every record that is new, was edited or was deleted, whatever its kind and its date, in the order in
    which that came to be known here. A record that changes again comes again, in its last state.

    To keep a copy, apply each page in its order, an `upsert` in place of what you have under that `kind` and
    `id`, and store `next`; go on while `more` is true, and ask again later. `410 feed_restarted` means that
    what you copied is gone or another account's: drop the copy and begin without `since`.

    A `height` has the id of the measure group that it is from: it is told once more by itself, since the
    group may be older than what the bridge has imported.

    Left out are the curves and sounds of recordings, which are large, and the bmi, which is computed.
    """
    showing = await form.of(history)
    after = number_in(since, history.account) if since is not None else 0
    feed = await follow(history, after=after, limit=limit)
    return ChangesPage(
        items=[RecordChange.of(change, found, showing) for change, found in feed.changes],
        next=feed_cursor_of(feed.through, history.account),
        more=feed.more,
    )
