"""How any source is run: clear away what was cut short, load, index, analyze, reconcile, record.

Only complete loads count. dlt writes a load's row into `_dlt_loads` as its very last act, and
every run begins from there, with an empty working directory: where to go on is read back from the
warehouse, from complete loads alone. So a run that is killed, a machine that is replaced and an
ordinary next day are one and the same case, tested by every run:

- A branch without a complete load is read whole, by plain appending. What an earlier attempt left
  of it is deleted first.
- Any later load is a merge, one transaction per table. What a killed one had already merged is
  merged once more, because the cursor of the last complete load still stands before it.
- A killed heal is healed again: `audit.loads` says that it had begun.

The caller holds `warehouse.lock`: one load at a time.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg import sql

from ingest import warehouse as warehouse_module
from ingest.warehouse import PROJECT_DIR, Warehouse, WarehouseError

if TYPE_CHECKING:
    import sqlalchemy as sa
    from dlt.pipeline.pipeline import Pipeline

    from ingest.destination import References
    from ingest.sources.pos import HealWindow, Survey, TableProgress, Till, TillTable
    from ingest.web import WebSource

RAW_POS = "raw_pos"

Connection = psycopg.Connection[tuple[Any, ...]]

AUDIT = """
create schema if not exists audit;

create table if not exists audit.loads (
    run_id text primary key,
    source text not null,
    branch_id text,
    kind text not null,
    load_id text,
    started_at timestamptz not null,
    finished_at timestamptz,
    seconds numeric,
    row_count bigint,
    outcome text not null,
    error text,
    tables jsonb
);

create table if not exists audit.reconciliation (
    source text not null,
    branch_id text not null,
    business_date date not null,
    figure text not null,
    reconciled_at timestamptz not null,
    run_id text,
    at_till numeric not null,
    in_raw numeric not null,
    difference numeric not null,
    is_healed boolean,
    is_open_day boolean not null,
    primary key (source, branch_id, business_date, figure)
);

