"""The data and notify services of Withings, one method each.

The client knows no user: the access token comes first in every call. Obtaining tokens is left to
``oauth``; repeating a failed call to whoever keeps the work. A client costs nothing to make.
"""

from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx

from withings_bridge.domain import fields
from withings_bridge.withings import protocol
from withings_bridge.withings.answers import MAX_PAGES, Answer, ModelT, keyed, mapped, paged, read, single
from withings_bridge.withings.models import (
    ActivityDay,
    Device,
    EcgSignal,
    Goals,
    HeartRecord,
    IntradaySample,
    MeasureGroup,
    NotificationProfile,
    SleepSegment,
    SleepSummary,
    StethoRecord,
    StethoSignal,
    Workout,
)
from withings_bridge.withings.protocol import Call
from withings_bridge.withings.sending import TIMEOUT, Meter, Pace, Sender
from withings_bridge.withings.windows import Between, Days, Since

_DETAIL_LIMIT = timedelta(hours=24)


class WithingsClient:
    """Speaks to one Withings cloud through the given ``httpx.AsyncClient``, which it never closes.

    Every method raises a WithingsError when Withings says no or says nothing. List methods with an
    ``offset`` stop after ``max_pages``; the answer is then incomplete and names the offset to go on from.
    """

    def __init__(
        self,
        http: httpx.AsyncClient,
        api_url: str,
        *,
        notify_url: str | None = None,
        pace: Pace | None = None,
        meter: Meter | None = None,
        timeout: httpx.Timeout = TIMEOUT,
    ) -> None:
        self._sender = Sender(http, pace=pace, meter=meter, timeout=timeout)
        self._api_url = api_url.rstrip("/")
        self._notify_url = notify_url or self._api_url + protocol.NOTIFY_PATH

    # --- measures and activity ------------------------------------------------------------------------

    async def measures(
        self,
        access_token: str,
        window: Between | Since,
        *,
        types: Collection[int] = (),
        offset: int = 0,
        max_pages: int = MAX_PAGES,
    ) -> Answer[MeasureGroup]:
        """Measure groups, in no order. Without ``types`` all come, also types nobody has documented yet."""
        wanted = {"meastypes": ",".join(map(str, types))} if types else {}
        parameters = {"category": "1", **wanted, **window.parameters()}  # 2 would be goals
        call = self._call(access_token, protocol.MEASURE_PATH, "getmeas", parameters)
        return await self._pages(call, "measuregrps", MeasureGroup, offset, max_pages)

    async def activity(
        self, access_token: str, window: Days | Since, *, offset: int = 0, max_pages: int = MAX_PAGES
    ) -> Answer[ActivityDay]:
        """Activity days with every metric, one row for each source of a day."""
        parameters = {**_asking_for(fields.ACTIVITY), **window.parameters()}
        call = self._call(access_token, protocol.MEASURE_V2_PATH, "getactivity", parameters)
        return await self._pages(call, "activities", ActivityDay, offset, max_pages)

    async def intraday(self, access_token: str, window: Between | None = None) -> Answer[IntradaySample]:
        """Samples within at most 24 hours; without a window the latest. A longer one is a ValueError."""
        parameters = {**_asking_for(fields.INTRADAY), **_within_a_day(window)}
        body = await self._ask(access_token, protocol.MEASURE_V2_PATH, "getintradayactivity", parameters)
        return keyed(body, "series", IntradaySample)

    async def workouts(
        self, access_token: str, window: Days | Since, *, offset: int = 0, max_pages: int = MAX_PAGES
    ) -> Answer[Workout]:
        """Workouts with every metric."""
        parameters = {**_asking_for(fields.WORKOUT), **window.parameters()}
        call = self._call(access_token, protocol.MEASURE_V2_PATH, "getworkouts", parameters)
        return await self._pages(call, "series", Workout, offset, max_pages)

    async def confirm_user(self, access_token: str, grpid: int, *, is_confirmed: bool) -> None:
        """Say whether an ambiguous measure group is this user's: the only thing that can be written."""
        # A digit, since PHP may take the word "false" for true.
        parameters = {"grpid": str(grpid), "is_confirmed": str(int(is_confirmed))}
        await self._ask(access_token, protocol.MEASURE_V2_PATH, "confirmuser", parameters)

    # --- sleep ----------------------------------------------------------------------------------------

    async def sleep_summaries(
        self, access_token: str, window: Days | Since, *, offset: int = 0, max_pages: int = MAX_PAGES
    ) -> Answer[SleepSummary]:
        """Nights and naps with every metric, those named too that come unasked when none is named."""
        parameters = {**_asking_for(fields.SLEEP_SUMMARY), **window.parameters()}
        call = self._call(access_token, protocol.SLEEP_PATH, "getsummary", parameters)
        return await self._pages(call, "series", SleepSummary, offset, max_pages)

    async def sleep_detail(self, access_token: str, window: Between) -> Answer[SleepSegment]:
        """Sleep segments, unsorted, within at most 24 hours. A longer window is a ValueError."""
        parameters = {**_asking_for(fields.SLEEP_DETAIL), **_within_a_day(window)}
        body = await self._ask(access_token, protocol.SLEEP_PATH, "get", parameters)
        return single(body, "series", SleepSegment)

    # --- heart ----------------------------------------------------------------------------------------

    async def hearts(
        self,
        access_token: str,
        window: Between | None = None,
        *,
        offset: int = 0,
        max_pages: int = MAX_PAGES,
    ) -> Answer[HeartRecord]:
        """ECG recordings, of all time without a window."""
        call = self._call(access_token, protocol.HEART_PATH, "list", window.parameters() if window else {})
        return await self._pages(call, "series", HeartRecord, offset, max_pages)

    async def ecg_signal(self, access_token: str, signalid: int | str) -> EcgSignal:
        """The curve of one ECG."""
        body = await self._ask(access_token, protocol.HEART_PATH, "get", {"signalid": str(signalid)})
        return read(EcgSignal, body)

    async def stethos(
        self,
        access_token: str,
        window: Between | None = None,
        *,
        offset: int = 0,
        max_pages: int = MAX_PAGES,
    ) -> Answer[StethoRecord]:
        """Stethoscope recordings, of all time without a window."""
        call = self._call(access_token, protocol.STETHO_PATH, "list", window.parameters() if window else {})
        return await self._pages(call, "series", StethoRecord, offset, max_pages)

    async def stetho_signal(self, access_token: str, signalid: int | str) -> StethoSignal:
        """The sound of one stethoscope recording."""
        body = await self._ask(access_token, protocol.STETHO_PATH, "get", {"signalid": str(signalid)})
        return read(StethoSignal, body)

    # --- account --------------------------------------------------------------------------------------

    async def devices(self, access_token: str) -> Answer[Device]:
        """The account's devices and when each last synchronised."""
        body = await self._ask(access_token, protocol.USER_PATH, "getdevice", {})
        return single(body, "devices", Device)

    async def goals(self, access_token: str) -> Answer[Goals]:
        """What the person aims at: one row, or none."""
        return mapped(await self._ask(access_token, protocol.USER_PATH, "getgoals", {}), "goals", Goals)

    # --- notify ---------------------------------------------------------------------------------------

    async def subscribe(
        self, access_token: str, callback_url: str, appli: int, *, comment: str | None = None
    ) -> None:
        """Subscribe a callback URL to a category; Withings probes it with HEAD first.

        Raises CallbackRefused when that fails. Nothing says that subscribing twice is harmless: list,
        compare, then subscribe what is missing, about 5 s apart.
        """
        parameters = {"callbackurl": callback_url, "appli": str(appli)}
        if comment is not None:
            parameters["comment"] = comment
        await self._notify(access_token, "subscribe", parameters)

    async def subscription(self, access_token: str, callback_url: str, appli: int) -> NotificationProfile:
        """One subscription; raises AlreadyAbsent when there is none."""
        parameters = {"callbackurl": callback_url, "appli": str(appli)}
        return read(NotificationProfile, await self._notify(access_token, "get", parameters))

    async def subscriptions(self, access_token: str, appli: int | None = None) -> Answer[NotificationProfile]:
        """The user's subscriptions with this application, of one category or all."""
        parameters = {} if appli is None else {"appli": str(appli)}
        return single(await self._notify(access_token, "list", parameters), "profiles", NotificationProfile)

    async def update_subscription(
        self,
        access_token: str,
        callback_url: str,
        appli: int,
        *,
        new_callback_url: str | None = None,
        new_appli: int | None = None,
        comment: str | None = None,
    ) -> None:
        """Change a subscription's URL, category or comment."""
        changes = {"new_callbackurl": new_callback_url, "new_appli": new_appli, "comment": comment}
        changed = {name: str(value) for name, value in changes.items() if value is not None}
        if not changed:
            raise ValueError("Say what is to change: the URL, the category or the comment.")
        await self._notify(
            access_token, "update", {"callbackurl": callback_url, "appli": str(appli), **changed}
        )

    async def unsubscribe(self, access_token: str, callback_url: str, appli: int) -> None:
        """Revoke one subscription; raises AlreadyAbsent when there is none.

        The category is always sent: without it Withings may revoke all of the user's.
        """
        await self._notify(access_token, "revoke", {"callbackurl": callback_url, "appli": str(appli)})

    # --- sending --------------------------------------------------------------------------------------

    def _call(self, access_token: str, path: str, action: str, parameters: Mapping[str, str]) -> Call:
        return Call(self._api_url + path, action, parameters, access_token)

    async def _ask(
        self, access_token: str, path: str, action: str, parameters: Mapping[str, str]
    ) -> dict[str, Any]:
        return await self._sender.send(self._call(access_token, path, action, parameters))

    async def _notify(self, access_token: str, action: str, parameters: Mapping[str, str]) -> dict[str, Any]:
        return await self._sender.send(Call(self._notify_url, action, parameters, access_token))

    async def _pages(
        self, call: Call, key: str, model: type[ModelT], offset: int, max_pages: int
    ) -> Answer[ModelT]:
        async def fetch(at: int) -> dict[str, Any]:
            place = {"offset": str(at)} if at else {}
            return await self._sender.send(replace(call, parameters={**call.parameters, **place}))

        return await paged(fetch, key, model, offset=offset, max_pages=max_pages)


def _asking_for(wanted: tuple[fields.Field, ...]) -> dict[str, str]:
    return {"data_fields": ",".join(fields.names(wanted))}


def _within_a_day(window: Between | None) -> dict[str, str]:
    """Withings cuts a longer window to its first 24 hours without a word, which would pass for deletions."""
    if window is None:
        return {}
    if window.end - window.start > _DETAIL_LIMIT:
        raise ValueError("Withings answers at most 24 hours at a time here; split the window.")
    return window.parameters()
