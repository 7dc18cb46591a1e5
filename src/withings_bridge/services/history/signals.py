"""Signals on demand: the curve of an ECG, the sound of a stethoscope.

They are large, and few are ever looked at: each is fetched when somebody wants it, and kept.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import Any
from weakref import WeakValueDictionary

import structlog

from withings_bridge.domain.accounts import Account
from withings_bridge.domain.errors import ConsentNeeded, NoSuchRecording, StorageError
from withings_bridge.domain.records import Kind, Record, RecordKey
from withings_bridge.domain.signals import Signal
from withings_bridge.services.clock import Clock
from withings_bridge.services.history.browsing import Browsing, History, Span
from withings_bridge.services.holding import Holding
from withings_bridge.services.links.tokens import Tokens
from withings_bridge.services.telemetry import Telemetry
from withings_bridge.storage.base import Records
from withings_bridge.withings import WithingsClient
from withings_bridge.withings.models import EcgSignal, StethoSignal

log = structlog.get_logger()

NAMED_BY = {Signal.ECG: (Kind.HEART,), Signal.STETHO: (Kind.STETHO, Kind.HEART)}
"""The kinds of recordings that name signals."""

AT_ONCE = 100
"""Recordings that are read at a time to find the one that names a signal: mostly one of the last."""

MOST_UNKEPT = 16
"""Signals that wait in memory to be stored, of some 300 KB each."""


class Signals:
    """Gives the signals of a user's own recordings."""

    def __init__(
        self,
        *,
        browsing: Browsing,
        records: Records,
        tokens: Tokens,
        client: WithingsClient,
        holding: Holding,
        telemetry: Telemetry,
        clock: Clock,
    ) -> None:
        self._browsing = browsing
        self._records = records
        self._tokens = tokens
        self._client = client
        self._holding = holding
        self._telemetry = telemetry
        self._clock = clock
        self._asking: WeakValueDictionary[tuple[str, RecordKey], asyncio.Lock] = WeakValueDictionary()
        self._unkept: OrderedDict[tuple[str, RecordKey], Record] = OrderedDict()

    async def ecg(self, user: str, signalid: str) -> dict[str, Any]:
        """The curve of one ECG as Withings gives it: ``signal`` in microvolt, ``sampling_frequency`` in Hz.

        It may be empty. Raises NotLinked, NoSuchRecording for a signal of nobody or of somebody else,
        ConsentNeeded or another WithingsError where Withings has to be asked, and a StorageError.
        """
        return await self._signal(
            user, signalid, Signal.ECG, lambda token: self._client.ecg_signal(token, signalid)
        )

    async def stetho(self, user: str, signalid: str) -> dict[str, Any]:
        """One sound as Withings gives it: ``signal`` in A-law G.711, ``frequency`` in Hz. Raises what ``ecg``
        raises.
        """
        return await self._signal(
            user, signalid, Signal.STETHO, lambda token: self._client.stetho_signal(token, signalid)
        )

    async def _signal(
        self,
        user: str,
        signalid: str,
        signal: Signal,
        ask: Callable[[str], Awaitable[EcgSignal | StethoSignal]],
    ) -> dict[str, Any]:
        history, name = await self._browsing.of(user), signal.key_of(signalid)
        account = history.account
        # Who asks for what somebody is fetching just now waits, and finds it stored.
        async with self._asking.setdefault((account.userid, name), asyncio.Lock()):
            # What was fetched while somebody worked on the account waits for its place in the store, and is
            # the person's only as long as the recording is.
            waiting = self._unkept.pop((account.history, name), None)
            if stored := await self._records.get(account.userid, [name]):
                return dict(stored[name].body)
            recording = await _recording(history, signal, name)
            if waiting is None:
                if account.consent_needed_at:
                    raise ConsentNeeded
                answer = await self._tokens.call(account, ask)
                body = answer.model_dump(exclude_unset=True)
                if not answer.signal:
                    return body
                waiting = Record(name.kind, name.key, recording.at, None, body)
            await self._keep(account, recording.name, signal, waiting)
            return dict(waiting.body)

    async def _keep(self, account: Account, recording: RecordKey, signal: Signal, kept: Record) -> None:
        """Store the signal; where somebody works on the account or the store does not take it, hold it until
        it is asked for again.

        Never past the account's holder, who may be about to purge it.
        """
        userid = account.userid
        try:
            async with self._holding.if_free(userid) as held:
                # What a turn removed meanwhile, or gave another signal, must not leave this one behind.
                found = await self._records.get(userid, [recording]) if held else {}
                if recording in found and signal.of(found[recording]) == kept.name:
                    await self._records.save(userid, [kept], now=self._clock())
                    self._telemetry.stored([kept])
                if held:
                    return
        except StorageError as error:
            log.warning("signal not stored", account=userid, reason=type(error).__name__)
        self._unkept[account.history, kept.name] = kept
        if len(self._unkept) > MOST_UNKEPT:
            self._unkept.popitem(last=False)


async def _recording(history: History, signal: Signal, name: RecordKey) -> Record:
    """The recording that names the signal: no other signal is ever asked for."""
    for kind in NAMED_BY[signal]:
        async for recording in history.all(kind, Span(), backward=True, at_once=AT_ONCE):
            if signal.of(recording) == name:
                return recording
    raise NoSuchRecording
