"""Makes every call of the published client withings-api 2.4.0, as it is, and prints what it saw.

Runs in an environment of its own. Arguments: the sandbox's port and a webhook's URL. Only the
transport is ours: it sends Withings' URLs to the sandbox.
"""

import json
import sys
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import arrow  # type: ignore[import-not-found] # of the other environment
import requests
import withings_api  # type: ignore[import-not-found] # of the other environment
from withings_api.common import (  # type: ignore[import-not-found] # of the other environment
    AuthScope,
    GetSleepField,
    GetSleepSummaryField,
    MeasureGetMeasGroupCategory,
    MeasureType,
    NotifyAppli,
)

_REDIRECT_URI = "http://localhost:5001/callback"


class ToTheSandbox:
    """An adapter of requests that replaces scheme, host and port."""

    def __init__(self, port: str) -> None:
        self._origin = f"http://127.0.0.1:{port}"
        self._adapter = requests.adapters.HTTPAdapter()

    def send(self, request: Any, **how: Any) -> Any:
        _, _, rest = request.url.partition("://")
        request.url = f"{self._origin}/{rest.partition('/')[2]}"
        return self._adapter.send(request, **how)

    def close(self) -> None:
        self._adapter.close()


def _authorized(adapter: ToTheSandbox) -> Any:
    """Credentials by the client's own consent flow."""
    auth = withings_api.WithingsAuth("sandbox", "sandbox-secret", _REDIRECT_URI, scope=list(AuthScope))
    auth._session.mount("https://", adapter)
    asked = auth._session.get(auth.get_authorize_url(), allow_redirects=False, withhold_token=True)
    code = parse_qs(urlsplit(asked.headers["location"]).query)["code"][0]
    return auth.get_credentials(code)


def _data(api: Any) -> dict[str, Any]:
    now = arrow.utcnow()
    window = {"startdate": now.shift(days=-40), "enddate": now}
    days = {"startdateymd": now.shift(days=-40), "enddateymd": now, "lastupdate": None}
    measures = api.measure_get_meas(category=MeasureGetMeasGroupCategory.REAL, **window, lastupdate=None)
    weights = api.measure_get_meas(
        meastype=MeasureType.WEIGHT, startdate=None, enddate=None, lastupdate=now.shift(years=-5)
    )
    nights = api.sleep_get_summary(data_fields=GetSleepSummaryField, **days)
    night = nights.series[-1]
    segments = api.sleep_get(data_fields=GetSleepField, startdate=night.startdate, enddate=night.enddate)
    recordings = api.heart_list(startdate=now.shift(years=-1), enddate=now)
    signal = api.heart_get(recordings.series[0].ecg.signalid)
    return {
        "devices": [device.model for device in api.user_get_device().devices],
        "measures": len(measures.measuregrps),
        "weight": withings_api.common.get_measure_value(weights, with_measure_type=MeasureType.WEIGHT),
        "days": len(api.measure_get_activity(**days).activities),
        "nights": len(nights.series),
        "states": sorted({int(segment.state) for segment in segments.series}),
        "samples": all(segment.hr for segment in segments.series),
        "recordings": len(recordings.series),
        "signal": len(signal.signal),
    }


def _notifications(api: Any, url: str) -> dict[str, Any]:
    api.notify_subscribe(callbackurl=url, appli=NotifyAppli.WEIGHT, comment="mine")
    found = api.notify_get(callbackurl=url, appli=NotifyAppli.WEIGHT)
    api.notify_update(
        callbackurl=url,
        appli=NotifyAppli.WEIGHT,
        new_callbackurl=f"{url}&new=1",
        new_appli=NotifyAppli.SLEEP,
        comment="changed",
    )
    listed = [[int(one.appli), one.callbackurl, one.comment] for one in api.notify_list().profiles]
    api.notify_revoke(callbackurl=f"{url}&new=1", appli=NotifyAppli.SLEEP)
    return {
        "get": [int(found.appli), found.callbackurl, found.comment],
        "list": listed,
        "left": len(api.notify_list(appli=NotifyAppli.SLEEP).profiles),
    }


def _tokens(api: Any) -> dict[str, Any]:
    before = api.get_credentials()
    api.refresh_token()
    after = api.get_credentials()
    return {"rotated": before.refresh_token != after.refresh_token, "userid": after.userid}


def _defaults(api: Any) -> dict[str, Any]:
    """The client's own defaults send dates and lastupdate together."""
    return {
        "measures": len(api.measure_get_meas().measuregrps),
        "days": len(api.measure_get_activity().activities),
        "nights": len(api.sleep_get_summary(data_fields=GetSleepSummaryField).series),
        "recordings": len(api.heart_list().series),
    }


def main(port: str, webhook_url: str, part: str) -> None:
    adapter = ToTheSandbox(port)
    api = withings_api.WithingsApi(_authorized(adapter))
    api._client.mount("https://", adapter)
    parts: dict[str, Callable[[Any], dict[str, Any]]] = {
        "data": _data,
        "tokens": _tokens,
        "defaults": _defaults,
        "notifications": lambda api: _notifications(api, webhook_url),
    }
    sys.stdout.write(json.dumps(parts[part](api)))


if __name__ == "__main__":
    main(*sys.argv[1:])
