"""A person's charts."""

from fastapi import APIRouter, Request, Response

from withings_bridge.domain.errors import NoSuchAccount, NotLinked
from withings_bridge.pages.operators import Operators
from withings_bridge.pages.rendering import Renderer
from withings_bridge.services.history.charting import Charting, Span

SPANS = {Span.MONTH: "30 days", Span.QUARTER: "90 days", Span.YEAR: "A year", Span.ALL: "Everything"}


class People:
    """``/dashboard/people/{user}``, for operators; for everybody on an open server."""

    def __init__(self, renderer: Renderer, *, operators: Operators, charting: Charting) -> None:
        self._renderer = renderer
        self._operators = operators
        self._charting = charting

    def routes(self) -> APIRouter:
        """The one page."""
        router = APIRouter(include_in_schema=False)
        router.add_api_route("/dashboard/people/{user:path}", self._operators.only(self.page))
        return router

    async def page(self, request: Request) -> Response:
        """``GET /dashboard/people/{user}?span=``: a span that is none of ours is 90 days."""
        # Here, for many a bridge never draws one.
        from withings_bridge.pages.charts import charts_of

        user = request.path_params["user"]
        asked = request.query_params.get("span", "")
        span = Span(asked) if asked in set(Span) else Span.QUARTER
        try:
            charts = await self._charting.charts(user, span)
        except NotLinked:
            raise NoSuchAccount from None
        return self._renderer.page(
            "person.html", user=user, charts=charts, drawings=charts_of(charts), spans=SPANS
        )
