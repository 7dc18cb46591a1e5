"""The API's documentation in a browser, on a bridge that wants to know who calls."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from e2e.browser import Person, a_person, chromium
from e2e.guarded import Guarded, guarded_bridge

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def bridge(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    with guarded_bridge(tmp_path_factory.mktemp("documentation")) as bridge:
        yield bridge


@pytest.fixture
def person(browser: Browser) -> Iterator[Person]:
    with a_person(browser) as person:
        yield person


class TestSwaggerUi:
    def test_sends_the_key_that_was_typed_in(self, bridge: Guarded, person: Person) -> None:
        docs = person.open(f"{bridge.url}/docs")
        authorize(docs, "ApiKey", bridge.key)

        with docs.expect_request("**/api/status*") as asked:
            execute(docs, "/api/status")

        assert asked.value.headers["x-api-key"] == bridge.key
        expect(docs.locator(".live-responses-table")).to_contain_text('"authenticated": false')
        expect(docs.locator(".live-responses-table .response-col_status")).to_contain_text(["200"])

    def test_sends_the_token_that_was_typed_in(self, bridge: Guarded, person: Person) -> None:
        docs = person.open(f"{bridge.url}/docs")
        docs.route("**/api/status*", lambda route: route.fulfill(json={"authenticated": False}))
        authorize(docs, "Cognito", "a.b.c")

        with docs.expect_request("**/api/status*") as asked:
            execute(docs, "/api/status")

        assert asked.value.headers["authorization"] == "Bearer a.b.c"

    def test_keeps_no_key_beyond_the_page(self, bridge: Guarded, person: Person) -> None:
        docs = person.open(f"{bridge.url}/docs")
        authorize(docs, "ApiKey", bridge.key)
        kept = docs.evaluate("JSON.stringify([localStorage, sessionStorage, document.cookie])")
        assert bridge.key not in kept

    def test_shows_the_webhook_and_examples_of_errors(self, bridge: Guarded, person: Person) -> None:
        docs = person.open(f"{bridge.url}/docs")
        expect(docs.get_by_text("Something changed at Withings")).to_be_visible()
        docs.get_by_role("link", name="/api/status", exact=True).click()
        expect(docs.get_by_text("That is about another user than you.").first).to_be_visible()


class TestRedoc:
    def test_shows_every_call_and_asks_nobody_else(self, bridge: Guarded, person: Person) -> None:
        page = person.open(f"{bridge.url}/redoc")
        expect(page.get_by_role("heading", name="Linking a user")).to_be_visible()
        expect(page.get_by_text("/api/withings/inbox/{account}/replay").first).to_be_attached()
        font = page.get_by_role("heading", name="Linking a user").evaluate(
            "it => getComputedStyle(it).fontFamily"
        )
        assert "system-ui" in font, "its own styles are applied"


def authorize(docs: Page, scheme: str, proof: str) -> None:
    """Type the proof in where it belongs, and close the window."""
    docs.get_by_role("button", name="Authorize").first.click()
    form = docs.locator(".auth-container").filter(has_text=scheme)
    form.locator("input").fill(proof)
    form.get_by_role("button", name="Apply").click()
    form.get_by_role("button", name="Close").click()


def execute(docs: Page, path: str) -> None:
    docs.get_by_role("link", name=path, exact=True).click()
    docs.get_by_role("button", name="Try it out").click()
    docs.get_by_role("button", name="Execute").click()
