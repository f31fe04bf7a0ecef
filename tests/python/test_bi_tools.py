"""What the drivers of BI tools find in the warehouse, as an analyst and as a branch's manager.

Each driver tells the same facts, by its own calls for metadata, and what must be true of them
stands once. The logins are made as people make them, by `mypizza add-reader`.
"""

from __future__ import annotations

import csv
import io
import os
import re
import shutil
import socket
import subprocess
import sys
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import pandas
import psycopg
import pytest
import sqlalchemy as sa
import yaml

from ingest import warehouse as warehouse_module
from ingest.warehouse import PROJECT_DIR, Warehouse, WarehouseError
from tests.python.commands import mypizza, query
from tests.python.test_rights import personal_columns

PASSWORD = "a person's p@ss/word: 100% {sure}; äß"  # noqa: S105 - invented for these tests
BRANCH = "quito"
LOGINS = {"analyst": [], "boss": ["--branch", BRANCH]}
DRIVERS = PROJECT_DIR / "tests" / "drivers"
JDBC = Path("/usr/share/java/postgresql.jar")

ROW = """
    select business_date, order_revenue, is_cancelled, ordered_at, local_hour, branch_id
    from marts.fct_orders
    where order_revenue <> trunc(order_revenue) and branch_id = 'quito'
    order by order_key limit 1
"""
REFUSED = "select * from restricted.base_pos__customers"

TYPES = {
    "psql": (
        "date", "numeric(18,2)", "boolean", "timestamp with time zone", "integer", "text",
    ),
    "psycopg": ("date", "Decimal", "bool", "datetime", "int", "str"),
    "sqlalchemy": ("date", "Decimal", "bool", "Timestamp", "int64", "str"),
    "jdbc": (
        "java.sql.Date", "java.math.BigDecimal", "java.lang.Boolean", "java.sql.Timestamp",
        "java.lang.Integer", "java.lang.String",
    ),
    "odbc": ("date", "Decimal", "bool", "datetime", "int", "str"),
    # R has no decimal of its own
    "r": ("Date", "numeric", "logical", "POSIXct", "integer", "character"),
}  # fmt: skip
"""What a date, an amount, a flag, an instant, a whole number and a text become in each driver."""

SAYS_NO_COMMENTS = {"odbc", "r"}
SAYS_NO_KEYS = {"r"}
LISTS_ONLY_MARTS = {"psycopg", "sqlalchemy"}
"""And what is live. The others ask Postgres' catalog: they list names that they cannot read."""


@dataclass
class Facts:
    """What a driver tells of the warehouse to a login."""

    tables: dict[tuple[str, str], str] = field(default_factory=dict)
    columns: dict[tuple[str, str], str] = field(default_factory=dict)
    primary_keys: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    foreign_keys: set[tuple[str, str, str, str]] = field(default_factory=set)
    values: list[tuple[str, str, str]] = field(default_factory=list)
    branches: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    refused: str = ""

    @classmethod
    def of(cls, records: Iterable[tuple[str, ...]]) -> Facts:
        """Sort what a driver has told."""
        facts = cls()
        for kind, *fields in records:
            match kind, fields:
                case "table", [schema, table, comment]:
                    facts.tables[schema, table] = comment
                case "column", [table, column, _, comment]:
                    facts.columns[table, column] = comment
                case "primary key", [table, _, column]:
                    facts.primary_keys[table].append(column)
                case "foreign key", [table, column, parent, parent_column]:
                    facts.foreign_keys.add((table, column, parent, parent_column))
                case "value", [column, kind_of_value, text]:
                    facts.values.append((column, kind_of_value, text))
                case "branch", [table, branch]:
                    facts.branches[table].add(branch)
                case "refused", [message]:
                    facts.refused = message
                case _:
                    raise AssertionError((kind, fields))
        return facts


