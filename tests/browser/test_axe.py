"""Whether axe sees what it should: a helper that finds nothing anywhere would please everybody."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from browser.axe import findings
from e2e.browser import a_person

pytestmark = pytest.mark.e2e

STRICT = "default-src 'none'; style-src 'self'; script-src 'self'"
FAULTY = """<!doctype html><html lang="en"><title>Faulty</title><main><h1>Faulty</h1>
<form id="form"><input name="unlabelled"></form><font color="#bbbbbb" id="pale">pale</font></main></html>"""


@pytest.fixture
def faulty(chrome: Browser) -> Iterator[Page]:
    """A page with two faults, whose content policy lets no script run."""
    with a_person(chrome) as person:
        page = person.open("about:blank")
        page.route(
            "http://localhost/faulty",
            lambda route: route.fulfill(
                body=FAULTY, content_type="text/html", headers={"Content-Security-Policy": STRICT}
            ),
        )
        page.goto("http://localhost/faulty")
        yield page


class TestFindings:
    def test_name_rule_gravity_place_and_page(self, faulty: Page) -> None:
        label, contrast = sorted(findings(faulty), reverse=True)
        assert label.startswith("http://localhost/faulty: label (critical) at input: ")
        assert contrast.startswith("http://localhost/faulty: color-contrast (serious) at #pale: ")

    def test_leave_out_what_they_are_told_to(self, faulty: Page) -> None:
        assert findings(faulty, excluding=("#form", "#pale")) == []

    def test_leave_no_trace_for_the_scripts_of_the_page(self, faulty: Page) -> None:
        findings(faulty)
        assert faulty.evaluate("typeof axe") == "undefined"
