"""Who may see what: the roles, the row policies and the way both travel with a publication.

The tests of this file share one warehouse, filled by the pipeline as it runs by default.
"""

from __future__ import annotations

import os
import re
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import psycopg
import pytest
import yaml
from psycopg import sql

from ingest import warehouse as warehouse_module
from ingest.warehouse import PROJECT_DIR, Warehouse
from tests.python.commands import build, mypizza

TILLS = ("chicago", "quito")
MAY_BE_EMPTY = (
    *("rpt_comparable_days", "rpt_findings", "rpt_odd_days", "rpt_product_changes"),
    *("rpt_restatements", "rpt_targets", "rpt_till_figures"),
)
LIVE = ("devices", "orders_today", "sensor_incidents", "sensor_readings", "web_sessions")
COMPANY_WIDE = ("rpt_data_quality", "rpt_chain_days", "rpt_tax_months")
BRANCHES = ("new_york", "san_francisco", "honolulu", *TILLS, "lyon")
PASSWORD = "an analyst's p@ssword"  # noqa: S105 - invented for these tests


def query(warehouse: Warehouse, text: str, role: str | None = None) -> list[tuple[Any, ...]]:
    with warehouse.connect(role=role) as connection:
        return connection.execute(text).fetchall()


def administrator(warehouse: Warehouse, database: str = "mypizza") -> Warehouse:
    password = warehouse_module.read_connection().admin_password
    return replace(warehouse, database=database, user="postgres", password=password)


@pytest.fixture(scope="module")
def published(small_warehouse: Warehouse) -> Warehouse:
    """A published warehouse, an analyst's login, and one for each branch's manager."""
    warehouse = small_warehouse
    logins = {"analyst": "reader"} | {f"boss_{each}": f"manager_{each}" for each in BRANCHES}
    with administrator(warehouse).connect() as connection:
        for login, role in logins.items():
            connection.execute(
                sql.SQL("create role {} login password {} in role {}").format(
                    sql.Identifier(login), sql.Literal(PASSWORD), sql.Identifier(role)
                )
            )
    return warehouse


def as_user(warehouse: Warehouse, user: str) -> Warehouse:
    return replace(warehouse, user=user, password=PASSWORD)


def marts(warehouse: Warehouse) -> dict[str, bool]:
    """Every published mart that the catalog knows, and whether it has a branch."""
    return dict(
        query(
            warehouse,
            """
            select c.relname, exists (
                select 1 from pg_attribute as a
                where a.attrelid = c.oid and a.attname = 'branch_id' and not a.attisdropped
            )
            from pg_class as c
            where c.relnamespace = 'marts'::regnamespace and c.relkind in ('r', 'v', 'm')
            """,
        )
    )


def test_no_role_of_the_pipeline_is_a_superuser(published: Warehouse) -> None:
    roles = query(
        published,
        "select rolname, rolcanlogin from pg_roles where (rolsuper or rolbypassrls or "
        "rolcreaterole) and rolname in ('mypizza', 'loader', 'transformer', 'reader', "
        "'branch_manager') or rolname like 'manager%' and rolsuper",
    )
    assert roles == []


def test_raw_belongs_to_the_loader_and_what_dbt_builds_to_the_transformer(
    published: Warehouse,
) -> None:
    owners = query(
        published,
        """
        select distinct n.nspname, c.relowner::regrole::text
        from pg_class as c inner join pg_namespace as n on n.oid = c.relnamespace
        where c.relkind in ('r', 'v', 'm') and n.nspname !~ '^(pg_|information_schema)'
        order by 1, 2
        """,
    )
    for schema, owner in owners:
        expected = {"loader"} if schema.startswith("raw_") else {"transformer"}
        expected |= {"loader"} if schema == "audit" else set()
        assert owner in expected, (schema, owner)