@cache
def declared() -> Facts:
    """What models/marts says of tables, columns and keys; texts of doc blocks left out."""
    facts = Facts()
    for file in sorted((PROJECT_DIR / "models" / "marts").rglob("_*__models.yml")):
        for model in yaml.safe_load(file.read_text())["models"]:
            table = model["name"]
            facts.tables["marts", table] = _text(model["description"])
            for column in model["columns"]:
                facts.columns[table, column["name"]] = _text(column["description"])
            for constraint in model["constraints"]:
                if constraint["type"] == "primary_key":
                    facts.primary_keys[table] = constraint["columns"]
                elif constraint["type"] == "foreign_key":
                    parent = re.findall(r"\w+", constraint["to"])[-1]
                    keys = zip(constraint["columns"], constraint["to_columns"], strict=True)
                    facts.foreign_keys |= {(table, mine, parent, its) for mine, its in keys}
    return facts


def _text(description: str) -> str:
    return "" if "{{" in description else description.strip()


def _branches_query() -> str:
    tables = [table for table, column in declared().columns if column == "branch_id"]
    return " union all ".join(
        f"select '{table}' as mart, coalesce(branch_id, '') from marts.{table} group by branch_id"
        for table in tables
    )


Records = Iterator[tuple[str, ...]]


def tell_psql(login: Warehouse) -> Records:
    """What people type into psql: the list of tables, and each table in full."""

    def psql(command: str, *options: str) -> str:
        program = [str(warehouse_module.BIN_DIR / "psql"), "--no-psqlrc", *options]
        ran = subprocess.run(
            program, input=command, env=_environment(login), capture_output=True, text=True
        )
        return ran.stdout + ran.stderr

    def rows(command: str) -> list[dict[str, str]]:
        return list(csv.DictReader(io.StringIO(psql(command, "--csv"))))

    for each in rows(r"\dt+ *.*"):
        if not re.match("pg_|information_schema", each["Schema"]):
            yield "table", each["Schema"], each["Name"], each["Description"]
    for _, table in declared().tables:
        for each in rows(rf"\d+ marts.{table}"):
            yield "column", table, each["Column"], each["Type"], each["Description"]
        in_words = psql(rf"\d marts.{table}", "--no-align")
        for key in re.findall(r"PRIMARY KEY, btree \((.+)\)", in_words):
            for number, column in enumerate(key.split(", ")):
                yield "primary key", table, str(number), column
        # the table's own alone; those of others that refer to it stand after the word TABLE
        pattern = r'(?m)^ +"\w+" FOREIGN KEY \((\w+)\) REFERENCES (\w+)\((\w+)\)'
        for found in re.findall(pattern, in_words):
            yield "foreign key", table, *found
    types = {each["Column"]: each["Type"] for each in rows(ROW + r"\gdesc")}
    for name, value in rows(ROW + ";")[0].items():
        yield "value", name, types[name], {"t": "true", "f": "false"}.get(value, value)
    for row in rows(_branches_query() + ";"):
        yield "branch", *row.values()
    yield "refused", psql(REFUSED + ";")


def tell_psycopg(login: Warehouse) -> Records:
    """What the standard's information_schema shows, which Power BI and others ask."""
    with login.connect() as connection:

        def rows(statement: str) -> list[tuple[Any, ...]]:
            return connection.execute(statement.encode()).fetchall()

        yield from (("table", *row) for row in rows(
            "select table_schema, table_name,"
            " obj_description(format('%I.%I', table_schema, table_name)::regclass)"
            " from information_schema.tables where table_schema not like 'pg_%'"
            " and table_schema <> 'information_schema'"
        ))  # fmt: skip
        yield from (("column", *row) for row in rows(
            "select table_name, column_name, data_type,"
            " col_description(format('marts.%I', table_name)::regclass, ordinal_position)"
            " from information_schema.columns where table_schema = 'marts'"
        ))  # fmt: skip
        yield from (("primary key", *row) for row in rows(
            "select table_name, ordinal_position::text, column_name"
            " from information_schema.table_constraints"
            " inner join information_schema.key_column_usage"
            " using (constraint_schema, constraint_name, table_name)"
            " where constraint_schema = 'marts' and constraint_type = 'PRIMARY KEY'"
            " order by table_name, ordinal_position"
        ))  # fmt: skip
        yield from (("foreign key", *row) for row in rows(
            "select mine.table_name, mine.column_name, its.table_name, its.column_name"
            " from information_schema.referential_constraints as joins"
            " inner join information_schema.key_column_usage as mine"
            " on mine.constraint_schema = joins.constraint_schema"
            " and mine.constraint_name = joins.constraint_name"
            " inner join information_schema.key_column_usage as its"
            " on its.constraint_schema = joins.unique_constraint_schema"
            " and its.constraint_name = joins.unique_constraint_name"
            " and its.ordinal_position = mine.position_in_unique_constraint"
            " where joins.constraint_schema = 'marts'"
        ))  # fmt: skip
        cursor = connection.execute(ROW.encode())
        yield from _values([column.name for column in cursor.description or ()], cursor.fetchone())
        yield from (("branch", *row) for row in rows(_branches_query()))
        try:
            rows(REFUSED)
        except psycopg.errors.InsufficientPrivilege as error:
            yield "refused", str(error)