create table if not exists audit.erasures (
    branch_id text not null,
    customer_id bigint not null,
    requested_at timestamptz not null default clock_timestamp(),
    erased_at timestamptz,
    applied_load_id text,
    row_count bigint not null default 0,
    primary key (branch_id, customer_id)
);
alter table audit.erasures add column if not exists ticket_ids bigint[] not null default '{}';
"""


@dataclass(frozen=True)
class LoadResult:
    """What one run of one pipeline did.

    Attributes:
        source: the source system, for example "pos".
        branch_id: the branch, where the source has one per branch.
        kind: "initial", "incremental" or "heal".
        row_count: rows landed, all tables together.
        tables: rows landed, by table.
        seconds: wall time.
        outcome: "succeeded" or "failed".
        error: one sentence, where it failed.
        notes: what a person should know although it succeeded, for example new columns.
        survey: what was found at the till, for who goes on with it.
    """

    source: str
    branch_id: str | None
    kind: str
    row_count: int
    tables: dict[str, int]
    seconds: float
    outcome: str
    error: str | None = None
    notes: tuple[str, ...] = field(default=())
    survey: Survey | None = field(default=None, repr=False, compare=False)


def run(
    warehouse: Warehouse,
    sources: Sequence[str] | None = None,
    branches: Sequence[str] | None = None,
) -> list[LoadResult]:
    """Load what is new, and reconcile it.

    Args:
        warehouse: where to; the caller holds its lock.
        sources: the sources to run; default all.
        branches: the branches to load, where a source has branches; default all.

    Returns:
        One result per load, heals among them. A failed one does not stop the others.

    Raises:
        WarehouseError: an unknown source or branch, or an unusable warehouse.
    """
    from ingest import erasure

    for source in sources or []:
        if source not in SOURCES:
            raise WarehouseError(f"There is no source {source!r}; there is: {', '.join(SOURCES)}.")
    prepare()
    with warehouse.connect(name="mypizza ingest", role=warehouse_module.LOADER) as connection:
        prepare_audit(connection)
        results: list[LoadResult] = []
        for source in sources or SOURCES:
            results += SOURCES[source](warehouse, connection, branches)
        erasure.reapply_to_tickets(connection)
        return results


def prepare() -> None:
    """Tell dlt where the project is, and to be quiet; before its first import."""
    os.environ["DLT_PROJECT_DIR"] = str(PROJECT_DIR)
    os.environ["DLT_DATA_DIR"] = str(warehouse_module.warehouse_dir() / "dlt")
    os.environ.setdefault("RUNTIME__DLTHUB_TELEMETRY", "false")


def prepare_audit(connection: Connection) -> None:
    """Make the audit tables where they are missing, and close the records of dead processes."""
    connection.execute(AUDIT)
    # Loads run under the warehouse's lock: whoever began one that still "runs" is gone.
    connection.execute(
        "update audit.loads set outcome = 'interrupted', finished_at = now(),"
        " error = 'The process ended before the load did.' where outcome = 'running'"
    )


def _run_pos(
    warehouse: Warehouse, connection: Connection, branches: Sequence[str] | None
) -> list[LoadResult]:
    from ingest import reconcile
    from ingest.sources import pos

    tills = pos.configured_tills(branches)
    index(connection)
    results = [load_till(warehouse, connection, till) for till in tills]
    # All first loads come before the first index: one build over sorted rows costs a fraction of
    # millions of insertions into it.
    index(connection)
    analyze(connection, results)
    for till, result in zip(tills, list(results), strict=True):
        if result.outcome == "succeeded":
            compared = reconcile.reconcile_till(
                warehouse, connection, till, full=result.kind == "initial", survey=result.survey
            )
            results += compared.loads
            if compared.problem:
                results.append(_failed_heal(connection, till, compared.problem))
    return results


def _run_files(
    warehouse: Warehouse, connection: Connection, branches: Sequence[str] | None
) -> list[LoadResult]:
    from ingest import files

    return files.run(warehouse, connection, branches)


def _run_social(
    warehouse: Warehouse, connection: Connection, branches: Sequence[str] | None
) -> list[LoadResult]:
    from ingest.sources.social import SOCIAL

    return _run_api(warehouse, connection, SOCIAL, branches)


def _run_tickets(
    warehouse: Warehouse, connection: Connection, branches: Sequence[str] | None
) -> list[LoadResult]:
    from ingest.sources.tickets import TICKETS

    return _run_api(warehouse, connection, TICKETS, branches)


SOURCES: dict[str, Callable[[Warehouse, Connection, Sequence[str] | None], list[LoadResult]]] = {
    "pos": _run_pos,
    "files": _run_files,
    "social": _run_social,
    "tickets": _run_tickets,
}
"""What runs each source system; the branches are those asked for, None for all."""


def _failed_heal(connection: Connection, till: Till, error: str) -> LoadResult:
    """Record that a till and the warehouse could not be made equal: a person must look."""
    with record(connection, "pos", till.branch_id, "heal", {}) as entry:
        entry.error = error
    return LoadResult("pos", till.branch_id, "heal", 0, {}, entry.seconds, "failed", error)


def load_till(warehouse: Warehouse, connection: Connection, till: Till) -> LoadResult:
    """Load what is new at one till, and record the load in audit.loads.

    Args:
        warehouse: where to.
        connection: an autocommitting connection to it.
        till: the till to read.

    Returns:
        What was loaded, or why not.
    """
    from ingest import erasure, reconcile
    from ingest.sources import pos

    schema_name = f"pos_{till.branch_id}"
    is_initial = last_complete_load(connection, schema_name) is None
    kind = "initial" if is_initial else "incremental"
    progress: dict[str, TableProgress] = {}
    survey: Survey | None = None
    with record(connection, "pos", till.branch_id, kind, {}) as entry:
        try:
            engine = till.engine(warehouse)
            survey = survey_till(warehouse, connection, till, engine)
            entry.notes = survey.notes
            if not is_initial and (doubt := reconcile.doubt(connection, engine, till)):
                raise pos.TillError(doubt)
            if is_initial:
                _take_back(connection, till.branch_id)
            mode = (is_initial, is_initial and _is_first_of_all(connection))
            while entry.load_id is None:
                try:
                    entry.load_id = _run_dlt(warehouse, till, engine, survey, progress, *mode)
                except Exception as error:
                    # It fails while reading, before anything is loaded: the other tables come.
                    refused = pos.cause(error)
                    if not isinstance(refused, pos.RefusedTableError):
                        raise
                    survey = survey.without(refused)
            entry.error = " ".join(survey.problems) or None
            erasure.reapply(connection, till.branch_id)
        except (KeyboardInterrupt, SystemExit):
            raise
        # One till's trouble stays with that till; ConnectorX's panics are no `Exception`.
        except BaseException as error:
            entry.error = pos.explain(error, till, warehouse)
        entry.tables = {
            name: {
                "rows": table.rows,
                "first_cursor": _iso(table.first_cursor),
                "last_cursor": _iso(table.last_cursor),
            }
            for name, table in progress.items()
        }
        entry.row_count = sum(table.rows for table in progress.values())
    tables = {name: table.rows for name, table in progress.items()}
    return replace(_result(till, kind, entry, tables), survey=survey)


def _run_dlt(
    warehouse: Warehouse,
    till: Till,
    engine: sa.Engine,
    survey: Survey,
    progress: dict[str, TableProgress],
    is_initial: bool,
    is_first: bool,
) -> str:
    """Run a till's pipeline once, from its last complete load on, and return the new load's id."""
    from ingest.sources import pos

    schema_name = f"pos_{till.branch_id}"
    references: References = {}
    progress.clear()
    source = pos.pos.clone(name=schema_name)(
        till, warehouse, engine, survey, progress, references,
        is_initial=is_initial, is_first=is_first,
    )  # fmt: skip
    info = dlt_pipeline(warehouse, schema_name, RAW_POS, references).run(
        source,
        loader_file_format="parquet",
        schema_contract={"tables": "evolve", "columns": "evolve", "data_type": "freeze"},
    )
    return info.loads_ids[-1] if info.loads_ids else ""


def survey_till(
    warehouse: Warehouse, connection: Connection, till: Till, engine: sa.Engine
) -> Survey:
    """Hold a till's tables against those of the raw layer."""
    from ingest.sources import pos

    known = _known(connection, f"pos_{till.branch_id}")
    return pos.survey(till, engine, warehouse, _raw_columns(connection), known)


