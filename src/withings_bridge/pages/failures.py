"""What a person is told when connecting fails: what happened, and what helps.

The words are ours alone. Nothing of the address, and no error's text, gets onto the page.
"""

from dataclasses import dataclass

from withings_bridge.domain.errors import (
    BadGrant,
    ConsentRefused,
    Malformed,
    OtherBrowser,
    RateLimited,
    StateRefused,
    StorageError,
    Transient,
    WithingsError,
)


@dataclass(frozen=True, slots=True)
class Failure:
    """One way to fail, as a page."""

    status: int
    title: str
    why: str
    what_helps: str
    again: bool = True
    """Whether another try from here can end better."""


@dataclass(frozen=True, slots=True)
class Return:
    """What a browser brought back from Withings."""

    state: str | None
    code: str | None
    error: str | None


NOT_ALLOWED = Failure(
    401,
    "Start from Vitals7",
    "This server connects people who come from the app, so that nobody can connect in another's name.",
    "Open Vitals7 and choose Connect Withings there.",
    again=False,
)
TICKET_REFUSED = Failure(
    400,
    "This way in is no longer open",
    "The link that brought you here works once, and for two minutes after the app has made it.",
    "Go back to Vitals7 and choose Connect Withings again.",
    again=False,
)
STATE_MISSING = Failure(
    400,
    "This address is incomplete",
    "It does not say which sign-in it belongs to, so there is nothing to finish here.",
    "Connect again and let Withings bring you back.",
)
OTHER_BROWSER = Failure(
    400,
    "This is not the browser you began in",
    "For your safety a sign-in ends in the browser where it began, with cookies allowed.",
    "Go on in the other browser, or connect again in this one.",
)
STATE_REFUSED = Failure(
    400,
    "This sign-in is no longer valid",
    "It was used already, or took longer than ten minutes.",
    "Connect again; it takes a minute.",
)
CONSENT_REFUSED = Failure(
    400,
    "Nothing was connected",
    "Access to your Withings data was not granted, so nothing was read and nothing was stored.",
    "If you change your mind, connect again.",
)
CODE_MISSING = Failure(
    400,
    "Withings sent no code",
    "You came back without the code that completes the connection.",
    "Connect again and let Withings bring you back.",
)
CODE_TOO_OLD = Failure(
    400,
    "That took a moment too long",
    "The code from Withings works once and for 30 seconds only. This one is too old, or was used before.",
    "Connect again; your consent goes faster the second time.",
)
WITHINGS_BUSY = Failure(
    503,
    "Withings asks us to wait",
    "Too many people are being served at this moment, so the connection could not be completed.",
    "Connect again in a minute or two.",
)
WITHINGS_SILENT = Failure(
    503,
    "Withings does not answer",
    "Your consent arrived, but Withings gave no usable answer when we wanted to complete the connection.",
    "Nothing is wrong with your account. Connect again in a few minutes.",
)
WITHINGS_REFUSES = Failure(
    503,
    "Withings refuses this server",
    "The way this server is set up does not suit Withings. It has nothing to do with your account.",
    "Tell whoever runs this server; its log has the reason.",
    again=False,
)
STORE_SILENT = Failure(
    503,
    "We cannot save anything right now",
    "Our store does not answer, so the connection was not made.",
    "Connect again in a few minutes.",
)


def failure_of(error: StateRefused | ConsentRefused | WithingsError | StorageError, back: Return) -> Failure:
    """The page for an error that ended a connect flow."""
    match error:
        case OtherBrowser():
            return OTHER_BROWSER
        case StateRefused():
            return _lost(back)
        case ConsentRefused():
            return CONSENT_REFUSED
        case BadGrant():
            return CODE_TOO_OLD
        case RateLimited():
            return WITHINGS_BUSY
        case Transient() | Malformed():
            return WITHINGS_SILENT
        case WithingsError():
            return WITHINGS_REFUSES
        case StorageError():
            return STORE_SILENT


def _lost(back: Return) -> Failure:
    """Which of the ways to lose a sign-in it was, as far as the browser's side shows it."""
    if not back.state:
        return STATE_MISSING
    return STATE_REFUSED if back.code or back.error else CODE_MISSING