@pytest.mark.parametrize(
    ("role", "statement"),
    [
        ("loader", "select 1 from marts.fct_orders"),
        ("loader", "select 1 from staging.stg_pos__customers"),
        ("loader", "delete from audit.publications"),
        ("transformer", "delete from raw_pos.orders"),
        ("transformer", "update raw_pos.customers set full_name = ''"),
        ("transformer", "truncate raw_pos.payments"),
        ("transformer", "create table raw_pos.mine (a integer)"),
        ("transformer", "update audit.loads set outcome = 'succeeded'"),
        ("reader", "select 1 from marts_next.fct_orders"),
        ("reader", "delete from marts.fct_orders"),
        ("branch_manager", "update marts.fct_orders set gross_revenue = 0"),
    ],
)
def test_roles_are_refused_what_is_not_theirs(
    published: Warehouse, role: str, statement: str
) -> None:
    refused = pytest.raises(psycopg.errors.InsufficientPrivilege)
    with administrator(published).connect(role=role) as connection, refused:
        connection.execute(statement)


@pytest.mark.parametrize("user", ["analyst", "boss_quito"])
def test_readers_and_managers_can_use_the_marts_and_nothing_else(
    published: Warehouse, user: str
) -> None:
    reader = as_user(published, user)
    usable = query(
        reader,
        """
        select nspname from pg_namespace
        where nspname !~ '^pg_' and has_schema_privilege(oid, 'usage')
        """,
    )
    assert {name for (name,) in usable} == {"live", "marts", "information_schema", "public"}
    readable = query(
        reader,
        """
        select n.nspname, c.relname
        from pg_class as c inner join pg_namespace as n on n.oid = c.relnamespace
        where c.relkind in ('r', 'v', 'm', 'p') and n.nspname !~ '^(pg_|information_schema)'
            and has_schema_privilege(n.oid, 'usage')
            and has_table_privilege(c.oid, 'select')
        """,
    )
    assert {name for schema, name in readable if schema != "live"} == set(marts(published))
    assert {name for schema, name in readable if schema == "live"} == set(LIVE)
    assert query(
        reader,
        """
        select bool_or(has_schema_privilege(oid, 'create')),
            has_database_privilege(current_database(), 'create')
        from pg_namespace
        """,
    ) == [(False, False)]
    assert query(
        reader,
        """
        select relname from pg_class
        where relnamespace = 'marts'::regnamespace and relkind = 'r'
            and has_table_privilege(oid, 'insert, update, delete, truncate')
        """,
    ) == []  # fmt: skip


def wrong_rows(warehouse: Warehouse) -> list[str]:
    """What is wrong with what each branch's manager sees of each mart, and the analyst."""
    wrong = []
    tables = marts(warehouse)
    assert len(tables) >= 10
    with_branch = [table for table, has_branch in tables.items() if has_branch]
    everything = as_user(warehouse, "analyst")
    seen = {
        table: {branch for (branch,) in query(everything, f"select branch_id from marts.{table}")}
        for table in with_branch
    }
    for table, branches in seen.items():
        # a post or a ticket may be about no branch, and Lyon has neither customers nor stock
        expected = set() if table in MAY_BE_EMPTY else set(TILLS)
        if not expected <= branches <= {*BRANCHES, None}:
            wrong.append(f"the analyst sees {branches} of {table}")
    assert "lyon" in seen["fct_orders"]
    for branch in BRANCHES:
        with as_user(warehouse, f"boss_{branch}").connect() as connection:
            for table in tables:
                column = "branch_id" if table in with_branch else f"'{branch}'"
                rows = connection.execute(f"select distinct {column} from marts.{table}").fetchall()
                # rows that tell of all branches together are for no manager
                is_company_wide = table in COMPANY_WIDE
                has_rows = branch in seen.get(table, {branch}) and not is_company_wide
                if rows != ([(branch,)] if has_rows else []):
                    wrong.append(f"the manager of {branch} sees {rows} of {table}")
    return wrong


def test_each_manager_sees_the_own_branch_alone_in_every_mart(published: Warehouse) -> None:
    assert wrong_rows(published) == []
    with as_user(published, "boss_quito").connect() as connection:
        (orders,) = connection.execute("select count(*) from marts.fct_orders").fetchall()
    assert orders == query(
        published, "select count(*) from marts.fct_orders where branch_id = 'quito'"
    )[0]  # fmt: skip