def has_landed(connection: Connection, till: Till, survey: Survey) -> bool:
    """Say whether a till was loaded before, with all the columns that it has now."""
    raw = _raw_columns(connection)
    return last_complete_load(connection, f"pos_{till.branch_id}") is not None and all(
        raw.get(table.name, {}).keys() >= {*survey.columns(table).columns.keys()}
        for table in survey.tables
    )


def heal_till(
    warehouse: Warehouse,
    connection: Connection,
    till: Till,
    engine: sa.Engine,
    survey: Survey,
    heal: HealWindow,
) -> LoadResult:
    """Read some of a till again, whatever its cursors say: a complete load in one transaction.

    It does what dlt does with a merge, row for row, without dlt: a heal brings a few rows, and most
    of the second that dlt takes for them goes into finding out what is known here.

    Args:
        warehouse: where to.
        connection: an autocommitting connection to it.
        till: the till to read, which was loaded before.
        engine: an engine on it.
        survey: what can be read there, without any column that the raw layer lacks.
        heal: what to read.

    Returns:
        What was read, or why not; then nothing is changed.
    """
    from ingest import erasure
    from ingest.sources import pos

    rows: dict[str, int] = {}
    with record(connection, "pos", till.branch_id, "heal", _detail(heal)) as entry:
        try:
            with connection.transaction(), connection.cursor() as cursor:
                # dlt's own ids are such seconds: this load is the branch's newest.
                entry.load_id = str(time.time())
                for table in survey.tables:
                    if heal.reads(table):
                        staged = _stage(cursor, table)
                        names = pos.read_again(
                            till, warehouse, engine, survey, table, heal, cursor, staged
                        )
                        rows[table.name] = _merge(cursor, table, staged, names, till, entry.load_id)
                _complete(connection, till, entry.load_id)
                erasure.reapply(connection, till.branch_id)
            entry.error = " ".join(survey.problems) or None
        except (KeyboardInterrupt, SystemExit):
            raise
        except BaseException as error:  # as above
            entry.load_id, rows = None, {}
            entry.error = pos.explain(error, till, warehouse)
        entry.tables = {name: {"rows": count} for name, count in rows.items()}
        entry.row_count = sum(rows.values())
    return _result(till, "heal", entry, rows)


def _stage(cursor: psycopg.Cursor[Any], table: TillTable) -> sql.Identifier:
    """Make an empty table like a raw one, without its constraints, for this transaction."""
    staged = sql.Identifier(f"staged_{table.name}")
    cursor.execute(
        sql.SQL("create temporary table {} on commit drop as table {} with no data").format(
            staged, sql.Identifier(RAW_POS, table.name)
        )
    )
    return staged


