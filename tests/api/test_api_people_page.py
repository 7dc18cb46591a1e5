"""A person's charts, as a page."""

from xml.etree import ElementTree as ET

import pytest

from api.readers import Reader, slept, weighed
from api.running import OTHER_USER, USER
from builders import DAY, NOON

SVG = "{http://www.w3.org/2000/svg}"


async def page(reader: Reader, user: str = USER, **query: str) -> str:
    reply = await reader.bridge.http.get(f"/dashboard/people/{user}", params=query)
    assert reply.status_code == 200
    return reply.text


def drawings(text: str) -> list[ET.Element]:
    """The charts as a parser of XML reads them."""
    parts = text.split('<svg viewBox="0 0 420')[1:]
    found = [f'<svg viewBox="0 0 420{part.partition("</svg>")[0]}</svg>' for part in parts]
    return [ET.fromstring(text) for text in found]  # noqa: S314 - made by our own templates


class TestAPerson:
    async def test_is_shown_in_charts_with_their_numbers_beside_them(self, reader: Reader) -> None:
        day = int(DAY.total_seconds())
        at = int(NOON.timestamp())
        await reader.has(weighed(1, at=at - day, grams=80000), weighed(2, at=at), slept(3, at=at - day // 2))
        text = await page(reader)
        assert "81.3 kg on 2 Mar 2026, 1.3 kg more than on 1 Mar 2026." in text
        weight, *_ = drawings(text)
        assert len(weight.findall(".//circle")) == 2
        assert [title.text for title in weight.iter("title")] == [
            "1 Mar 2026: Weight 80.0 kg",
            "2 Mar 2026: Weight 81.3 kg",
        ]
        assert '<th scope="row">2 Mar 2026</th><td class="number">81.3</td>' in text

    async def test_is_told_to_who_cannot_see_it_by_the_gist_and_not_by_every_number(
        self, reader: Reader
    ) -> None:
        await reader.has(weighed(1))
        text = await page(reader)
        weight, *_ = drawings(text)
        assert (weight.get("role"), weight.get("aria-labelledby")) == ("img", "title-weight")
        assert f'id="{weight.get("aria-describedby")}">81.3 kg on 2 Mar 2026.<' in text

    async def test_of_whom_nothing_is_known_is_told_so(self, reader: Reader) -> None:
        text = await page(reader)
        assert text.count("Nothing is known of this time.") == 6
        assert drawings(text) == []

    @pytest.mark.parametrize(
        ("span", "named"), [("30d", "30 days"), ("nonsense", "90 days"), ("all", "Everything")]
    )
    async def test_is_shown_over_the_span_that_was_chosen(
        self, reader: Reader, span: str, named: str
    ) -> None:
        assert f'aria-current="true">{named}</a>' in await page(reader, span=span)

    async def test_who_is_not_linked_is_told(self, reader: Reader) -> None:
        reply = await reader.bridge.http.get(f"/dashboard/people/{OTHER_USER}")
        assert reply.status_code == 404
        assert "Nobody of that name is linked" in reply.text

    async def test_has_no_style_that_the_policy_would_refuse(self, reader: Reader) -> None:
        await reader.has(weighed(1))
        text = await page(reader)
        assert "style=" not in text
        assert "<style" not in text
