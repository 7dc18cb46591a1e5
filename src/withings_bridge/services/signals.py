"""Signals on demand: the curve of an ECG, the sound of a stethoscope.

They are large, and few are ever looked at: each is fetched when somebody wants it, and kept.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any
from weakref import WeakValueDictionary

import structlog

from withings_bridge.domain.accounts import Account
from withings_bridge.domain.errors import ConsentNeeded, NoSuchRecording, NotLinked, StorageError
from withings_bridge.domain.records import EPOCH, Kind, Record, RecordKey
from withings_bridge.domain.signals import Signal, signals_of
from withings_bridge.services.clock import Clock
from withings_bridge.services.holding import Holding
from withings_bridge.services.projecting import FOREVER
from withings_bridge.services.tokens import Tokens
from withings_bridge.storage.base import Accounts, Links, Records
from withings_bridge.withings import WithingsClient
from withings_bridge.withings.models import EcgSignal, StethoSignal

log = structlog.get_logger()


class Signals:
    """Gives the signals of a user's own recordings."""

    def __init__(
        self,
        *,
        accounts: Accounts,
        links: Links,
        records: Records,
        tokens: Tokens,
        client: WithingsClient,
        holding: Holding,
        clock: Clock,
    ) -> None:
        self._accounts = accounts
        self._links = links
        self._records = records
        self._tokens = tokens
        self._client = client
        self._holding = holding
        self._clock = clock
        self._asking: WeakValueDictionary[tuple[str, RecordKey], asyncio.Lock] = WeakValueDictionary()

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
        account, name = await self._account(user), signal.key_of(signalid)
        # Who asks for what somebody is fetching just now waits, and finds it stored.
        async with self._asking.setdefault((account.userid, name), asyncio.Lock()):
            if stored := await self._records.get(account.userid, [name]):
                return dict(stored[name].body)
            recording = await self._recording(account, name)
            if account.consent_needed_at:
                raise ConsentNeeded
            answer = await self._tokens.call(account, ask)
            body = answer.model_dump(exclude_unset=True)
            if answer.signal:
                await self._keep(account, recording, Record(name.kind, name.key, recording.at, None, body))
            return body

    async def _account(self, user: str) -> Account:
        link = await self._links.get(user)
        account = await self._accounts.get(link.account) if link else None
        if account is None or user not in account.users:
            raise NotLinked
        return account

    async def _recording(self, account: Account, name: RecordKey) -> Record:
        """The recording that names the signal: no other signal is ever asked for."""
        for kind in (Kind.HEART, Kind.STETHO):
            for recording in await self._records.between(account.userid, kind, EPOCH, FOREVER):
                if name in signals_of(recording):
                    return recording
        raise NoSuchRecording

    async def _keep(self, account: Account, recording: Record, signal: Record) -> None:
        """Store the signal, if nobody works on the account and the store takes it: served it is anyhow."""
        try:
            async with self._holding.if_free(account.userid) as held:
                # What a turn removed meanwhile must not leave its signal behind.
                if held and await self._records.get(account.userid, [recording.name]):
                    await self._records.save(account.userid, [signal], now=self._clock())
        except StorageError as error:
            log.warning("signal not stored", account=account.userid, reason=type(error).__name__)