def _merge(
    cursor: psycopg.Cursor[Any],
    table: TillTable,
    staged: sql.Identifier,
    names: Sequence[str],
    till: Till,
    load_id: str,
) -> int:
    """Put staged rows in the place of those with their keys, and return how many."""
    parts = {
        "raw": sql.Identifier(RAW_POS, table.name),
        "staged": staged,
        "key": sql.Identifier(table.primary_key),
        "names": sql.SQL(", ").join(map(sql.Identifier, names)),
    }
    cursor.execute(
        sql.SQL(
            "delete from {raw} as r using {staged} as s"
            " where r.branch_id = %s and r.{key} = s.{key}"
        ).format(**parts),
        [till.branch_id],
    )
    cursor.execute(
        sql.SQL(
            "insert into {raw} ({names}, _dlt_load_id)"
            " select distinct on ({key}) {names}, %s from {staged}"
        ).format(**parts),
        [load_id],
    )
    return cursor.rowcount


def _complete(connection: Connection, till: Till, load_id: str) -> None:
    """Record a load of our own as dlt records its own, at its very end."""
    connection.execute(
        "insert into raw_pos._dlt_loads"
        " (load_id, schema_name, status, inserted_at, schema_version_hash)"
        " select %s, schema_name, 0, now(), schema_version_hash from raw_pos._dlt_loads"
        " where schema_name = %s and status = 0 order by load_id desc limit 1",
        [load_id, f"pos_{till.branch_id}"],
    )


def _result(till: Till, kind: str, entry: Entry, tables: dict[str, int]) -> LoadResult:
    return LoadResult(
        source="pos",
        branch_id=till.branch_id,
        kind=kind,
        row_count=entry.row_count,
        tables=tables,
        seconds=entry.seconds,
        outcome="failed" if entry.error else "succeeded",
        error=entry.error,
        notes=entry.notes,
    )


def _detail(heal: HealWindow) -> dict[str, Any]:
    """Return what audit.loads keeps of a heal from its beginning: a killed one is healed again."""
    stretches = [[_iso(start), _iso(end)] for start, end in heal.stretches]
    return {
        "heal": {
            "stretches": stretches,
            "order_ids": list(heal.order_ids),
            "whole_tables": list(heal.whole_tables),
        }
    }


def mark_deleted(
    connection: Connection, till: Till, gone: dict[TillTable, list[int]]
) -> LoadResult:
    """Mark rows that the till no longer has: a load of its own, in one transaction.

    Args:
        connection: an autocommitting connection to the warehouse.
        till: the till that has them no more.
        gone: the keys, by table.

    Returns:
        How many rows were marked, by table.
    """
    with record(connection, "pos", till.branch_id, "heal", {}) as entry, connection.transaction():
        entry.load_id = str(time.time())
        for table, keys in gone.items():
            connection.execute(
                sql.SQL(
                    "update {} set _deleted_at = now(), _dlt_load_id = %s"
                    " where branch_id = %s and {} = any(%s) and _deleted_at is null"
                ).format(sql.Identifier(RAW_POS, table.name), sql.Identifier(table.primary_key)),
                [entry.load_id, till.branch_id, keys],
            )
            entry.tables[table.name] = {"deleted": len(keys)}
        _complete(connection, till, entry.load_id)
        entry.row_count = sum(map(len, gone.values()))
    return _result(till, "heal", entry, {table.name: len(keys) for table, keys in gone.items()})


def last_complete_load(connection: Connection, schema_name: str, raw: str = RAW_POS) -> str | None:
    """Return the id of a pipeline's newest complete load, or None before the first.

    Args:
        connection: a connection to the warehouse.
        schema_name: dlt's name of the pipeline's schema, for example "pos_north".
        raw: the raw schema that it fills.
    """
    if not exists(connection, f"{raw}._dlt_loads"):
        return None
    row = connection.execute(
        sql.SQL("select max(load_id) from {} where schema_name = %s and status = 0").format(
            sql.Identifier(raw, "_dlt_loads")
        ),
        [schema_name],
    ).fetchone()
    return row[0] if row else None


def _is_first_of_all(connection: Connection) -> bool:
    if not exists(connection, f"{RAW_POS}._dlt_loads"):
        return True
    row = connection.execute(
        "select not exists (select 1 from raw_pos._dlt_loads where status = 0)"
    ).fetchone()
    return bool(row and row[0])


