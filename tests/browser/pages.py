"""Every page that people can come to, and the way there: a new page belongs in this table."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from playwright.sync_api import Page, expect

from e2e.browser import Person
from e2e.guarded import Guarded
from e2e.newcomer import Server, allow, refuse

USER = "demo-user"
"""Who is linked at the newcomer's bridge."""


@dataclass(frozen=True)
class Scene:
    """The bridges, and somebody with a browser of their own."""

    server: Server
    guarded: Guarded
    person: Person

    def begin(self) -> tuple[Page, str]:
        """A sign-in as far as the consent at Withings, and its state. The page at its end will stay."""
        self.person.stop_clocks()
        page = self.person.open(f"{self.server.url}/login?state={USER}")
        return page, parse_qs(urlsplit(page.url).query)["state"][0]

    def come_back(self, page: Page, **brought: str) -> Page:
        """From Withings to the bridge, with this in the address."""
        page.goto(f"{self.server.url}/callback?{urlencode(brought)}")
        return page


Way = Callable[[Scene], Page]


@dataclass(frozen=True)
class Shown:
    """A page in the table."""

    heading: str
    """Its first heading, or how that begins."""
    way: Way
    excluding: Sequence[str] = ()
    """Elements that others draw, as selectors."""


def _at(path: str) -> Way:
    """At the newcomer's bridge."""
    return lambda scene: scene.person.open(
        scene.server.url + path.format(user=USER, account=scene.server.person)
    )


def _console(scene: Scene) -> Page:
    return scene.person.open(f"{scene.server.sandbox}/sandbox")


def _calls(scene: Scene) -> Page:
    return scene.person.open(f"{scene.server.sandbox}/sandbox/docs")


def _at_guarded(path: str) -> Way:
    """At a bridge that wants to know who calls."""

    def way(scene: Scene) -> Page:
        scene.person.stop_clocks()
        return scene.person.open(scene.guarded.url + path)

    return way


def _connected(scene: Scene) -> Page:
    page, _ = scene.begin()
    allow(page)
    return page


def _refused(scene: Scene) -> Page:
    page, _ = scene.begin()
    refuse(page)
    return page


def _incomplete(scene: Scene) -> Page:
    page, _ = scene.begin()
    return scene.come_back(page)


def _spent(scene: Scene) -> Page:
    page, _ = scene.begin()
    return scene.come_back(page, state="made-up", code="code")


def _without_code(scene: Scene) -> Page:
    page, state = scene.begin()
    return scene.come_back(page, state=state)


def _too_late(scene: Scene) -> Page:
    page, state = scene.begin()
    return scene.come_back(page, state=state, code="spent")


def _in_another_browser(scene: Scene) -> Page:
    page, state = scene.begin()
    page.context.clear_cookies()
    return scene.come_back(page, state=state, code="code")


def _while(**mishap: Any) -> Way:
    """Withings answers the exchange of the code otherwise than it should."""

    def way(scene: Scene) -> Page:
        page, state = scene.begin()
        scene.server.tell("POST", "/mishaps", {"action": "requesttoken", **mishap})
        return scene.come_back(page, state=state, code=state)  # the same twice would have to wait

    return way


_REFUSES_US = {"kind": "status", "status": 503, "error": "Invalid Params: invalid client_secret"}


def _not_well(scene: Scene) -> Page:
    page = _while(**_REFUSES_US)(scene)
    page.goto(scene.server.url)
    expect(page.get_by_text("Withings refuses this application")).to_be_visible()
    allow(scene.begin()[0])  # and now it does not any more
    return page


def _without_store(scene: Scene) -> Page:
    scene.person.stop_clocks()
    with scene.server.store.silent():
        return scene.person.open(f"{scene.server.url}/login?state={USER}")


def _signing_in(key: str) -> Way:
    def way(scene: Scene) -> Page:
        page = scene.person.open(f"{scene.guarded.url}/dashboard/login")
        page.get_by_label("Admin key").fill(key or scene.guarded.operator)
        page.get_by_role("button", name="Sign in").click()
        expect(page.get_by_label("Admin key")).to_have_count(1 if key else 0)
        return page

    return way


PAGES = {
    "home": Shown("Up and well", _at("/")),
    "home, not well": Shown("Not well", _not_well),
    "home, with credentials": Shown("Up and well", _at_guarded("/")),
    "who connects": Shown("Connect Withings", _at("/login")),
    "who connects, refused": Shown("Connect Withings", _at("/connect?user=a%23b")),
    "consent in the sandbox": Shown("Allow", _at("/login?state={user}")),
    "connected": Shown("Withings is connected", _connected),
    "failed: refused": Shown("Nothing was connected", _refused),
    "failed: incomplete": Shown("This address is incomplete", _incomplete),
    "failed: spent or late": Shown("This sign-in is no longer valid", _spent),
    "failed: another browser": Shown("This is not the browser you began in", _in_another_browser),
    "failed: without a code": Shown("Withings sent no code", _without_code),
    "failed: code too old": Shown("That took a moment too long", _too_late),
    "failed: Withings silent": Shown("Withings does not answer", _while(kind="status", status=522)),
    "failed: Withings refuses us": Shown("Withings refuses this server", _while(**_REFUSES_US)),
    "failed: store silent": Shown("We cannot save anything right now", _without_store),
    "failed: not from the app": Shown("Start from Vitals7", _at_guarded(f"/login?state={USER}")),
    "failed: ticket spent": Shown("This way in is no longer open", _at_guarded("/login?ticket=spent")),
    "operator": Shown("For operators", _at_guarded("/dashboard/login")),
    "operator, refused": Shown("For operators", _signing_in("none")),
    "operator, signed in": Shown("Dashboard", _signing_in("")),
    "dashboard": Shown("Dashboard", _at("/dashboard")),
    "dashboard, those that need a person": Shown("Dashboard", _at("/dashboard?show=stuck")),
    "account": Shown("Withings account", _at("/dashboard/accounts/{account}")),
    "account, unknown": Shown("Nobody of that name is linked", _at("/dashboard/accounts/nobody")),
    "explain": Shown("Why is my reading not in the app?", _at("/dashboard/explain?user={user}")),
    "a person's charts": Shown(USER, _at("/dashboard/people/{user}?span=30d")),
    "console of the sandbox": Shown("Withings sandbox", _console),
    "console of the sandbox, its calls": Shown("Withings sandbox", _calls, excluding=("#swagger-ui",)),
    "documentation": Shown("withings-bridge", _at("/docs"), excluding=("#swagger-ui",)),
    "reference": Shown("withings-bridge", _at("/redoc"), excluding=("#redoc",)),
    # The last one that comes to Withings: for a moment after it nobody does.
    "failed: Withings busy": Shown(
        "Withings asks us to wait", _while(kind="status", status=601, wait_seconds=1)
    ),
}
