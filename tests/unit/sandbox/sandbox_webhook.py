"""A callback URL that takes what the sandbox posts, and one that nobody answers."""

from urllib.parse import parse_qsl

import httpx
import respx

from unit.sandbox.sandbox_driver import WEBHOOK, until

SICK = "http://sick.test/in"
WITNESS = "http://witness.test/in"
"""Always well; the courier looks here last."""


class Webhook:
    """Takes notifications and answers as told."""

    def __init__(self, router: respx.MockRouter) -> None:
        self.answer = 200
        self.took: list[dict[str, str]] = []
        router.head(WEBHOOK).respond(200)
        router.post(WEBHOOK).mock(side_effect=self._take)
        router.head(WITNESS).respond(200)
        self.witness = router.post(WITNESS).respond(200)

    def _take(self, request: httpx.Request) -> httpx.Response:
        assert request.headers["content-type"] == "application/x-www-form-urlencoded"
        self.took.append(dict(parse_qsl(request.content.decode(), keep_blank_values=True)))
        return httpx.Response(self.answer)

    async def taken(self, times: int) -> None:
        """Waits until so many notifications came in all."""
        await until(lambda: len(self.took) >= times)
        assert len(self.took) == times