def _run_api(
    warehouse: Warehouse,
    connection: Connection,
    source: WebSource,
    branches: Sequence[str] | None,
) -> list[LoadResult]:
    """Load what has changed behind a web API; where rows are missing then, read everything again.

    An API belongs to no branch, so it is left out where only some branches are asked for.
    """
    from ingest import web

    if branches:
        return []
    if not web.is_configured(source.name):
        # The models read its table, which stays empty.
        if not exists(connection, f"raw_{source.name}.{source.table}"):
            _make_table(dlt_pipeline(warehouse, source.name, f"raw_{source.name}"), source)
        return []
    result, missing = _load_api(warehouse, connection, source)
    if not missing:
        return [result]
    return [result, _load_api(warehouse, connection, source, is_heal=True)[0]]


def _load_api(
    warehouse: Warehouse, connection: Connection, source: WebSource, *, is_heal: bool = False
) -> tuple[LoadResult, int]:
    """Load a web API chunk by chunk, and record it in audit.loads.

    Each chunk is a complete load: a run that dies goes on after the last of them.

    Args:
        warehouse: where to.
        connection: an autocommitting connection to it.
        source: the source.
        is_heal: read everything again, not only what has changed.

    Returns:
        What was loaded, or why not; and how many rows the API has beyond those, at least.
    """
    from ingest import web

    raw = f"raw_{source.name}"
    is_initial = last_complete_load(connection, source.name, raw) is None
    kind = "heal" if is_heal else "initial" if is_initial else "incremental"
    known = _raw_columns(connection, raw).get(source.table, {})
    load_ids: list[str] = []
    missing = 0
    with record(connection, source.name, None, kind, {}) as entry:
        api = web.Api(source.name, "", {})
        try:
            with web.reached(source) as api:
                before = source.probe(api, None).present
                pipeline = dlt_pipeline(warehouse, source.name, raw)
                page_count = api.chunk_pages
                while True:
                    changes, pages = source.read(api, before, None if is_heal else page_count)
                    info = pipeline.run(
                        changes,
                        schema_contract={
                            "tables": "evolve", "columns": "evolve", "data_type": "freeze",
                        },
                    )  # fmt: skip
                    load_ids += info.loads_ids
                    if not exists(connection, f"{raw}.{source.table}"):
                        _make_table(pipeline, source)  # an API without rows
                    _index_api(connection, raw, source.table)
                    if not pages.is_cut:
                        break
                    if not _brought(connection, raw, source.table, info.loads_ids)[0]:
                        # So many rows changed at one moment that a chunk does not get past it.
                        page_count *= 2
                missing = source.probe(api, before).rows - _rows_before(
                    connection, raw, source.table, before
                )
                if is_heal and missing > 0:
                    entry.error = (
                        f"The source {source.name} says that it has {missing:,} rows more than it "
                        f"hands out, also when everything is read again: ask its makers."
                    )
        except (KeyboardInterrupt, SystemExit):
            raise
        except Exception as error:
            entry.error = web.explain(error, api)
        landed = _raw_columns(connection, raw).get(source.table, {})
        entry.notes = tuple(
            f"New column {source.table}.{name} ({landed[name]}) of {source.name}."
            for name in landed
            if known and name not in known
        )
        if load_ids and landed:
            entry.load_id = load_ids[-1]
            entry.row_count, *span = _brought(connection, raw, source.table, load_ids)
            entry.tables[source.table] = {
                "rows": entry.row_count,
                "first_cursor": _iso(span[0]),
                "last_cursor": _iso(span[1]),
            }
    result = LoadResult(
        source.name, None, kind, entry.row_count, {source.table: entry.row_count},
        entry.seconds, "failed" if entry.error else "succeeded", entry.error, entry.notes,
    )  # fmt: skip
    return result, max(0, missing)


def _make_table(pipeline: Pipeline, source: WebSource) -> None:
    """Make the empty table of a web API: the models read it, whether it ever has rows or not."""
    import dlt

    pipeline.run(
        [dlt.mark.materialize_table_schema()],
        table_name=source.table,
        columns=source.columns,
        primary_key="id",
    )