def test_each_manager_sees_the_own_branch_alone_in_what_is_live(published: Warehouse) -> None:
    for branch in BRANCHES:
        with as_user(published, f"boss_{branch}").connect() as connection:
            seen = {
                view: connection.execute(f"select distinct branch_id from live.{view}").fetchall()
                for view in LIVE
            }
        assert seen["orders_today"] == ([(branch,)] if branch in TILLS else [])
        # of the devices of branches that nothing has loaded no readings are expected
        assert seen["devices"] == ([(branch,)] if branch in TILLS else [])
        assert {row for rows in seen.values() for row in rows} <= {(branch,)}
    everything = as_user(published, "analyst")
    assert {*query(everything, "select branch_id from live.devices")} >= {(each,) for each in TILLS}


def test_every_mart_with_a_branch_has_its_policies(published: Warehouse) -> None:
    without = query(
        published,
        """
        select c.relname
        from pg_class as c
        inner join pg_attribute as a
            on a.attrelid = c.oid and a.attname = 'branch_id' and not a.attisdropped
        where c.relnamespace in ('marts'::regnamespace) and c.relkind in ('r', 'v', 'm', 'p')
            and (
                not c.relrowsecurity
                or (select count(*) from pg_policy as p where p.polrelid = c.oid) <> 2
            )
        """,
    )
    assert without == []


def test_the_policy_asks_once_per_query_which_branches_there_are(published: Warehouse) -> None:
    with as_user(published, "boss_chicago").connect() as connection:
        plan = "\n".join(
            line
            for (line,) in connection.execute("explain (analyze) select * from marts.fct_orders")
        )
    assert "InitPlan" in plan
    assert "SubPlan" not in plan


def test_the_catalog_tells_a_manager_no_value_and_no_query_of_others(published: Warehouse) -> None:
    analyst, boss = as_user(published, "analyst"), as_user(published, "boss_quito")
    with analyst.connect() as other:
        other.execute("select 'what the analyst asks'")
        queries = query(
            boss, "select query from pg_stat_activity where usename <> current_user and query <> ''"
        )
    assert {text for (text,) in queries} <= {"<insufficient privilege>"}
    assert query(boss, "select count(*) from pg_stats where schemaname = 'marts'") != [(0,)]
    told = query(
        boss,
        "select distinct tablename from pg_stats where schemaname not in ('pg_catalog',"
        " 'information_schema')",
    )
    marts_of_branches = {table for table, has_branch in marts(published).items() if has_branch}
    assert not {table for (table,) in told} & marts_of_branches


def test_a_manager_of_two_branches_sees_both_and_one_of_none_sees_nothing(
    published: Warehouse,
) -> None:
    with administrator(published).connect() as connection:
        connection.execute("grant manager_chicago to boss_quito")
        connection.execute("revoke manager_honolulu from boss_honolulu")
        connection.execute("grant branch_manager to boss_honolulu")
    branches = "select distinct branch_id from marts.fct_orders order by 1"
    try:
        assert query(as_user(published, "boss_quito"), branches) == [("chicago",), ("quito",)]
        assert query(as_user(published, "boss_honolulu"), branches) == []
    finally:
        with administrator(published).connect() as connection:
            connection.execute("revoke manager_chicago from boss_quito")
            connection.execute("revoke branch_manager from boss_honolulu")
            connection.execute("grant manager_honolulu to boss_honolulu")


@pytest.fixture
def own_server(published: Warehouse) -> Iterator[dict[str, str]]:
    """An empty database on a server of one's own, and its administrator's environment."""
    admin = administrator(published, "postgres")
    with admin.connect() as connection:
        connection.execute("create database restaurant")
    yield replace(admin, database="restaurant").environment | {"MYPIZZA_EMBEDDED": ""}
    with admin.connect() as connection:
        connection.execute("drop database restaurant with (force)")
        connection.execute("drop role if exists piper")


