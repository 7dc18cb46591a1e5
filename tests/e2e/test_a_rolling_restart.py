"""A new version is rolled out under load, replica by replica: no request is lost, nor what was announced."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from e2e.fleet import Fleet
from e2e.stores import Store
from e2e.trial import begun
from processes import eventually

pytestmark = [pytest.mark.e2e, pytest.mark.proof, pytest.mark.twin_suffices]

DRAIN_SECONDS = 1
CALLERS = 8


@pytest.fixture
def fleet(store: Store, tmp_path: Path) -> Iterator[Fleet]:
    fleet = Fleet(store, tmp_path, looking=True, env={"SHUTDOWN_DRAIN_SECONDS": str(DRAIN_SECONDS)})
    with begun(fleet):
        yield fleet


class TestARollingRestart:
    def test_under_load_loses_no_request_and_no_news(self, fleet: Fleet) -> None:
        person = fleet.link_person()
        with under_load(fleet, person.user) as load:
            for number, replica in enumerate(fleet.bridges):
                fleet.tell("POST", f"{person.path}/weighings", {"kg": 70 + number})
                load.goes_on()
                assert replica.stop() == 0
                replica.start()
                load.goes_on()

        assert load.lost == []
        fleet.check(person)


class Load:
    """Callers who ask one thing after another, each kind by its own connection."""

    def __init__(self, url: str, user: str) -> None:
        self._url = url
        self._asked = {"cognitoUserId": user}
        self._ended = threading.Event()
        self._threads = [threading.Thread(target=self._call) for _ in range(CALLERS)]
        self.answered = 0
        self.lost: list[str] = []

    def begin(self) -> None:
        for thread in self._threads:
            thread.start()

    def end(self) -> None:
        self._ended.set()
        for thread in self._threads:
            thread.join()

    def goes_on(self) -> None:
        """Wait until every caller was answered a few times more."""
        enough = self.answered + 5 * CALLERS
        eventually("the load goes on", lambda: self.answered >= enough)

    def _call(self) -> None:
        with httpx.Client(base_url=self._url, timeout=30) as http:
            while not self._ended.is_set():
                self._judge(http.build_request("GET", "/api/withings/status", params=self._asked), http)
                news = {"userid": "1", "appli": "1", "startdate": "1", "enddate": "2"}
                self._judge(http.build_request("POST", "/webhook/withings", data=news), http)

    def _judge(self, request: httpx.Request, http: httpx.Client) -> None:
        try:
            answered = http.send(request)
        except httpx.HTTPError as error:
            self.lost.append(f"{request.method} {request.url.path}: {error!r} at {time.monotonic():.3f}")
            return
        if answered.status_code != httpx.codes.OK:
            self.lost.append(f"{request.method} {request.url.path}: {answered.status_code} {answered.text}")
        self.answered += 1


@contextmanager
def under_load(fleet: Fleet, user: str) -> Iterator[Load]:
    load = Load(fleet.url, user)
    load.begin()
    try:
        yield load
    finally:
        load.end()
