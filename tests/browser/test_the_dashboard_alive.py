"""The dashboard while things happen: it tells of them by itself, and nothing jumps."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from browser.pages import USER
from e2e.browser import Person, a_person
from e2e.newcomer import Server
from processes import eventually

pytestmark = pytest.mark.e2e

STEADY = 0.1
"""Less than that Web Vitals call a good cumulative layout shift."""


@pytest.fixture
def person(chrome: Browser) -> Iterator[Person]:
    with a_person(chrome) as person:
        yield person


class TestAWeighIn:
    @pytest.mark.parametrize(
        ("path", "kg", "told"),
        [
            ("/dashboard", 77.1, "Withings announced"),
            ("/dashboard/accounts/{person}", 77.2, "Withings announced"),
            ("/dashboard/people/{user}?span=30d", 77.3, "77.3"),
        ],
    )
    def test_appears_without_a_reload_and_nothing_jumps(
        self, server: Server, person: Person, path: str, kg: float, told: str
    ) -> None:
        page = person.open(server.url + path.format(person=server.person, user=USER))
        expect(page.get_by_text("Live", exact=True).first).to_be_visible()
        page.evaluate(_WATCH)
        shown = page.get_by_text(told)
        before = shown.count()

        server.tell("POST", f"/people/{server.person}/weighings", {"kg": kg})

        eventually("the page tells of it", lambda: shown.count() > before)
        assert shifted(page) < STEADY
        page.evaluate("document.body.prepend(document.createElement('hr'))")
        eventually("a jump is seen", lambda: shifted(page) > 0)


class TestWhoeverIsAtWork:
    def test_keeps_what_was_typed_though_news_come(self, server: Server, person: Person) -> None:
        console = person.open(f"{server.sandbox}/sandbox")
        field = console.locator("#kept input[name=kg]").first
        field.fill("55.5")
        field.press("Tab")
        notifications = console.get_by_role("region", name="Notifications")
        before = notifications.inner_text()

        server.tell("POST", f"/people/{server.person}/weighings", {"kg": 77.4})

        eventually("the console tells of it", lambda: notifications.inner_text() != before)
        expect(field).to_have_value("55.5")

    def test_keeps_the_place_where_they_are(self, server: Server, person: Person) -> None:
        charts = person.open(f"{server.url}/dashboard/people/{USER}?span=90d")
        steps = charts.locator("#chart-steps")
        steps.get_by_text("The numbers").click()
        steps.locator(".scroll").evaluate("it => it.scrollTo(0, 120)")
        summary = charts.locator("#chart-weight summary")
        summary.focus()

        server.tell("POST", f"/people/{server.person}/weighings", {"kg": 77.7})

        expect(charts.locator("#chart-weight")).to_contain_text("77.7 kg")
        expect(summary).to_be_focused()
        assert steps.locator(".scroll").evaluate("it => it.scrollTop") == 120


class TestADeadLetter:
    def test_is_shown_with_its_reason_and_replayed_by_a_button(self, server: Server, person: Person) -> None:
        page = person.open(f"{server.url}/dashboard")
        before = server.weights(USER)
        server.tell("POST", "/mishaps", {"action": "getmeas", "kind": "status", "status": 503})
        server.tell("POST", f"/people/{server.person}/weighings", {"kg": 66.6})

        again = page.get_by_role("button", name="Try again now: measures")
        expect(page.get_by_text("was given up")).to_be_visible()
        assert server.weights(USER) == before
        again.click()

        eventually("the row is in the store", lambda: len(server.weights(USER)) > len(before))
        expect(page.get_by_text("was given up")).to_have_count(0)


def shifted(page: Page) -> float:
    """By how much things have jumped on the page since it is watched, if it was not loaded anew."""
    found: float = page.evaluate(_AFTER_A_FRAME)
    return found


_AFTER_A_FRAME = """() => new Promise((done) => {
  requestAnimationFrame(() => requestAnimationFrame(() => done(window.shifted)));
})"""

_WATCH = """() => {
  window.shifted = 0;
  new PerformanceObserver((list) => {
    for (const each of list.getEntries()) if (!each.hadRecentInput) window.shifted += each.value;
  }).observe({ type: "layout-shift" });
}"""
