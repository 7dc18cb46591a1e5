"""Everything that can go wrong, as one tree.

BridgeError
├── WithingsError                 Withings said no, or said nothing
│   ├── BadToken                  the access token is refused: refresh, then ask for consent
│   ├── BadGrant                  the code or refresh token is refused at the token endpoint
│   ├── BadScope                  the person or the plan does not allow the call
│   ├── ApplicationRefused        client id and secret are refused at the token endpoint
│   ├── BadParameters             Withings does not understand the call: our bug
│   │   ├── CallbackRefused       the callback URL was refused or did not answer the probe
│   │   └── AlreadyAbsent         what was to be removed is not there
│   ├── RateLimited               the application has spent its budget
│   │   └── RepeatedTooSoon       the identical call was made within ten seconds
│   ├── NotImplementedByWithings  wrong action, path or host
│   ├── Transient                 timeouts, cut connections, 5xx and Withings' own server errors
│   │   ├── Unreachable           the call did not even leave
│   │   └── NoLiveToken           the pair has ended, and Withings gave no other
│   └── Malformed                 the reply is not what Withings documents or was seen to send
├── LinkError
│   ├── NotLinked                 the user has no Withings account here
│   ├── ConsentNeeded             the link is there, but Withings no longer honours it
│   ├── SyncFailed                the sync that was asked for could not be completed now
│   ├── StateRefused              the callback's state is missing, spent or late
│   │   └── OtherBrowser          the state is another browser's
│   ├── TicketRefused             the ticket of a sign-in is unknown, spent or late
│   └── ConsentRefused            the person, or Withings, said no on the consent page
├── NoWebhook                     no URL is configured that Withings could call
├── CallerError
│   ├── NotAuthenticated          who is calling cannot be told
│   │   └── TokenRefused          the bearer token proves nothing, or nothing any more
│   ├── TwoProofs                 an API key and a bearer token came together
│   ├── IdentityUnavailable       whether a token is genuine cannot be told now
│   ├── NotAllowed                the caller is known, and may not do this
│   │   ├── ScopeMissing          it takes a caller with a wider scope
│   │   └── NotYours              it is about another user than the caller
│   ├── TooManyCalls              the caller has made all the calls of this minute
│   ├── NoSuchRecord              the user has no record of that id
│   ├── CursorRefused             the cursor is damaged, or another list's
│   ├── FeedRestarted             the cursor of the change feed is of a time that is gone
│   ├── UserUnknown               no user was named, and which one is meant cannot be told
│   ├── NoSuchAccount             what was named is neither an account nor a linked user
│   └── NoSuchRecording           no recording of this user has the signal that was named
└── StorageError
    ├── StorageUnavailable        the store does not answer in time
    ├── LeaseLost                 another worker holds the account now
    ├── PairChanged               the stored token pair is no longer the one that was read
    └── AccountUnknown            no such Withings account in the store

An error's docstring is its default message: a sentence a person can act on. No error text ever
carries a token, a code, a secret or a health value.
"""

from datetime import timedelta
from enum import Enum


class Retry(Enum):
    """What to do after a failed call to Withings."""

    LATER = "later"
    """The same call may work later."""
    AFTER_REFRESH = "after refresh"
    """Refresh the token once and repeat; if that fails too, ask for consent."""
    RELINK = "relink"
    """Only the person's new consent helps."""
    NEVER = "never"
    """Repeating cannot help: a missing scope or plan, or a mistake of ours."""


class BridgeError(Exception):
    """Something went wrong in the bridge."""

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message or (type(self).__doc__ or "").partition("\n")[0])


