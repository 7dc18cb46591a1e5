from dataclasses import replace
from datetime import timedelta

import pytest

from unit.pages.visiting import NOW, OPEN, OPERATORS, Visit, policy_of
from withings_bridge.domain.errors import StorageUnavailable
from withings_bridge.pages.home import AILMENTS, SHOWN
from withings_bridge.services.oversight.diagnosing import Ailment
from withings_bridge.services.oversight.reporting import LinkedUser

SANDBOX = replace(OPEN, sandbox_url="http://localhost:5002/")
CLOSED = replace(OPEN, open=False)


def a_user(
    user: str = "u-1",
    *,
    synced: timedelta | None = timedelta(minutes=3),
    importing: float | None = None,
    consent_needed: bool = False,
    troubles: tuple[str, ...] = (),
) -> LinkedUser:
    return LinkedUser(
        user=user,
        account="30000001",
        linked_at=NOW - timedelta(days=20),
        synced_at=None if synced is None else NOW - synced,
        importing=importing,
        consent_needed=consent_needed,
        troubles=troubles,
    )


class TestHome:
    async def test_says_that_all_is_well_and_names_version_and_store(self) -> None:
        reply = await Visit().get("/")
        assert reply.status_code == 200
        assert "Up and well" in reply.text
        assert "1.2.3" in reply.text
        assert "SQLite" in reply.text

    async def test_says_what_is_wrong_when_the_store_is_silent(self) -> None:
        visit = Visit()
        visit.diagnosing.ailments = (Ailment.STORE,)
        reply = await visit.get("/")
        assert reply.status_code == 200
        assert "Up and well" not in reply.text
        assert "The store (SQLite) does not answer" in reply.text
        assert visit.reporting.asked == 0

    @pytest.mark.parametrize("ailment", Ailment)
    async def test_says_what_helps_against(self, ailment: Ailment) -> None:
        visit = Visit()
        visit.diagnosing.ailments = (ailment,)
        text = (await visit.get("/")).text
        assert "Not well" in text
        assert "Up and well" not in text
        assert AILMENTS[ailment].format(storage="SQLite") in text

    async def test_names_all_that_is_wrong_at_once(self) -> None:
        visit = Visit()
        visit.diagnosing.ailments = (Ailment.WORKER, Ailment.CREDENTIALS)
        text = (await visit.get("/")).text
        assert "The worker stands still" in text
        assert "WITHINGS_CLIENT_SECRET" in text

    async def test_is_well_while_withings_asks_to_wait_and_says_until_when(self) -> None:
        visit = Visit()
        visit.diagnosing.paused_until = NOW + timedelta(minutes=2)
        text = (await visit.get("/")).text
        assert "Up and well" in text
        assert "its calls go on in 2 minutes." in text

    async def test_says_what_it_is_to_somebody_who_has_never_heard_of_it(self) -> None:
        text = " ".join((await Visit(CLOSED).get("/")).text.split())
        assert "connects people's Withings scales, cuffs and watches to Vitals7" in text

    @pytest.mark.parametrize("path", ["/docs", "/health", "/api/status", "/dashboard"])
    async def test_leads_to(self, path: str) -> None:
        assert f'href="{path}"' in (await Visit().get("/")).text

    async def test_answers_a_watching_machine_s_head(self) -> None:
        assert (await Visit().get("/", method="HEAD")).status_code == 200

    async def test_labels_the_sandbox_and_leads_to_its_scale(self) -> None:
        reply = await Visit(SANDBOX).get("/")
        assert "This is the sandbox." in reply.text
        assert 'href="http://localhost:5002/sandbox"' in reply.text
        assert 'value="demo-user"' in reply.text

    async def test_shows_no_sandbox_beside_the_real_withings(self) -> None:
        reply = await Visit().get("/")
        assert "sandbox" not in reply.text.lower()
        assert "The real one" in reply.text

    async def test_asks_nobody_else_for_anything_and_runs_no_inline_code(self) -> None:
        reply = await Visit(SANDBOX).get("/")
        policy = policy_of(reply)
        assert policy["default-src"] == policy["base-uri"] == policy["frame-ancestors"] == ["'none'"]
        assert policy["script-src"] == policy["style-src"] == policy["form-action"] == ["'self'"]
        assert "<style" not in reply.text
        assert "style=" not in reply.text
        assert reply.headers["x-content-type-options"] == "nosniff"
        assert reply.headers["cache-control"] == "no-store"