def test_a_server_of_ones_own_is_prepared_once_by_its_administrator(
    own_server: dict[str, str], published: Warehouse, tmp_path: Path
) -> None:
    password = "l0gin's p@ssword"  # noqa: S105 - invented for this test
    pipeline = own_server | {"PGUSER": "mypizza", "PGPASSWORD": published.password}
    refused = mypizza("up", expect=1, environment=pipeline).stderr
    assert "The database 'restaurant' is not prepared" in refused
    assert "mypizza init-warehouse" in refused
    assert len(refused.strip().splitlines()) == 1

    new_login = own_server | {"MYPIZZA_LOGIN_PASSWORD": password}
    for _ in range(2):
        made = mypizza("init-warehouse", "--login", "piper", environment=new_login)
        assert password not in made.stdout + made.stderr
    piper = own_server | {"PGUSER": "piper", "PGPASSWORD": password}
    assert "answers" in mypizza("up", environment=piper).stdout
    log = (warehouse_module.data_dir() / "server.log").read_text(errors="replace")
    assert password not in log

    # a login that nobody made a member
    with administrator(published).connect() as connection:
        connection.execute("revoke loader from piper")
    refused = mypizza("up", expect=1, environment=piper).stderr
    assert "not a member of the role loader" in refused

    # a new branch has a manager, too: the preparation is out of date
    project = tmp_path / "project"
    (project / "seeds").mkdir(parents=True)
    seed = (PROJECT_DIR / "seeds" / "branches.csv").read_text(encoding="utf-8")
    row = seed.strip().splitlines()[-1].replace("quito", "lima")
    (project / "seeds" / "branches.csv").write_text(f"{seed.strip()}\n{row}\n", encoding="utf-8")
    grown = {"MYPIZZA_PROJECT_DIR": str(project)}
    refused = mypizza("up", expect=1, environment=piper | grown).stderr
    assert "other branches" in refused


def test_what_was_made_before_there_were_roles_goes_to_the_role_that_makes_it_now(
    own_server: dict[str, str], published: Warehouse
) -> None:
    admin = administrator(published, "restaurant")
    mypizza("init-warehouse", environment=own_server)
    with admin.connect() as connection:
        for schema in ("raw_pos", "marts"):
            connection.execute(f"create schema {schema} authorization mypizza")
        for table in ("raw_pos.orders", "marts.fct_orders", "audit.loads", "audit.publications"):
            connection.execute(f"create table {table} (order_id bigint)")
            connection.execute(f"alter table {table} owner to mypizza")
    mypizza("init-warehouse", environment=own_server)
    owners = query(
        admin,
        """
        select c.oid::regclass::text, c.relowner::regrole::text
        from pg_class as c inner join pg_namespace as n on n.oid = c.relnamespace
        where c.relkind = 'r' and n.nspname in ('raw_pos', 'marts', 'audit')
        order by 1
        """,
    )
    assert owners == [
        ("audit.loads", "loader"),
        ("audit.publications", "transformer"),
        ("marts.fct_orders", "transformer"),
        ("raw_pos.orders", "loader"),
    ]
    assert query(admin, "select count(*) from raw_pos.orders", role="transformer") == [(0,)]
    assert query(admin, "select count(*) from audit.loads", role="transformer") == [(0,)]
    assert query(admin, "select count(*) from audit.publications", role="loader") == [(0,)]


def test_who_is_no_administrator_gets_one_sentence(own_server: dict[str, str]) -> None:
    nobody = own_server | {"PGUSER": "analyst", "PGPASSWORD": PASSWORD}
    refused = mypizza("init-warehouse", expect=1, environment=nobody).stderr
    assert "may not prepare the database 'restaurant'" in refused
    assert len(refused.strip().splitlines()) == 1


def personal_columns() -> list[tuple[str, str]]:
    """The raw columns with personal data, each with its table, as the sources' YAML names them."""
    return [
        (table, column)
        for table, properties in raw_tables().items()
        for column in properties.get("config", {}).get("meta", {}).get("personal", [])
    ]