def _index_api(connection: Connection, raw: str, table: str) -> None:
    """Give an API's raw table its key and what dbt finds new rows by; refresh the statistics."""
    if not exists(connection, f"{raw}.{table}"):
        return
    for statement in (
        "create unique index if not exists {key} on {table} (id)",
        "create index if not exists {load} on {table} (_dlt_load_id)",
        "analyze {table}",
    ):
        connection.execute(
            sql.SQL(statement).format(
                table=sql.Identifier(raw, table),
                key=sql.Identifier(f"{table}_key"),
                load=sql.Identifier(f"{table}_load"),
            )
        )


def _rows_before(connection: Connection, raw: str, table: str, before: str) -> int:
    """Return how many rows the raw layer has that changed last before a moment."""
    if not exists(connection, f"{raw}.{table}"):
        return 0
    row = connection.execute(
        # a row that does not say when it changed was handed out all the same
        sql.SQL("select count(*) from {} where updated_at < %s or updated_at is null").format(
            sql.Identifier(raw, table)
        ),
        [before],
    ).fetchone()
    return int(row[0]) if row else 0


def _brought(
    connection: Connection, raw: str, table: str, load_ids: Sequence[str]
) -> tuple[int, datetime | None, datetime | None]:
    """Return how many rows some loads brought, and from when to when they changed."""
    row = connection.execute(
        sql.SQL(
            "select count(*), min(updated_at), max(updated_at) from {} where _dlt_load_id = any(%s)"
        ).format(sql.Identifier(raw, table)),
        [list(load_ids)],
    ).fetchone()
    return row or (0, None, None)