class WithingsError(BridgeError):
    """Withings did not do what was asked."""

    default_retry = Retry.NEVER

    def __init__(
        self,
        message: str | None = None,
        *,
        status: int | None = None,
        retry: Retry | None = None,
        retry_after: timedelta | None = None,
        max_attempts: int | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        """Withings' own status from inside the reply; None when there was no such reply."""
        self.retry = retry or self.default_retry
        self.retry_after = retry_after
        """How long Withings, or the front end before it, asked us to wait."""
        self.max_attempts = max_attempts
        """How often the call is worth making at all, where that is less than usual."""


class BadToken(WithingsError):
    """Withings refuses the access token."""

    default_retry = Retry.AFTER_REFRESH


class BadGrant(WithingsError):
    """Withings refuses the authorization code or the refresh token; new consent is needed."""

    default_retry = Retry.RELINK


class BadScope(WithingsError):
    """The person's consent, or the Withings plan, does not cover this call."""


class ApplicationRefused(WithingsError):
    """Withings refuses this application: check WITHINGS_CLIENT_ID and WITHINGS_CLIENT_SECRET."""

    default_retry = Retry.LATER


class BadParameters(WithingsError):
    """Withings does not accept the parameters of this call."""


class CallbackRefused(BadParameters):
    """Withings refuses the callback URL: it must be public HTTPS and answer HEAD with 200."""

    default_retry = Retry.LATER


class AlreadyAbsent(BadParameters):
    """Withings has no such subscription; nothing is left to remove."""


class RateLimited(WithingsError):
    """Withings asks us to slow down."""

    default_retry = Retry.LATER


class RepeatedTooSoon(RateLimited):
    """Withings answers the same call only once in ten seconds."""


class NotImplementedByWithings(WithingsError):
    """Withings knows no such action at this address; check WITHINGS_API_URL."""


class Transient(WithingsError):
    """Withings cannot be reached or has a fault of its own; trying again later helps."""

    default_retry = Retry.LATER


class Unreachable(Transient):
    """Withings cannot be reached; it has heard nothing of the call."""


class NoLiveToken(Transient):
    """Withings gave no new token, and is asked again later; the link stands."""


class Malformed(WithingsError):
    """Withings answered with something that is not a Withings reply."""

    default_retry = Retry.LATER


class LinkError(BridgeError):
    """There is a problem with the link to Withings."""


class NotLinked(LinkError):
    """No Withings account is linked for this user; connect one by way of /api/withings/auth/initiate."""


class ConsentNeeded(LinkError):
    """Withings no longer honours this link; connect again by way of /api/withings/auth/initiate."""


class SyncFailed(LinkError):
    """Withings could not be asked just now; the sync is repeated by itself."""


class StateRefused(LinkError):
    """This sign-in has expired or was already used; start again."""


class OtherBrowser(StateRefused):
    """This sign-in began in another browser; start again in this one."""


class TicketRefused(LinkError):
    """This way in works once and for two minutes; start again from the app."""


class ConsentRefused(LinkError):
    """Access to Withings was not granted."""


class NoWebhook(BridgeError):
    """No webhook URL is configured; set WITHINGS_WEBHOOK_URL."""


class CallerError(BridgeError):
    """The call cannot be served as it was made."""


class NotAuthenticated(CallerError):
    """Say who you are: send a Cognito token as Authorization: Bearer, or an API key as X-API-Key."""


class TokenRefused(NotAuthenticated):
    """This token is not accepted; it may have expired, or be another pool's or app client's."""


class TwoProofs(CallerError):
    """Send an API key or a bearer token, not both: it must be plain whom you act as."""


class IdentityUnavailable(CallerError):
    """The user pool does not answer, so your token cannot be checked; try again."""


class NotAllowed(CallerError):
    """You may not do this."""


class ScopeMissing(NotAllowed):
    """Your key or token does not reach that far; this call takes a wider scope."""


class NotYours(NotAllowed):
    """That is about another user than you."""


class TooManyCalls(CallerError):
    """You call more often than you may; wait, and go on more slowly."""

    def __init__(self, message: str | None = None, *, retry_after: timedelta | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after
        """After which one call is possible again."""


class NoSuchRecord(CallerError):
    """No record of this id is stored; it may have been deleted at Withings."""


class CursorRefused(CallerError):
    """This cursor is damaged, or belongs to another list, order or user; begin again without it."""


class FeedRestarted(CallerError):
    """What you followed is another account's, or was purged meanwhile; begin again without `since`."""


class UserUnknown(CallerError):
    """Name the user: several are linked."""


class NoSuchAccount(CallerError):
    """Nobody of this id is linked: it is neither a Withings account's here nor a user's."""


class NoSuchRecording(CallerError):
    """No stored recording of this user has a signal of this id; look it up in the list of recordings."""


class StorageError(BridgeError):
    """The store did not do what was asked."""


class StorageUnavailable(StorageError):
    """The store does not answer; nothing was changed, try again."""


class LeaseLost(StorageError):
    """Another worker holds this account now."""


class PairChanged(StorageError):
    """The stored token pair changed since it was read."""


class AccountUnknown(StorageError):
    """No such Withings account is known here."""