def raw_tables() -> dict[str, dict[str, Any]]:
    """The raw tables, as the sources' YAML describes them."""
    return {
        f"{source.get('schema', source['name'])}.{table['name']}": table
        for file in (PROJECT_DIR / "models" / "staging").glob("*/_*__sources.yml")
        for source in yaml.safe_load(file.read_text(encoding="utf-8"))["sources"]
        for table in source["tables"]
    }


def text_columns(warehouse: Warehouse, where: str) -> list[tuple[str, str]]:
    return query(
        warehouse,
        "select c.oid::regclass::text, a.attname from pg_class as c"
        " inner join pg_attribute as a on a.attrelid = c.oid and a.attnum > 0"
        " and not a.attisdropped and a.atttypid in ('text'::regtype, 'varchar'::regtype,"
        f" 'json'::regtype, 'jsonb'::regtype) where c.relkind = 'r' and {where} order by 1, 2",
    )


def test_every_text_of_customers_posts_and_tickets_that_lands_is_described(
    published: Warehouse,
) -> None:
    """Who describes a column says whether it is personal."""
    described = raw_tables()
    tables = ("raw_pos.customers", "raw_social.posts", "raw_tickets.tickets")
    columns = text_columns(published, f"c.oid = any(array{list(tables)}::regclass[])")
    assert set(columns) > {pair for pair in personal_columns() if pair[0] in tables}
    assert [
        (table, column)
        for table, column in columns
        if column not in {each["name"] for each in described[table]["columns"]}
        and column != "_dlt_id"
    ] == []


def test_every_personal_column_is_in_the_docs() -> None:
    page = (PROJECT_DIR / "docs" / "personal-data.md").read_text(encoding="utf-8")
    systems = ("raw_pos.", "raw_social.", "raw_tickets.")
    personal = [pair for pair in personal_columns() if pair[0].startswith(systems)]
    assert [
        pair for pair in personal if f"| `{pair[0].split('.')[1]}.{pair[1]}` |" not in page
    ] == []


def test_every_text_column_of_customers_in_the_marts_is_in_the_docs(published: Warehouse) -> None:
    page = (PROJECT_DIR / "docs" / "personal-data.md").read_text(encoding="utf-8")
    section = page.split("## Text columns of customers in the marts")[1].split("\n## ")[0]
    columns = text_columns(published, "c.oid = 'marts.dim_customers'::regclass")
    assert sorted(name for _, name in columns) == sorted(re.findall(r"^\| `(\w+)`", section, re.M))


def test_no_personal_text_is_in_the_marts(published: Warehouse) -> None:
    landed = text_columns(published, "c.relnamespace::regnamespace::text like 'raw\\_%'")
    listed = personal_columns()
    personal = [pair for pair in landed if pair in listed]
    assert {
        "raw_pos.customers", "raw_pos.orders", "raw_files.stock_counts", "raw_tickets.tickets",
    } <= {table for table, _ in personal}  # fmt: skip
    values = " union ".join(
        # four digits of a card may be a number of anything
        f"select {column}::text as found from {table} where length({column}::text) > 4"
        for table, column in personal
    )
    places = text_columns(published, "c.relnamespace = 'marts'::regnamespace")
    assert len(places) > 30
    searched = [f"select {column}::text as found from {table}" for table, column in places]
    searched.append(
        "select unnest(array[masked_name, email_hash, phone_hash, preferred_language])"
        " from staging.stg_pos__customers"
    )
    with published.connect() as connection:
        connection.execute(f"create temporary table personal as {values}")
        found = connection.execute(
            f"select found from ({' union '.join(searched)}) as searched"
            " intersect select found from personal limit 5"
        ).fetchall()
        hashed = connection.execute(
            "select count(*), count(distinct email_hash) from marts.dim_customers"
            " where email_hash is not null and length(email_hash) = 64"
        ).fetchone()
        addresses = connection.execute(
            "select count(*), count(distinct lower(email)) from raw_pos.customers where email <> ''"
        ).fetchone()
    assert found == []
    assert hashed == addresses == (126, 126)


