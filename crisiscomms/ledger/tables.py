"""The tables of the ledger. Times are ISO 8601 in UTC, so that they sort as text; leases and pace are seconds since 1970.

A million deliveries must fit into half a gigabyte: what many of them share stands once, in `items` and `claims`.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

METADATA = MetaData()

#: SQLite numbers rows by itself only where the column is called an INTEGER.
_Id = BigInteger().with_variant(Integer, "sqlite")

#: Everything that was approved, by the digest of its bytes.
blobs = Table(
    "blobs", METADATA, Column("digest", String, primary_key=True), Column("body", LargeBinary, nullable=False)
)

#: One plan that was, or is being, carried out.
publications = Table(
    "publications",
    METADATA,
    Column("id", _Id, primary_key=True),
    Column("incident", String, nullable=False, index=True),
    Column("fingerprint", String, nullable=False),
    Column("started_at", String, nullable=False),
    Column("by", String, nullable=False),
    Column("state", String, nullable=False),  # open | finished
    Column("telling", Text, nullable=False),
)

#: One incident on one channel and account: messages to one reader keep their order in it.
lanes = Table(
    "lanes",
    METADATA,
    Column("id", _Id, primary_key=True),
    Column("incident", String, nullable=False),
    Column("channel", String, nullable=False),
    Column("account", String, nullable=False),
    UniqueConstraint("incident", "channel", "account"),
)

#: One line of a plan: one message to one place, or to all readers of one audience and language.
items = Table(
    "items",
    METADATA,
    Column("id", _Id, primary_key=True),
    Column("publication", _Id, ForeignKey("publications.id"), nullable=False, index=True),
    Column("lane", _Id, ForeignKey("lanes.id"), nullable=False, index=True),
    Column("incident", String, nullable=False, index=True),
    Column("update_id", String, nullable=False),
    Column("channel", String, nullable=False),
    Column("account", String, nullable=False),
    Column("kind", String, nullable=False),  # site | memo | notice | correction | post
    Column("audience", String, nullable=False),
    Column("message", String, nullable=False),  # digest of the message's blob
    Column("settings", String, nullable=False),  # digest of the channel's settings
    Column("names", String, nullable=False),  # the domain in the Message-IDs of its mails, or empty
    Column("columns", Text, nullable=False),  # JSON: the names of the slots that `person` fills
    Column("policy", String, nullable=False),  # what doubt means: ask | silence | duplicate
    Column("at", String, nullable=False),  # the update's time
    Column("rank", Integer, nullable=False),
    Column("not_before", String, nullable=False),
    Column("most", Integer),  # how many may go for now; none: all
)

#: One batch that a worker took in hand, until its lease is over.
claims = Table(
    "claims",
    METADATA,
    Column("id", _Id, primary_key=True),
    Column("worker", String, nullable=False),  # host:process
    Column("process", String, nullable=False),  # what tells this process from a later one with its number
    Column("boot", String, nullable=False),  # what changes when unsynced marks may be lost
    Column("at", String, nullable=False),
    Column("until", Float, nullable=False),
)

#: One message to one reader or account through one channel.
deliveries = Table(
    "deliveries",
    METADATA,
    Column("id", _Id, primary_key=True),
    Column("item", _Id, ForeignKey("items.id"), nullable=False),
    Column("lane", _Id, nullable=False),
    Column("recipient", String, nullable=False),  # the address as compared; empty for sites and accounts
    Column("update_id", String, nullable=False),
    Column("number", Integer, nullable=False),
    Column("person", Text, nullable=False),  # JSON list: address as written, name, then what fills the slots
    Column("digest", LargeBinary, nullable=False),  # of message, person and settings together
    Column("thread", String, nullable=False),  # Message-ID of the first mail, or empty
    Column("state", String, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("not_before", String),  # only for what is tried again
    Column("claim", _Id),
    Column("receipt", String, nullable=False),
    Column("url", String, nullable=False),
    Column("evidence", Text, nullable=False),
    UniqueConstraint("lane", "recipient", "update_id", "number"),
    Index("deliveries_by_state", "item", "state", "id"),
)

#: What stands at an address now: the site's content and the memo, by incident and language.
standing = Table(
    "standing",
    METADATA,
    Column("incident", String, primary_key=True),
    Column("kind", String, primary_key=True),
    Column("language", String, primary_key=True),
    Column("digest", String, nullable=False),
)

holds = Table(
    "holds",
    METADATA,
    Column("scope", String, primary_key=True),
    Column("since", String, nullable=False),
    Column("by", String, nullable=False),
    Column("reason", String, nullable=False),
)

#: Who wants no more mail: an address as compared, or `token:` and what stands for a reader in an unsubscribe address.
suppressions = Table(
    "suppressions",
    METADATA,
    Column("reader", String, primary_key=True),
    Column("since", String, nullable=False),
    Column("by", String, nullable=False),
    Column("reason", String, nullable=False),
)

#: How many messages a channel may still send now, and until when the place asked for patience.
pace = Table(
    "pace",
    METADATA,
    Column("channel", String, primary_key=True),
    Column("tokens", Float, nullable=False),
    Column("at", Float, nullable=False),
    Column("patience", Float, nullable=False),
)

#: What changed, one entry per change, each chained to the one before it. The entries of one transaction share a row: a million
#: readers make three million entries.
audit = Table(
    "audit",
    METADATA,
    Column("seq", _Id, primary_key=True, autoincrement=False),  # the number of its last entry
    Column("at", String, nullable=False),
    Column("who", String, nullable=False),
    Column("entries", Text, nullable=False),
    Column("hash", LargeBinary, nullable=False),  # that of its last entry
)
