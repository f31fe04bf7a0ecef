"""A feed is a set of files of one kind; how they are written is declared in `.dlt/config.toml`."""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, dataclass, fields, replace
from pathlib import Path
from typing import Any

import dlt

from ingest.loads.branches import branches as seed
from ingest.loads.configuration import CONFIG_FILE, section
from ingest.loads.source import SourceError
from ingest.warehouse import PROJECT_DIR

BRANCH = "{branch_id}"


class FeedError(SourceError):
    """A feed or a file cannot be read; the message says which, why and what to do."""


@dataclass(frozen=True)
class Totals:
    """The day totals that a till exports beside its sales: what the sales are held against.

    Attributes:
        feed: the feed that the totals come in, with one line per business day.
        date: the column of both feeds that holds the day, as landed.
        totals_date: the totals' column with the day, where they call it otherwise.
        time: the sales feed's column with the time of day; None where `date` is the business day.
        order: the sales feed's column with the order's number.
        quantity: its column with the quantity.
        unit_price: its column with the price of one.
        figures: the totals' columns, by the figure of `ingest.reconcile.FIGURES` that each holds.
    """

    feed: str
    date: str
    order: str
    quantity: str
    unit_price: str
    figures: Mapping[str, str]
    time: str | None = None
    totals_date: str | None = None

    @property
    def day(self) -> str:
        """The totals' column with the day."""
        return self.totals_date or self.date

    @property
    def columns(self) -> list[str]:
        """The totals' columns that are declared."""
        return [self.day, *self.figures.values()]


@dataclass(frozen=True)
class Feed:
    """Files of one kind: where they are, how they are written, and what only SQL must know.

    Attributes:
        name: the feed's name, and its raw table's.
        url: the folder, as fsspec reads it.
        files: a pattern below it; `{branch_id}` in it stands for the branch that a file is of.
        format: "csv" or "parquet".
        branch: the branch that all files are of, where the pattern does not say it.
        encoding: of the text; a byte-order mark is taken off.
        delimiter: between two values, one character.
        quote: around values, one character; empty where values are never quoted.
        escape: before a quote within a value; empty where it is doubled.
        columns: the columns' names, for files without a header.
        decimal_separator: within numbers.
        thousands_separator: within numbers; empty for none.
        currency_sign: beside amounts; empty for none.
        date_format: of days, in the letters YYYY, MM and DD.
        time_format: of times of day, in the letters HH24, MI and SS.
        negative_quantity: "refund", or "error" where there should be none.
        totals: what the feed's sales are reconciled with.
    """

    name: str
    url: str
    files: str
    format: str = "csv"
    branch: str | None = None
    encoding: str = "utf-8"
    delimiter: str = ","
    quote: str = '"'
    escape: str = ""
    columns: tuple[str, ...] = ()
    decimal_separator: str = "."
    thousands_separator: str = ""
    currency_sign: str = ""
    date_format: str = "YYYY-MM-DD"
    time_format: str = "HH24:MI:SS"
    negative_quantity: str = "error"
    totals: Totals | None = None

    @property
    def schema_name(self) -> str:
        """Dlt's name of the feed's pipeline, under which its loads are kept."""
        return f"files_{self.name}"

    @property
    def section(self) -> str:
        """Where the feed is declared, for messages."""
        return f"[sources.files.feeds.{self.name}] in {CONFIG_FILE}"

    @property
    def parsing(self) -> str:
        """What decides which rows a file's bytes become; by other options they are read again."""
        return json.dumps(
            [self.format, self.encoding, self.delimiter, self.quote, self.escape, *self.columns]
        )


