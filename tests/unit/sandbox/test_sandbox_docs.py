"""The sandbox's own calls, to read and to try without the internet."""

import re

from unit.sandbox.sandbox_driver import Driver


class TestDocs:
    async def test_load_all_they_need_from_the_package(self, empty_cloud: Driver) -> None:
        page = await empty_cloud.http.get("/sandbox/docs")
        found = re.findall(r'(?:src|href|data-openapi)="([^"]+)"', page.text)
        needed = [address for address in found if not address.startswith("data:")]
        assert len(needed) > 4
        assert [address for address in needed if "//" in address] == []
        for address in needed:
            assert (await empty_cloud.http.get(address)).status_code == 200