def tell_sqlalchemy(login: Warehouse) -> Records:
    """What SQLAlchemy's inspector finds in the login's own schema, and what pandas reads."""
    address = sa.URL.create(
        "postgresql+psycopg", login.user, login.password, login.host, login.port, login.database
    )
    engine = sa.create_engine(address, poolclass=sa.NullPool)
    inspector = sa.inspect(engine)
    schema = inspector.default_schema_name or ""
    for (_, table), comment in inspector.get_multi_table_comment().items():
        yield "table", schema, table or "", comment["text"] or ""
    for (_, table), columns in inspector.get_multi_columns().items():
        for column in columns:
            yield (
                "column",
                table or "",
                column["name"],
                str(column["type"]),
                column["comment"] or "",
            )
    for (_, table), key in inspector.get_multi_pk_constraint().items():
        for number, name in enumerate(key["constrained_columns"] if key else ()):
            yield "primary key", table or "", str(number), name
    for (_, table), keys in inspector.get_multi_foreign_keys().items():
        for each in keys:
            (mine,), (its,) = each["constrained_columns"], each["referred_columns"]
            yield "foreign key", table or "", mine, each["referred_table"], its
    # without it, pandas makes floats of decimals
    row = pandas.read_sql(sa.text(ROW), engine, coerce_float=False).iloc[0]
    for name, value in row.items():
        kind = type(value).__name__
        yield "value", str(name), "bool" if kind == "bool_" else kind, str(value)
    for found in pandas.read_sql(sa.text(_branches_query()), engine).itertuples(index=False):
        yield "branch", *found
    try:
        pandas.read_sql(sa.text(REFUSED), engine)
    except pandas.errors.DatabaseError as error:
        yield "refused", str(error)


def tell_jdbc(login: Warehouse) -> Records:
    """What DBeaver, Metabase and Tableau ask of JDBC's DatabaseMetaData."""
    yield from _told_by(login, "java", "-cp", str(JDBC), str(DRIVERS / "Facts.java"))


def tell_r(login: Warehouse) -> Records:
    """What R's DBI finds through RPostgreSQL."""
    yield from _told_by(login, "Rscript", "--vanilla", str(DRIVERS / "facts.R"))


def tell_odbc(login: Warehouse) -> Records:
    """What Excel and Power BI ask of ODBC: SQLTables, SQLColumns, SQLPrimaryKeys, and so on."""
    import pyodbc

    connection = pyodbc.connect(
        driver="PostgreSQL Unicode", server=login.host, port=str(login.port),
        database=login.database, uid=login.user, pwd=login.password.replace("}", "}}").join("{}"),
        BoolsAsChar="0",  # otherwise a boolean is the text 0 or 1
    )  # fmt: skip
    cursor = connection.cursor()
    for row in cursor.tables().fetchall():
        yield "table", row.table_schem, row.table_name, row.remarks
    for _, table in declared().tables:
        # asked for no table, it tells of the columns of indexes, too
        for row in cursor.columns(table=table, schema="marts").fetchall():
            yield "column", table, row.column_name, row.type_name, row.remarks
        for row in cursor.primaryKeys(table=table, schema="marts").fetchall():
            yield "primary key", table, str(row.key_seq), row.column_name
        for row in cursor.foreignKeys(foreignTable=table, foreignSchema="marts").fetchall():
            yield (
                "foreign key", row.fktable_name, row.fkcolumn_name, row.pktable_name,
                row.pkcolumn_name,
            )  # fmt: skip
    cursor.execute(ROW)
    yield from _values([column[0] for column in cursor.description], cursor.fetchone())
    for row in cursor.execute(_branches_query()).fetchall():
        yield "branch", *row
    try:
        cursor.execute(REFUSED)
    except pyodbc.Error as error:
        yield "refused", str(error)
    connection.close()


