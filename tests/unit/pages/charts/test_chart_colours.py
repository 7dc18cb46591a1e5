"""The colours of charts stand out from their ground and from each other, light and dark (WCAG 1.4.11)."""

import re

import pytest

from withings_bridge.pages.assets import STATIC

LEAST = 3.0
THEMES = {"light": 0, "dark": 1}
SERIES = ("s0", "s1", "s2", "s3")


def colours(sheet: str, theme: str) -> dict[str, str]:
    """The colours that a style sheet names, by name; the light ones stand before the dark."""
    block = re.findall(r":root \{([^}]*)\}", (STATIC / sheet).read_text())[THEMES[theme]]
    return dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", block))


def luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("theme", THEMES)
class TestColours:
    @pytest.mark.parametrize("name", [*SERIES, "stage0", "stage1", "stage-edge"])
    def test_stand_out_from_the_sheet(self, theme: str, name: str) -> None:
        sheet = colours("pages.css", theme)["sheet"]
        assert contrast(colours("charts.css", theme)[name], sheet) >= LEAST

    @pytest.mark.parametrize("name", SERIES)
    def test_of_labels_are_read_as_text(self, theme: str, name: str) -> None:
        sheet = colours("pages.css", theme)["sheet"]
        assert contrast(colours("charts.css", theme)[name], sheet) >= 4.5

    def test_of_deep_and_light_sleep_differ_and_a_hatching_from_what_it_is_drawn_on(self, theme: str) -> None:
        known = colours("charts.css", theme)
        pairs = [("stage0", "stage1"), ("stage-edge", "stage2"), ("stage-edge", "stage3")]
        assert [pair for pair in pairs if contrast(known[pair[0]], known[pair[1]]) < LEAST] == []
