"""Rows as they land: all values as text, with their line numbers, and the rejects among them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from ingest.sources.files.columns import column_names
from ingest.sources.files.feed import Feed, FeedError
from ingest.sources.files.reading import Reading

BATCH_ROWS = 65_536


def table_of(
    names: Sequence[str], columns: Sequence[Any], numbers: Sequence[int], rejects: Mapping[int, str]
) -> pa.Table:
    """Return rows with their line numbers, and after them the rejects with theirs."""
    if isinstance(numbers, range) and not rejects:
        line = pa.arange(numbers.start, numbers.stop)
    else:
        line = pa.array([*numbers, *rejects], pa.int64())
    reject = pa.nulls(len(numbers), pa.string())
    if rejects:
        nothing = pa.nulls(len(rejects), pa.string())
        columns = [pa.chunked_array([*_chunks(column), nothing]) for column in columns]
        reject = pa.chunked_array([reject, pa.array(rejects.values(), pa.string())])
    return pa.table([line, reject, *columns], ["_line_number", "_reject", *names])


def _chunks(column: Any) -> list[Any]:
    return column.chunks if isinstance(column, pa.ChunkedArray) else [column]


def read_parquet(raw: BinaryIO, feed: Feed, _reading: Reading) -> Iterator[pa.Table]:
    """Yield the rows of a Parquet file as text; the line number is the row's.

    Args:
        raw: the opened file.
        feed: its feed.
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
                    raise FeedError(
                        f"A file of the feed {feed.name} has a column {name!r} of the type "
                        f"{column.type}, which is no text: let the sender write plain values."
                    ) from None
                columns.append(pc.replace_substring(text, "\0", "\\x00"))
            yield table_of(names, columns, range(first, first + batch.num_rows), {})
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
