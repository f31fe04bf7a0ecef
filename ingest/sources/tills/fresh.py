"""Whether a till has anything new since its last complete load: one query, before dlt is asked.

dlt takes most of a second to find out that there is nothing to load, and most visits find that.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from ingest.loads import packages
from ingest.sources.tills.connect import Link
from ingest.sources.tills.declaration import Table
from ingest.sources.tills.survey import Survey


def has_news(link: Link, survey: Survey) -> bool:
    """Say whether a load would bring anything: rows, a column or a problem.

    Args:
        link: the till and the raw tables that it fills.
        survey: what the till offers.
    """
    if survey.problems or survey.notes or not survey.has_landed:
        return True
    if not all(table.changed_at for table in survey.tables):
        return True
    cursors = packages.cursors(link.connection, link.system.raw, link.schema_name)
    if cursors is None:
        return True
    news = [
        sa.exists().where(_is_new(link, survey, table, cursors.get(table.name, {})))
        for table in survey.tables
    ]
    with link.till.engine.connect() as connection:
        return bool(connection.execute(sa.select(sa.or_(*news))).scalar())


def _is_new(
    link: Link, survey: Survey, table: Table, cursor: dict[str, Any]
) -> sa.ColumnElement[bool]:
    """Return the condition by which a load would read rows of a table."""
    dialect = link.till.dialect
    column = survey.metadata.tables[table.name].c[str(table.changed_at)]
    fresh = column < sa.literal_column(dialect.present)
    last = cursor.get(str(table.changed_at))
    if last is not None:
        fresh = sa.and_(column > dialect.literal(last), fresh)
    # a row without a cursor is read every time
    return sa.or_(fresh, column.is_(None)) if column.nullable else fresh
