"""Whether a till has anything new since its last complete load: one query, before dlt is asked.

dlt takes most of a second to find out that there is nothing to load, and most visits find that.
"""

from __future__ import annotations

import sqlalchemy as sa

from ingest.loads import packages
from ingest.sources.tills.connect import Link
from ingest.sources.tills.read import fresh
from ingest.sources.tills.survey import Survey


def has_news(link: Link, survey: Survey) -> bool:
    """Say whether a load would bring anything: rows, a column or a problem.

    Args:
        link: the till and the raw tables that it fills.
        survey: what the till offers.
    """
    if survey.problems or survey.notes or not survey.has_landed:
        return True
    tables = [table for table in survey.tables if table.changed_at]
    if not tables:
        return False
    cursors = packages.cursors(link.connection, link.system.raw, link.schema_name)
    if cursors is None:
        return True
    news = []
    for table in tables:
        rows = survey.rows(table, table.name)
        last_value = cursors.get(table.name, {}).get(str(table.changed_at))
        news.append(sa.exists().where(fresh(survey, table, rows, last_value)))
    with link.till.engine.connect() as connection:
        return bool(connection.execute(sa.select(sa.or_(*news))).scalar())
