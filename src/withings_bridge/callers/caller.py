"""Who is calling, and what they may do.

An app calls for the user who is signed in, a service for any user, an operator for all there is. On an
open bridge, where nothing is configured to tell them apart, everybody may do everything.
"""

from dataclasses import dataclass
from enum import IntEnum

from withings_bridge.domain.errors import NotYours, ScopeMissing


class Scope(IntEnum):
    """How far a caller reaches; each scope holds the ones before it."""

    READ = 1
    """See how users are linked, and their data."""
    SYNC = 2
    """Link, sync and disconnect users."""
    ADMIN = 3
    """Tend the bridge itself."""

    @property
    def word(self) -> str:
        """As people write it."""
        return self.name.lower()


@dataclass(frozen=True, slots=True)
class Caller:
    """Somebody who has proven who they are."""

    name: str
    """For logs and limits, such as ``key:reports``: no secret."""
    scope: Scope
    user: str | None = None
    """Cognito ``sub`` of the only user it may act for; None where it may act for any."""

    @property
    def anybody(self) -> bool:
        """Whether it is whoever reaches an open bridge."""
        return self is ANYBODY

    @property
    def sees_tokens(self) -> bool:
        """Whether it may see how an access token begins: a user of their own, and an operator."""
        return self.user is not None or self.scope is Scope.ADMIN

    def must_reach(self, scope: Scope) -> None:
        """Raise ScopeMissing unless the caller may do what takes this scope."""
        if self.scope < scope:
            raise ScopeMissing(f"This call takes the scope {scope.word}; yours is {self.scope.word}.")

    def meaning(self, named: str | None) -> str | None:
        """The user whom the caller means; None where it named nobody and may act for any.

        Raises NotYours for another user than its own.
        """
        if self.user is None:
            return named
        if named and named != self.user:
            raise NotYours
        return self.user


ANYBODY = Caller("anybody", Scope.ADMIN)
"""Whoever reaches an open bridge."""
