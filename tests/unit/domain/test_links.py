"""Token pairs: when they are fresh, and that they do not show."""

from builders import HOUR, MINUTE, NOON, SECOND, a_link, a_pair


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
