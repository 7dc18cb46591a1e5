"""Token pairs: when they are fresh, and that they do not show. Rows: whose they are."""

import pytest

from builders import HOUR, MINUTE, NOON, SECOND, a_link, a_pair
from withings_bridge.domain.links import Place, RowName, row_name


class TestTokenPair:
    def test_is_fresh_until_the_very_instant_it_ends(self) -> None:
        pair = a_pair()
        assert pair.fresh_at(NOON + 3 * HOUR - SECOND)
        assert not pair.fresh_at(NOON + 3 * HOUR)

    def test_is_not_fresh_within_the_margin(self) -> None:
        assert a_pair().fresh_at(NOON + 2 * HOUR, margin=59 * MINUTE)
        assert not a_pair().fresh_at(NOON + 2 * HOUR, margin=HOUR)

    def test_shows_no_token_in_its_repr_nor_in_its_links(self) -> None:
        for text in (repr(a_pair(name="s3cret")), repr(a_link(pair=a_pair(name="s3cret")))):
            assert "s3cret" not in text
            assert "expires_at" in text


class TestRowName:
    @pytest.mark.parametrize(
        ("key", "api_name", "name"),
        [
            ("u#withings", None, RowName("u", Place.OWN)),
            ("u#withings", "Fitbit", RowName("u", Place.OWN)),
            ("u#withings#withings", None, RowName("u", Place.DOUBLED)),
            ("u", "withings", RowName("u", Place.BARE)),
            ("u", "WITHINGS", RowName("u", Place.BARE)),
            ("u", "Fitbit", None),
            ("u", None, None),
            ("u", 7, None),
            ("u#fitbit", "Withings", None),
            ("u#withings#fitbit", "Withings", None),
            ("u#Withings", "Withings", None),
            ("#withings", "Withings", None),
            ("#withings#withings", "Withings", None),
        ],
    )
    def test_tells_whose_row_it_is_by_the_key(self, key: str, api_name: object, name: RowName | None) -> None:
        assert row_name(key, api_name) == name
        assert name is None or name.key == key
