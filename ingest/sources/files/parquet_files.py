"""Parquet files: their values land as text, as a person would write them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from ingest.sources.files.columns import column_names, rows

BATCH_ROWS = 65_536


def read_parquet(raw: BinaryIO) -> Iterator[pa.Table]:
    """Yield the rows of a Parquet file as text; the line number is the row's.

    Args:
        raw: the opened file.

    Raises:
        ValueError: a column holds lists or the like.
    """
    with pq.ParquetFile(raw) as parquet:
        titles = parquet.schema_arrow.names
        names = column_names(tuple(titles))
        first = 1
        for batch in parquet.iter_batches(batch_size=BATCH_ROWS):
            last = first + batch.num_rows
            columns = [_as_text(*each) for each in zip(titles, batch.columns, strict=True)]
            yield rows(names, columns, pa.arange(first, last))
            first = last


def _as_text(title: str, column: pa.Array) -> pa.Array:
    """Return values as text; a float with the digits that it is sure of: 0.3, not 0.30…04."""
    digits = {pa.float64(): 15, pa.float32(): 6, pa.float16(): 3}.get(column.type)
    if digits:
        values = [None if each is None else f"{each:.{digits}g}" for each in column.to_pylist()]
        return pa.array(values, pa.string())
    try:
        return pc.replace_substring(column.cast(pa.string()), "\0", "\\x00")
    except (pa.ArrowNotImplementedError, pa.ArrowInvalid):
        raise ValueError(
            f"its column {title!r} has the type {column.type}, which is no plain value"
        ) from None
