"""What is wrong with how the bridge is set up, and with what is stored: told as seen, mended when asked.

It runs beside a bridge or without one, and is the one command that does not end at wrong settings.
"""

import asyncio
import logging
from collections import Counter
from contextlib import AsyncExitStack

import typer

from withings_bridge import logs
from withings_bridge.bridge import Bridge, assemble
from withings_bridge.cli.doctor_words import InJson, InWords, Telling
from withings_bridge.domain.checkups import Checkup, Result
from withings_bridge.domain.errors import BridgeError, StorageError
from withings_bridge.services.oversight.examining import State
from withings_bridge.settings import Settings, SettingsError, risks_of

SETTINGS, STORED = "settings", "what is stored"

TO_MEND, NOT_RIGHT = 1, 2
"""How it ends: something is to be mended; the settings are wrong."""


def examine(*, fix: bool, as_json: bool) -> None:
    """Tell every checkup and every finding as it comes, then what is left to do."""
    logs.configure(json=False, level=logging.WARNING)
    telling: Telling = InJson() if as_json else InWords()
    visit = _Visit(telling, fix=fix)
    telling.begins()
    try:
        settings = Settings.load()
    except SettingsError as error:
        visit.wrong_settings(error)
        telling.ends(visit.results, visit.states, fix=fix)
        raise typer.Exit(NOT_RIGHT) from None
    asyncio.run(visit.pay(settings))
    telling.ends(visit.results, visit.states, fix=fix)
    if visit.results[Result.WRONG] or visit.states[State.OPEN]:
        raise typer.Exit(TO_MEND)


class _Visit:
    """One look at everything, and what it came to."""

    def __init__(self, telling: Telling, *, fix: bool) -> None:
        self._telling = telling
        self._fix = fix
        self.results: Counter[Result] = Counter()
        self.states: Counter[State] = Counter()

    def wrong_settings(self, error: SettingsError) -> None:
        """A line for each problem; nothing else can be looked at with them."""
        for problem in str(error).splitlines():
            self._checkup(_of_problem(problem))
        rest = "Not looked at, since nothing can be put together with these settings."
        mend = "Mend them in the environment or in .env, and run this again."
        self._checkup(Checkup("all else", Result.UNKNOWN, rest, mend))

    async def pay(self, settings: Settings) -> None:
        """Look at the settings, the store, what is around it, and then at what is stored."""
        for checkup in _of_settings(settings):
            self._checkup(checkup)
        bridge = assemble(settings)
        async with bridge.connected() as services, AsyncExitStack() as stack:
            opened = await self._open(bridge, stack)
            async for checkup in services.checking.checkups():
                self._checkup(checkup)
            if opened:
                await self._stored(bridge)

    async def _open(self, bridge: Bridge, stack: AsyncExitStack) -> bool:
        """Open the store where there is something to look into, or where it is to be created."""
        inspection = await bridge.services.checking.store()
        if self._fix or inspection.usable:
            try:
                await stack.enter_async_context(bridge.kept())
            except StorageError as error:
                self._checkup(Checkup("store", Result.WRONG, str(error), "Mend it, and run this again."))
                return False
            inspection = await bridge.services.checking.store()
        for part in inspection.parts:
            self._checkup(part)
        if not inspection.usable and not self._fix:
            seen = "Not looked at, since the store is not there as it must be."
            self._checkup(Checkup(STORED, Result.UNKNOWN, seen, "Mend the store first."))
        return inspection.usable or self._fix

    async def _stored(self, bridge: Bridge) -> None:
        try:
            async for finding in bridge.services.examining.findings(fix=self._fix):
                self._telling.finding(finding)
                self.states[finding.state] += 1
        except BridgeError as error:
            self._checkup(Checkup(STORED, Result.WRONG, str(error), "Run this again when that is mended."))

    def _checkup(self, checkup: Checkup) -> None:
        self._telling.checkup(checkup)
        self.results[checkup.result] += 1


def _of_problem(line: str) -> Checkup:
    """Problems are told in one line, what is wrong first and then what is right."""
    seen, _, example = line.partition(", for example ")
    if example:
        return Checkup(SETTINGS, Result.WRONG, f"{seen}.", f"For example {example}.")
    seen, _, mend = line.partition("; ")
    return Checkup(SETTINGS, Result.WRONG, f"{seen}.", f"{mend[:1].upper()}{mend[1:]}." if mend else "")


def _of_settings(settings: Settings) -> list[Checkup]:
    risks = [
        Checkup(SETTINGS, Result.WARNING, f"{risk.variable}: {risk.seen}.", risk.mend)
        for risk in risks_of(settings)
    ]
    return risks or [Checkup(SETTINGS, Result.OK, "Each variable is right, and none is risky.")]
