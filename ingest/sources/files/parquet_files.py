"""Parquet files: their values land as text, as a person would write them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from ingest.loads.source import SourceError
from ingest.sources.files.columns import column_names, rows
from ingest.sources.files.feed import Feed

BATCH_ROWS = 65_536


def read_parquet(raw: BinaryIO, feed: Feed) -> Iterator[pa.Table]:
    """Yield the rows of a Parquet file as text; the line number is the row's.

    Args:
        raw: the opened file.
        feed: its feed.

    Raises:
        SourceError: a column holds lists or the like.
    """
    with pq.ParquetFile(raw) as parquet:
        names = column_names(tuple(parquet.schema_arrow.names))
        first = 1
        for batch in parquet.iter_batches(batch_size=BATCH_ROWS):
            columns = []
            for name, column in zip(batch.schema.names, batch.columns, strict=True):
                try:
                    text = _as_written(column)
                except (pa.ArrowNotImplementedError, pa.ArrowInvalid):
                    raise SourceError(
                        f"A file of the feed {feed.name} has a column {name!r} of the type "
                        f"{column.type}, which is not a plain value: ask the sender to write "
                        f"plain values."
                    ) from None
                columns.append(pc.replace_substring(text, "\0", "\\x00"))
            yield rows(names, columns, range(first, first + batch.num_rows))
            first += batch.num_rows


def _as_written(column: pa.Array) -> pa.Array:
    """Return values as text; a float with the digits that it is sure of: 0.3, not 0.30…04."""
    digits = {pa.float64(): 15, pa.float32(): 6, pa.float16(): 3}.get(column.type)
    if digits is None:
        return column.cast(pa.string())
    values = column.to_pylist()
    return pa.array(
        [None if each is None else f"{each:.{digits}g}" for each in values], pa.string()
    )