def _environment(login: Warehouse) -> dict[str, str]:
    return os.environ | login.environment | {"TZ": "UTC", "LC_ALL": "C.UTF-8"}


def _told_by(login: Warehouse, *command: str) -> Records:
    """What a program of another language prints: records of fields, with ASCII's separators."""
    told = subprocess.run(
        [*command, ROW, _branches_query(), REFUSED],
        env=_environment(login), capture_output=True, text=True,
    )  # fmt: skip
    assert told.returncode == 0, told.stderr
    for record in told.stdout.split("\x1e")[:-1]:
        yield tuple(record.split("\x1f"))


def _values(names: list[str], row: Iterable[Any] | None) -> Records:
    for name, value in zip(names, row or (), strict=True):
        yield "value", name, type(value).__name__, str(value)


@cache
def _r_has_driver() -> bool:
    program = shutil.which("Rscript")
    asked = [program or "", "--vanilla", "-e", "library(RPostgreSQL)"]
    return program is not None and subprocess.run(asked, capture_output=True).returncode == 0


def _odbc_has_driver() -> bool:
    try:
        import pyodbc
    except ImportError:  # without unixodbc's library, where the wheel does not bring it
        return False
    return "PostgreSQL Unicode" in pyodbc.drivers()


@dataclass(frozen=True)
class Driver:
    """How a driver tells its facts, and what must be installed for it."""

    tell: Callable[[Warehouse], Records]
    is_there: Callable[[], bool] = lambda: True
    packages: str = ""


ALL_DRIVERS = {
    "psql": Driver(tell_psql),
    "psycopg": Driver(tell_psycopg),
    "sqlalchemy": Driver(tell_sqlalchemy),
    "jdbc": Driver(
        tell_jdbc,
        lambda: shutil.which("javac") is not None and JDBC.exists(),
        "default-jdk-headless libpostgresql-jdbc-java",
    ),
    "odbc": Driver(tell_odbc, _odbc_has_driver, "odbc-postgresql unixodbc"),
    "r": Driver(tell_r, _r_has_driver, "r-cran-rpostgresql"),
}


@pytest.fixture(scope="module", params=ALL_DRIVERS)
def driver(request: pytest.FixtureRequest) -> str:
    """The name of a driver that is installed; in CI all are."""
    name: str = request.param
    if not os.environ.get("CI") and not ALL_DRIVERS[name].is_there():
        pytest.skip(f"Debian's {ALL_DRIVERS[name].packages} is missing; .ci/run installs it")
    return name


@pytest.fixture(scope="module")
def logins(resting_warehouse: Warehouse) -> dict[str, Warehouse]:
    """An analyst's login and that of a branch's manager."""
    for login, options in LOGINS.items():
        mypizza("add-reader", login, *options, environment={"MYPIZZA_LOGIN_PASSWORD": PASSWORD})
    return {login: replace(resting_warehouse, user=login, password=PASSWORD) for login in LOGINS}


@pytest.fixture(scope="module")
def told(driver: str, logins: dict[str, Warehouse]) -> dict[str, Facts]:
    """What a driver tells each of the two."""
    tell = ALL_DRIVERS[driver].tell
    return {login: Facts.of(tell(warehouse)) for login, warehouse in logins.items()}


@pytest.mark.parametrize("login", LOGINS)
def test_every_mart_with_its_columns_and_comments_is_found(
    driver: str, login: str, told: dict[str, Facts]
) -> None:
    facts = told[login]
    marts = {place: comment for place, comment in facts.tables.items() if place[0] == "marts"}
    assert marts.keys() == declared().tables.keys()
    assert facts.columns.keys() == declared().columns.keys()
    if driver in SAYS_NO_COMMENTS:
        assert set(marts.values()) | set(facts.columns.values()) == {""}
        return
    for found, wanted in ((marts, declared().tables), (facts.columns, declared().columns)):
        assert [name for name, comment in found.items() if not comment] == []
        assert [
            name for name, text in wanted.items() if text and text != found[name].strip()
        ] == []  # fmt: skip


