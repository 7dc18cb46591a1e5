"""The first quarter of an hour with the bridge, in a browser: no credentials, no account, no scale.

``serve`` brings the sandbox along; a person connects it, steps on its scale and reads the API's pages.
"""

import time
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Dialog, Locator, Page, expect

from e2e.browser import APP, PHONE, Person, a_person, chromium
from e2e.newcomer import Server, allow, newcomers_bridge, press_connect, refuse, width
from e2e.stores import Row
from processes import eventually

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def server(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with newcomers_bridge(tmp_path_factory.mktemp("newcomer")) as server:
        yield server


@pytest.fixture
def person(browser: Browser) -> Iterator[Person]:
    with a_person(browser) as person:
        yield person


@pytest.fixture
def person_with_a_phone(browser: Browser) -> Iterator[Person]:
    with a_person(browser, phone=True) as person:
        yield person


class TestANewcomer:
    def test_connects_steps_on_the_scale_and_tries_the_api(self, server: Server, person: Person) -> None:
        user = "newcomer-1"
        home = person.open(server.url)
        expect(home.get_by_text("This is the sandbox.")).to_be_visible()
        loads: list[str] = []
        home.on("framenavigated", lambda frame: loads.append(frame.url))

        popup = press_connect(home, user)
        expect(popup.get_by_text("Pretend Withings.")).to_be_visible()
        allow(popup)
        expect(popup.get_by_text("This window closes in 3 seconds.")).to_be_visible()
        if not popup.is_closed():
            popup.wait_for_event("close")
        expect(linked(home, user)).to_contain_text("In step")
        assert loads == [], "the list came up to date without a reload"
        assert len(server.weights(user)) > 100

        home.get_by_role("link", name="Step on the scale").click()
        assert step_on_the_scale(home, server, user) < 2
        expect(passed(home, "Notifications").first).to_contain_text("delivered")

        docs = person.open(server.url)
        docs.get_by_role("link", name="Documentation").click()
        expect(docs.get_by_text("/api/withings/sync", exact=True)).to_be_visible()
        try_the_status(docs, user)
        expect(docs.locator(".live-responses-table")).to_contain_text('"authenticated": true')

    def test_disconnects_and_the_list_says_so(self, server: Server, person: Person) -> None:
        user = "newcomer-4"
        home = person.open(server.url)
        allow(press_connect(home, user))
        expect(linked(home, user)).to_be_visible()
        asked: list[str] = []

        def answer(dialog: Dialog) -> None:
            asked.append(dialog.message)
            (dialog.dismiss if len(asked) == 1 else dialog.accept)()

        home.on("dialog", answer)
        button = linked(home, user).get_by_role("button", name="Disconnect")
        button.click()
        expect(linked(home, user)).to_be_visible()
        button.click()
        expect(linked(home, user)).to_have_count(0)
        expect(home.get_by_text("Withings is disconnected.")).to_be_visible()
        assert [user in question for question in asked] == [True, True]

    def test_who_refuses_is_told_so_and_led_back_to_the_app(self, server: Server, person: Person) -> None:
        user = "newcomer-2"
        home = person.open(server.url)
        home.clock.install()
        popup = press_connect(home, user)

        refuse(popup)

        expect(popup.get_by_text("nothing was read and nothing was stored")).to_be_visible()
        expect(popup.get_by_text("Back to Vitals7 in 3 seconds.")).to_be_visible()
        popup.clock.fast_forward(3_000)
        expect(popup).to_have_url(APP)
        home.reload()
        expect(linked(home, user)).to_have_count(0)

    def test_with_a_phone_never_scrolls_sideways(self, server: Server, person_with_a_phone: Person) -> None:
        user = "newcomer-3"
        page = person_with_a_phone.open(f"{server.url}/login?state={user}")
        expect(page.get_by_role("button", name="Allow")).to_be_visible()
        assert width(page) <= PHONE["width"], "the consent page"
        allow(page)
        assert width(page) <= PHONE["width"], "the page at the end"

        page.goto(server.url)
        expect(linked(page, user)).to_be_visible()
        assert width(page) <= PHONE["width"], "the home page"

        page.get_by_role("link", name="Step on the scale").click()
        expect(passed(page, "Calls").first).to_be_visible()
        assert width(page) <= PHONE["width"], "the sandbox's console"

        page.goto(f"{server.url}/docs")
        try_the_status(page, user)
        expect(page.locator(".live-responses-table")).to_be_visible()
        assert width(page) <= PHONE["width"], "the API's documentation"


def step_on_the_scale(console: Page, server: Server, user: str) -> float:
    """Weigh 81.3 kg; how many seconds later the bridge has it in pounds."""
    before = server.weights(user)

    def the_new_row() -> Row | None:
        return next((row for key, row in server.weights(user).items() if key not in before), None)

    console.get_by_label("Weight, kg").fill("81.3")
    began = time.monotonic()
    console.get_by_role("button", name="Step on the scale").click()
    row = eventually("a weight is added to the store", the_new_row)
    waited = time.monotonic() - began
    assert (row["value"], row["units"]) == ("179.24", "lbs")
    return waited


def try_the_status(docs: Page, user: str) -> None:
    docs.get_by_role("link", name="/api/status", exact=True).click()
    docs.get_by_role("button", name="Try it out").click()
    docs.get_by_placeholder("userId").fill(user)
    docs.get_by_role("button", name="Execute").click()


def linked(home: Page, user: str) -> Locator:
    """The user's entry in the list on the home page."""
    return home.get_by_role("listitem").filter(has_text=user)


def passed(console: Page, title: str) -> Locator:
    """What the sandbox's console shows under a title, the newest first."""
    return console.get_by_role("region", name=title).get_by_role("listitem")
