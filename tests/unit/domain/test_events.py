"""Events: told by a notification, kept in the inbox as strings, stored as records."""

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from builders import NOON, SECOND
from withings_bridge.domain.categories import Category
from withings_bridge.domain.events import Event
from withings_bridge.domain.inbox import ASKED, MOST_EVENTS, Done, Failed, News, Task, Work, settle

EVENTS = st.builds(
    Event,
    st.integers(0, 99_999),
    st.text(st.characters(codec="ascii"), max_size=64),
    st.integers(0, 9_999_999_999).map(lambda epoch: datetime.fromtimestamp(epoch, UTC)),
    confirmed=st.booleans(),
)


def into_bed(seconds: int = 0, *, confirmed: bool = False) -> Event:
    return Event(50, "mat", NOON + seconds * SECOND, confirmed)


def told(*events: Event) -> News:
    return News(events=frozenset(events))


def a_night_of(count: int) -> News:
    return told(*(into_bed(number) for number in range(count)))


class TestEvent:
    @given(EVENTS)
    def test_survives_the_way_it_waits_whoever_posted_it(self, event: Event) -> None:
        assert Event.parse(str(event)) == event
        assert News.of(told(event).tokens) == told(event)

    def test_is_stored_as_it_was_told(self) -> None:
        record = into_bed(confirmed=True).record
        epoch = int(NOON.timestamp())
        assert record.key == f"50/mat/{epoch}"
        assert record.at == NOON
        assert record.body == {"appli": 50, "deviceid": "mat", "date": epoch, "confirmed": True}

    def test_is_the_same_record_whether_or_not_it_is_confirmed(self) -> None:
        assert into_bed(confirmed=True).record.name == into_bed().record.name

    def test_of_no_device_has_a_record_too(self) -> None:
        assert Event(55, "", NOON).record.body["deviceid"] is None


class TestAnnounce:
    def test_keeps_each_apart_and_a_repeated_one_once(self) -> None:
        work = Work().announce(told(into_bed())).announce(told(into_bed(1))).announce(told(into_bed()))
        assert work.news == told(into_bed(), into_bed(1))

    def test_lets_go_of_what_comes_beyond_the_limit_and_keeps_what_was_there(self) -> None:
        work = Work().announce(a_night_of(MOST_EVENTS))
        assert not work.news.overflow
        more = work.announce(told(into_bed(MOST_EVENTS)))
        assert more.news.events == work.news.events
        assert more.news.overflow

    def test_lets_go_of_what_anybody_may_have_posted_for_what_is_confirmed(self) -> None:
        work = Work().announce(a_night_of(MOST_EVENTS))
        confirmed = into_bed(MOST_EVENTS, confirmed=True)
        more = work.announce(told(confirmed))
        assert more.news.events == work.news.events - {into_bed(MOST_EVENTS - 1)} | {confirmed}
        assert more.news.overflow
        again = more.announce(told(into_bed(MOST_EVENTS + 1)))
        assert again.news.events == more.news.events

    def test_of_a_repeated_one_at_the_limit_lets_go_of_nothing(self) -> None:
        work = Work().announce(a_night_of(MOST_EVENTS))
        assert work.announce(told(into_bed())).news == work.news

    def test_is_live(self) -> None:
        assert Work().announce(told(into_bed())).live_at(NOON) == NOON


class TestSettle:
    def settled(self, before: Work, stored: Work) -> Work:
        done = Done(Task(Category.EVENTS, before, news=before.news))
        return settle(stored, done, now=NOON, jitter=0)

    def test_takes_away_what_the_turn_saw_and_leaves_what_came_meanwhile(self) -> None:
        before = Work().announce(told(into_bed()))
        assert self.settled(before, before.announce(told(into_bed(1)))).news == told(into_bed(1))

    def test_takes_away_what_was_told_again_meanwhile(self) -> None:
        """An event has nothing to fetch: the turn has stored all there is to it."""
        before = Work().announce(told(into_bed()))
        assert not self.settled(before, before.announce(told(into_bed()))).news

    def test_of_a_failure_takes_away_nothing(self) -> None:
        before = Work().announce(told(into_bed()))
        failed = Failed(Task(Category.EVENTS, before, news=before.news), ValueError())
        assert settle(before, failed, now=NOON, jitter=0).news == told(into_bed())

    def test_of_anything_else_that_was_repeated_meanwhile_still_keeps_it(self) -> None:
        before = Work().announce(ASKED)
        assert self.settled(before, before.announce(ASKED)).news == ASKED
