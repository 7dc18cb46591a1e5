"""axe-core on a page: what keeps people who see, move or hear otherwise from using it."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from playwright.sync_api import Page

AXE = (Path(__file__).parent / "axe_core" / "axe.min.js").read_text()

GRAVE = frozenset({"serious", "critical"})


def findings(page: Page, *, excluding: Sequence[str] = ()) -> list[str]:
    """What is seriously or critically wrong: rule, place and page of each, and how to mend it.

    Elements by the selectors ``excluding`` are left out, with what is in them. axe runs in a world of its own
    beside the page's scripts, where the page's content policy stands as it is and no script sees it.
    """
    session = page.context.new_cdp_session(page)
    try:
        frame = session.send("Page.getFrameTree")["frameTree"]["frame"]["id"]
        world = session.send("Page.createIsolatedWorld", {"frameId": frame, "worldName": "axe"})
        context = json.dumps({"exclude": [[selector] for selector in excluding]} if excluding else {})
        run = f"axe.run({context if excluding else 'document'}, {{resultTypes: ['violations']}})"
        said = session.send(
            "Runtime.evaluate",
            {
                "expression": f"{AXE}\n{run}.then((found) => JSON.stringify(found.violations))",
                "contextId": world["executionContextId"],
                "awaitPromise": True,
            },
        )
    finally:
        session.detach()
    assert "exceptionDetails" not in said, said["exceptionDetails"]
    violations = json.loads(said["result"]["value"])
    return [
        _told(page, violation, node)
        for violation in violations
        if violation["impact"] in GRAVE
        for node in violation["nodes"]
    ]


def _told(page: Page, violation: dict[str, Any], node: dict[str, Any]) -> str:
    places = " in ".join(str(place) for place in node["target"])
    return f"{page.url}: {violation['id']} ({violation['impact']}) at {places}: {node['failureSummary']}"
