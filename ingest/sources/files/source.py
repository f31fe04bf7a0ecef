"""Feeds of files as a source: each feed is visited, read, and compared where it has totals."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from psycopg import sql

from ingest.loads import configuration, packages, raw_tables
from ingest.loads.modelled import joined_feeds, modelled, names_of_customers, unread_feeds
from ingest.loads.source import Connection, Session, Visit
from ingest.loads.statements import Statements
from ingest.sources.files import feed as feeds
from ingest.sources.files.columns import OWN_COLUMNS
from ingest.sources.files.exports import ExportVisit
from ingest.sources.files.feed import Feed
from ingest.sources.files.land import RAW, schema_name
from ingest.sources.files.visit import FeedVisit, WrongFeed

STATEMENTS = Statements(__file__)


def _modelled_feeds() -> dict[str, list[str]]:
    """Return the feeds that the models read, with the columns of their files."""
    return {
        feed: [name for name in columns if name not in OWN_COLUMNS]
        for feed, columns in modelled(RAW).items()
    }


def _unlisted_feeds() -> set[str]:
    """Return the feeds of dbt's sources that it neither lists nor reads in a model of another."""
    systems = configuration.systems()
    unlisted: set[str] = set()
    for name in ("exports", "files"):
        if system := systems.get(name):
            listed = set(system.get("feeds") or ())
            for table in system["tables"].values():
                listed |= set(table.get("feeds") or ())
            unlisted |= modelled(RAW, name).keys() - listed - joined_feeds(name, listed)
    return unlisted


class FileSource:
    """All feeds of files."""

    name = "files"
    raw = RAW
    has_branches = True
    is_append_only = False
    follow_seconds = None

    def __init__(self) -> None:
        """Know of no feed yet that is written otherwise than before."""
        self._redeclared: set[str] = set()

    def tables(self) -> Sequence[str]:
        """Return the raw tables that the models read."""
        return list(modelled(RAW))

    def visits(self, session: Session, branches: Sequence[str] | None = None) -> Sequence[Visit]:
        """Return the feeds that are configured; one that is declared wrongly says so when read.

        Args:
            session: where to.
            branches: only feeds with files of these, and of them these files; default all.
        """
        configured, wrong = feeds.configured()
        unlisted = _unlisted_feeds()
        wrong |= {
            feed.name: f"The feed {feed.name} lands, and nothing of it is published: add its name "
            "to the feeds of exports, or of its table of files, in vars.systems of dbt_project.yml."
            for feed in configured
            if feed.name in unlisted
        }
        findings = [WrongFeed(session, name, problem) for name, problem in wrong.items()]
        unread = unread_feeds(configuration.section(feeds.FEEDS))
        return [*visits(session, configured, branches, self._redeclared, unread), *findings]

    def prepare(self, session: Session) -> None:
        """Make the tables that the models and the feeds need, and write down each feed's dialect.

        The tables of the models are there before their first file is: a chain that has none yet
        builds, too.
        """
        configured, wrong = feeds.configured()
        self._redeclared |= {*prepare(session.connection, configured)}
        if not wrong:
            forget_figures(session.connection, configured)

    def knows(self, session: Session, branch_id: str, customer_id: str) -> bool:
        """Say whether a line of a feed whose entry names `customer` has ever named a customer."""
        values = {"branch": branch_id, "customer": customer_id}
        return any(
            session.connection.execute(STATEMENTS("knows_customer", **feed), values).fetchone()
            == (True,)
            for feed, _ in _feeds_with_customers(session.connection)
        )

    def erase(self, session: Session) -> int:
        """Empty the personal columns of lines that name who is in audit.erasures."""
        changed = 0
        for feed, personal in _feeds_with_customers(session.connection):
            emptied = [sql.SQL("{} = null").format(sql.Identifier(name)) for name in personal]
            parts = {
                "columns": sql.SQL(", ").join(map(sql.Identifier, personal)),
                "nulls": sql.SQL(", ").join(emptied),
            }
            if personal:
                people = session.connection.execute(STATEMENTS("erase_lines", **feed, **parts))
                changed += sum(lines for (lines,) in people)
        return changed


FILES = FileSource()


