"""What every load does, knowing no source: record, raw tables, dlt's packages, compare, erase."""

import os

from ingest.warehouse import PROJECT_DIR, warehouse_dir

# dlt reads these when it is first asked for a setting.
CONFIG_DIR = os.environ.get("MYPIZZA_CONFIG_DIR") or str(PROJECT_DIR)
"""The folder whose `.dlt` holds config.toml and secrets.toml."""
os.environ["DLT_PROJECT_DIR"] = CONFIG_DIR
os.environ["DLT_DATA_DIR"] = str(warehouse_dir() / "dlt")
# What loading relies on is no matter of a user's configuration.
os.environ |= {
    "RUNTIME__DLTHUB_TELEMETRY": "false",
    "RUNTIME__LOG_LEVEL": "CRITICAL",  # what goes wrong is said once, in one sentence of ours
    # Arrow data gets no load id otherwise, and dbt finds new rows by it
    "NORMALIZE__PARQUET_NORMALIZER__ADD_DLT_LOAD_ID": "true",
    "LOAD__DELETE_COMPLETED_JOBS": "true",  # the warehouse has the rows
    "LOAD__TRUNCATE_STAGING_DATASET": "true",
}
