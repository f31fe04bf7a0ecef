"""What a feed is: files of one kind, declared in `[sources.files.feeds.<feed>]`.

How its files are written is part of the declaration. What they hold lands as text, one table per
feed, and is judged in SQL.
"""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, model_validator

from ingest.loads import configuration
from ingest.loads.branches import branches as known_branches
from ingest.loads.configuration import CONFIG_FILE, SECRETS_FILE, Declared
from ingest.loads.source import SourceError

FEEDS = "sources.files.feeds"
BRANCH = "{branch_id}"
Figure = Literal["orders", "lines", "order_total", "refund_total"]
"""What an export's totals may say of a day, as audit.reconciliation calls it."""


def _allowed(what: str, is_allowed: Callable[[str], object]) -> AfterValidator:
    """Return a check of a value, with what is allowed in words."""

    def check(value: str) -> str:
        if not is_allowed(value):
            raise ValueError(f"allowed is {what}")
        return value

    return AfterValidator(check)


def _is_encoding(name: str) -> bool:
    try:
        codecs.lookup(name)
    except LookupError:
        return False
    return True


def _is_date_format(text: str) -> bool:
    return all(text.count(part) == 1 for part in ("YYYY", "MM", "DD"))


def _known_branch(branch: str) -> str:
    if branch not in known_branches():
        known = ", ".join(known_branches())
        raise ValueError(f"allowed are the branches of seeds/branches.csv: {known}")
    return branch


Branch = Annotated[str, AfterValidator(_known_branch)]
Character = Annotated[
    str, _allowed("one ASCII character", lambda value: len(value) == 1 and value.isascii())
]
CharacterOrNone = Annotated[
    str,
    _allowed("one ASCII character, or nothing", lambda value: len(value) <= 1 and value.isascii()),
]
DateFormat = Annotated[str, _allowed("a format with YYYY, MM and DD, each once", _is_date_format)]
Encoding = Annotated[str, _allowed("an encoding that Python knows, like cp1252", _is_encoding)]
Pattern = Annotated[str, _allowed(f"{BRANCH} once", lambda files: files.count(BRANCH) <= 1)]


class Totals(Declared):
    """The day totals that a till exports beside its sales: what the sales are compared with.

    Attributes:
        feed: the feed that the totals come in, with one line per business date.
        date: the column of both feeds that holds the day, as landed.
        totals_date: the totals' column with the day, where they call it otherwise.
        time: the sales feed's column with the time of day; None where `date` is the business date.
        order: the sales feed's column with the order's number.
        quantity: its column with the quantity.
        unit_price: its column with the price of one.
        figures: the totals' columns, by the figure that each holds.
    """

    feed: str
    date: str
    order: str
    quantity: str
    unit_price: str
    figures: dict[Figure, str]
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

    @property
    def sales_columns(self) -> list[str]:
        """The sales' columns that are declared."""
        named = (self.date, self.time, self.order, self.quantity, self.unit_price)
        return [name for name in named if name]


class Feed(Declared):
    """Files of one kind: where they are, how they are written, and what only SQL must know.

    Attributes:
        name: the feed's name, and its raw table's.
        url: the folder: a path, or a URL as fsspec reads it.
        files: a pattern below it; `{branch_id}` in it is the branch that a file is of.
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
        totals: what the feed's sales are compared with.
    """

    name: Annotated[str, Field(pattern="^[a-z][a-z0-9_]{0,50}$")]
    url: str
    files: Pattern
    format: Literal["csv", "parquet"] = "csv"
    branch: Branch | None = None
    encoding: Encoding = "utf-8"
    delimiter: Character = ","
    quote: CharacterOrNone = '"'
    escape: CharacterOrNone = ""
    columns: list[str] = Field(default_factory=list)
    decimal_separator: str = "."
    thousands_separator: str = ""
    currency_sign: str = ""
    date_format: DateFormat = "YYYY-MM-DD"
    time_format: str = "HH24:MI:SS"
    negative_quantity: Literal["refund", "error"] = "error"
    totals: Totals | None = None

    @model_validator(mode="after")
    def _one_way_to_the_branch(self) -> Feed:
        if self.takes_branch_from_path and re.search(r"[\[\]]", self.files):
            raise ValueError(f"in files, beside {BRANCH}, allowed are * and ?, not [ ]")
        return self

    @property
    def takes_branch_from_path(self) -> bool:
        """Whether a file's path says which branch it is of."""
        return BRANCH in self.files and self.branch is None

    @property
    def section(self) -> str:
        """Where the feed is declared, for messages."""
        return f"[{FEEDS}.{self.name}] in {CONFIG_FILE}"

    @property
    def parsing(self) -> str:
        """What decides which rows a file's bytes become; by other options they are read again."""
        return json.dumps(
            [self.format, self.encoding, self.delimiter, self.quote, self.escape, *self.columns]
        )

    def has_files_of(self, branches: Sequence[str] | None) -> bool:
        """Say whether the feed may hold files of some branches; None is all."""
        return not branches or self.branch in branches or self.takes_branch_from_path


def declared(name: str, given: Mapping[str, Any] | None = None) -> Feed:
    """Return a feed as it is declared, checked.

    Args:
        name: the feed's name.
        given: values that go before those of the configuration.

    Raises:
        SourceError: an unknown or missing key, or a value that is not allowed.
    """
    path = f"{FEEDS}.{name}"
    values = {**(given or {}), "name": name}
    if not (values.get("url") or configuration.value(f"{path}.url")):
        raise SourceError(
            f"The feed {name} has no url: write one into [{path}] in {CONFIG_FILE} (or in "
            f"{SECRETS_FILE}), a folder or an address like s3://bucket/folder; for the sample "
            "company: make run."
        )
    return configuration.read(Feed, path, **values)


def configured() -> tuple[list[Feed], dict[str, str]]:
    """Read from dlt's configuration which feeds there are.

    Returns:
        The feeds in the order of the configuration; and what is wrong with the others, by name.
    """
    feeds: dict[str, Feed] = {}
    wrong: dict[str, str] = {}
    for name in configuration.section(FEEDS):
        try:
            feeds[name] = declared(name)
        except SourceError as error:
            wrong[name] = str(error)
    exporting: dict[str, Feed] = {}
    for name, feed in list(feeds.items()):
        if feed.totals is None or feed.totals.feed in wrong:
            continue
        totals = feeds.get(feed.totals.feed)
        if feed.branch is None or totals is None or totals.branch != feed.branch:
            wrong[name] = (
                f"The totals of the feed {name} should come in the feed {feed.totals.feed!r}, "
                f"which is not a feed of the same branch: correct {feed.section}."
            )
        elif (other := exporting.setdefault(feed.branch, feed)) is not feed:
            wrong[name] = (
                f"The feeds {other.name} and {name} are both the export of {feed.branch}, and a "
                "branch's day has one total: let one feed's `files` match the files of both "
                f"tills, or give the second till its own branch: {feed.section}."
            )
    return [feed for name, feed in feeds.items() if name not in wrong], wrong
