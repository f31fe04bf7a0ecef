"""What every load does, knowing no source: record, raw tables, dlt's packages, compare, erase."""

import os

from ingest.warehouse import PROJECT_DIR, WAREHOUSE_DIR

# dlt reads these when it is first asked for a setting.
CONFIG_DIR = os.environ.get("MYPIZZA_CONFIG_DIR") or str(PROJECT_DIR)
"""The folder whose `.dlt` holds config.toml and secrets.toml."""
os.environ["DLT_PROJECT_DIR"] = CONFIG_DIR
os.environ["DLT_DATA_DIR"] = str(WAREHOUSE_DIR / "dlt")
os.environ.setdefault("RUNTIME__DLTHUB_TELEMETRY", "false")
