"""The right to erasure: a person at a till becomes nobody in the warehouse, and stays nobody.

What a till still has comes again: with the next change, a heal, a full reload. So every erasure is
remembered in `audit.erasures`, by branch and customer number alone, and done again on all rows that
have come in since, at the end of each load. Staging is views on raw, so nothing is ever built from
a row that an erasure has yet to reach. Money, dates and keys stay as they are.

The person's support tickets go with them: those of the person's orders, and those written from the
address that the till had, which are remembered by their ids, because the address is not.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from psycopg import sql

from ingest import pipeline
from ingest.warehouse import WarehouseError

if TYPE_CHECKING:
    from ingest.pipeline import Connection

ERASED: Mapping[str, Mapping[str, Any]] = {
    "customers": {
        "full_name": "erased",
        "email": None,
        "phone": None,
        "preferences": None,
        "preferred_language": None,
        "accepts_marketing": False,
    },
    "orders": {"note": None},
    "payments": {"card_last_four": None},
}
"""Per raw table, the columns that say something of a person, and what takes their place."""

# How a table's rows are found, given the erasures e: payments know the customer by their order.
_OF_CUSTOMER = {
    "customers": "t.customer_id = e.customer_id",
    "orders": "t.customer_id = e.customer_id",
    "payments": """
        exists (
            select 1 from raw_pos.orders as o
            where o.branch_id = t.branch_id and o.order_id = t.order_id
                and o.customer_id = e.customer_id
        )
    """,
}


# Tickets of an erased person: what is left says when somebody wrote, and who of the two.
_TICKETS = """
    update raw_tickets.tickets as t
    set requester = '{"name": "erased", "email": null}', subject = null,
        comments = (
            select jsonb_agg(
                jsonb_build_object(
                    'id', said.value -> 'id', 'author', said.value -> 'author',
                    'created_at', said.value -> 'created_at'
                )
                order by said.ordinality
            )
            from jsonb_array_elements(t.comments) with ordinality as said
        )
    where t.requester is distinct from '{"name": "erased", "email": null}'
        and exists (
            select 1 from audit.erasures as e
            where t.id = any (e.ticket_ids)
                or t.order_number in (
                    select o.order_number from raw_pos.orders as o
                    where o.branch_id = e.branch_id and o.customer_id = e.customer_id
                )
        )
"""


def forget(connection: Connection, branch_id: str, customer_id: int) -> int:
    """Make a customer nobody, now and after every load to come.

    Args:
        connection: an autocommitting connection as loader; the caller holds the warehouse's lock.
        branch_id: the branch whose customer it is.
        customer_id: the customer's number there.

    Returns:
        How many raw rows said something of the person.

    Raises:
        WarehouseError: nobody of that number has ever come in from that branch.
    """
    known = (
        pipeline.exists(connection, "raw_pos.customers")
        and connection.execute(
            "select 1 from raw_pos.customers where branch_id = %(branch)s and customer_id = %(id)s"
            " union all "
            "select 1 from raw_pos.orders where branch_id = %(branch)s and customer_id = %(id)s"
            " limit 1",
            {"branch": branch_id, "id": customer_id},
        ).fetchone()
    )
    if not known:
        raise WarehouseError(
            f"No customer {customer_id} has come in from the branch {branch_id!r}: look for "
            "branch_id and customer_id in marts.dim_customers."
        )
    with connection.transaction():
        connection.execute(
            "insert into audit.erasures (branch_id, customer_id) values (%s, %s)"
            " on conflict (branch_id, customer_id) do update set applied_load_id = null",
            [branch_id, customer_id],
        )
        if _has_tickets(connection):
            connection.execute(
                "update audit.erasures as e set ticket_ids = e.ticket_ids || array("
                " select t.id from raw_tickets.tickets as t"
                " inner join raw_pos.customers as c on c.branch_id = e.branch_id"
                " and c.customer_id = e.customer_id"
                " and lower(trim(t.requester ->> 'email')) = lower(trim(c.email)))"
                " where e.branch_id = %s and e.customer_id = %s",
                [branch_id, customer_id],
            )
        return reapply_to_tickets(connection) + reapply(connection, branch_id)


def reapply(connection: Connection, branch_id: str) -> int:
    """Erase what has come in of a branch's erased customers since they were last erased.

    Args:
        connection: a connection as loader; the caller holds the warehouse's lock.
        branch_id: the branch.

    Returns:
        How many raw rows were changed.
    """
    with connection.transaction():
        row = connection.execute(
            "select min(coalesce(applied_load_id, '')), count(*) from audit.erasures"
            " where branch_id = %s",
            [branch_id],
        ).fetchone()
        if row is None or not row[1]:
            return 0
        changed = 0
        for table, columns in ERASED.items():
            if not pipeline.exists(connection, f"raw_pos.{table}"):
                continue
            present = {
                name
                for (name,) in connection.execute(
                    "select attname from pg_attribute where attrelid = to_regclass(%s)"
                    " and not attisdropped",
                    [f"raw_pos.{table}"],
                )
            }
            kept = {name: value for name, value in columns.items() if name in present}
            cursor = connection.execute(_statement(table, kept), [branch_id, row[0]])
            changed += cursor.rowcount
        # Rows of a load in flight carry a later id than the last complete one: they come again.
        connection.execute(
            "update audit.erasures set erased_at = clock_timestamp(), applied_load_id = %s,"
            " row_count = row_count + %s where branch_id = %s",
            [pipeline.last_complete_load(connection, f"pos_{branch_id}"), changed, branch_id],
        )
    return changed


def reapply_to_tickets(connection: Connection) -> int:
    """Erase the guests in all erased customers' support tickets, whenever those came in.

    Args:
        connection: a connection as loader; the caller holds the warehouse's lock.

    Returns:
        How many raw tickets were changed.
    """
    if not _has_tickets(connection):
        return 0
    return connection.execute(_TICKETS).rowcount


def _has_tickets(connection: Connection) -> bool:
    return pipeline.exists(connection, "raw_tickets.tickets") and pipeline.exists(
        connection, "raw_pos.orders"
    )


def reapply_all(connection: Connection) -> None:
    """Do for all branches what each load does for its own, where a killed one did not come to it.

    Args:
        connection: a connection as loader; the caller holds the warehouse's lock.
    """
    if pipeline.exists(connection, "audit.erasures"):
        for (branch_id,) in connection.execute(
            "select distinct branch_id from audit.erasures"
        ).fetchall():
            reapply(connection, branch_id)
        reapply_to_tickets(connection)


def _statement(table: str, columns: Mapping[str, Any]) -> sql.Composed:
    """Return the update of one table; its parameters are the branch and the load to begin after."""
    assignments = [
        sql.SQL("{} = {}").format(sql.Identifier(name), sql.Literal(value))
        for name, value in columns.items()
    ]
    differing = [
        sql.SQL("t.{} is distinct from {}").format(sql.Identifier(name), sql.Literal(value))
        for name, value in columns.items()
    ]
    return sql.SQL(
        "update {} as t set {} from audit.erasures as e"
        " where e.branch_id = t.branch_id and t.branch_id = %s and t._dlt_load_id > %s"
        " and {} and ({})"
    ).format(
        sql.Identifier(pipeline.RAW_POS, table),
        sql.SQL(", ").join(assignments),
        sql.SQL(_OF_CUSTOMER[table]),
        sql.SQL(" or ").join(differing),
    )
