"""How any source is run: prepare, read, index, analyze, compare, heal, erase.

Only complete loads count. dlt writes a load's row into `_dlt_loads` as its very last act, and
every run begins from there, with an empty working directory: where to go on is read back from the
warehouse, from complete loads alone. So a run that is killed, a machine that is replaced and an
ordinary next day are one and the same case, tested by every run.

The caller holds `warehouse.lock`: one load at a time. What is append-only, `follow` lands without
it, so each of these has a lock of its own, too: `turn`.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from ingest.loads import packages, record
from ingest.loads.branches import refuse_unknown
from ingest.loads.configuration import CONFIG_FILE
from ingest.loads.modelled import make_missing
from ingest.loads.raw_tables import analyze
from ingest.loads.source import Compared, LoadResult, Session, Source, Visit, Window
from ingest.warehouse import LOADER, Warehouse, WarehouseError
from ingest.warehouse import turn as turn_at


@contextmanager
def session(
    warehouse: Warehouse, name: str = "mypizza ingest", *, is_following: bool = False
) -> Iterator[Session]:
    """Open what a command's loads share, with the audit's tables made.

    Args:
        warehouse: where to; the caller holds its lock.
        name: `application_name`, as shown in `pg_stat_activity`.
        is_following: whether the loads come again and again.

    Yields:
        The session.
    """
    if not gc.get_freeze_count():
        # to search what was imported for garbage takes a third of a second in a first load
        gc.freeze()
    with warehouse.connect(name=name, role=LOADER) as connection:
        record.prepare(connection)
        yield Session(warehouse, connection, is_following)


def run(
    warehouse: Warehouse,
    sources: Sequence[Source],
    branches: Sequence[str] | None = None,
    following: Callable[[Source, Visit], bool] | None = None,
) -> list[LoadResult]:
    """Load what is new, compare it with its sources, and heal what differs.

    Args:
        warehouse: where to; the caller holds its lock.
        sources: the sources to run.
        branches: the branches to load, where a source has branches; default all.
        following: says which parts are read, where loads come again and again; default all, once.

    Returns:
        One result per load, heals among them. A failed one does not stop the others.

    Raises:
        WarehouseError: there is no such branch, or no source has it.
    """
    refuse_unknown(branches or ())
    with session(warehouse, is_following=following is not None) as opened:
        results: list[LoadResult] = []
        visits: list[tuple[Source, Sequence[Visit]]] = []
        for source in sources:
            if branches and not source.has_branches:
                continue
            try:
                with turn(opened, source):
                    packages.follow_the_warehouse(opened.connection, source.raw)
                    own = source.visits(opened, branches)
                    own = [visit for visit in own if not following or following(source, visit)]
                    source.prepare(opened)
                visits.append((source, own))
            except WarehouseError as error:
                results.append(failed(opened, source.name, None, "incremental", str(error)))
        if not results:
            _refuse_unreached(opened, branches, sources)
        for source, own in visits:
            results += _run(opened, source, own)
        erase(opened, sources)
        return results


@contextmanager
def turn(opened: Session, source: Source) -> Iterator[None]:
    """Hold the lock of a source that also lands while a build runs; others need none.

    Args:
        opened: the session.
        source: the source.
    """
    if source.is_append_only:
        with turn_at(opened.connection, source.name):
            yield
    else:
        yield


def _refuse_unreached(
    opened: Session, branches: Sequence[str] | None, sources: Sequence[Source]
) -> None:
    """Refuse a branch that none of the sources has."""
    asked = [source for source in sources if source.has_branches]
    for branch_id in branches or ():
        if not any(source.visits(opened, [branch_id]) for source in asked):
            names = ", ".join(source.name for source in asked)
            raise WarehouseError(
                f"No source has the branch {branch_id} (asked: {names}): add its till or its feed "
                f"to {CONFIG_FILE}."
            )


def _run(opened: Session, source: Source, visits: Sequence[Visit]) -> list[LoadResult]:
    loads = [visit.read() for visit in visits]  # what needs a turn takes it, once it is answered
    with turn(opened, source):
        return _compared(opened, source, visits, loads)


def _compared(
    opened: Session, source: Source, visits: Sequence[Visit], loads: Sequence[LoadResult]
) -> list[LoadResult]:
    make_missing(opened.connection, source.raw)
    # All first loads come before the first index: one build over sorted rows costs a fraction of
    # millions of insertions into it.
    source.prepare(opened)
    analyze(opened.connection, source.raw, loads)
    results = list(loads)
    for visit, load in zip(visits, loads, strict=True):
        if load.outcome == "succeeded" or load.can_compare:
            results += _compare(opened, source, visit, Window(everything=load.kind == "initial"))
    return results


def _compare(opened: Session, source: Source, visit: Visit, window: Window) -> list[LoadResult]:
    compared = visit.compare(window)
    results = list(compared.loads)
    if compared.problem:
        results.append(failed(opened, source.name, visit.branch_id, "heal", compared.problem))
    return results


def erase(opened: Session, sources: Sequence[Source]) -> int:
    """Erase everyone in audit.erasures from all rows.

    Args:
        opened: the session.
        sources: all sources; the last goes first, because it may know people by the first.

    Returns:
        How many raw rows were changed.
    """
    return sum(source.erase(opened) for source in reversed(sources))


def compare(
    warehouse: Warehouse, sources: Sequence[Source], branches: Sequence[str] | None, window: Window
) -> list[Compared]:
    """Compare sources with the raw layer, and heal what differs.

    Args:
        warehouse: the warehouse; the caller holds its lock.
        sources: the sources that can be compared per day.
        branches: which branches; default all.
        window: what is compared.

    Returns:
        One result per branch.

    Raises:
        WarehouseError: there is no such branch, or no source has it.
    """
    refuse_unknown(branches or ())
    with session(warehouse, "mypizza reconcile") as opened:
        visits = []
        for source in sources:
            source.prepare(opened)
            visits.append((source, source.visits(opened, branches)))
        _refuse_unreached(opened, branches, sources)
        return [visit.compare(window) for _, own in visits for visit in own]


def failed(
    opened: Session, source: str, branch_id: str | None, kind: str, problem: str
) -> LoadResult:
    """Record what a person must look at as a failed load.

    Args:
        opened: the session.
        source: the source's name.
        branch_id: the branch, if it is one branch's trouble.
        kind: "initial", "incremental" or "heal".
        problem: one sentence.
    """
    with record.load(opened.connection, source, branch_id, kind) as entry:
        entry.error = problem
    return entry.result