def _feeds_with_customers(
    connection: Connection,
) -> Iterator[tuple[dict[str, sql.Identifier], list[str]]]:
    """Yield the feeds that have landed and name customers: table and column, personal columns."""
    there = raw_tables.columns(connection, RAW)
    for feed, (customer, told) in names_of_customers(RAW).items():
        personal = [name for name in told if name in there.get(feed, ()) and name != customer]
        if customer in there.get(feed, ()):
            table, column = sql.Identifier(RAW, feed), sql.Identifier(customer)
            yield {"table": table, "customer": column}, personal


def visits(
    session: Session,
    configured: Sequence[Feed],
    branches: Sequence[str] | None = None,
    redeclared: Collection[str] = (),
    unread: Collection[str] = (),
) -> list[FeedVisit]:
    """Return feeds, ready to be visited.

    Args:
        session: where to.
        configured: all feeds, checked.
        branches: only feeds with files of these, and of them these files; default all.
        redeclared: the feeds whose dialect is new or another one, by the time that they are read.
        unread: the feeds that nothing reads yet.
    """
    modelled_feeds = _modelled_feeds()
    known = {feed.name: feed for feed in configured}
    totals = {feed.totals.feed: feed.totals.columns for feed in configured if feed.totals}
    exports = [feed for feed in configured if feed.totals or feed.name in modelled(RAW, "exports")]

    def visit(feed: Feed) -> FeedVisit:
        expected = modelled_feeds.get(feed.name) or totals.get(feed.name, [])
        is_modelled = feed.name in modelled_feeds
        is_unread = feed.name in unread
        simple = FeedVisit(
            session, feed, expected, is_modelled, branches, redeclared, is_unread=is_unread
        )
        if feed.totals is None or feed.totals.feed not in known:
            return simple
        return ExportVisit(
            **vars(simple),
            declared=feed.totals,
            totals=visit(known[feed.totals.feed]),
            others=[other for other in exports if other is not feed],
        )

    return [visit(feed) for feed in configured if feed.has_files_of(branches)]


def prepare(connection: Connection, configured: Sequence[Feed]) -> Collection[str]:
    """Make tables and columns where they are missing, and write down how feeds are written.

    Args:
        connection: the session's connection.
        configured: the feeds.

    Returns:
        The names of the feeds whose dialect is new or another one.
    """
    packages.prepare(connection, RAW)
    connection.execute(STATEMENTS("tables"))
    there = raw_tables.columns(connection, RAW)
    needed: dict[str, list[str]] = {feed.name: [] for feed in configured} | _modelled_feeds()
    for name, columns in needed.items():
        table = sql.Identifier(RAW, name)
        if name not in there:
            connection.execute(STATEMENTS("feed_table", table=table))
        if missing := [column for column in columns if column not in there.get(name, ())]:
            connection.execute(raw_tables.widening(table, missing))
    redeclared = []
    for feed in configured:
        with connection.transaction():
            written = connection.execute(STATEMENTS("write_dialect"), feed.model_dump()).fetchone()
            if written == (True,):
                _redate(connection, feed)
        if written:
            redeclared.append(feed.name)
    return redeclared


def forget_figures(connection: Connection, configured: Sequence[Feed]) -> None:
    """Take out what was compared by totals that are declared no longer: nobody can mend it.

    Args:
        connection: the session's connection.
        configured: the feeds, all of them.
    """
    totals = [(feed.branch, feed.totals.figures) for feed in configured if feed.totals]
    declared = [(branch, figure) for branch, figures in totals for figure in figures]
    connection.execute(
        STATEMENTS("forget_figures"),
        {"branches": [branch for branch, _ in declared], "present": [name for _, name in declared]},
    )


def _redate(connection: Connection, feed: Feed) -> None:
    """Give all rows of a feed a new load: its dialect has changed, so they say something else.

    The rows of files that are gone are of the branch that is declared now, too.
    """
    load_id = packages.new_load_id(connection, RAW)
    table = sql.Identifier(RAW, feed.name)
    update = sql.SQL("update {} set _dlt_load_id = %s, branch_id = coalesce(%s, branch_id)")
    connection.execute(update.format(table), [load_id, feed.branch])
    packages.complete(connection, RAW, schema_name(feed), load_id)
