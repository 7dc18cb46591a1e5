"""What holds on every page that people can come to, in a real browser."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect

from browser.axe import findings
from browser.pages import PAGES, Scene, Shown
from e2e.browser import Person, a_person
from e2e.guarded import Guarded
from e2e.newcomer import Server, width

pytestmark = pytest.mark.e2e

STEADY = 0.1
"""Less than that Web Vitals call a good cumulative layout shift."""

NARROW = 360
"""The narrowest phone that people still carry, in CSS pixels."""


@dataclass(frozen=True)
class Seen:
    """A page that somebody came to."""

    shown: Shown
    page: Page
    person: Person
    shifted: float
    """By how much things had jumped when they came; what a test does to the window counts for nothing."""


@pytest.fixture(scope="module", params=PAGES)
def seen(request: pytest.FixtureRequest, chrome: Browser, server: Server, guarded: Guarded) -> Iterator[Seen]:
    shown = PAGES[request.param]
    with a_person(chrome, still=True) as person:
        page = shown.way(Scene(server, guarded, person))
        expect(page.get_by_role("heading", level=1).first).to_contain_text(shown.heading)
        yield Seen(shown, page, person, shifted=page.evaluate(_SHIFTED))


class TestEveryPage:
    @pytest.mark.parametrize("scheme", ["light", "dark"])
    def test_has_nothing_seriously_wrong_for_anybody(self, seen: Seen, scheme: str) -> None:
        seen.page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
        assert findings(seen.page, excluding=seen.shown.excluding) == []

    def test_never_scrolls_sideways_on_a_phone(self, seen: Seen) -> None:
        before = seen.page.viewport_size
        seen.page.set_viewport_size({"width": NARROW, "height": 740})
        try:
            assert width(seen.page) <= NARROW
        finally:
            seen.page.set_viewport_size(before or {"width": 1280, "height": 900})

    def test_moves_nothing_for_those_who_want_no_motion(self, seen: Seen) -> None:
        assert seen.page.evaluate("document.getAnimations().length") == 0

    def test_keeps_in_place_what_it_has_shown(self, seen: Seen) -> None:
        assert seen.shifted < STEADY

    def test_says_what_it_may_load_and_runs_no_code_of_others(self, seen: Seen) -> None:
        policy = _directives(seen.person.policies[seen.page.url])
        assert policy["default-src"] == policy["base-uri"] == policy["frame-ancestors"] == ["'none'"]
        assert policy["script-src"] == ["'self'"]
        assert not {"'unsafe-inline'", "'unsafe-eval'", "*", "https:", "http:"} & {
            source for sources in policy.values() for source in sources
        }

    def test_asks_no_other_host_and_complains_of_nothing(
        self, seen: Seen, record_testsuite_property: Callable[[str, object], None]
    ) -> None:
        # For whoever reads the report (--junitxml); how fast this machine is proves nothing.
        if (painted := seen.page.evaluate(_FIRST_PAINT)) is not None:  # as where its clock is stopped
            record_testsuite_property(f"first paint of {urlsplit(seen.page.url).path}, ms", painted)
        assert seen.person.strangers == []
        assert seen.person.complaints == []


# What has shifted since the page was opened. Not by a timer: on some pages the clock is stopped.
_SHIFTED = """() => new Promise((done) => {
  let shifted = 0;
  const add = (entries) => entries.forEach((each) => { if (!each.hadRecentInput) shifted += each.value; });
  const observer = new PerformanceObserver((list) => add(list.getEntries()));
  observer.observe({ type: "layout-shift", buffered: true });
  const { port1, port2 } = new MessageChannel();
  let turns = 20;
  port1.onmessage = () => {
    if (--turns) return port2.postMessage(0);
    add(observer.takeRecords());
    done(shifted);
  };
  port2.postMessage(0);
})"""

_FIRST_PAINT = "performance.getEntriesByName('first-contentful-paint')[0]?.startTime"


def _directives(policy: str) -> dict[str, list[str]]:
    split = [directive.split() for directive in policy.split(";") if directive.strip()]
    return {name: sources for name, *sources in split}
