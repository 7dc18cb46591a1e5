import json
import re

import pytest

from unit.pages.visiting import Visit, policy_of
from withings_bridge.vendor import REDOC, SWAGGER_UI


class TestDocs:
    async def test_runs_swagger_ui_over_our_description(self) -> None:
        reply = await Visit().get("/docs")
        assert reply.status_code == 200
        assert 'data-openapi="/openapi.json"' in reply.text
        assert "<title>withings-bridge 1.2.3: API</title>" in reply.text

    async def test_loads_all_it_needs_from_here(self) -> None:
        text = (await Visit().get("/docs")).text
        needed = re.findall(r'<(?:script|link|img)[^>]+(?:src|href)="([^"]+)"', text)
        assert {address.partition("?")[0] for address in needed} == {
            "/static/docs.css",
            "/static/browser/docs.js",
            "/static/icon.svg",
            "/static/pages.css",
            "/static/swagger-ui/swagger-ui-bundle.js",
            "/static/swagger-ui/swagger-ui.css",
        }
        for address in needed:
            assert (await Visit().get(address)).status_code == 200

    async def test_needs_no_inline_code_and_no_inline_style(self) -> None:
        policy = policy_of(await Visit().get("/docs"))
        assert policy["script-src"] == policy["style-src"] == policy["connect-src"] == ["'self'"]
        assert policy["img-src"] == ["'self'", "data:"]

    @pytest.mark.parametrize("name", ["LICENSE", "NOTICE", "swagger-ui-bundle.js.LICENSE.txt"])
    def test_ships_with_its_licence(self, name: str) -> None:
        assert (SWAGGER_UI / name).read_text()

    def test_knows_which_release_it_ships(self) -> None:
        package = json.loads((SWAGGER_UI / "package.json").read_text())
        assert package["name"] == "swagger-ui-dist"
        assert package["version"].startswith("5.")


class TestRedoc:
    async def test_runs_redoc_over_our_description(self) -> None:
        reply = await Visit().get("/redoc")
        assert reply.status_code == 200
        assert 'data-openapi="/openapi.json"' in reply.text
        assert "<title>withings-bridge 1.2.3: API reference</title>" in reply.text

    async def test_loads_all_it_needs_from_here(self) -> None:
        text = (await Visit().get("/redoc")).text
        needed = re.findall(r'<(?:script|link|img)[^>]+(?:src|href)="([^"]+)"', text)
        assert {address.partition("?")[0] for address in needed} == {
            "/static/icon.svg",
            "/static/pages.css",
            "/static/redoc.css",
            "/static/redoc.js",
            "/static/redoc/redoc.standalone.js",
        }
        for address in needed:
            assert (await Visit().get(address)).status_code == 200

    async def test_needs_no_inline_code_and_a_nonce_for_styles_once(self) -> None:
        pages = [await Visit().get("/redoc"), await Visit().get("/redoc")]
        policies = [policy_of(page) for page in pages]
        for page, policy in zip(pages, policies, strict=True):
            assert policy["script-src"] == policy["connect-src"] == ["'self'"]
            assert "'unsafe-inline'" not in policy["style-src"]
            (nonce,) = re.findall(r'data-nonce="([^"]+)"', page.text)
            assert f"'nonce-{nonce}'" in policy["style-src"]
        assert policies[0]["style-src"] != policies[1]["style-src"]

    def test_ships_with_its_licence_and_knows_its_release(self) -> None:
        for name in ("LICENSE", "redoc.standalone.js.LICENSE.txt"):
            assert (REDOC / name).read_text()
        assert json.loads((REDOC / "package.json").read_text())["name"] == "redoc"


class TestStatic:
    async def test_an_address_that_names_its_content_is_kept_for_ever(self) -> None:
        found = re.search(r'href="(/static/pages\.css\?v=[0-9a-f]{12})"', (await Visit().get("/")).text)
        assert found
        reply = await Visit().get(found[1])
        assert reply.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert reply.headers["content-type"].startswith("text/css")
        assert reply.headers["x-content-type-options"] == "nosniff"

    @pytest.mark.parametrize("query", ["", "?v=000000000000"])
    async def test_any_other_address_is_asked_about_again(self, query: str) -> None:
        reply = await Visit().get(f"/static/pages.css{query}")
        assert reply.headers["cache-control"] == "no-cache"
        again = await Visit().get("/static/pages.css", headers={"If-None-Match": reply.headers["etag"]})
        assert again.status_code == 304

    @pytest.mark.parametrize("path", ["/static/none.css", "/static/", "/static/%2e%2e/home.py"])
    async def test_serves_nothing_else(self, path: str) -> None:
        assert (await Visit().get(path)).status_code == 404
