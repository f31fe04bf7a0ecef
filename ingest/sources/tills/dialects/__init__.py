"""The engines that a till may have, by the scheme of its url: another one is a file and a line."""

from __future__ import annotations

from collections.abc import Mapping

from ingest.sources.tills.dialects.base import Dialect
from ingest.sources.tills.dialects.mysql import MYSQL
from ingest.sources.tills.dialects.postgres import POSTGRES
from ingest.sources.tills.dialects.sqlite import SQLITE

__all__ = ["MYSQL", "POSTGRES", "SCHEMES"]

SCHEMES: Mapping[str, Dialect] = {
    "postgresql": POSTGRES, "postgres": POSTGRES, "mysql": MYSQL, "mariadb": MYSQL,
    "sqlite": SQLITE,
}  # fmt: skip
"""By the scheme of a till's url, as a chain writes it."""
