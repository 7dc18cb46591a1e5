"""An account as an item of its table, and back.

What an acknowledgement adds to (news, counts, traces), what a claim sets (lease) and what the indexes need
(due times, shard) are attributes of their own; the rest is one JSON document. ``version`` counts
every write, so that a change computed elsewhere lands only on what it was computed from.
"""

import zlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from withings_bridge.domain.accounts import Account, Lease
from withings_bridge.domain.categories import Category
from withings_bridge.domain.inbox import Lane, News, Work
from withings_bridge.storage.documents import dump_account, load_account
from withings_bridge.storage.dynamodb import writes
from withings_bridge.storage.dynamodb.items import Item, from_microseconds, microseconds
from withings_bridge.storage.dynamodb.names import due_attribute
from withings_bridge.storage.dynamodb.writes import Write

SHARDS = 16
"""Partitions of the due indexes, so that no single one takes all the writes of a busy minute."""


def news_attribute(category: Category) -> str:
    """The string set that holds the category's news; absent when there is none."""
    return f"news_{category}"


def announced_attribute(category: Category) -> str:
    """The number that counts the category's announcements."""
    return f"announced_{category}"


def shard_of(userid: str) -> int:
    """The account's partition in the due indexes, the same in every process."""
    return zlib.crc32(userid.encode()) % SHARDS


def key_of(userid: str) -> Item:
    """The account's key in its table."""
    return {"userid": userid}


@dataclass(frozen=True, slots=True)
class StoredAccount:
    """An account with what only the store knows of it."""

    account: Account
    due: Mapping[Lane, datetime]
    version: int

    @classmethod
    def new(cls, account: Account, due: Mapping[Lane, datetime], *, now: datetime) -> "StoredAccount":
        """One for an account that is not stored yet.

        Versions start at the time rather than at 1: a change computed from an account that was
        since removed and linked again must not fit by chance.
        """
        return cls(account, due, version=microseconds(now))

    @classmethod
    def load(cls, item: Item) -> "StoredAccount":
        """The account in an item."""
        account = load_account(item["document"])
        work = dict(account.work)
        for category in Category:
            tokens = item.get(news_attribute(category), frozenset())
            announced = item.get(announced_attribute(category), 0)
            if tokens or announced:
                work[category] = replace(account.of(category), news=News.of(tokens), announced=announced)
        lease = None
        if "lease_holder" in item:
            lease = Lease(item["lease_holder"], from_microseconds(item["lease_until"]))
        due = {
            lane: from_microseconds(item[due_attribute(lane)]) for lane in Lane if due_attribute(lane) in item
        }
        traces = tuple(item.get("traces", ()))
        return cls(replace(account, work=work, lease=lease, traces=traces), due, item["version"])

    def next(self, account: Account, due: Mapping[Lane, datetime]) -> "StoredAccount":
        """What is to be stored in its place."""
        return StoredAccount(account, due, self.version + 1)

    @property
    def item(self) -> Item:
        """All attributes. Empty sets, zero counts and lanes without work are left out."""
        account = self.account
        item: dict[str, object] = {
            **key_of(account.userid),
            "document": dump_account(_without_attributes(account)),
            "version": self.version,
            "shard": shard_of(account.userid),
        }
        for category, work in account.work.items():
            if work.news:
                item[news_attribute(category)] = work.news.tokens
            if work.announced:
                item[announced_attribute(category)] = work.announced
        if account.traces:
            item["traces"] = list(account.traces)
        if account.lease:
            item["lease_holder"] = account.lease.holder
            item["lease_until"] = microseconds(account.lease.until)
        return item | {due_attribute(lane): microseconds(at) for lane, at in self.due.items()}

    def put(self, table: str, *, replacing: "StoredAccount | None") -> Write:
        """Store it, so long as what is stored is still what it is to replace."""
        if replacing is None:
            return writes.put(table, self.item, condition="attribute_not_exists(#userid)")
        return writes.put(table, self.item, condition=UNCHANGED, values={"version": replacing.version})


UNCHANGED = "#version = :version"


def _without_attributes(account: Account) -> Account:
    def bare(work: Work) -> Work:
        return replace(work, news=News(), announced=0)

    work = {category: bare(work) for category, work in account.work.items()}
    return replace(account, work=work, lease=None, traces=())