@dataclass
class Entry:
    """A row of audit.loads while its load runs."""

    run_id: str
    seconds: float = 0.0
    load_id: str | None = None
    row_count: int = 0
    error: str | None = None
    tables: dict[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


@contextlib.contextmanager
def record(
    connection: Connection, source: str, branch_id: str | None, kind: str, detail: dict[str, Any]
) -> Iterator[Entry]:
    """Write a load into audit.loads: that it runs, and in the end how it went."""
    entry = Entry(str(uuid.uuid4()))
    connection.execute(
        "insert into audit.loads (run_id, source, branch_id, kind, started_at, outcome, tables)"
        " values (%s, %s, %s, %s, now(), 'running', %s)",
        [entry.run_id, source, branch_id, kind, json.dumps(detail)],
    )
    started = time.monotonic()
    yield entry
    entry.seconds = time.monotonic() - started
    notes = {"notes": entry.notes} if entry.notes else {}
    connection.execute(
        "update audit.loads set finished_at = now(), seconds = %s, load_id = %s, row_count = %s,"
        " outcome = %s, error = %s, tables = %s where run_id = %s",
        [
            round(entry.seconds, 3),
            entry.load_id or None,
            entry.row_count,
            "failed" if entry.error else "succeeded",
            entry.error,
            json.dumps({**entry.tables, **detail, **notes}),
            entry.run_id,
        ],
    )


def index(connection: Connection) -> None:
    """Give the raw tables the indexes that merging and reconciling need; quick when they exist."""
    from ingest.sources.pos import TABLES

    for table in TABLES:
        if not exists(connection, f"{RAW_POS}.{table.name}"):
            continue
        wanted = {"key": table.primary_key, "load": "_dlt_load_id"}
        if table.parent_key:
            wanted["parent"] = table.parent_key
        if table.business_time:
            wanted["time"] = table.business_time
        if table.business_time:
            connection.execute(
                sql.SQL(
                    "create index if not exists {} on {} (branch_id, {})"
                    " where _deleted_at is not null"
                ).format(
                    sql.Identifier(f"{table.name}_deleted"),
                    sql.Identifier(RAW_POS, table.name),
                    sql.Identifier(table.primary_key),
                )
            )
        for suffix, column in wanted.items():
            statement = sql.SQL("create {} index if not exists {} on {} (branch_id, {})").format(
                sql.SQL("unique" if suffix == "key" else ""),
                sql.Identifier(f"{table.name}_{suffix}"),
                sql.Identifier(RAW_POS, table.name),
                sql.Identifier(column),
            )
            try:
                connection.execute(statement)
            except psycopg.errors.UniqueViolation:
                _start_over(connection, table)
                connection.execute(statement)


def _start_over(connection: Connection, table: TillTable) -> None:
    """Take back the branches that hold a key twice: their next load is a first load.

    A copy whose connection broke at its very commit is repeated by dlt, and may then stand there
    twice. Before the first index nothing else would notice.
    """
    rows = connection.execute(
        sql.SQL(
            "select distinct branch_id from"
            " (select branch_id from {} group by branch_id, {} having count(*) > 1) as doubled"
        ).format(sql.Identifier(RAW_POS, table.name), sql.Identifier(table.primary_key))
    ).fetchall()
    for (branch_id,) in rows:
        connection.execute(
            "delete from raw_pos._dlt_loads where schema_name = %s", [f"pos_{branch_id}"]
        )
        _take_back(connection, branch_id)


def analyze(connection: Connection, results: Sequence[LoadResult], raw: str = RAW_POS) -> None:
    """Refresh the planner's statistics of every table that got rows, be they few.

    Args:
        connection: a connection to the warehouse.
        results: what was loaded.
        raw: the raw schema that it was loaded into.

    A planner that has not heard of a new load takes it to have no rows, and goes through all
    product versions for each of them. This reads a sample: its cost does not grow with the table.
    """
    succeeded = [result.tables for result in results if result.outcome == "succeeded"]
    for table in sorted({name for tables in succeeded for name, rows in tables.items() if rows}):
        connection.execute(sql.SQL("analyze {}").format(sql.Identifier(raw, table)))


def dlt_pipeline(
    warehouse: Warehouse, name: str, schema: str, references: References | None = None
) -> Pipeline:
    """Return a dlt pipeline with an empty working directory: its state is in the warehouse.

    Args:
        warehouse: where it loads to.
        name: its name; loads and state are kept under it.
        schema: the raw schema that it fills.
        references: filled by the source with what is copied without a file between.
    """
    import dlt
    from dlt.destinations.impl.postgres.configuration import PostgresCredentials

    from ingest.destination import warehouse_destination

    directory = warehouse_module.warehouse_dir() / "dlt" / "pipelines"
    shutil.rmtree(directory / name, ignore_errors=True)
    credentials = PostgresCredentials(
        {
            "host": warehouse.host,
            "port": warehouse.port,
            "database": warehouse.database,
            "username": warehouse.user,
            "password": warehouse.password,  # none: from .pgpass, or none is asked for
            "query": {
                "sslmode": warehouse.sslmode,
                "application_name": "mypizza ingest",
                # without a space, which SQLAlchemy would write as a plus and libpq read as one
                "options": f"-crole={warehouse_module.LOADER}",
            },
        }
    )
    return dlt.pipeline(
        pipeline_name=name,
        pipelines_dir=str(directory),
        destination=warehouse_destination(credentials, {} if references is None else references),
        dataset_name=schema,
    )


def _raw_columns(connection: Connection, raw: str = RAW_POS) -> dict[str, dict[str, str]]:
    """Return the raw tables' columns with their types, as Postgres names them."""
    columns: dict[str, dict[str, str]] = {}
    rows = connection.execute(
        "select table_name, column_name, data_type from information_schema.columns"
        " where table_schema = %s",
        [raw],
    )
    for table, column, data_type in rows:
        columns.setdefault(table, {})[column] = data_type
    return columns


def _known(connection: Connection, schema_name: str) -> dict[str, set[str]]:
    """Return the columns that a pipeline has ever landed, by table."""
    if not exists(connection, f"{RAW_POS}._dlt_version"):
        return {}
    row = connection.execute(
        "select schema from raw_pos._dlt_version where schema_name = %s"
        " order by inserted_at desc limit 1",
        [schema_name],
    ).fetchone()
    tables = json.loads(row[0])["tables"] if row else {}
    return {name: set(table["columns"]) for name, table in tables.items()}


def _take_back(connection: Connection, branch_id: str) -> None:
    """Delete what first loads that were cut short left of a branch."""
    from ingest.sources.pos import TABLES

    with connection.transaction():
        for table in TABLES:
            if not exists(connection, f"{RAW_POS}.{table.name}"):
                continue
            name = sql.Identifier(RAW_POS, table.name)
            # The lock waits for a copy that outlives its killed client.
            connection.execute(sql.SQL("lock {} in share row exclusive mode").format(name))
            connection.execute(
                sql.SQL("delete from {} where branch_id = %s").format(name), [branch_id]
            )


def exists(connection: Connection, table: str) -> bool:
    """Say whether a table exists, by its schema and name."""
    row = connection.execute("select to_regclass(%s) is not null", [table]).fetchone()
    return bool(row and row[0])


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