def test_plain_values_and_the_salt_are_for_the_transformer_alone(published: Warehouse) -> None:
    for relation in ("restricted.base_pos__customers", "restricted.salt"):
        assert query(published, f"select 1 from {relation} limit 1", role="transformer") == [(1,)]
        for role in ("loader", "reader", "branch_manager"):
            refused = pytest.raises(psycopg.errors.InsufficientPrivilege)
            with administrator(published).connect(role=role) as connection, refused:
                connection.execute(f"select 1 from {relation}")
    refused = pytest.raises(psycopg.errors.InsufficientPrivilege)
    with as_user(published, "analyst").connect() as connection, refused:
        connection.execute("select restricted.pseudonym('guess')")
    salt = query(published, "select salt from restricted.salt")[0][0]
    assert len(salt) == 72
    definitions = query(
        published, "select definition from pg_views where schemaname <> 'pg_catalog'"
    )
    assert all(salt not in text for (text,) in definitions)


def personal_rows(warehouse: Warehouse, customer: int) -> list[tuple[Any, ...]]:
    """What raw still says of a customer of Quito."""
    return query(
        warehouse,
        f"""
        select full_name from raw_pos.customers
        where branch_id = 'quito' and customer_id = {customer}
            and (full_name <> 'erased' or coalesce(email, phone, preferences) is not null)
        union all
        select note from raw_pos.orders
        where branch_id = 'quito' and customer_id = {customer} and note is not null
        union all
        select p.card_last_four
        from raw_pos.payments as p
        inner join raw_pos.orders as o on o.branch_id = p.branch_id and o.order_id = p.order_id
        where o.branch_id = 'quito' and o.customer_id = {customer}
            and p.card_last_four is not null
        union all
        select t.requester ->> 'name'
        from raw_tickets.tickets as t
        inner join raw_pos.orders as o on o.order_number = t.order_number
        where o.branch_id = 'quito' and o.customer_id = {customer}
            and (t.requester ->> 'name' <> 'erased' or t.subject is not null)
        """,
    )


def test_a_forgotten_customer_stays_forgotten_and_the_money_stays(published: Warehouse) -> None:
    money = "select sum(order_revenue), sum(paid_amount), count(*) from marts.fct_orders"
    spent = (
        "select order_count, lifetime_net_revenue from marts.dim_customers where customer_key = "
    )
    ((customer, name, email),) = query(
        published,
        """
        select c.customer_id, c.full_name, c.email
        from raw_pos.customers as c
        inner join raw_pos.orders as o
            on o.branch_id = c.branch_id and o.customer_id = c.customer_id
        left join raw_pos.payments as p on p.branch_id = o.branch_id and p.order_id = o.order_id
        left join raw_tickets.tickets as t on t.order_number = o.order_number
        where c.branch_id = 'quito' and c.email is not null and c.phone is not null
        group by c.customer_id, c.full_name, c.email
        having count(nullif(o.note, '')) > 0 and count(p.card_last_four) > 0 and count(t.id) > 0
        order by c.customer_id limit 1
        """,
    )
    key = f"'quito-{customer}'"
    before = (query(published, money), query(published, spent + key))
    others = "select count(*) from raw_pos.customers where full_name = 'erased'"
    # a ticket that names no order is known by the address alone
    with published.connect(role="loader") as connection:
        connection.execute(
            "update raw_tickets.tickets set requester = (select jsonb_build_object('name',"
            " full_name, 'email', upper(email)) from raw_pos.customers where branch_id = 'quito'"
            f" and customer_id = {customer}) where id = (select min(id) from raw_tickets.tickets"
            " where order_number is null)"
        )
    tickets = (
        "select string_agg(lower(concat(requester, subject, comments)), '')"
        " from raw_tickets.tickets"
    )
    assert email.lower() in query(published, tickets)[0][0]

    said = mypizza("forget-customer", "quito", str(customer)).stdout
    assert "anonymised" in said
    assert name not in said
    assert personal_rows(published, customer) == []
    assert email.lower() not in query(published, tickets)[0][0]
    assert query(published, others) == [(1,)]
    assert query(
        published,
        f"select masked_name, email_hash, has_phone from staging.stg_pos__customers"
        f" where customer_key = {key}",
    ) == [("e***", None, False)]  # fmt: skip

    # the till still has the person: a change, a heal, and a reload of everything bring it again
    with published.connect("till_quito") as till:
        till.execute(
            "update customers set updated_at = now(), phone = '+593 2 555 0199'"
            " where customer_id = %s",
            [customer],
        )
        till.execute(
            "update order_lines set quantity = quantity where order_id in"
            " (select order_id from orders where customer_id = %s)",
            [customer],
        )
    with published.connect(role="loader") as connection:
        # behind the loader's back, so that these days differ and are healed
        connection.execute(
            "update raw_pos.orders set total_amount = total_amount + 1, note = 'again'"
            f" where branch_id = 'quito' and customer_id = {customer}"
        )
    mypizza("reconcile", "--branch", "quito", "--all")
    healed = query(
        published, "select count(*) from audit.loads where kind = 'heal' and branch_id = 'quito'"
    )
    assert healed[0][0] > 0
    assert personal_rows(published, customer) == []
    mypizza("ingest", "pos")
    assert personal_rows(published, customer) == []
    build("fct_orders", "dim_customers")
    assert before == tuple(
        query(published, statement.replace("marts.", "marts_next."))
        for statement in (money, spent + key)
    )
    assert query(
        published,
        "select email_hash, phone_hash, has_email, accepts_marketing from marts_next.dim_customers"
        f" where customer_key = {key}",
    ) == [(None, None, False, False)]  # fmt: skip

    with published.connect() as connection:
        connection.execute("drop schema raw_pos, raw_pos_staging cascade")
    mypizza("ingest", "pos")
    assert personal_rows(published, customer) == []
    assert query(published, others) == [(1,)]
    ((erasures, erased_at),) = query(
        published, "select count(*), max(erased_at) from audit.erasures"
    )
    assert (erasures, erased_at is None) == (1, False)


