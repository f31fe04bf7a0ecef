"""Feeds of files as a source: each feed is visited, read, and compared where it has totals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import yaml
from psycopg import sql

from ingest.loads import packages, raw_tables, record
from ingest.loads.configuration import CONFIG_FILE
from ingest.loads.source import (
    Compared,
    Connection,
    LoadResult,
    Session,
    SourceError,
    Visit,
    Window,
)
from ingest.loads.statements import Statements
from ingest.sources.files import exports, land
from ingest.sources.files import feed as feeds
from ingest.sources.files.bucket import Bucket, File, Reading
from ingest.sources.files.columns import OWN_COLUMNS
from ingest.sources.files.exports import Export
from ingest.sources.files.feed import Feed
from ingest.sources.files.land import RAW, Known, Target
from ingest.warehouse import PROJECT_DIR, WarehouseError

STATEMENTS = Statements(__file__)
SHOWN_FILES = 5
"""So many of the files that failed are named beside the first."""


def modelled_feeds(project: Path = PROJECT_DIR) -> dict[str, list[str]]:
    """Return the feeds that the models read, with their columns, from dbt's sources.

    Args:
        project: the folder of dbt_project.yml.
    """
    found = {}
    for file in sorted(project.glob("models/staging/*/_*__sources.yml")):
        for source in yaml.safe_load(file.read_text(encoding="utf-8"))["sources"]:
            for table in source["tables"] if source.get("schema") == RAW else ():
                columns = [column["name"] for column in table.get("columns", ())]
                own = [name for name in columns if name[0] != "_" and name != "branch_id"]
                if own and table["name"][0] != "_":
                    found[table["name"]] = own
    return found


@dataclass(frozen=True)
class FeedVisit:
    """One feed in one run.

    Attributes:
        session: where to.
        feed: the feed.
        expected: the columns that models or totals read of it; its first file says it otherwise.
        is_modelled: whether the models read it.
        branches: only files of these; None is all.
        export: the export that the feed's sales are, if any.
        totals: the visit to the feed of its totals.
    """

    session: Session
    feed: Feed
    expected: Sequence[str] = ()
    is_modelled: bool = False
    branches: Sequence[str] | None = None
    export: Export | None = None
    totals: FeedVisit | None = None

    @property
    def name(self) -> str:
        """The feed's name."""
        return self.feed.name

    @property
    def branch_id(self) -> str | None:
        """The branch that all of its files are of, if one."""
        return self.feed.branch

    def read(self) -> LoadResult:
        """Land what is new or changed, and record the load in audit.loads."""
        return self._read()

    def compare(self, window: Window) -> Compared:
        """Compare an export with its totals; of any other feed there is nothing to compare."""
        if self.export is None:
            return Compared(self.name)
        return exports.compare(self.session.connection, self.export, window, self._heal)

    def _heal(self, feed: str, files: Sequence[str]) -> LoadResult:
        visit = self.totals if self.totals and feed != self.name else self
        return visit._read(files)

    def _read(self, again: Sequence[str] = ()) -> LoadResult:
        """Land the feed's files; `again` names some that are read although they did not change."""
        feed = self.feed
        connection = self.session.connection
        is_initial = packages.last_complete(connection, RAW, land.schema_name(feed)) is None
        kind = "heal" if again else "initial" if is_initial else "incremental"
        with record.load(connection, "files", feed.branch, kind, {"feed": feed.name}) as entry:
            try:
                self._land(again, entry, is_initial=is_initial)
            except WarehouseError as error:
                entry.error = str(error)
            except Exception as error:  # one feed's trouble stays with that feed
                entry.error = f"The feed {feed.name} could not be landed: {land.first_line(error)}."
        # what has landed can be compared, also where a file beside it is bad
        return replace(entry.result, can_compare=True)

    def _land(self, again: Sequence[str], entry: record.Entry, *, is_initial: bool) -> None:
        feed = self.feed
        connection = self.session.connection
        bucket = Bucket(feed)
        known = land.known_files(connection, feed)
        present = [
            file
            for file in bucket.files()
            if not self.branches or file.branch_id is None or file.branch_id in self.branches
        ]
        wanted = [
            file
            for file in present
            if file.name in again
            or file.name not in known
            or not known[file.name].is_still(file, feed.parsing)
        ]
        notes = self._note_vanished(known, present)
        readings: Sequence[Reading] = ()
        if wanted:
            entry.load_id = packages.new_load_id(connection, RAW)
            table = raw_tables.columns(connection, RAW).get(feed.name, {})
            columns = [name for name in table if name not in OWN_COLUMNS]
            target = Target(self.session.warehouse, connection, feed, columns, known, self.expected)
            readings, new = land.land(target, bucket, wanted, entry.load_id)
            if new and not is_initial:
                notes.append(f"New columns in the feed {feed.name}: {', '.join(new)}.")
        entry.row_count = sum(reading.lines for reading in readings)
        entry.tables[feed.name] = {
            "rows": entry.row_count,
            "files": sum(1 for reading in readings if not reading.error),
            "rejects": sum(reading.rejects for reading in readings),
        }
        entry.notes = tuple(notes + self._notes(readings))
        entry.error = _problem([reading for reading in readings if reading.error])

    def _note_vanished(self, known: Mapping[str, Known], present: Sequence[File]) -> list[str]:
        """Write down which files are gone from the bucket, and say so once; their rows stay."""
        feed = self.feed
        there = {file.name for file in present}
        gone = sorted(name for name, file in known.items() if file.is_there and name not in there)
        if not gone:
            return []
        branches = list(self.branches) if self.branches else None
        values = {"feed": feed.name, "names": gone, "branches": branches}
        count = self.session.connection.execute(STATEMENTS("mark_vanished"), values).rowcount
        if not count:
            return []
        return [
            f"{count} file(s) of the feed {feed.name} were removed from the bucket, first "
            f"{gone[0]}; their rows stay."
        ]

    def _notes(self, readings: Sequence[Reading]) -> list[str]:
        feed = self.feed
        notes = [note for reading in readings for note in reading.notes]
        rejects = [reading for reading in readings if reading.rejects and not reading.error]
        if rejects:
            notes.append(
                f"{sum(one.rejects for one in rejects)} line(s) of the feed {feed.name} do not "
                f"fit their header and are "
                f"{'in quarantine' if self.is_modelled else 'in its column _reject'}, "
                f"first in {rejects[0].file.name}."
            )
        notes += [
            f"The file {reading.file.name} of the feed {feed.name} kept changing while it was "
            f"read: the next run will read it again."
            for reading in readings
            if reading.changed
        ]
        return notes


