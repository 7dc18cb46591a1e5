"""Token rows, and the accounts that their users have linked."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from withings_bridge.domain.accounts import Account
from withings_bridge.domain.links import Link, RowName, TokenPair, TokenRow
from withings_bridge.storage.base.accounts import JoinChange

Spelling = Callable[[str], str]
"""A pure step from a token as it is stored to the same token as it is to be stored."""


@dataclass(frozen=True, slots=True)
class RowsPage:
    """Some of our rows in the tokens table."""

    names: tuple[RowName, ...]
    after: str | None
    """Where to go on; None: that was the end."""


class Links(Protocol):
    """Token rows, in the shape the other connectors and the predecessor read, with their accounts.

    The row of a user is ``{user}#withings``. The predecessor may have left others: a bare row
    (``{user}``, ``api_name`` Withings in any case), and one under a doubled suffix
    (``{user}#withings#withings``). All of them are read, of those that hold a pair the one with the
    later ``created_at`` is the user's link, and the next write of a pair folds them into the user's
    row. A row holds a pair when it has a refresh token and names a Withings account; a doubled one that
    names another account than a whole row of the user does not count. Rows of other connectors are
    never read or touched.
    """

    async def get(self, user: str) -> Link | None:
        """The user's link, or None when no row holds a pair."""

    async def rows(self, user: str) -> list[TokenRow]:
        """What each of the user's rows says, the newest pair first, those that hold none at the end."""

    async def page(self, *, after: str | None, limit: int) -> RowsPage:
        """The names of the rows of Withings in the next part of the table, whose size ``limit`` bounds.

        In a stable order of the backend's own, from the position an earlier page gave, or from the
        beginning. A row that is there from the first page to the last is in one of them; a position
        holds also when its row has gone. A part may hold none of our rows before the end.
        """

    async def adopt(self, link: Link, change: JoinChange, *, now: datetime) -> Account:
        """Make a user of the predecessor a member of the account that their link names.

        ``change`` gets the stored account or None and gives the account to store. The account alone is
        written: the rows stay as they are, and the next write of a pair folds them. Only while the
        user's link is this one (same account, same ``saved_at``), else ``PairChanged`` and nothing is
        written.
        """

    async def join(self, user: str, userid: str, pair: TokenPair, change: JoinChange) -> Account:
        """Link the user: account and token rows together or not at all.

        ``change`` gets the stored account or None and gives the account to store; due times are
        reckoned from the pair's ``saved_at``. The pair goes into the token row of every user of the
        resulting account, since a second consent may end the first pair; only the row of another
        user who has linked a different account meanwhile is left alone. Each row takes the place of
        all rows of its user; ``created_at`` of every row is the pair's ``saved_at``;
        ``last_vitals7_push_at`` of rows that exist is kept.

        In the same step the user leaves every other account that a row of theirs names, as by
        ``leave``: of two sign-ins at once the later one wins, and nobody is ever in two accounts.
        """

    async def replace_pair(self, userid: str, pair: TokenPair, *, replacing: TokenPair) -> None:
        """Put a refreshed pair into the rows of all the account's users, together or not at all.

        Only while a row of the account holds the pair that was read (same ``saved_at``), else
        ``PairChanged`` and nothing is written. A missing row is written anew; repeating a call that
        went through does no harm. Raises ``AccountUnknown``.
        """

    async def leave(self, user: str, userid: str | None) -> Account | None:
        """End the user's link: the token rows go, and the user leaves the account.

        Gives the account that is left, or None when the last user left and the account is gone
        too. A row that meanwhile holds a pair of another Withings account is not touched; one that
        holds no pair goes, whomever it names. Without a ``userid`` only those go. Repeating it does
        no harm.
        """

    async def end(self, userid: str, only_if: Callable[[Account], bool]) -> bool:
        """End the links of all the account's users, and the account, together or not at all.

        Only if the account as it is stored passes; whether it is gone then. A row that meanwhile
        holds a pair of another Withings account is not touched. Repeating it does no harm.
        """

    async def pushed(self, user: str, *, at: datetime) -> None:
        """Keep ``last_vitals7_push_at`` and ``updated_at`` current, on a row that exists only.

        Where only rows of the predecessor hold a pair, and all of them the same, it moves to the
        user's row. Different pairs stay where they are: which of them Withings honours is not known.
        """


class StoredLinks(Links, Protocol):
    """Links in the letters that the store holds, which may be those of a cipher."""

    async def respell(self, name: RowName, spell: Spelling) -> bool:
        """Write the tokens of one row in another spelling; whether that changed any.

        Only while the row holds the tokens that ``spell`` was given, else it is read again: a pair that
        was saved meanwhile is never overwritten. Nothing else of the row changes, so its pair keeps its
        name, ``saved_at``. Rows that hold no pair are respelled too; one that is gone, or is another
        connector's, is left alone. What ``spell`` raises leaves the row as it was.
        """