def test_nobody_can_be_forgotten_who_was_never_there() -> None:
    refused = mypizza("forget-customer", "quito", "999999999", expect=1).stderr
    assert "has no customer 999999999" in refused


TILL_PASSWORD, SALT = "canary-t1ll/p@ss", "canary-of-the-s4lt"
OF_QUITO = "SOURCES__POS__TILLS__QUITO__"


@dataclass(frozen=True)
class Rebuilt:
    """What the run left behind that built all anew, with secrets that can be found.

    Attributes:
        ran: what it printed.
        problems: what managers met who looked at every mart while it ran and was rolled back.
        rounds: how often each of them looked at all.
    """

    ran: subprocess.CompletedProcess[str]
    problems: list[str]
    rounds: list[int]


@contextmanager
def managers_in_a_loop(
    published: Warehouse, problems: list[str], rounds: list[int]
) -> Iterator[threading.Event]:
    """Let two managers look at every mart, again and again.

    It gives an event: once it is set, they look more often.
    """
    stop, swapping = threading.Event(), threading.Event()

    def watch(branch: str) -> None:
        count = 0
        with as_user(published, f"boss_{branch}").connect(name="manager in a loop") as connection:
            while not stop.is_set():
                for table in with_branch:
                    try:
                        rows = connection.execute(
                            f"select distinct branch_id from marts.{table}"
                        ).fetchall()
                    except psycopg.Error as error:
                        problems.append(f"{branch}, {table}: {error}")
                        return
                    if rows != [(branch,)] and (rows or table not in MAY_BE_EMPTY):
                        problems.append(f"{branch}, {table}: {rows}")
                count += 1
                # while the builds need the machine, too: now and then
                stop.wait(0.1 if swapping.is_set() else 1)
        rounds.append(count)

    with_branch = [table for table, has_branch in marts(published).items() if has_branch]
    watchers = [threading.Thread(target=watch, args=(branch,)) for branch in ("quito", "chicago")]
    for watcher in watchers:
        watcher.start()
    try:
        yield swapping
    finally:
        stop.set()
        for watcher in watchers:
            watcher.join()