def _problem(failed: Sequence[Reading]) -> str | None:
    """Return the first file's error, and which others have one."""
    if not failed:
        return None
    names = [reading.file.name for reading in failed[1:]]
    others = ", ".join(names[:SHOWN_FILES]) + (", …" if len(names) > SHOWN_FILES else "")
    more = f" {len(names)} other file(s) of the feed cannot be loaded either: {others}."
    return f"{failed[0].error}{more if names else ''}"


class FileSource:
    """All feeds of files."""

    name = "files"
    raw = RAW
    has_branches = True

    def tables(self) -> Sequence[str]:
        """Return the raw tables that the models read."""
        return list(modelled_feeds())

    def visits(self, session: Session, branches: Sequence[str] | None = None) -> Sequence[Visit]:
        """Return the feeds that are configured.

        Args:
            session: where to.
            branches: only feeds with files of these, and of them these files; default all.

        Raises:
            SourceError: a feed is declared wrongly, or no feed has files of the branches.
        """
        configured = feeds.configured()
        chosen = [feed for feed in configured if feed.has_files_of(branches)]
        if branches and not chosen:
            raise SourceError(
                f"No feed has files of {', '.join(branches)}: see [{feeds.FEEDS}] in {CONFIG_FILE}."
            )
        return visits(session, configured, branches)

    def prepare(self, session: Session) -> None:
        """Make the tables that the models and the feeds need, and write down each feed's dialect.

        The tables of the models are there before their first file is: a chain that has none yet
        builds, too.
        """
        prepare(session.connection, feeds.configured())

    def knows(self, session: Session, branch_id: str, customer_id: str) -> bool:
        """Say no: files name no customers."""
        del session, branch_id, customer_id
        return False

    def erase(self, session: Session) -> int:  # noqa: ARG002 - no feed has guests
        """Erase nobody: no feed says anything of a guest."""
        return 0


FILES = FileSource()


def visits(
    session: Session, configured: Sequence[Feed], branches: Sequence[str] | None = None
) -> list[FeedVisit]:
    """Return feeds, ready to be visited.

    Args:
        session: where to.
        configured: all feeds, checked.
        branches: only feeds with files of these, and of them these files; default all.
    """
    modelled = modelled_feeds()
    with_totals = exports.exports(configured)
    named = {export.totals.name: export.declared.columns for export in with_totals}
    found = {
        feed.name: FeedVisit(
            session,
            feed,
            expected=modelled.get(feed.name) or named.get(feed.name, []),
            is_modelled=feed.name in modelled,
            branches=branches,
        )
        for feed in configured
        if feed.has_files_of(branches)
    }
    for export in with_totals:
        if export.sales.name in found:
            found[export.sales.name] = replace(
                found[export.sales.name], export=export, totals=found[export.totals.name]
            )
    return list(found.values())


def prepare(connection: Connection, configured: Sequence[Feed]) -> None:
    """Make tables and indexes where they are missing, and write down how feeds are written.

    Args:
        connection: the session's connection.
        configured: the feeds.
    """
    packages.prepare(connection, RAW)
    connection.execute(STATEMENTS("tables"))
    there = raw_tables.columns(connection, RAW)
    modelled = modelled_feeds()
    for name in [*modelled, *(feed.name for feed in configured if feed.name not in modelled)]:
        table = sql.Identifier(RAW, name)
        if name not in there:
            connection.execute(STATEMENTS("feed_table", table=table))
        for column in modelled.get(name, ()):
            if column not in there.get(name, {}):
                connection.execute(
                    sql.SQL("alter table {} add column if not exists {} text").format(
                        table, sql.Identifier(column)
                    )
                )
    for feed in configured:
        with connection.transaction():
            written = connection.execute(STATEMENTS("write_dialect"), feed.model_dump())
            if written.fetchone() == (True,):
                _redate(connection, feed)


def _redate(connection: Connection, feed: Feed) -> None:
    """Give all rows of a feed a new load: its dialect has changed, so they say something else."""
    load_id = packages.new_load_id(connection, RAW)
    table = sql.Identifier(RAW, feed.name)
    connection.execute(sql.SQL("update {} set _dlt_load_id = %s").format(table), [load_id])
    packages.complete(connection, RAW, land.schema_name(feed), load_id)
