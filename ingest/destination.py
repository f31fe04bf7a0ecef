"""The warehouse as dlt sees it: dlt's Postgres destination, whose Parquet copy streams.

dlt hands ADBC a Python generator, which ADBC's DB-API first gathers into one table: the whole file
stands in memory before its first row is sent, and a file without rows fails. A record batch reader
is streamed instead, and knows its columns without rows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow.parquet as pq
from dlt.common.destination.client import LoadJob
from dlt.common.destination.typing import PreparedTableSchema
from dlt.destinations.impl.postgres.factory import postgres
from dlt.destinations.impl.postgres.postgres import PostgresClient, PostgresParquetCopyJob

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pyarrow as pa

BATCH_ROWS = 65_536


class StreamingCopyJob(PostgresParquetCopyJob):
    """Copies one Parquet file into its table, in one transaction, batch by batch."""

    def run(self) -> None:
        """Copy the file."""
        import pyarrow

        _, schema_name = self._set_catalog_and_schema()
        with pq.ParquetFile(self._file_path) as file, self._connect() as connection:
            # What dlt writes as a dictionary (the load's id) is a plain column in Postgres.
            reader = pyarrow.RecordBatchReader.from_batches(file.schema_arrow, _batches(file))
            with connection.cursor() as cursor:
                cursor.adbc_ingest(
                    self.load_table_name, reader, mode="append", db_schema_name=schema_name
                )
            connection.commit()


def _batches(file: pq.ParquetFile) -> Iterator[pa.RecordBatch]:
    yield from file.iter_batches(batch_size=BATCH_ROWS)


class WarehouseClient(PostgresClient):
    """dlt's Postgres client with the streaming copy."""

    def create_load_job(
        self, table: PreparedTableSchema, file_path: str, load_id: str, restore: bool = False
    ) -> LoadJob:
        """Return the job for one file of a load package."""
        job = super().create_load_job(table, file_path, load_id, restore)
        return StreamingCopyJob(file_path) if isinstance(job, PostgresParquetCopyJob) else job


class WarehouseDestination(postgres):
    """dlt's Postgres destination with the streaming copy."""

    @property
    def client_class(self) -> type[WarehouseClient]:
        """The client that runs this destination's jobs."""
        return WarehouseClient
