"""Connecting Withings in the sandbox, as different people do it."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from browser.pages import USER
from e2e.browser import APP, Person, a_person
from e2e.newcomer import Server, allow, press_connect, refuse

pytestmark = pytest.mark.e2e

THREE_SECONDS = 3_000
"""In milliseconds: after so long a page at the end of the flow leaves by itself."""


@pytest.fixture
def person(chrome: Browser) -> Iterator[Person]:
    with a_person(chrome) as person:
        yield person


@pytest.fixture
def person_without_the_app(chrome: Browser) -> Iterator[Person]:
    with a_person(chrome, app=False) as person:
        yield person


class TestByKeyboardAlone:
    def test_connects_and_sees_at_every_step_where_the_focus_is(self, server: Server, person: Person) -> None:
        home = person.open(server.url)
        tab_to(home, "User id")
        home.keyboard.press("Control+A")
        home.keyboard.type("by-keyboard")
        with home.expect_popup() as opening:
            home.keyboard.press("Enter")

        consent = opening.value
        expect(consent.get_by_role("button", name="Allow")).to_be_visible()
        tab_to(consent, "Allow")
        consent.keyboard.press("Enter")

        expect(consent.get_by_role("heading", name="Withings is connected")).to_be_visible()
        tab_to(consent, "Go to Vitals7")
        consent.close()
        expect(home.get_by_role("listitem").filter(has_text="by-keyboard")).to_be_visible()


class TestWithoutTheApp:
    def test_who_refuses_stays_and_may_connect_again_or_close_the_window(
        self, server: Server, person_without_the_app: Person
    ) -> None:
        home = person_without_the_app.open(server.url)
        popup = press_connect(home, USER)
        refuse(popup)
        expect(popup.get_by_text("Vitals7 does not run at localhost:5173, so you stay here.")).to_be_visible()

        popup.get_by_role("link", name="Connect again").click()
        popup.get_by_role("button", name="Connect").click()
        refuse(popup)

        with popup.expect_event("close"):
            popup.get_by_role("link", name="Close this window").click()

    def test_who_came_without_a_pop_up_is_led_home(
        self, server: Server, person_without_the_app: Person
    ) -> None:
        page = person_without_the_app.open(f"{server.url}/login?state={USER}")
        allow(page)
        expect(page.get_by_text("so you stay here.")).to_be_visible()
        page.get_by_role("link", name="Home").click()
        expect(page).to_have_url(f"{server.url}/")

    def test_a_pop_up_closes_all_the_same(self, server: Server, person_without_the_app: Person) -> None:
        home = person_without_the_app.open(server.url)
        home.clock.install()
        popup = press_connect(home, USER)
        allow(popup)
        with popup.expect_event("close"):
            popup.clock.fast_forward(THREE_SECONDS)


class TestWithTheApp:
    def test_who_came_without_a_pop_up_is_led_there(self, server: Server, person: Person) -> None:
        page = person.open(server.url)
        page.clock.install()
        page.goto(f"{server.url}/login?state={USER}")
        allow(page)
        page.clock.fast_forward(THREE_SECONDS)
        expect(page).to_have_url(APP)

    def test_who_wants_to_read_on_stays(self, server: Server, person: Person) -> None:
        page = person.open(server.url)
        page.clock.install()
        page.goto(f"{server.url}/login?state={USER}")
        refuse(page)
        page.get_by_role("button", name="Stay here").click()
        page.clock.fast_forward(20 * THREE_SECONDS)
        expect(page.get_by_role("heading", name="Nothing was connected")).to_be_visible()

    def test_sees_the_sign_of_success_being_drawn_unless_motion_is_unwelcome(
        self, server: Server, person: Person
    ) -> None:
        person.stop_clocks()
        page = person.open(f"{server.url}/login?state={USER}")
        allow(page)
        tick = page.locator(".sign path")
        expect(tick).to_have_css("animation-name", "draw")
        page.emulate_media(reduced_motion="reduce")
        expect(tick).to_have_css("animation-name", "none")


def tab_to(page: Page, name: str) -> None:
    """Press Tab until the focus is on what has the name; fails where it is not to be seen on the way."""
    page.wait_for_load_state()
    reached: list[str] = []
    while name not in reached:
        page.keyboard.press("Tab")
        focus = page.evaluate(_FOCUS)
        assert focus["visible"], f"the focus on {focus['name']} is not to be seen"
        assert focus["name"] not in reached[:-1], f"never came to {name}, but to {reached}"
        reached.append(focus["name"])


_FOCUS = """(() => {
  const it = document.activeElement;
  const style = getComputedStyle(it);
  const name = it.labels?.[0]?.textContent || it.textContent;
  return { name: name.trim(), visible: style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2 };
})()"""
