"""Pages of which origins may call."""

from starlette.datastructures import Headers
from starlette.middleware.cors import CORSMiddleware
from starlette.types import Receive, Scope, Send

from withings_bridge.api.middleware.bodies import BODILESS, OWN_SITES, TAKES_FORMS
from withings_bridge.api.middleware.header import header
from withings_bridge.api.middleware.refusing import Refused, refuse

FOREIGN_PAGE = (
    403,
    "foreign_page",
    "A page of another origin sent this; ALLOWED_ORIGINS does not name that origin.",
)


class Origins(CORSMiddleware):
    """CORS, and a refusal of what a page of an origin that may not call makes a browser post.

    CORS alone only keeps the answer from such a page. A post without a body needs nobody's leave, and would
    sync a user of an open bridge, or by the cookie of an operator. Forms are looked at by ``Bodies``.
    """

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["method"] not in BODILESS and header(scope, b"origin") is None:
            # No browser's. Nor is the answer kept by a cache, so it need not tell what it varies by.
            await self.app(scope, receive, send)
        else:
            await super().__call__(scope, receive, send)

    async def simple_response(
        self, scope: Scope, receive: Receive, send: Send, request_headers: Headers
    ) -> None:
        if self._foreign(scope, request_headers):
            await refuse(scope, send, Refused(*FOREIGN_PAGE))
            return
        await super().simple_response(scope, receive, send, request_headers)

    def _foreign(self, scope: Scope, headers: Headers) -> bool:
        origin = headers.get("origin")
        if origin is None or scope["method"] in BODILESS or scope["path"] in TAKES_FORMS:
            return False
        # Browsers say whose page it is over https and on loopback alone, and older ones nowhere.
        site = headers.get("sec-fetch-site")
        own = site in OWN_SITES if site else origin.partition("://")[2] == headers.get("host")
        return not own and not self.is_allowed_origin(origin)
