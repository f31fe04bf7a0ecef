"""Takes away what nothing in the lake needs any more: old versions, with erased people's rows."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pyiceberg.catalog.sql import SqlCatalog
    from pyiceberg.table import Table


def expire(catalog: SqlCatalog, keep_days: float) -> int:
    """Drop versions older than some days, with the files that only they need.

    Args:
        catalog: the lake's catalog.
        keep_days: how many days a version is kept; the newest always is.

    Returns:
        How many files went.
    """
    before = datetime.now(UTC) - timedelta(days=keep_days)
    gone = 0
    for namespace in catalog.list_namespaces():
        for identifier in catalog.list_tables(namespace):
            gone += _expire(catalog.load_table(identifier), before)
    return gone


def _expire(table: Table, before: datetime) -> int:
    newest = table.current_snapshot()
    if not any(
        snapshot.timestamp_ms < before.timestamp() * 1000 and snapshot != newest
        for snapshot in table.snapshots()
    ):
        return 0
    known = _files(table)
    table.maintenance.expire_snapshots().older_than(before.replace(tzinfo=None)).commit()
    table.refresh()
    unneeded = known - _files(table)
    for file in unneeded:
        table.io.delete(file)
    return len(unneeded)


def _files(table: Table) -> set[str]:
    """Return the files that a table's versions need."""
    found: set[str] = set()
    for snapshot in table.snapshots():
        found.add(snapshot.manifest_list)
        for manifest in snapshot.manifests(table.io):
            found.add(manifest.manifest_path)
            entries = manifest.fetch_manifest_entry(table.io, discard_deleted=False)
            found.update(entry.data_file.file_path for entry in entries)
    return found
