"""What Withings posts: fields of every category, and posts of strangers."""

import itertools
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders import DAY, NOON, SECOND
from withings_bridge.domain.categories import Category
from withings_bridge.domain.events import Event
from withings_bridge.domain.notifications import (
    APPLIS,
    Notification,
    Window,
    fold,
    parse_notification,
)

NOON_EPOCH = int(NOON.timestamp())

DIGITS = st.text("0123456789-", max_size=12)
POSTS = st.fixed_dictionaries(
    {"userid": st.just("1234"), "appli": st.sampled_from(["1", "16", "44", "46"])},
    optional={"startdate": DIGITS, "enddate": DIGITS, "date": DIGITS | st.dates().map(str)},
)


def parsed(**fields: str) -> Notification:
    notification = parse_notification({"userid": "1234", "appli": "1"} | fields)
    assert notification is not None
    return notification


def window_of(**fields: str) -> Window | None:
    return parsed(**fields).window


def at(hours: int, *, length: int = 1) -> Window:
    start = NOON + timedelta(hours=hours)
    return Window(start, start + timedelta(hours=length))


class TestWindow:
    def test_is_named_by_two_epochs(self) -> None:
        start, end = str(NOON_EPOCH - 1), str(NOON_EPOCH)
        assert window_of(startdate=start, enddate=end) == Window(NOON - SECOND, NOON)

    def test_is_turned_round_when_it_ends_before_it_starts(self) -> None:
        start, end = str(NOON_EPOCH), str(NOON_EPOCH - 60)
        assert window_of(startdate=start, enddate=end) == Window(NOON - 60 * SECOND, NOON)

    def test_of_a_day_is_that_whole_day(self) -> None:
        midnight = datetime(2026, 3, 2, tzinfo=UTC)
        assert window_of(appli="16", date="2026-03-02") == Window(midnight, midnight + DAY - SECOND)

    def test_of_a_day_named_by_an_epoch_is_that_second(self) -> None:
        assert window_of(appli="16", date=str(NOON_EPOCH)) == Window(NOON - SECOND, NOON)

    def test_of_an_epoch_that_reads_like_an_old_date_is_today(self) -> None:
        window = window_of(appli="16", date="1801011200")
        assert window is not None
        assert window.end == datetime.fromtimestamp(1801011200, UTC)

    @pytest.mark.parametrize("name", ["startdate", "enddate"])
    def test_with_one_end_is_that_second(self, name: str) -> None:
        assert window_of(**{name: str(NOON_EPOCH)}) == Window(NOON - SECOND, NOON)

    @pytest.mark.parametrize(
        "text", ["", "soon", "-5", "1e9", "99999999999", "\N{FULLWIDTH DIGIT ONE}2", "0x10"]
    )
    def test_is_none_when_no_time_can_be_read(self, text: str) -> None:
        assert window_of(startdate=text, enddate=text, date=text) is None

    @pytest.mark.parametrize("day", ["0001-01-01", "1969-12-31", "9999-12-31"])
    def test_is_none_for_a_day_that_no_device_has_seen(self, day: str) -> None:
        assert window_of(appli="16", date=day) is None

    @given(POSTS)
    def test_survives_the_way_it_is_stored_whoever_posted_it(self, post: dict[str, str]) -> None:
        notification = parse_notification(post)
        assert notification is not None
        if notification.window is not None:
            assert Window.parse(str(notification.window)) == notification.window

    def test_holds_both_its_ends(self) -> None:
        window = Window(NOON, NOON + SECOND)
        assert window.holds(NOON)
        assert window.holds(NOON + SECOND)
        assert not window.holds(NOON - SECOND)


class TestAccount:
    def test_is_opaque(self) -> None:
        assert parsed(userid=" -17 ").account == "-17"

    def test_may_be_called_user_id(self) -> None:
        notification = parse_notification({"user_id": "77", "appli": "1"})
        assert notification is not None
        assert notification.account == "77"

    @pytest.mark.parametrize(
        "fields",
        [
            {},
            {"userid": "1234"},
            {"appli": "1"},
            {"userid": "  ", "appli": "1"},
            {"userid": "1" * 65, "appli": "1"},
            {"userid": "1234\0", "appli": "1"},
            {"userid": "1234", "appli": ""},
            {"userid": "1234", "appli": "one"},
            {"userid": "1234", "appli": "-1"},
            {"userid": "1234", "appli": "\N{ARABIC-INDIC DIGIT ONE}"},
            {"userid": "1234", "appli": "100000"},
        ],
    )
    def test_or_category_missing_makes_it_no_notification(self, fields: dict[str, str]) -> None:
        assert parse_notification(fields) is None

    def test_keys_nobody_knows_are_ignored(self) -> None:
        assert parsed(surprise="yes") == parsed()


