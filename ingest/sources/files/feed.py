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
    literals, parts = re.subn("YYYY|YY|MON|MM|DD", "", text)
    return (
        parts == 3
        and all(text.replace("MON", "MM").count(part) for part in ("YY", "MM", "DD"))
        and not re.search(r"[0-9A-Za-z\[\](){}*+?^$|\\]", literals)
    )


def _is_time_format(text: str) -> bool:
    parts = re.findall(TIME_PARTS, text)
    hours = [part for part in parts if part in ("HH", "HH24", "HH12")]
    return (
        len(hours) == 1
        and "MI" in parts
        and len(set(parts)) == len(parts)
        and (hours == ["HH12"]) == ("AM" in parts)
        and not re.search(r"[0-9A-SU-Za-gi-z\[\](){}*+?^$|\\]", re.sub(TIME_PARTS, "", text))
    )


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
# as the macro plain_signs makes them, before values are compared with these
PLAIN_SIGNS = str.maketrans("−–—‐‑‒﹣－’‘ʼ´′＇．，／：", "--------''''''.,/:")
Plain = AfterValidator(lambda text: text.translate(PLAIN_SIGNS))
Separator = Annotated[str, Plain]
# as other programs write them
MonthNames = AfterValidator(lambda text: re.sub("(?i)month|mon", "MON", text))
TIME_PARTS = "YYYY|MON|MM|DD|HH24|HH12|HH|MI|SS|AM|OF|TZ"
TimeFormat = Annotated[
    str,
    MonthNames,
    _allowed(
        "a format with HH24 and MI, or HH12, MI and AM, and with SS, OF, TZ where they are written",
        _is_time_format,
    ),
    Plain,
]
DateFormat = Annotated[
    str, MonthNames, _allowed("a format with YYYY, MM and DD, each once", _is_date_format), Plain
]
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
        amount: its column with the line's amount, which leads where both are there.
        discount: its column with what the line's price is reduced by.
        refunds: the values of its columns that say which lines give back; without it, those with a
            quantity below 0.
        orders_with_returns: whether the till counts a ticket that only gives back as an order.
        figures: the totals' columns, by the figure that each holds.
    """

    feed: str
    date: str
    order: str
    quantity: str
    figures: Annotated[dict[Figure, str], Field(min_length=1)]
    unit_price: str | None = None
    amount: str | None = None
    discount: str | None = None
    refunds: dict[str, str | list[str]] = Field(default_factory=dict)
    orders_with_returns: bool = False
    time: str | None = None
    totals_date: str | None = None

    @model_validator(mode="after")
    def _has_money(self) -> Totals:
        if not (self.unit_price or self.amount):
            raise ValueError("unit_price or amount is missing: a line's money")
        return self

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
        named = (
            *(self.date, self.time, self.order),
            *(self.quantity, self.unit_price, self.amount, self.discount, *self.refunds),
        )
        return [name for name in named if name]


class Feed(Declared):
    """Files of one kind: where they are, how they are written, and what only SQL must know.

    Attributes:
        name: the feed's name, and its raw table's.
        url: the folder: a path, or a URL as fsspec reads it.
        files: a pattern below it; `{branch_id}` in it is the branch that a file is of.
        format: "csv", "parquet", "jsonl" (one JSON object a line) or "xlsx".
        branch: the branch that all files are of, where nothing else says it.
        branch_column: the column that says which branch a line is of.
        branches: what the column or the path calls a branch, where that is not its id; a list of
            words, where they differ.
        encoding: of the text; a byte-order mark is taken off.
        delimiter: between two values, one character.
        quote: around values, one character; empty where values are never quoted.
        escape: before a quote within a value; empty where it is doubled.
        columns: the columns' names, for files without a header.
        header: what the header's line begins with, where other lines precede it.
        not_records: what lines begin with that are no records, like a line of totals.
        sheet: of an Excel file; empty for its first.
        decimal_separator: within numbers.
        quantity_decimal_separator: within quantities, where they are written in another way.
        thousands_separator: within numbers; empty for none.
        currency_sign: beside amounts; empty for none.
        date_format: of days, in the letters YYYY (or YY), MM (or MON for a name) and DD.
        time_format: of times of day, in the letters HH24 (or HH12 and AM), MI, SS, and OF for an
            offset or TZ for a time zone's abbreviation.
        negative_quantity: "refund", or "error" where there should be none.
        totals: what the feed's sales are compared with.
        credentials: what opens the store, where it is not that of all feeds.
        kwargs: options of the store's driver, likewise.
    """

    name: Annotated[str, Field(pattern="^[a-z][a-z0-9_]{0,50}$")]
    url: str
    files: Pattern
    format: Literal["csv", "parquet", "jsonl", "xlsx"] = "csv"
    branch: Branch | None = None
    branch_column: str | None = None
    branches: dict[Branch, str | list[str]] = Field(default_factory=dict)
    encoding: Encoding = "utf-8"
    delimiter: Character = ","
    quote: CharacterOrNone = '"'
    escape: CharacterOrNone = ""
    columns: list[str] = Field(default_factory=list)
    header: str = ""
    not_records: list[str] = Field(default_factory=list)
    sheet: str = ""
    decimal_separator: Separator = "."
    quantity_decimal_separator: Separator | None = None
    thousands_separator: Separator = ""
    currency_sign: str = ""
    date_format: DateFormat = "YYYY-MM-DD"
    time_format: TimeFormat = "HH24:MI:SS"
    negative_quantity: Literal["refund", "error"] = "error"
    totals: Totals | None = None
    # dlt reads them; here they are allowed, and shown nowhere
    credentials: dict[str, Any] | str = Field(default_factory=dict, repr=False, exclude=True)
    kwargs: dict[str, Any] | str = Field(default_factory=dict, repr=False, exclude=True)

    @model_validator(mode="after")
    def _one_way_to_the_branch(self) -> Feed:
        if self.takes_branch_from_path and re.search(r"[\[\]]", self.files):
            raise ValueError(f"in files, beside {BRANCH}, allowed are * and ?, not [ ]")
        if self.branch and self.branch_column:
            raise ValueError("branch and branch_column exclude each other")
        return self

    @model_validator(mode="after")
    def _options_of_the_format(self) -> Feed:
        given = [name for name in ("header", "not_records") if getattr(self, name)]
        if given and self.format in ("jsonl", "parquet"):
            raise ValueError(f"{given[0]} is no option of {self.format}, only of csv and xlsx")
        return self

    @model_validator(mode="after")
    def _one_way_to_write_numbers(self) -> Feed:
        if self.format == "xlsx" and self.quantity_decimal_separator:
            raise ValueError(
                "quantity_decimal_separator and xlsx exclude each other: in Excel a quantity is a "
                "number like any other"
            )
        return self

    @property
    def takes_branch_from_path(self) -> bool:
        """Whether a file's path says which branch it is of."""
        return BRANCH in self.files and not (self.branch or self.branch_column)

    @property
    def says_branch(self) -> tuple[object, ...]:
        """How the branch of a line is known: two feeds of one export agree in it."""
        return (self.branch, self.takes_branch_from_path, self.branch_column is not None)

    def branch_called(self, word: str) -> str:
        """Return the branch that the files call by a word: the word itself, where none is named.

        Args:
            word: the word in the path or in the column.
        """
        return self.branch_words.get(word, word)

    @property
    def branch_words(self) -> dict[str, str]:
        """The branch that each word of `branches` means."""
        return {
            word: branch
            for branch, words in self.branches.items()
            for word in ([words] if isinstance(words, str) else words)
        }

    @property
    def section(self) -> str:
        """Where the feed is declared, for messages."""
        return f"[{FEEDS}.{self.name}] in {CONFIG_FILE}"

    @property
    def parsing(self) -> str:
        """What decides which rows a file's bytes become; by other options they are read again."""
        options = [self.format, self.encoding, self.delimiter, self.quote, self.escape]
        later = [self.header, self.not_records, self.sheet, self.branch_column, self.branches]
        # Excel's numbers are written with it
        decimal = [self.decimal_separator] if self.format == "xlsx" else []
        # what was read before these options were there is not read again
        return json.dumps([*options, *self.columns, *(later if any(later) else ()), *decimal])

    def has_files_of(self, branches: Sequence[str] | None) -> bool:
        """Say whether the feed may hold files of some branches; None is all."""
        says_itself = self.takes_branch_from_path or self.branch_column
        return not branches or self.branch in branches or bool(says_itself)


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
        if totals is None or totals.says_branch != feed.says_branch:
            wrong[name] = (
                f"The totals of the feed {name} should come in the feed {feed.totals.feed!r}, "
                f"which is not a feed of the same branch: correct {feed.section}."
            )
        elif feed.branch and (other := exporting.setdefault(feed.branch, feed)) is not feed:
            wrong[name] = (
                f"The feeds {other.name} and {name} are both the export of {feed.branch}, and a "
                "branch's day has one total: let one feed's `files` match the files of both "
                f"tills, or give the second till its own branch: {feed.section}."
            )
    return [feed for name, feed in feeds.items() if name not in wrong], wrong