@pytest.mark.parametrize("login", LOGINS)
def test_primary_and_foreign_keys_are_found(
    driver: str, login: str, told: dict[str, Facts]
) -> None:
    facts = told[login]
    if driver in SAYS_NO_KEYS:
        assert not facts.primary_keys
        return
    assert dict(facts.primary_keys) == dict(declared().primary_keys)
    assert facts.foreign_keys == declared().foreign_keys
    assert len(facts.foreign_keys) > 40


@pytest.mark.parametrize("login", LOGINS)
def test_nothing_but_the_marts_can_be_read_and_no_person_is_named(
    driver: str, login: str, told: dict[str, Facts]
) -> None:
    facts = told[login]
    assert "permission denied for schema restricted" in facts.refused
    listed = {schema for schema, _ in facts.tables}
    assert (listed <= {"live", "marts"}) == (driver in LISTS_ONLY_MARTS)
    people = {column for table, column in personal_columns() if table.startswith("raw_pos.")}
    assert {"full_name", "email", "phone", "note"} <= people
    assert {column for _, column in facts.columns} & people == set()


def test_dates_amounts_and_flags_have_their_types_and_their_values(
    driver: str, told: dict[str, Facts], resting_warehouse: Warehouse
) -> None:
    values = told["analyst"].values
    assert tuple(kind for _, kind, _ in values) == TYPES[driver]
    ((day, amount, flag, instant, hour, branch),) = query(resting_warehouse, ROW)
    texts = [text for _, _, text in values]
    assert [texts[0], texts[2].lower(), texts[3][:19]] == [
        f"{day}", f"{flag}".lower(), f"{instant:%Y-%m-%d %H:%M:%S}",
    ]  # fmt: skip
    assert [Decimal(texts[1]), *texts[4:]] == [amount, f"{hour}", branch]


def test_a_manager_sees_the_own_branch_alone_and_an_analyst_all(
    told: dict[str, Facts], resting_warehouse: Warehouse
) -> None:
    with resting_warehouse.connect(role="transformer") as connection:
        rows = connection.execute(_branches_query().encode()).fetchall()
    everything = defaultdict(set)
    for table, branch in rows:
        everything[table].add(branch)
    assert len(everything) > 15
    assert told["analyst"].branches == everything
    own = {table: {BRANCH} for table, branches in everything.items() if BRANCH in branches}
    assert told["boss"].branches == own


def how_to() -> dict[str, str]:
    """The sections of docs/how-to/connect.md, by their headings."""
    page = (PROJECT_DIR / "docs" / "how-to" / "connect.md").read_text(encoding="utf-8")
    return dict(section.split("\n", 1) for section in page.split("\n## ")[1:])


def code(section: str, language: str) -> str:
    return "".join(re.findall(rf"(?s)```{language}\n(.*?)```", section))


def test_each_tool_has_its_section_and_its_exposure_names_what_is_asked_there() -> None:
    file = PROJECT_DIR / "models" / "marts" / "_bi__exposures.yml"
    exposures = {each["label"]: each for each in yaml.safe_load(file.read_text())["exposures"]}
    assert len(exposures) == 8
    for tool, exposure in exposures.items():
        heading = tool.lower().replace(" ", "-")
        assert exposure["url"] == f"connect.html#{heading}"
        asked = set(re.findall(r"marts\.(\w+)", code(how_to()[tool], "sql")))
        assert asked
        if tool == "Superset":
            folder = PROJECT_DIR / "bi" / "superset" / "datasets"
            texts = [file.read_text(encoding="utf-8") for file in folder.glob("*.yaml")]
            read = {mart for text in texts for mart in re.findall(r"marts\.(\w+)", text)}
            assert asked < read
            asked = read
        assert sorted(f"ref('{table}')" for table in asked) == exposure["depends_on"]


def test_every_first_question_of_the_how_to_is_answered(logins: dict[str, Warehouse]) -> None:
    questions = {tool: text for tool, section in how_to().items() if (text := code(section, "sql"))}
    assert len(questions) == 8
    for tool, text in questions.items():
        assert len(query(logins["analyst"], text)) > 2, tool


