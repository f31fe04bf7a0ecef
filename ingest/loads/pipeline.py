"""dlt's pipelines, each with an empty working directory: their state is in the warehouse."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import dlt
from dlt.common.pipeline import LoadInfo
from dlt.common.schema.typing import TSchemaContract
from dlt.common.storages.load_storage import LoadItemStorage
from dlt.destinations.impl.postgres.configuration import PostgresCredentials
from dlt.extract.storage import ExtractorItemStorage
from dlt.pipeline.exceptions import PipelineStepFailed
from dlt.pipeline.pipeline import Pipeline

from ingest import warehouse as warehouse_module
from ingest.loads.destination import References, warehouse_destination
from ingest.warehouse import LOADER, Warehouse

CONTRACT: TSchemaContract = {"tables": "evolve", "columns": "evolve", "data_type": "freeze"}
"""New tables and columns come in; a column whose type has changed does not."""


def _keep_percent_signs(storage: Any) -> None:
    """Let dlt write below a folder with a % in its name: it fills in its files' paths by `%`."""
    path_of = storage._get_data_item_path_template

    def template(*arguments: Any) -> str:
        path = Path(path_of(*arguments))
        return str(Path(str(path.parent).replace("%", "%%"), path.name))

    storage._get_data_item_path_template = template


for _storage in (ExtractorItemStorage, LoadItemStorage):
    _keep_percent_signs(_storage)


def pipeline(
    warehouse: Warehouse, name: str, raw: str, references: References | None = None
) -> Pipeline:
    """Return a dlt pipeline.

    Args:
        warehouse: where it loads to.
        name: its name; loads and state are kept under it.
        raw: the raw schema that it fills.
        references: filled by the source with what is copied without a file between.
    """
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
                "options": f"-crole={LOADER}",
            },
        }
    )
    return dlt.pipeline(
        pipeline_name=name,
        pipelines_dir=str(directory),
        destination=warehouse_destination(credentials, {} if references is None else references),
        dataset_name=raw,
    )


def run(loads: Pipeline, data: Any, **options: Any) -> LoadInfo:
    """Run a pipeline; Ctrl+C ends it as it ends anything else, not as a step that failed.

    Args:
        loads: the pipeline.
        data: what it loads.
        options: as for dlt's `run`.

    Returns:
        What dlt says of the load.

    Raises:
        KeyboardInterrupt: Ctrl+C has ended it.
    """
    try:
        return loads.run(data, schema_contract=CONTRACT, **options)
    except PipelineStepFailed as error:
        if isinstance(error.exception, KeyboardInterrupt):
            raise KeyboardInterrupt from None
        raise