def configured_feeds(branches: Sequence[str] | None = None) -> list[Feed]:
    """Read from dlt's configuration which feeds there are.

    Args:
        branches: only feeds that hold files of these; default all.

    Returns:
        The feeds, in the order of the configuration.

    Raises:
        FeedError: a feed that is not declared completely and correctly.
    """
    feeds = []
    for name, declared in section("sources.files.feeds").items():
        key = f"sources.files.feeds.{name}.url"
        url: Any = dlt.secrets.get(key) or dlt.config.get(key)
        feeds.append(declared_feed(name, {**declared, **({"url": str(url)} if url else {})}))
    known = {feed.name: feed for feed in feeds}
    for feed in feeds:
        if feed.totals and (
            feed.branch is None
            or known.get(feed.totals.feed, feed).branch != feed.branch
            or feed.totals.feed not in known
        ):
            raise FeedError(
                f"The totals of the feed {feed.name} should come in the feed {feed.totals.feed!r}, "
                f"which is no feed of the same branch: correct {feed.section}."
            )
    exporting: dict[str | None, Feed] = {}
    for feed in feeds:
        if feed.totals and exporting.setdefault(feed.branch, feed) is not feed:
            raise FeedError(
                f"The feeds {exporting[feed.branch].name} and {feed.name} are both the export of "
                f"{feed.branch}, and a branch's day has one total: let one feed's `files` match "
                f"the files of both tills, or give the second till its own branch: {feed.section}."
            )
    return [
        feed
        for feed in feeds
        if not branches or feed.branch in branches or (BRANCH in feed.files and not feed.branch)
    ]


def declared_feed(name: str, declared: Mapping[str, Any]) -> Feed:
    """Return a feed as it is declared, checked.

    Args:
        name: the feed's name.
        declared: its section of the configuration.

    Raises:
        FeedError: an unknown or missing key, or a value that means nothing.
    """
    place = f"[sources.files.feeds.{name}] in {CONFIG_FILE}"

    def refuse(what: str) -> FeedError:
        return FeedError(f"The feed {name} {what}: correct {place}.")

    if not re.fullmatch("[a-z][a-z0-9_]{0,50}", name):
        raise refuse("has a name that is no table's (small letters, digits, underscores)")
    values = dict(declared)
    _check_keys(values, Feed, refuse)
    if "totals" in values:
        _check_keys(values["totals"], Totals, refuse, ".totals")
        values["totals"] = Totals(**values["totals"])
    if "columns" in values:
        values["columns"] = tuple(values["columns"])
    feed = Feed(name=name, **values)
    if feed.format not in ("csv", "parquet"):
        raise refuse(f'has the format {feed.format!r}, which is neither "csv" nor "parquet"')
    if feed.branch is not None and feed.branch not in seed():
        raise refuse(
            f"is of a branch {feed.branch!r} that seeds/branches.csv does not know "
            f"(known: {', '.join(seed())})"
        )
    if len(feed.delimiter) != 1 or len(feed.quote) > 1 or len(feed.escape) > 1:
        raise refuse("has a delimiter, quote or escape that is not one character")
    if not (feed.delimiter + feed.quote + feed.escape).isascii():
        raise refuse("has a delimiter, quote or escape that is no ASCII character")
    if feed.files.count(BRANCH) > 1:
        raise refuse(f"has {BRANCH} more than once in its pattern {feed.files!r}")
    if BRANCH in feed.files and not feed.branch and re.search(r"[\[\]]", feed.files):
        raise refuse(
            f"has [ ] beside {BRANCH} in its pattern {feed.files!r}, where only * and ? may stand"
        )
    if feed.negative_quantity not in ("refund", "error"):
        raise refuse('has a negative_quantity that is neither "refund" nor "error"')
    if any(feed.date_format.count(part) != 1 for part in ("YYYY", "MM", "DD")):
        raise refuse(f"has the date_format {feed.date_format!r}, which lacks YYYY, MM or DD")
    try:
        codecs.lookup(feed.encoding)
    except LookupError:
        raise refuse(f"has an encoding {feed.encoding!r} that Python does not know") from None
    if "://" not in feed.url:
        feed = replace(feed, url=str(PROJECT_DIR / Path(feed.url).expanduser()))
    return feed


def _check_keys(values: Mapping[str, Any], kind: type, refuse: Any, where: str = "") -> None:
    """Raise unless the keys are those of a dataclass, and none is missing that it needs."""
    known = {one.name: one for one in fields(kind) if one.name != "name"}
    for key in values:
        if key not in known:
            raise refuse(f"has a key{where} {key!r} that means nothing (known: {', '.join(known)})")
    for key, one in known.items():
        if key not in values and one.default is MISSING and one.default_factory is MISSING:
            hint = " (that of the sample company is written by make run)" if key == "url" else ""
            raise refuse(f"has no {key}{hint}{where and f' in {where[1:]}'}")