@pytest.mark.parametrize("driver", ["sqlalchemy", "r"], indirect=True)
def test_the_how_tos_code_prints_each_branchs_revenue(
    driver: str, logins: dict[str, Warehouse], tmp_path: Path
) -> None:
    languages = {"sqlalchemy": ("Python", "python", sys.executable), "r": ("R", "r", "Rscript")}
    heading, language, program = languages[driver]
    script = tmp_path / "example"
    script.write_text(code(how_to()[heading], language))
    ran = subprocess.run(
        [program, script], env=_environment(logins["boss"]), capture_output=True, text=True
    )
    ((amount,),) = query(logins["boss"], "select sum(net_revenue) from rpt_branch_days")
    assert re.search(rf"{BRANCH}\s+USD\s+{amount.normalize()}", ran.stdout), ran.stderr
    assert "chicago" not in ran.stdout


def test_who_may_see_the_keys_can_still_refer_to_nothing(logins: dict[str, Warehouse]) -> None:
    refused = pytest.raises(psycopg.errors.InsufficientPrivilege, match="temporary tables")
    with logins["analyst"].connect() as connection, refused:
        connection.execute(
            "create temporary table mine (branch_id text references marts.dim_branches)"
        )
    refused_schema = pytest.raises(psycopg.errors.InsufficientPrivilege)
    with logins["analyst"].connect() as connection, refused_schema:
        connection.execute("create table marts.mine (branch_id text references marts.dim_branches)")


def test_a_readers_login_can_be_changed_and_taken_away_and_no_other_can(
    logins: dict[str, Warehouse], resting_warehouse: Warehouse
) -> None:
    branches = "select distinct branch_id from fct_orders order by 1"
    warehouse = warehouse_module.administrator()
    assert warehouse_module.add_reader(warehouse, "trainee", "another one")
    trainee = replace(logins["analyst"], user="trainee", password="another one")  # noqa: S106
    assert len(query(trainee, branches)) == 3
    two = ["--branch", "quito", "--branch", "chicago"]
    # as after `eval "$(mypizza env)"`
    printed = resting_warehouse.environment | {"MYPIZZA_EMBEDDED": ""}
    environment = printed | {"MYPIZZA_LOGIN_PASSWORD": PASSWORD}
    said = mypizza("add-reader", "trainee", *two, environment=environment)
    assert PASSWORD not in said.stdout
    assert f"port {warehouse.port}" in said.stdout
    trainee = replace(trainee, password=PASSWORD)
    assert query(trainee, branches) == [("chicago",), ("quito",)]

    for other in ("mypizza", "postgres", "reader", "manager_quito", "loader"):
        with pytest.raises(WarehouseError, match="is not a reader"):
            warehouse_module.add_reader(warehouse, other, "another one")
        with pytest.raises(WarehouseError, match="is not a reader"):
            warehouse_module.remove_reader(warehouse, other)
    with pytest.raises(WarehouseError, match="no branch 'atlantis'"):
        warehouse_module.add_reader(warehouse, "trainee", "another one", ["quito", "atlantis"])
    assert query(trainee, branches) == [("chicago",), ("quito",)]

    mypizza("remove-reader", "trainee", environment=printed)
    assert query(resting_warehouse, "select from pg_roles where rolname = 'trainee'") == []
    assert "no login 'trainee'" in mypizza("remove-reader", "trainee", expect=1).stderr
    log = (warehouse_module.data_dir() / "server.log").read_text(errors="replace")
    assert PASSWORD not in log
    assert "another one" not in log


def test_a_saved_connection_survives_a_restart_and_a_new_port_is_said(
    logins: dict[str, Warehouse],
) -> None:
    port = logins["analyst"].port
    assert port in warehouse_module.PORTS
    assert warehouse_module.stop()
    assert mypizza("up").stderr == ""
    assert query(logins["analyst"], "select count(*) from marts.dim_branches") == [(6,)]

    assert warehouse_module.stop()
    with socket.create_server(("127.0.0.1", port)):
        said = mypizza("up")
    new = warehouse_module.read_connection().port
    assert f"uses port {port}, so the warehouse now has port {new}:" in said.stderr
    moved = replace(logins["analyst"], port=new)
    assert query(moved, "select count(*) from marts.dim_branches") == [(6,)]