class TestHomeBehindCredentials:
    async def test_shows_no_person_and_asks_the_store_for_none(self) -> None:
        visit = Visit(CLOSED)
        visit.reporting.users = [a_user("somebody")]
        reply = await visit.get("/")
        assert reply.status_code == 200
        assert "somebody" not in reply.text
        assert "<form" not in reply.text
        assert visit.reporting.asked == 0

    async def test_has_no_form_that_connects_anybody(self) -> None:
        assert (await Visit(CLOSED).get("/connect?user=u-1")).status_code == 404

    async def test_tells_the_list_to_nobody(self) -> None:
        visit = Visit(CLOSED)
        visit.reporting.users = [a_user("somebody")]
        reply = await visit.get("/home/links")
        assert reply.status_code == 401
        assert "somebody" not in reply.text
        assert 'href="/dashboard/login"' in reply.text

    async def test_leads_operators_in(self) -> None:
        text = (await Visit(CLOSED).get("/")).text
        assert 'href="/dashboard/login"' in text
        assert 'href="/dashboard"' in text

    @pytest.mark.parametrize("path", ["/", "/home/links"])
    async def test_shows_people_to_operators(self, path: str) -> None:
        visit = Visit(CLOSED, cookies={"operator": OPERATORS})
        visit.reporting.users = [a_user("somebody", consent_needed=True)]
        reply = await visit.get(path)
        assert reply.status_code == 200
        assert "somebody" in reply.text
        assert "/login?state=" not in reply.text

    async def test_lets_operators_sign_out(self) -> None:
        reply = await Visit(CLOSED, cookies={"operator": OPERATORS}).get("/")
        assert 'action="/dashboard/logout"' in reply.text

    async def test_tells_operators_whom_it_cannot_sign_out_why_and_sends_them_nowhere(self) -> None:
        visit = Visit(CLOSED, cookies={"operator": OPERATORS})
        visit.sessions.error = StorageUnavailable()
        reply = await visit.get("/dashboard/logout", method="POST")
        assert reply.status_code == 503
        assert "The store does not answer" in reply.text
        assert CLOSED.frontend_url not in reply.text


class TestHomeOfAnOpenServer:
    @pytest.mark.parametrize("path", ["/dashboard/login", "/dashboard/logout"])
    async def test_has_no_way_in_for_operators_since_everybody_is_one(self, path: str) -> None:
        assert (await Visit().get(path)).status_code == 404
        assert path not in (await Visit().get("/")).text


class TestLinkedUsers:
    async def test_shows_when_a_user_was_synced(self) -> None:
        visit = Visit()
        visit.reporting.users = [a_user()]
        reply = await visit.get("/home/links")
        assert "u-1" in reply.text
        assert "3 minutes ago" in reply.text
        assert "linked 3 Nov 2026" in reply.text
        assert "In step" in reply.text

    async def test_shows_an_import_from_its_first_moment_on(self) -> None:
        visit = Visit()
        visit.reporting.users = [a_user(synced=None, importing=0.0), a_user("u-2", importing=0.438)]
        reply = await visit.get("/home/links")
        assert "Import, 0 % done" in reply.text
        assert '<progress value="43" max="100"' in reply.text

    async def test_shows_troubles_in_words(self) -> None:
        visit = Visit()
        visit.reporting.users = [a_user(troubles=("sleep: Withings asks us to slow down.",))]
        assert "sleep: Withings asks us to slow down." in (await visit.get("/home/links")).text

    async def test_offers_to_connect_again_where_consent_is_needed(self) -> None:
        visit = Visit()
        visit.reporting.users = [a_user("a&b", consent_needed=True)]
        assert 'href="/login?state=a%26b"' in (await visit.get("/home/links")).text

    async def test_offers_to_disconnect_each_by_a_call_that_no_other_page_can_make(self) -> None:
        visit = Visit()
        visit.reporting.users = [a_user('a"b')]
        text = (await visit.get("/home/links")).text
        assert 'data-user="a&#34;b"' in text
        assert "<form" not in text
        script = (await visit.get("/static/home.js")).text
        assert '"Content-Type": "application/json"' in script

    async def test_escapes_what_people_called_themselves(self) -> None:
        visit = Visit()
        visit.reporting.users = [a_user("<script>x</script>")]
        reply = await visit.get("/")
        assert "<script>x" not in reply.text
        assert "&lt;script&gt;x" in reply.text

    async def test_says_when_there_are_more_than_it_shows(self) -> None:
        visit = Visit()
        visit.reporting.users = [a_user(f"u-{number}-") for number in range(SHOWN + 1)]
        text = (await visit.get("/home/links")).text
        assert f"The first {SHOWN} are shown" in text
        assert f"u-{SHOWN - 1}-" in text
        assert f"u-{SHOWN}-" not in text

    async def test_keeps_quiet_about_more_when_all_are_shown(self) -> None:
        visit = Visit()
        visit.reporting.users = [a_user(f"u-{number}-") for number in range(SHOWN)]
        assert "are shown" not in (await visit.get("/home/links")).text

    async def test_are_on_the_page_from_the_start(self) -> None:
        visit = Visit()
        visit.reporting.users = [a_user("somebody")]
        assert "somebody" in (await visit.get("/")).text

    async def test_say_so_when_there_are_none(self) -> None:
        assert "Nobody is linked yet" in (await Visit().get("/home/links")).text

    async def test_are_unavailable_without_the_store(self) -> None:
        visit = Visit()
        visit.reporting.error = StorageUnavailable()
        reply = await visit.get("/home/links")
        assert reply.status_code == 503
        assert "The store does not answer" in reply.text