class TestCategories:
    @pytest.mark.parametrize(
        ("appli", "categories"),
        [
            *((number, (Category.MEASURES,)) for number in (1, 2, 4, 58, 62, 63)),
            (16, (Category.ACTIVITY, Category.WORKOUTS)),
            (44, (Category.SLEEP,)),
            (54, (Category.HEART, Category.MEASURES)),
            (61, (Category.STETHO, Category.MEASURES)),
            *((number, ()) for number in (53, 60, 98, 99, 100)),
        ],
    )
    def test_are_what_the_appli_is_about(self, appli: int, categories: tuple[Category, ...]) -> None:
        assert parsed(appli=str(appli)).categories == categories

    def test_of_an_appli_nobody_documented_are_the_measures(self) -> None:
        assert 777 not in APPLIS
        assert parsed(appli="777").categories == (Category.MEASURES,)

    @pytest.mark.parametrize("action", ["unlink", "delete", "Unlink", "DELETE"])
    def test_of_an_ending_are_the_link(self, action: str) -> None:
        assert parsed(appli="46", action=action).categories == (Category.LINK,)

    @pytest.mark.parametrize("action", ["update", "", "something"])
    def test_of_any_other_news_of_the_account_are_none(self, action: str) -> None:
        assert parsed(appli="46", action=action).categories == ()


class TestApplis:
    def test_are_all_that_withings_documents_or_was_seen_to_use(self) -> None:
        scopes = {appli.number: appli.scope for appli in APPLIS.values()}
        assert scopes == {
            **dict.fromkeys((1, 2, 4, 54, 55, 58, 61, 62, 63), "user.metrics"),
            **dict.fromkeys((16, 44), "user.activity"),
            **dict.fromkeys((50, 51, 52, 98, 99, 100), "user.sleepevents"),
            46: "user.info",
            53: None,
            60: "user.data",
        }
        assert len(scopes) == 20

    def test_are_each_described_in_words_of_their_own(self) -> None:
        assert len({appli.description for appli in APPLIS.values()}) == len(APPLIS)


class TestEvent:
    @pytest.mark.parametrize("appli", [50, 51, 52, 55])
    def test_is_told_where_nothing_can_be_fetched(self, appli: int) -> None:
        told = parsed(appli=str(appli), deviceid="mat", date=str(NOON_EPOCH))
        assert told.event == Event(appli, "mat", NOON)
        assert told.categories == (Category.EVENTS,)

    def test_is_confirmed_by_the_secret_of_the_post(self) -> None:
        fields = {"userid": "1234", "appli": "50", "deviceid": "mat", "date": str(NOON_EPOCH)}
        told = parse_notification(fields, confirmed=True)
        assert told is not None
        assert told.event == Event(50, "mat", NOON, confirmed=True)

    def test_may_name_its_time_as_some_clients_saw_it(self) -> None:
        assert parsed(appli="51", deviceid="mat", startdate=str(NOON_EPOCH)).event == Event(51, "mat", NOON)

    def test_may_name_no_device(self) -> None:
        assert parsed(appli="55", date=str(NOON_EPOCH)).event == Event(55, "", NOON)

    @pytest.mark.parametrize(
        "odd",
        [
            {"deviceid": "x" * 65},
            {"deviceid": "m\N{LATIN SMALL LETTER A WITH DIAERESIS}t"},
            {"deviceid": "m\nt"},
            {"date": ""},
            {"date": "2026-03-02"},
            {"date": "99999999999"},
            {"date": "-1"},
        ],
    )
    def test_is_none_where_it_makes_no_sense(self, odd: dict[str, str]) -> None:
        told = parsed(**{"appli": "50", "deviceid": "mat", "date": str(NOON_EPOCH)} | odd)
        assert told.event is None
        assert told.categories == ()

    def test_is_none_of_an_appli_that_says_what_to_fetch(self) -> None:
        assert parsed(appli="54", deviceid="watch", date=str(NOON_EPOCH)).event is None


class TestFold:
    def test_joins_overlapping_windows_and_keeps_others_apart(self) -> None:
        windows = frozenset({at(0, length=2), at(1, length=2), at(5)})
        assert fold(windows) == [at(0, length=3), at(5)]

    def test_joins_windows_that_share_one_second(self) -> None:
        assert fold(frozenset({at(0), at(1)})) == [at(0, length=2)]

    def test_keeps_a_window_that_holds_another(self) -> None:
        assert fold(frozenset({at(0, length=9), at(3)})) == [at(0, length=9)]

    @given(
        st.frozensets(
            st.builds(at, st.integers(0, 60), length=st.integers(0, 9)),
            max_size=12,
        )
    )
    def test_covers_the_same_time_in_windows_that_do_not_touch(self, windows: frozenset[Window]) -> None:
        folded = fold(windows)
        assert all(earlier.end < later.start for earlier, later in itertools.pairwise(folded))
        for hour in range(70):
            moment = NOON + timedelta(hours=hour)
            assert any(w.holds(moment) for w in folded) == any(w.holds(moment) for w in windows)
