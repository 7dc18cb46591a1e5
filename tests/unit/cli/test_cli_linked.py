"""Commands about a user who is linked, beside a bridge that runs on the same store."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from processes import Process, eventually, free_port
from unit.cli.calling import PROGRAM, USER, Ended, call
from unit.cli.terminal import Terminal
from withings_bridge.callers import ApiKey, Scope

pytestmark = pytest.mark.e2e

YEAR_1971 = 31_536_000
"""In seconds."""

INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")


@dataclass(frozen=True)
class Household:
    """A pretend Withings, a bridge with a linked user, and a shell beside them."""

    folder: Path
    bridge: str
    variables: dict[str, str]

    def call(self, *arguments: str, **variables: str) -> Ended:
        return call(*arguments, folder=self.folder, **{**self.variables, **variables})

    def tell(self, method: str, path: str) -> Any:
        """A call to the console of the pretend Withings."""
        reply = httpx.request(method, f"{self.variables['WITHINGS_API_URL']}/sandbox{path}", json={})
        return reply.raise_for_status().json()

    def link(self, user: str, person: int) -> None:
        with httpx.Client(timeout=30) as browser:
            authorize = httpx.URL(
                browser.get(f"{self.bridge}/login", params={"state": user}).headers["location"]
            )
            consented = browser.get(authorize.copy_merge_params({"sandbox_person": str(person)}))
            assert "WITHINGS_AUTH_COMPLETE" in browser.get(consented.headers["location"]).text

    def inbox(self, *options: str) -> list[dict[str, Any]]:
        """The entries of all accounts, as a script reads them."""
        ended = self.call("inbox", "list", "--json", *options)
        assert ended.code == 0, ended.err
        return [entry for account in json.loads(ended.out)["accounts"] for entry in account["entries"]]

    def asked(self) -> list[dict[str, Any]]:
        """What Withings was asked."""
        found: list[dict[str, Any]] = self.tell("GET", "/requests")
        return found

    @property
    def cloud(self) -> str:
        return self.variables["WITHINGS_API_URL"]


@pytest.fixture(scope="module")
def household(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Household]:
    """One for all tests here; none of them leaves it otherwise than it was, but for what a sync changes."""
    folder = tmp_path_factory.mktemp("household")
    cloud_port, port = free_port(), free_port()
    cloud, url = f"http://127.0.0.1:{cloud_port}", f"http://127.0.0.1:{port}"
    variables = {
        "PORT": str(port),
        "WITHINGS_CLIENT_ID": "sandbox",
        "WITHINGS_CLIENT_SECRET": "sandbox-secret",
        "WITHINGS_API_URL": cloud,
        "WITHINGS_AUTH_URL": f"{cloud}/oauth2_user/authorize2",
        "WITHINGS_REDIRECT_URI": f"{url}/callback",
        "WITHINGS_QUOTA_PER_MINUTE": "6000",
    }
    arguments = ("sandbox", "--port", str(cloud_port), "--days", "0", "--auto-approve", "--quota", "0")
    withings = Process(*arguments, env={}, folder=folder, url=f"{cloud}/sandbox/people")
    bridge = Process("serve", env=variables, folder=folder, url=f"{url}/health")
    try:
        withings.start()
        bridge.start()
        # Withings answers a question again only after ten seconds, which the tests need not sit out.
        httpx.put(f"{cloud}/sandbox/faults", json={"same_arguments": False}).raise_for_status()
        person = httpx.get(f"{cloud}/sandbox/people").json()[0]["userid"]
        httpx.post(f"{cloud}/sandbox/people/{person}/weighings", json={"kg": 81.3}).raise_for_status()
        with httpx.Client(follow_redirects=True, timeout=30) as browser:
            assert "WITHINGS_AUTH_COMPLETE" in browser.get(f"{url}/login", params={"state": USER}).text
        yield Household(folder, url, variables)
    finally:
        bridge.kill()
        withings.kill()


class TestDoctor:
    def test_beside_a_bridge_finds_it_and_that_its_addresses_lead_there(self, household: Household) -> None:
        webhook = f"{household.bridge}/webhook/withings"
        ended = household.call("doctor", "--json", WITHINGS_WEBHOOK_URL=webhook)
        checks = json.loads(ended.out)["checks"]
        results = {checkup["check"]: checkup["result"] for checkup in checks}
        assert results["bridge"] == results["Withings"] == results["credentials"] == results["clock"] == "ok"
        # The real Withings would take no address of this machine; one that runs here does.
        assert results["redirect URI"] == results["webhook URL"] == "ok"
        assert not any("did not answer" in checkup["seen"] for checkup in checks)
        assert ended.code == 0


class TestSync:
    @pytest.mark.parametrize("command", ["sync", "get-data"])
    def test_a_script_gets_the_summary_and_nothing_else(self, household: Household, command: str) -> None:
        ended = household.call(command, USER, "--json")
        assert ended.code == 0, ended.err
        summary = json.loads(ended.out)
        assert summary["connected"] is True
        assert summary["weight"]["value"] == 81.3
        assert INSTANT.fullmatch(summary["lastSynced"])
        assert set(summary["bodyComposition"]) >= {"height", "bmi", "fatFreeMass"}

    def test_a_person_reads_the_latest_body(self, household: Household) -> None:
        ended = household.call("sync", USER)
        assert ended.code == 0, ended.err
        assert "81.3 kg" in ended.out

    def test_the_user_of_the_environment_is_meant_when_none_is_named(self, household: Household) -> None:
        assert household.call("sync", "--json", COGNITO_USER_ID=USER).code == 0

    def test_a_withings_out_of_reach_ends_with_1_and_a_sentence(self, household: Household) -> None:
        ended = household.call("sync", USER, WITHINGS_API_URL=f"http://127.0.0.1:{free_port()}")
        assert ended.code == 1
        assert ended.err.strip()
        assert "Traceback" not in ended.err

    def test_a_full_one_brings_the_whole_history(self, household: Household) -> None:
        ended = household.call("sync", USER, "--full", "--json")
        assert ended.code == 0, ended.err
        asked = [entry["parameters"] for entry in household.asked() if entry["action"] == "getmeas"]
        first_days = [int(parameters["startdate"]) for parameters in asked if "startdate" in parameters]
        assert min(first_days) < YEAR_1971
        assert json.loads(household.call("status", "--json").out)["importing"] is None

    def test_a_person_at_a_terminal_sees_how_far_an_import_is(self, household: Household) -> None:
        arguments = (*PROGRAM, "sync", USER, "--full")
        slowly = household.variables | {"WITHINGS_QUOTA_PER_MINUTE": "600", "TERM": "xterm"}
        terminal = Terminal(arguments, household.folder, **slowly)
        try:
            shown = terminal.awaits("Importing")
            shown += terminal.awaits("devices")
            assert re.search(r"Importing.*\d+%", shown)
            assert terminal.ends() == 0
        finally:
            terminal.close()


class TestExplain:
    def test_walks_the_way_of_a_reading_and_says_what_is_missing(self, household: Household) -> None:
        ended = household.call("explain", USER, "--json")
        reply = json.loads(ended.out)
        assert ended.code == (1 if reply["missing"] else 0), ended.err
        assert [finding["stage"] for finding in reply["findings"]][:2] == ["link", "device"]
        shown = household.call("explain", USER)
        assert reply["verdict"] in shown.out
        assert shown.code == ended.code

    def test_of_a_day_long_ago_ends_with_1(self, household: Household) -> None:
        ended = household.call("explain", USER, "--day", "1999-12-31")
        assert ended.code == 1
        assert "has nothing of that day" in ended.out

    def test_of_what_is_no_day_ends_with_2(self, household: Household) -> None:
        assert household.call("explain", USER, "--day", "yesterday").code == 2


class TestStatus:
    def test_a_script_gets_the_shape_of_the_api(self, household: Household) -> None:
        ended = household.call("status", USER, "--json")
        assert ended.code == 0, ended.err
        status = json.loads(ended.out)
        assert set(status) == {
            *("authenticated", "userid", "access_token_preview", "token_age_minutes"),
            *("expires_in_minutes", "last_sync", "last_data_fetch"),
            *("importing", "held_back", "last_held_back"),
        }
        assert status["authenticated"] is True
        assert (status["importing"], status["held_back"]) == (None, 0)
        assert re.fullmatch(r"[0-9a-f]{12}\.\.\.", status["access_token_preview"])

    def test_without_a_user_it_is_the_only_linked_one(self, household: Household) -> None:
        assert json.loads(household.call("status", "--json").out)["authenticated"] is True

    def test_a_person_reads_a_table(self, household: Household) -> None:
        ended = household.call("status")
        assert re.search(r"linked +yes", ended.out)
        assert re.search(r"import +done", ended.out)
        assert "last sync" in ended.out


class TestAuth:
    def test_it_prints_the_page_of_the_running_bridge(self, household: Household) -> None:
        ended = household.call("auth", USER, "--no-browser")
        assert ended.code == 0, ended.err
        assert f"{household.bridge}/login?state={USER}" in ended.out.split()

    def test_the_user_may_come_from_the_environment(self, household: Household) -> None:
        ended = household.call("auth", "--no-browser", COGNITO_USER_ID="u 1&x")
        assert f"{household.bridge}/login?state=u+1%26x" in ended.out.split()

    def test_it_opens_the_browser(self, household: Household, tmp_path: Path) -> None:
        opened = tmp_path / "opened"
        browser = tmp_path / "browser"
        browser.write_text(f'#!/bin/sh\necho "$1" > {opened}\n')
        browser.chmod(0o755)
        ended = household.call("auth", USER, BROWSER=str(browser))
        assert ended.code == 0, ended.err
        assert opened.read_text() == f"{household.bridge}/login?state={USER}\n"

    def test_where_callers_prove_who_they_are_it_prints_a_page_that_works_once(
        self, household: Household
    ) -> None:
        _, entry = ApiKey.made("app", Scope.SYNC)
        ended = household.call("auth", USER, "--no-browser", API_KEYS=str(entry))
        assert ended.code == 0, ended.err
        assert "once and within two minutes" in ended.out
        (page,) = (word for word in ended.out.split() if word.startswith("http"))
        assert page.startswith(f"{household.bridge}/login?ticket=")
        assert [httpx.get(page).status_code for _ in range(2)] == [302, 400]


class TestDisconnect:
    def test_it_ends_the_link_beside_a_running_bridge_and_may_be_repeated(self, household: Household) -> None:
        person = household.tell("POST", "/people")["userid"]
        household.link("leaves", person)
        assert household.tell("GET", f"/people/{person}")["linked"]
        ended = household.call("disconnect", "leaves", "--purge", "--yes")
        assert ended.code == 0, ended.err
        assert ended.out == "Withings is disconnected. What it had brought is deleted.\n"
        assert not household.tell("GET", f"/people/{person}")["linked"]
        assert household.call("status", "leaves").code == 1
        assert household.call("disconnect", "leaves", "--yes").code == 0

    def test_with_withings_out_of_reach_it_is_done_and_says_what_is_left_to_do(
        self, household: Household
    ) -> None:
        household.link("leaves", household.tell("POST", "/people")["userid"])
        nowhere = f"http://127.0.0.1:{free_port()}"
        ended = household.call("disconnect", "leaves", "--yes", WITHINGS_API_URL=nowhere)
        assert ended.code == 0, ended.err
        assert "remove the app in the Withings app too" in ended.out


class TestInbox:
    """A Withings that knows no such call has all that a sync asks for given up at once."""

    @pytest.fixture
    def stuck(self, household: Household) -> Iterator[None]:
        def asked_in_vain() -> bool:
            household.call("sync", USER, WITHINGS_API_URL=f"{household.cloud}/nowhere")
            return {"measures", "sleep", "heart"} <= {entry["category"] for entry in household.inbox()}

        # Now and then the bridge that runs beside is there first, and knows where Withings is.
        eventually("all is stuck", asked_in_vain)
        yield
        assert household.call("inbox", "replay", USER).code == 0
        eventually("nothing is stuck any more", lambda: not household.inbox())

    def test_lists_what_is_stuck_and_why(self, household: Household, stuck: None) -> None:
        entries = {entry["category"]: entry for entry in household.inbox()}
        assert set(entries) >= {"measures", "activity", "sleep", "workouts", "heart"}
        assert entries["sleep"]["state"] == "buried"
        assert entries["sleep"]["reason"].startswith("NotImplementedByWithings: ")

    def test_shows_it_to_a_person_on_a_narrow_terminal_too(self, household: Household, stuck: None) -> None:
        for arguments in (("inbox", "list"), ("inbox", "show", USER)):
            wide, narrow = household.call(*arguments), household.call(*arguments, COLUMNS="60")
            assert f"linked by {USER}" in wide.out
            assert re.search(r"measures +buried +NotImplementedByWithings: .* WITHINGS_API_URL", wide.out)
            assert re.search(r"failed once since \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC", wide.out)
            heading, *table = narrow.out.splitlines()
            assert USER in heading
            assert max(map(len, table)) <= 60

    def test_shows_one_account_by_its_user(self, household: Household, stuck: None) -> None:
        ended = household.call("inbox", "show", USER, "--json")
        account = json.loads(ended.out)
        assert account["users"] == [USER]
        assert account["entries"] == household.inbox("--all")

    def test_a_running_bridge_picks_up_what_is_replayed(self, household: Household, stuck: None) -> None:
        ended = household.call("inbox", "replay", USER, "--category", "sleep", "--category", "heart")
        assert ended.code == 0, ended.err
        assert re.findall(r"replayed: (\S+) of account", ended.out) == ["sleep", "heart"]
        eventually(
            "both are done",
            lambda: not {"sleep", "heart"} & {entry["category"] for entry in household.inbox("--all")},
        )
        assert {entry["category"] for entry in household.inbox()} >= {"measures", "activity", "workouts"}

    def test_all_accounts_are_replayed_when_asked(self, household: Household, stuck: None) -> None:
        ended = household.call("inbox", "replay", "--all", "--category", "activity")
        assert re.findall(r"replayed: (\S+) of account", ended.out) == ["activity"]

    def test_what_is_dropped_is_stuck_no_more(self, household: Household, stuck: None) -> None:
        ended = household.call("inbox", "drop", USER, "--category", "sleep", "--category", "workouts")
        assert ended.code == 0, ended.err
        assert re.findall(r"dropped: (\S+) of account", ended.out) == ["sleep", "workouts"]
        left = {entry["category"] for entry in household.inbox("--all")}
        assert left >= {"measures", "activity", "heart"}
        assert not left & {"sleep", "workouts"}
        again = household.call("inbox", "drop", USER, "--category", "sleep")
        assert (again.code, again.out) == (0, "Nothing of that was stuck.\n")


class TestReproject:
    def test_a_person_reads_what_was_done_beside_a_running_bridge(self, household: Household) -> None:
        ended = household.call("reproject", USER)
        assert (ended.code, ended.err) == (0, "")
        assert re.fullmatch(r"Records read: [1-9]\d*, rows changed: 0, accounts: 1\n", ended.out)

    def test_what_is_switched_on_for_everybody_is_told_to_a_script(self, household: Household) -> None:
        try:
            told = json.loads(household.call("reproject", "--json", EXTENDED_VITALS="all").out)
            assert set(told) == {"accounts", "records", "changed", "left"}
            assert told["accounts"] >= 1
            assert told["left"] == []
        finally:
            again = household.call("reproject", "--all", "--json", COGNITO_USER_ID="nobody")
            assert json.loads(again.out)["accounts"] == told["accounts"]

    def test_who_is_not_linked_is_told_so(self, household: Household) -> None:
        ended = household.call("reproject", COGNITO_USER_ID="nobody")
        assert (ended.code, ended.out) == (1, "")
        assert "No Withings account is linked" in ended.err

    def test_a_user_and_everybody_at_once_make_no_sense(self, household: Household) -> None:
        assert household.call("reproject", USER, "--all").code == 2
