"""Takes the README's pictures: a bridge with its sandbox, and one person who has just stepped on the scale.

The way to every page is that of the browser tests.
"""

import shutil
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from playwright.sync_api import expect

from browser.pages import PAGES, USER, Scene
from e2e.browser import a_person, chromium
from e2e.guarded import guarded_bridge
from e2e.newcomer import newcomers_bridge
from processes import eventually

PICTURES = ROOT / "docs" / "pictures"
MOST_BYTES = 200_000


@dataclass(frozen=True)
class Picture:
    """A page of the tests' table, in both schemes of colours or the light one alone."""

    name: str
    page: str
    height: int
    width: int = 1100
    both: bool = False


ALL = (
    Picture("home", "home", height=830),
    Picture("dashboard", "dashboard", width=1280, height=800),
    Picture("person", "a person's charts", width=1280, height=860, both=True),
    Picture("sandbox", "console of the sandbox", width=1280, height=800),
    Picture("connected", "connected", width=640, height=520),
)


def main() -> None:
    """Every picture, in its place."""
    if not shutil.which("chromium"):
        sys.exit("Chromium is needed: apt-get install chromium")
    PICTURES.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as folder,
        chromium() as browser,
        newcomers_bridge(Path(folder)) as server,
        guarded_bridge(Path(folder)) as guarded,
    ):
        server.link(USER)
        before = server.weights(USER)
        server.tell("POST", f"/people/{server.person}/weighings", {"kg": 78.4})
        eventually("the weight is in the store", lambda: len(server.weights(USER)) > len(before))
        for dark in (False, True):
            for picture in ALL:
                if picture.both or not dark:
                    with a_person(browser, still=True, dark=dark) as person:
                        _take(picture, Scene(server, guarded, person), dark=dark)


def _take(picture: Picture, scene: Scene, *, dark: bool) -> None:
    page = PAGES[picture.page].way(scene)
    page.set_viewport_size({"width": picture.width, "height": picture.height})
    page.wait_for_load_state()
    expect(page.locator("#live[hidden]")).to_have_count(0)  # it hears of what happens, if it is such a page
    path = PICTURES / f"{picture.name}{'-dark' if dark else ''}.png"
    page.screenshot(path=path)
    size = path.stat().st_size
    print(f"{path.relative_to(ROOT)}, {size // 1000} KB")
    if size > MOST_BYTES:
        sys.exit(f"That is more than {MOST_BYTES // 1000} KB.")


if __name__ == "__main__":
    main()
