"""Where the lake is: what `[lake]` in the configuration says, and its catalog in the warehouse."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from pydantic import Field

from ingest.loads import configuration
from ingest.loads.configuration import CONFIG_FILE, Declared
from ingest.warehouse import LOADER, Warehouse, WarehouseError

if TYPE_CHECKING:
    from pyiceberg.catalog.sql import SqlCatalog

SCHEMA = "lake"
"""The schema of the warehouse that holds the catalog: Iceberg's own tables for JDBC."""

UNREACHABLE = (
    "The lake at {url} cannot be read or written ({reason}): check url and options of [lake] in "
    f"{CONFIG_FILE}. What is complete stays; the next mypizza lake sync does the rest."
)

NOT_INSTALLED = "The lake needs the extra lake: pip install -e '.[lake]'."


class Lake(Declared):
    """The section `[lake]`.

    Attributes:
        url: a folder, or a bucket (s3://, abfss://, gs://).
        options: the store's, as Iceberg names them, for example "s3.endpoint".
        keep_days: how many days what was changed or deleted stays in the lake's files.
    """

    url: str = Field(min_length=1)
    options: dict[str, str] = Field(default_factory=dict)
    keep_days: float = Field(default=7, ge=0)


def lake() -> Lake:
    """Return what is configured.

    Raises:
        WarehouseError: there is no lake, or its section is wrong.
    """
    if not configuration.is_configured("lake"):
        raise WarehouseError(
            f'There is no lake: write [lake] with url = "a folder or a bucket" into {CONFIG_FILE}.'
        )
    return configuration.read(Lake, "lake")


def open_catalog(warehouse: Warehouse, declared: Lake) -> SqlCatalog:
    """Open the catalog, which is made the first time.

    Args:
        warehouse: the warehouse that holds it.
        declared: the lake.

    Raises:
        WarehouseError: a library is not installed.
    """
    try:
        from pyiceberg.catalog.sql import SqlCatalog
    except ModuleNotFoundError:
        raise WarehouseError(NOT_INSTALLED) from None

    with warehouse.connect(name="mypizza lake", role=LOADER) as connection:
        connection.execute(f"create schema if not exists {SCHEMA}".encode())
    url = declared.url if "://" in declared.url else str(Path(declared.url).expanduser().resolve())
    return SqlCatalog(
        SCHEMA,
        uri=address(warehouse, "postgresql+psycopg2", f"-crole={LOADER} -csearch_path={SCHEMA}"),
        warehouse=url.rstrip("/"),
        **declared.options,
    )


def address(warehouse: Warehouse, scheme: str, options: str) -> str:
    """Return a warehouse's address as a URL.

    Args:
        warehouse: the warehouse.
        scheme: of the driver.
        options: settings of the session, as libpq's `options`.
    """
    login = quote(warehouse.user, safe="")
    password = f":{quote(warehouse.password, safe='')}" if warehouse.password else ""
    settings = {
        "host": warehouse.host,
        "port": str(warehouse.port),
        "sslmode": warehouse.sslmode,
        "application_name": "mypizza lake",
        "options": options,
    }
    query = "&".join(f"{name}={quote(value, safe='')}" for name, value in settings.items())
    return f"{scheme}://{login}{password}@/{quote(warehouse.database, safe='')}?{query}"