@pytest.fixture(scope="module")
def rebuilt(published: Warehouse) -> Iterator[Rebuilt]:
    """All is built anew with another salt, and rolled back; the secrets stay for the last tests."""
    with administrator(published).connect() as connection:
        connection.execute(
            sql.SQL("create role canary login password {} in role mypizza").format(
                sql.Literal(TILL_PASSWORD)
            )
        )
    address = f"postgresql://canary@{published.host}:{published.port}/till_quito"
    problems: list[str] = []
    rounds: list[int] = []
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv(f"{OF_QUITO}URL", address)
        patched.setenv(f"{OF_QUITO}PASSWORD", TILL_PASSWORD)
        patched.setenv("MYPIZZA_SALT", SALT)
        patched.delenv("DBT_LOG_LEVEL_FILE")  # dbt's log is one of the places
        with managers_in_a_loop(published, problems, rounds) as swapping:
            ran = mypizza("run", "--full-refresh")
            swapping.set()
            mypizza("rollback")
            mypizza("rollback")
        yield Rebuilt(ran, problems, rounds)


def test_rights_hold_in_a_loop_during_rebuilds_and_after_a_rollback(
    published: Warehouse, rebuilt: Rebuilt
) -> None:
    assert rebuilt.problems == []
    assert len(rebuilt.rounds) == 2
    assert min(rebuilt.rounds) > 5
    mypizza("rollback")
    assert wrong_rows(published) == []
    for user in ("analyst", "boss_quito"):
        refused = pytest.raises(psycopg.errors.InsufficientPrivilege)
        with as_user(published, user).connect() as connection, refused:
            connection.execute("select 1 from marts_next.fct_orders")
    mypizza("rollback")


def test_secrets_are_in_no_log_no_error_no_audit_and_no_docs(
    published: Warehouse, rebuilt: Rebuilt
) -> None:
    admin_password = warehouse_module.read_connection().admin_password
    wrong = "canary-wr0ng"
    address = os.environ[f"{OF_QUITO}URL"]
    broken = {f"{OF_QUITO}URL": address.replace("//canary@", f"//canary:{wrong}@")}
    down = {f"{OF_QUITO}URL": f"postgresql://canary:{wrong}@127.0.0.1:1/till"}
    runs = [
        rebuilt.ran,
        mypizza("--help"),
        mypizza("status"),
        mypizza("ingest", "--branch", "quito", environment=broken),
        mypizza("ingest", "--branch", "quito", environment=down, expect=1),
        mypizza("dbt", "--debug", "run", "--select", "stg_pos__customers"),
        mypizza("dbt", "--debug", "show", "--inline", "select nonsense", expect=1),
        mypizza(
            "up", expect=1, environment={"MYPIZZA_EMBEDDED": "", "PGPASSWORD": wrong}
        ),
    ]  # fmt: skip
    wrong_password = {f"{OF_QUITO}PASSWORD": wrong}
    runs.append(mypizza("ingest", "--branch", "quito", environment=wrong_password, expect=1))
    assert query(published, "select salt from restricted.salt") == [(SALT,)]

    printed = "\n".join(run.stdout + run.stderr for run in runs)
    folders = [Path(os.environ[name]) for name in ("DBT_TARGET_PATH", "DBT_LOG_PATH")]
    folders += [warehouse_module.warehouse_dir() / "dlt", PROJECT_DIR / "logs"]
    files = [path for folder in folders for path in folder.rglob("*") if path.is_file()]
    assert len(files) > 100
    assert any(path.name == "dbt.log" for path in files)
    tables = query(
        published,
        "select quote_ident(schemaname) || '.' || quote_ident(tablename) from pg_tables"
        " where schemaname = 'audit' or tablename like '\\_dlt%'",
    )
    assert len(tables) > 10
    recorded = ""
    for (table,) in tables:
        recorded += str(query(published, f"select t::text from {table} as t"))
    for secret in (TILL_PASSWORD, wrong, SALT, published.password, admin_password):
        assert secret not in printed
        assert secret not in recorded
        found = [path for path in files if secret.encode() in path.read_bytes()]
        assert found == []
